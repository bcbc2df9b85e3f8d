package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	plainSDP = "v=0\r\nm=audio 4000 RTP/AVP 0\r\n"
	noneYet  = "a=curr:qos local none\r\na=curr:qos remote none\r\n"
)

func TestPreconditionsOfAnOffer_RFC3312_5(t *testing.T) {
	for name, tt := range map[string]struct {
		offer string
		unmet bool
	}{
		"none":                              {plainSDP, false},
		"mandatory":                         {plainSDP + noneYet + "a=des:qos mandatory local sendrecv\r\n", true},
		"mandatory, nothing said of now":    {plainSDP + "a=des:qos mandatory e2e send\r\n", true},
		"mandatory, in capitals":            {plainSDP + "a=des:QoS Mandatory Local SendRecv\r\n", true},
		"optional":                          {plainSDP + noneYet + "a=des:qos optional local sendrecv\r\na=des:qos none remote sendrecv\r\n", false},
		"mandatory and met":                 {plainSDP + "a=curr:qos local sendrecv\r\na=des:qos mandatory local send\r\n", false},
		"met in one direction":              {plainSDP + "a=curr:qos local send\r\na=des:qos mandatory local sendrecv\r\n", true},
		"met on the other side only":        {plainSDP + "a=curr:qos local sendrecv\r\na=des:qos mandatory remote recv\r\n", true},
		"of another kind":                   {plainSDP + "a=curr:qos local sendrecv\r\na=des:sec mandatory local sendrecv\r\n", true},
		"no direction is wanted":            {plainSDP + "a=des:qos mandatory local none\r\n", false},
		"in the second stream":              {plainSDP + "m=video 5000 RTP/AVP 31\na=des:qos mandatory local sendrecv", true},
		"each stream for itself":            {plainSDP + "a=curr:qos local sendrecv\r\nm=audio 5000 RTP/AVP 0\r\na=des:qos mandatory local sendrecv\r\n", true},
		"said for the session":              {"v=0\r\na=des:qos mandatory local sendrecv\r\nm=audio 4000 RTP/AVP 0\r\n", false},
		"not well written":                  {plainSDP + "a=des:qos mandatory\r\na=des:\r\na=curr:\r\n", false},
		"more lines than anyone would send": {plainSDP + strings.Repeat("a=des:qos optional local sendrecv\r\n", 65), true},
	} {
		if got := unmetPrecondition([]byte(tt.offer)); got != tt.unmet {
			t.Errorf("%s: unmet %v, want %v", name, got, tt.unmet)
		}
	}
}

func TestPreconditionsThatFailedAreNamed_RFC3312_8(t *testing.T) {
	const head = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	for offer, want := range map[string]string{
		plainSDP + noneYet + "a=des:qos mandatory local sendrecv\r\na=des:qos optional remote send\r\n": head + "m=audio 0 RTP/AVP 0\r\na=des:qos failure local sendrecv\r\n",
		plainSDP + "a=des:qos mandatory e2e send\r\na=des:sec mandatory e2e recv\r\nm=video 9/2 RTP/AVP 31 32\r\n": head +
			"m=audio 0 RTP/AVP 0\r\na=des:qos failure e2e send\r\na=des:sec failure e2e recv\r\nm=video 0 RTP/AVP 31 32\r\n",
	} {
		inBubble(t, rings, func(r *rig) {
			p := r.peer(carrier)
			m := invite()
			m.body = offer
			p.send(m)
			res := p.expect("SIP/2.0 580")
			if bodyOf(res) != want || field(res, "Content-Type") != "application/sdp" || field(res, "Content-Length") != fmt.Sprint(len(want)) {
				t.Errorf("%s\nwant %q", res, want)
			}
			p.send(m.ack(res))
			p.skip()
		})
	}
}

func FuzzPreconditions(f *testing.F) {
	f.Add([]byte(plainSDP + noneYet + "a=des:qos mandatory local sendrecv\r\n"))
	f.Fuzz(func(t *testing.T, offer []byte) {
		if unmetPrecondition(offer) && !strings.Contains(string(offer), "a=des:") && !strings.Contains(string(offer), "a=curr:") {
			t.Errorf("%q has an unmet precondition", offer)
		}
		failed := string(failedPreconditions(offer))
		if strings.Count(failed, "\r\nm=") != len(demands(offer)) || strings.Contains(failed, " failure ") != unmetPrecondition(offer) {
			t.Errorf("%q is told as %q", offer, failed)
		}
	})
}

func TestInviteWithPreconditions_RFC3312_8(t *testing.T) {
	for name, tt := range map[string]struct {
		headers, offer, want, rule string
	}{
		"required":             {"Require: precondition\r\n", plainSDP, "SIP/2.0 420", "require"},
		"mandatory":            {"Supported: precondition\r\n", plainSDP + "a=des:qos mandatory local sendrecv\r\n", "SIP/2.0 580 Precondition Failure", "precondition"},
		"optional are ignored": {"Supported: precondition\r\n", plainSDP + noneYet + "a=des:qos optional local sendrecv\r\n", "SIP/2.0 200", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, answers(&negotiator{}), func(r *rig) {
				p := r.peer(carrier)
				m := invite()
				m.headers, m.body = tt.headers, tt.offer
				p.send(m)
				res := p.expect(tt.want)
				p.send(m.ack(res))
				if tt.rule == "require" && field(res, "Unsupported") != "precondition" {
					t.Errorf("Unsupported: %q", field(res, "Unsupported"))
				}
				p.quiet(time.Minute)
				if got := r.rules(); got != tt.rule {
					t.Errorf("refusals %q, want %q", got, tt.rule)
				}
			})
		})
	}
}

func TestLaterOfferWithPreconditionsKeepsTheCall_RFC3312_8(t *testing.T) {
	inBubble(t, answers(&negotiator{}), func(r *rig) {
		p := r.peer(carrier)
		m := invite()
		ok := p.establish(m)
		for i, method := range []string{"INVITE", "UPDATE"} {
			again := m.inside(method, 2+i, ok)
			again.kind, again.body = "application/sdp", plainSDP+"a=des:qos mandatory local sendrecv\r\n"
			p.send(again)
			res := p.expect("SIP/2.0 580")
			if method == "INVITE" {
				p.send(again.ack(res))
			}
		}
		p.send(m.update(4, ok, "resume"))
		p.expect("SIP/2.0 200")
	})
}
