package config

// Burst is many accounts with urgent or high problems at once, over numbers of one country.
type Burst struct {
	// So many accounts. 0: no incident is ever proposed.
	Accounts int `yaml:"accounts" jsonschema:"minimum=0,maximum=10000"`
	// The time within which they call.
	Within Duration `yaml:"within" between:"1m,24h"`
}
