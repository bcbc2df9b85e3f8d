package config

// Identify is how callers prove which account they belong to.
type Identify struct {
	// When the PIN is asked for: unless-vouched (not when a trusted trunk vouches for the caller's number), always, or never.
	PIN string `yaml:"pin" jsonschema:"enum=unless-vouched,enum=always,enum=never"`
	// Tries in one call.
	Tries int `yaml:"tries" jsonschema:"minimum=1,maximum=5"`
	// A secret of at least 16 characters, mixed into stored PINs so that a stolen database alone does not yield them. Changing it makes every stored PIN invalid. Empty: one is made and kept in the data directory.
	Pepper Secret `yaml:"pepper"`
	// What wrong PINs lead to.
	Lockout Lockout `yaml:"lockout"`
}

// Lockout is what wrong PINs lead to.
type Lockout struct {
	// Wrong PINs this old are forgotten.
	Within Duration `yaml:"within" between:"1m,30d"`
	// Wrong PINs for one account. Each further lock lasts twice as long.
	Account Limit `yaml:"account"`
	// Wrong PINs from one caller's number.
	Caller Limit `yaml:"caller"`
}

// Limit is a number of wrong PINs and its consequence.
type Limit struct {
	// This many wrong PINs lock.
	Wrong int `yaml:"wrong" jsonschema:"minimum=1,maximum=1000"`
	// How long the lock lasts.
	Lock Duration `yaml:"lock" between:"1m,24h"`
}

// Prompts are the sounds that callers hear.
type Prompts struct {
	// Directories with own recordings by locale, laid over the shipped ones.
	Directories map[string]string `yaml:"directories"`
}

// Calls is what is kept of calls.
type Calls struct {
	// How long call records and signalling are kept.
	Keep Duration `yaml:"keep" between:"1h,3650d"`
	// The most that signalling may take on disk; the oldest goes first.
	Size Size `yaml:"size"`
}

// Store is the database.
type Store struct {
	// A PostgreSQL address like postgres://readback@db.example.com/readback. Empty: SQLite in the data directory.
	URL Secret `yaml:"url"`
	// Ticket numbers that a gateway fetches from the database at a time. Half of them at least are there when the database goes away: with none left, callers are told that nothing can be registered now.
	Numbers int `yaml:"numbers" jsonschema:"minimum=100,maximum=100000"`
}

// Agents are those who work on tickets, and whom callers may be put through to once their ticket's number was read.
type Agents struct {
	// Whom to call for a caller: a SIP URI like sip:agents@pbx.example.com, or a telephone number with its country code. Empty: nobody is put through.
	Connect string `yaml:"connect" jsonschema:"pattern=^(sips?:[^ <>]+|[+][0-9 ()./-]+)?$,maxLength=253" fix:"write a SIP URI, like sip:agents@pbx.example.com, or a number with its country code, like +16505550100"`
	// The trunk by which agents are called. It must have an address.
	Trunk string `yaml:"trunk"`
	// How: bridge, a call of our own that is joined with the caller's; or refer, the caller's trunk is asked to call the agent in our place (REFER), and the call is ours no more.
	Way string `yaml:"way" jsonschema:"enum=bridge,enum=refer"`
	// The priorities of tickets whose callers are offered an agent, once they have proved which account is theirs.
	Priorities []Priority `yaml:"priorities" jsonschema:"minItems=1,maxItems=4,uniqueItems=true"`
	// How long an agent's phone may ring.
	Ring Duration `yaml:"ring" between:"5s,3m"`
	// Calls to agents in any hour; past that, callers are told that nobody is there.
	PerHour int `yaml:"per_hour" jsonschema:"minimum=1,maximum=10000"`
}

// Observe is what the gateway tells about itself.
type Observe struct {
	// The least severe messages that are logged.
	LogLevel string `yaml:"log_level" jsonschema:"enum=debug,enum=info,enum=warn,enum=error"`
	// How log lines are written.
	LogFormat string `yaml:"log_format" jsonschema:"enum=text,enum=json"`
}
