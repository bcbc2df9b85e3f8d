package main

import (
	"readback/config"
	"readback/tickets"
)

// deskOf is the ticket desk as it is configured, on a store.
func deskOf(c *config.Config, s tickets.Store) (*tickets.Desk, error) {
	secret, err := pepper(c)
	if err != nil {
		return nil, err
	}
	hours, err := calendarsOf(c)
	if err != nil {
		return nil, err
	}
	return &tickets.Desk{
		Store: s, Policy: policyOf(c), Hours: hours, Pepper: secret, Node: c.Node, Mail: c.Notify.Mail.Host != "",
		Region:  regions(c),
		Publish: publishes(c), Paging: c.Paging.Phone.On() || len(c.Paging.Webhooks) > 0,
		CallBack: c.Notify.Callback.On(), Transcribe: c.Recording.Transcribe.On(),
	}, nil
}

// regions tells the country of a number that is answered.
func regions(c *config.Config) func(called string) string {
	return func(called string) string { return numberOf(c, called).Region }
}
