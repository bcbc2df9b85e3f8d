package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"readback/sip"
	"readback/tickets"
)

var (
	carrierEnd = netip.MustParseAddrPort("198.51.100.7:5060")
	gatewayEnd = netip.MustParseAddrPort("192.0.2.1:5060")
)

// at is some milliseconds after noon.
func at(ms float64) time.Time { return noon.Add(time.Duration(ms * float64(time.Millisecond))) }

func cameIn(ms float64, method string, cseq uint32, line string) ladderMessage {
	return ladderMessage{At: at(ms), Transport: "udp", Peer: carrierEnd, Local: gatewayEnd, Method: method, CSeq: cseq, Line: line, Text: line + "\nCall-ID: x\n"}
}

func wentOut(ms float64, method string, cseq uint32, status int, line string) ladderMessage {
	m := cameIn(ms, method, cseq, line)
	m.Sent, m.Status = true, status
	return m
}

// pages are calls as an operator looks at them; what is printed of each is in testdata/pages.
var pages = map[string]callDetail{
	"refused": {
		callLine: callLine{State: stateEnded, CallRecord: tickets.CallRecord{
			ID: "REFUSEDCALL", CallKey: "REFUSEDCALL", SIPCallID: "refused@example.com", Trunk: "carrier", From: "+14155550100", Disposition: tickets.DispositionRefused,
			Reason: "the number is not served", Rule: "unknown-number", Status: 404, Node: "gw1", EndedBy: tickets.EndedByGateway,
			Origin:  tickets.Origin{Source: "198.51.100.7:5060", Transport: "udp", Dialled: "sip:+14155550000@192.0.2.1;user=phone"},
			Started: at(-1000), Ended: at(-999),
		}},
		ladder: ladder{Messages: []ladderMessage{
			cameIn(-1000, "INVITE", 1, "INVITE sip:+14155550000@192.0.2.1;user=phone SIP/2.0"),
			wentOut(-999.2, "INVITE", 1, 404, "SIP/2.0 404 Not Found"),
			cameIn(-998, "ACK", 1, "ACK sip:+14155550000@192.0.2.1;user=phone SIP/2.0"),
		}},
	},
	"completed": {
		callLine: callLine{State: stateEnded, CallRecord: tickets.CallRecord{
			ID: "COMPLETEDCALL", CallKey: "COMPLETEDCALL", SIPCallID: "completed@example.com", Trunk: "carrier", From: "+14155550100", Called: "+18887999666",
			Disposition: tickets.DispositionCompleted, Status: 200, Ticket: "48215906", Account: "30471234", Keys: "2 •# •# 2 2 1", Node: "gw1",
			EndedBy: tickets.EndedByCaller, EndReason: `Q.850;cause=16;text="Terminated"`,
			Origin: tickets.Origin{Source: "198.51.100.7:5060", Transport: "udp", Attestation: "A"},
			Sound: tickets.Sound{
				Codec: "PCMU", Encryption: "AES_CM_128_HMAC_SHA1_80", MOS: 4.38, Sent: 3000, Received: 2990, Lost: 10, Jitter: 2 * time.Millisecond,
				RemoteLost: 3, RemoteJitter: time.Millisecond, RoundTrip: 80 * time.Millisecond,
			},
			Started: noon, Answered: at(12), Ended: at(60_000),
		}},
		ladder: ladder{
			Messages: []ladderMessage{
				cameIn(0, "INVITE", 1, "INVITE sip:+18887999666@192.0.2.1 SIP/2.0"),
				wentOut(1, "INVITE", 1, 180, "SIP/2.0 180 Ringing"),
				wentOut(12, "INVITE", 1, 200, "SIP/2.0 200 OK"),
				wentOut(512, "INVITE", 1, 200, "SIP/2.0 200 OK"),
				cameIn(530, "ACK", 1, "ACK sip:readback@192.0.2.1 SIP/2.0"),
				{
					At: at(60_000), Transport: "tcp", Peer: netip.MustParseAddrPort("198.51.100.8:5060"), Local: gatewayEnd, Method: "BYE", CSeq: 2,
					Line: "BYE sip:readback@192.0.2.1;a-parameter-that-goes-on-and-on-and-on-until-no-line-is-wide-enough-for-it SIP/2.0",
				},
				wentOut(60_001, "BYE", 2, 200, "SIP/2.0 200 OK"),
			},
			Dropped: 0,
			Steps: []ladderStep{
				{at(13), "said", "welcome"}, {at(700), "pressed", "2"}, {at(2000), "pressed", "•#"}, {at(9000), "registered", "4821 5906"},
			},
		},
	},
	"ringing": {
		callLine: callLine{State: stateRinging, CallRecord: tickets.CallRecord{CallKey: "RINGINGCALL", SIPCallID: "ringing@example.com", Trunk: "carrier", Called: "+18887999666", Started: at(-1500)}},
		ladder:   ladder{Messages: []ladderMessage{cameIn(-1500, "INVITE", 1, "INVITE sip:+18887999666@192.0.2.1 SIP/2.0")}},
	},
	"cut off by the carrier": {
		callLine: callLine{State: stateEnded, CallRecord: tickets.CallRecord{
			CallKey: "CUTOFFCALL", Trunk: "carrier", Called: "+18887999666", Disposition: tickets.DispositionAbandoned, Reason: "the other side hung up", Status: 200,
			EndedBy: tickets.EndedByCarrier, EndReason: "Q.850;cause=102", Started: noon, Answered: noon, Ended: at(4000),
		}},
		Missing: "the signalling of this call is on node gw2",
	},
	"hostile": {
		callLine: callLine{State: stateEnded, CallRecord: tickets.CallRecord{
			CallKey: "HOSTILECALL", SIPCallID: "\x1b[2Jcleared\u202egnp.exe", Trunk: "carrier", Disposition: tickets.DispositionRefused, Status: 400,
			Rule: "malformed", Reason: "the CSeq says \x1b]0;title\x07", EndReason: "SIP;text=\"\u2066\xff\"", Started: noon, Ended: noon,
			Origin: tickets.Origin{Dialled: "sip:\x9b31m@x"},
		}},
		ladder: ladder{
			Messages: append(slices.Repeat([]ladderMessage{cameIn(0, "INVITE", 1, "INVITE sip:\x1b[31m\u200b\U000e0001日本語@x SIP/2.0")}, ladderHead),
				ladderMessage{At: at(5), Transport: "udp", Peer: carrierEnd, Local: gatewayEnd}),
			Dropped: 7,
			Steps:   []ladderStep{{at(1), "refused", "INVITE: \x1b[1mglare"}},
		},
	},
}

