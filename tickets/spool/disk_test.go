package spool_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"readback/tickets"
	"readback/tickets/postgres/pgtest"
	"readback/tickets/sqlite"
)

// TestADiskWithoutRoom: what was told before it was full is kept, nothing is told while it is, and then it goes on.
func TestADiskWithoutRoom(t *testing.T) {
	dir := smallDisk(t)
	s := newSite(t)
	s.local = openStoreIn(t, dir)
	s.start()
	s.fail(gone)
	told := map[string]tickets.Number{}
	file := func(i int) error {
		r := request(fmt.Sprint("call-", i))
		r.Received = time.Unix(int64(i)*3600, 0) // too far apart to join
		ticket, err := s.desk.Open(t.Context(), r)
		if err == nil {
			told[r.CallKey] = ticket.Number
		}
		return err
	}
	if err := file(0); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := pgtest.Exhaust(ballast); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 1; err == nil && i < 500; i++ { // there may be room in the files that there are
		err = file(i)
	}
	if !errors.Is(err, tickets.ErrUnavailable) {
		t.Errorf("with the disk full: got %v, want ErrUnavailable", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := file(1000); err != nil {
		t.Errorf("with room again: %v", err)
	}
	again, err := sqlite.Open(t.Context(), filepath.Join(dir, "tickets.db"))
	if err != nil {
		t.Fatal(err)
	}
	for call, number := range told {
		if ticket, err := again.TicketByCall(t.Context(), call); err != nil || ticket.Number != number {
			t.Errorf("call %s was told %s; the disk has %s, %v", call, number, ticket.Number, err)
		}
	}
	s.stop()
	if err := errors.Join(again.Close(), s.spool.Close()); err != nil { // before the disk goes
		t.Error(err)
	}
}
