package config

// Notify is how customers and other programs are told what happened.
type Notify struct {
	// E-mail: acknowledgements, links, surveys and news.
	Mail Mail `yaml:"mail"`
	// The question how well it was done, when a ticket is resolved.
	Survey Survey `yaml:"survey"`
	// Calls to customers whose ticket's number was not read out.
	Callback Callback `yaml:"callback"`
	// Other programs that are told what happens to tickets.
	Webhooks []Webhook `yaml:"webhooks" jsonschema:"maxItems=20"`
	// Zendesk, where tickets are kept in step with ours.
	Zendesk Zendesk `yaml:"zendesk"`
}
