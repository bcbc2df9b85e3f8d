package main

import (
	"context"
	"errors"
	"fmt"
)

type serveCommand struct {
	configFlag
}

func (s *serveCommand) Run(ctx context.Context, console *console) error {
	c, err := s.load()
	if err != nil {
		return err
	}
	log := newLog(console.err, c.Observe)
	for _, warning := range c.Warnings() {
		log.Warn("configuration", "warning", warning.Error())
	}
	if err := checkFiles(c.SIP.MaxCalls, filesOfGateway); err != nil {
		log.Warn("open files", "warning", err.Error())
	}
	server, err := newServer(ctx, c, log, parts{})
	if err != nil {
		return err
	}
	fmt.Fprintf(console.out, "readback ready: %s; data %s\n", server.addresses(), c.Data)
	return errors.Join(server.serve(ctx), server.close())
}
