package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"readback/tickets"
)

// A gateway that takes enough urgent tickets proposes an incident by itself, once, and the alarm goes with it.
func TestGatewayProposesAnIncident(t *testing.T) {
	sounds, err := loadSounds(nil)
	if err == nil {
		err = sounds.warm(t.Context(), "en-US", "fr-FR")
	}
	if err != nil {
		t.Fatal(err)
	}
	accounts := sampleAccounts(t)
	synctest.Test(t, func(t *testing.T) {
		stage := newStage(t, sounds, accounts)
		defer stage.close()
		now := stage.server.gateway.now.Load()
		policy := policyOf(now.config)
		policy.Burst.Accounts = 1
		stage.server.gateway.now.Store(newPractice(now.config, now.sounds, now.desk.With(policy)))
		for line := range strings.Lines("dials +18887999666 from +14155550100\nhears menu-support\npresses 2\nhears severity-2\npresses 2\nhears record-notice\nhangs up\n") {
			if err := stage.act(strings.Fields(line)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * burstTurns * incidentPace)
		found, err := stage.server.store.ListIncidents(t.Context(), true)
		if err != nil || len(found) != 1 || found[0].State != tickets.IncidentProposed || found[0].Regions[0] != "US" || len(found[0].Tickets) != 1 {
			t.Fatalf("incidents %+v, %v; want one proposed for the ticket, in the US", found, err)
		}
		rows, err := stage.server.store.Notices(t.Context(), "", 0)
		if err != nil {
			t.Fatal(err)
		}
		alarms := 0
		for _, row := range rows {
			if row.Reason == tickets.ReasonIncident && row.To == found[0].ID {
				alarms++
			}
		}
		if alarms != 1 {
			t.Errorf("%d alarms about it, want one", alarms)
		}
	})
}
