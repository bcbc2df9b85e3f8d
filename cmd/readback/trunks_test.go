package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"readback/sip"
)

// trunkLines are a trunk that is up, one that is in part, one that is not, one that was never asked, and one that nobody has heard of yet.
func trunkLines() []trunkLine {
	return []trunkLine{
		{
			Name: "carrier", Networks: []string{"198.51.100.0/24"}, Calls: 12, MaxCalls: 200, Connections: 2, Refusals: map[string]uint64{"unknown-number": 3, "call-rate": 12},
			Places:        []trunkPlace{{Address: "udp 198.51.100.7:5060", State: "up", Since: noon.Add(-time.Hour), RoundTripMS: 12}},
			Registrations: []trunkRegistered{{Registrar: "sip:example.com", AOR: "sip:bob@example.com", Until: noon.Add(time.Hour)}},
		},
		{
			Name: "sbc", Networks: []string{"203.0.113.1/32", "2001:db8::/32"}, MaxCalls: 10,
			Places: []trunkPlace{
				{Address: "tls 203.0.113.1:5061", State: "down", Since: noon.Add(-time.Minute), Reason: "503 \x1b[31mService Unavailable"},
				{Address: "tls 203.0.113.2:5061", State: "up", Since: noon.Add(-time.Hour)},
			},
			Registrations: []trunkRegistered{{Registrar: "sip:sbc.example.com", Reason: "403 Forbidden"}},
		},
		{
			Name: "far", Networks: []string{"192.0.2.0/24"}, MaxCalls: 10,
			Places: []trunkPlace{{Address: "udp 192.0.2.3:5060", State: "down", Since: noon.Add(-48 * time.Hour)}},
		},
		{Name: "pbx", Networks: []string{"10.0.0.0/8"}, MaxCalls: 5},
		{Name: "new", MaxCalls: 5, Places: []trunkPlace{{Address: "udp 192.0.2.9:5060", State: "unknown"}}},
	}
}

func TestTableOfTrunks(t *testing.T) {
	var b strings.Builder
	if err := printTrunks(&b, trunkLines(), noon); err != nil {
		t.Fatal(err)
	}
	matchGolden(t, filepath.Join("testdata", "pages", "trunks.txt"), b.String())
}

func TestTrunkStatesAreThoseOfSignalling(t *testing.T) {
	for _, state := range []sip.TargetState{sip.TargetUp, sip.TargetDown, sip.TargetUnknown} {
		line := trunkLineOf(sip.TrunkStatus{Name: "loopback", Calls: 1, Targets: []sip.TargetStatus{{State: state, Since: noon}}}, stageConfig(t))
		if got, _, _ := line.state(); got != string(state) || line.Calls != 1 {
			t.Errorf("%s: got %s of %+v", state, got, line)
		}
	}
	if line := trunkLineOf(sip.TrunkStatus{Name: "carrier"}, stageConfig(t)); len(line.Networks) != 1 || line.Networks[0] != phoneAddress+"/32" {
		t.Errorf("the networks are %v", line.Networks)
	}
}
