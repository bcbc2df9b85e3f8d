package config

// Notify is how customers and other programs are told what happened.
type Notify struct {
	// Calls to customers whose ticket's number was not read out.
	Callback Callback `yaml:"callback"`
}