func TestPagesOfCalls(t *testing.T) {
	now := at(0)
	for name, d := range pages {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := d.print(&b, name == "refused", now); err != nil {
				t.Fatal(err)
			}
			matchGolden(t, filepath.Join("testdata", "pages", strings.ReplaceAll(name, " ", "-")+".txt"), b.String())
			for line := range strings.Lines(b.String()) {
				if strings.ContainsFunc(strings.TrimRight(line, "\n"), unprintable) || strings.TrimRight(line, " \n") != strings.TrimRight(line, "\n") {
					t.Errorf("a terminal gets %q", line)
				}
			}
		})
	}
}

func TestTableOfCalls(t *testing.T) {
	var lines []callLine
	for _, name := range []string{"ringing", "completed", "refused", "cut off by the carrier", "hostile"} {
		d := pages[name]
		lines = append(lines, d.callLine)
	}
	lines[3].Started, lines[3].Ended = at(-100_000_000), at(-99_996_000)
	var b strings.Builder
	if err := printCalls(&b, lines, at(0)); err != nil {
		t.Fatal(err)
	}
	if err := printCalls(&b, nil, at(0)); err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{"begins", "ends"} {
		for _, line := range lines[:3] {
			if err := new(callsListCommand).printEvent(&b, callEvent{Event: event, Call: line}); err != nil {
				t.Fatal(err)
			}
		}
	}
	matchGolden(t, filepath.Join("testdata", "pages", "table.txt"), b.String())
}

// matchGolden compares with a file, or rewrites it with -update.
func matchGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-update rewrites it): want -, got +\n%s", file, diff)
	}
}

func TestLaddersFitTheirWidth(t *testing.T) {
	for _, width := range []int{60, 80, 100, 200} {
		for name, d := range pages {
			var b strings.Builder
			drawing{b: &b, width: width, ladder: &d.ladder}.draw()
			for line := range strings.Lines(b.String()) {
				if n := columns(strings.TrimRight(line, "\n")); n > max(width, leastArrow+timeColumns+remarkColumns) {
					t.Errorf("%s: a line takes %d of %d columns: %s", name, n, width, line)
				}
			}
		}
	}
}

func TestShownTextIsHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"plain é 日本": "plain é 日本", "\x1b[31m": `\x1b[31m`, "a\tb\r\n": `a\x09b\x0d\x0a`, "\u202ex": `\u202ex`, "\u200b": `\u200b`,
		"\xff\xfe": `\xff\xfe`, "\u00a0": `\xa0`, "\U000e0001": `\U000e0001`, "\ufffd": "\ufffd", "\x7f\x9b": `\x7f\x9b`,
	} {
		if got := shown(text); got != want {
			t.Errorf("shown(%q) = %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"abcdef": "abc…", "abcd": "abcd", "日本語": "日…", "": ""} {
		if got := fit(text, 4); got != want {
			t.Errorf("fit(%q, 4) = %q, want %q", text, got, want)
		}
	}
}

var ruleInSource = regexp.MustCompile(`(?:verdict\{\d+|verdict\{\w+\.status|capped\(|comeBack\(|Rule:)\s*,?\s*"([a-z-]+)"`)

// TestEveryRuleHasAHint reads the rules in the sources of the user agent.
func TestEveryRuleHasAHint(t *testing.T) {
	files, err := filepath.Glob("../../sip/*.go")
	if err != nil {
		t.Fatal(err)
	}
	notes := []string{"large-request", "unsent", "accept", "ping", "no-pong"} // of notes, which refuse nothing
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range ruleInSource.FindAllStringSubmatch(string(source), -1) {
			found++
			if hints[match[1]] == "" && !slices.Contains(notes, match[1]) && match[1] != "handler" {
				t.Errorf("%s: the rule %q has no hint in hints.go", file, match[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("%d rules were found: the search is wrong", found)
	}
}

func TestWhoEndedACall(t *testing.T) {
	for reason, want := range map[string]string{
		"": "caller", "Q.850;cause=16": "caller", `q.850 ; cause = 31 ;text="x"`: "caller", "Q.850;cause=102": "carrier",
		`SIP;cause=200, Q.850;cause=41`: "carrier", "Q.850;cause=many": "caller", "Q.850;cause=999": "caller", "SIP;cause=503": "caller",
	} {
		if got := endedBy(sip.ErrHangup, reason); got != want {
			t.Errorf("%q: ended by %s, want %s", reason, got, want)
		}
	}
	if got := reasonWords(`Q.850;cause=16;text="Terminated"`); got != `Q.850 cause 16 (normal call clearing), "Terminated"` {
		t.Errorf("got %s", got)
	}
	if got := endedBy(nil, "") + " " + endedBy(sip.ErrNoAck, ""); got != "gateway carrier" {
		t.Errorf("got %s", got)
	}
}
