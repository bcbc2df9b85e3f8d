package config

// Number is a telephone number that is answered.
type Number struct {
	// The number with its country code, like +44 800 368 7314. Read as E.164, without the spaces.
	Number string `yaml:"number" jsonschema:"required"`
	// Its country, ISO 3166.
	Country string `yaml:"country" jsonschema:"required,pattern=^[A-Z]{2}$" fix:"write the ISO 3166 code, like US, GB or AU"`
	// The language and country of its prompts.
	Locale string `yaml:"locale" jsonschema:"required,pattern=^[a-z]{2}-[A-Z]{2}$" fix:"write language and country, like en-US"`
	// Other languages the caller can choose, by key: 1 or 4 to 9. The shipped prompts say 9.
	Languages map[Key]string `yaml:"languages,omitempty" jsonschema:"pattern=^[a-z]{2}-[A-Z]{2}$" fix:"write language and country, like fr-FR"`
	// The time zone of its callers, from the IANA list. Left out: UTC.
	TimeZone string `yaml:"time_zone"`
	// The time a call to it rings before it is answered. Left out: sip.ring_time.
	RingTime *Duration `yaml:"ring_time,omitempty" between:"0s,2m"`
	// The trunks on which it is answered, by name. Left out: all.
	Trunks []string `yaml:"trunks,omitempty" jsonschema:"minItems=1,uniqueItems=true"`
}

// defaults are what a number has that does not say otherwise.
func (n *Number) defaults() { n.TimeZone = "UTC" }

// Menu is what goes with the questions.
type Menu struct {
	// The web address of the online form, for plans that are not served by phone.
	FormURL string `yaml:"form_url"`
	// The web address of the live chat.
	ChatURL string `yaml:"chat_url"`
	// How long is waited for keys.
	Patience Patience `yaml:"patience"`
}

// Patience is how long the caller is waited for.
type Patience struct {
	// For the first key after a question.
	Key Duration `yaml:"key" between:"1s,1m"`
	// For the next digit of a number.
	Digit Duration `yaml:"digit" between:"1s,1m"`
	// For the first digit of a number that has to be looked up: account, PIN, telephone number.
	Entry Duration `yaml:"entry" between:"1s,2m"`
}

// Policy is what callers are promised.
type Policy struct {
	// The plans an account can have.
	Plans []Plan `yaml:"plans" jsonschema:"minItems=1,maxItems=100"`
	// Tickets of callers that no account was found for.
	Unverified Promise `yaml:"unverified"`
	// Enquiries about other professional services.
	Services Promise `yaml:"services"`
	// A second call with the same account and priority that comes this soon after the first joins its ticket.
	JoinWithin Duration `yaml:"join_within" between:"0s,10m"`
	// Whether engineers are woken for a P2 outside working hours, as they are for a P1 at any time.
	PageP2 bool `yaml:"page_p2"`
	// What looks like one problem of many customers: an incident is proposed to the agents.
	Burst Burst `yaml:"burst"`
	// When people work, by the country of the number that was called, ISO 3166.
	Hours map[string]Hours `yaml:"hours"`
}

// Plan is what an account has bought.
type Plan struct {
	// The name, as in the account list.
	Name string `yaml:"name" jsonschema:"required,pattern=^[a-z0-9][a-z0-9._-]*$,maxLength=63" fix:"use small letters, digits, dot, dash and underscore"`
	// Other names for the same plan.
	Aliases []string `yaml:"aliases,omitempty" jsonschema:"pattern=^[a-z0-9][a-z0-9._-]*$,maxItems=20" fix:"use small letters, digits, dot, dash and underscore"`
	// Whether it is served by phone.
	Phone bool `yaml:"phone"`
	// Whether it is served by the online form.
	Form bool `yaml:"form"`
	// Whether it is served by live chat.
	Chat bool `yaml:"chat"`
	// The response windows.
	Respond Respond `yaml:"respond" jsonschema:"required"`
}

// Respond holds the response windows of a plan: from receipt of a ticket until the customer was told that it is
// registered.
type Respond struct {
	// Urgent: the service is down, no workaround.
	P1 Duration `yaml:"P1" jsonschema:"required" between:"1m,30d"`
	// High: important parts badly affected.
	P2 Duration `yaml:"P2" jsonschema:"required" between:"1m,30d"`
	// Normal: a general problem.
	P3 Duration `yaml:"P3" jsonschema:"required" between:"1m,30d"`
	// Low: a question or a request.
	P4 Duration `yaml:"P4" jsonschema:"required" between:"1m,30d"`
}

// Promise is what a ticket without a plan gets.
type Promise struct {
	// The priority where the caller did not choose one.
	Priority Priority `yaml:"priority"`
	// The response window, whatever the priority.
	Respond Duration `yaml:"respond" between:"1m,30d"`
}
