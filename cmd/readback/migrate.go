package main

import (
	"context"
	"fmt"
)

type migrateCommand struct {
	configFlag
	JSON bool `help:"Print JSON."`
}

func (m *migrateCommand) Run(ctx context.Context, console *console) error {
	c, err := m.load()
	if err != nil {
		return err
	}
	s, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	defer s.Close()
	applied, err := s.Migrate(ctx)
	if err != nil {
		return err
	}
	if m.JSON {
		return printJSON(console.out, map[string]int{"applied": applied})
	}
	_, err = fmt.Fprintf(console.out, "%d migrations applied, the tables are up to date\n", applied)
	return err
}
