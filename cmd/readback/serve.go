package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
)

type serveCommand struct {
	configFlag
}

func (s *serveCommand) Run(ctx context.Context, console *console) error {
	c, err := s.load()
	if err != nil {
		return err
	}
	collectSeldom()
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
	behind, stop := context.WithCancel(ctx)
	var reloads sync.WaitGroup
	reloads.Go(func() { server.reloadOnHangup(behind, s.load) })
	fmt.Fprintf(console.out, "readback ready: %s; data %s\n", server.addresses(), c.Data)
	err = server.serve(ctx)
	stop()
	reloads.Wait()
	return errors.Join(err, server.close())
}

// collectSeldom halves how often garbage is collected, which stops the media workers for a moment each time, for half as
// much memory again as the program would have. Whoever sets GOGC has decided otherwise.
func collectSeldom() {
	const percent = 200
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
