package sdp_test

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pion "github.com/pion/sdp/v3"

	"readback/media/sdp"
)

const (
	head   = "v=0\r\no=peer 7 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n"
	audio  = "m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
	events = "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
)

func endpoint() *sdp.Endpoint {
	return &sdp.Endpoint{Local: netip.MustParseAddrPort("192.0.2.2:20000")}
}

// lines are a description but for its origin, whose id is random.
func lines(body []byte) string {
	return regexp.MustCompile(`(?m)^o=.*\r\n`).ReplaceAllString(string(body), "")
}

func TestOffersAreAnswered_RFC3264_Section6(t *testing.T) {
	const ours = "v=0\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n"
	plain := ours + "m=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n" + events + "a=ptime:20\r\na=sendrecv\r\n"
	mu := ours + "m=audio 20000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n"
	tests := map[string]struct{ offer, want string }{
		"the first codec of the offer that we speak": {head + audio, plain},
		"only what was offered":                      {head + "m=audio 4000 RTP/AVP 18 0\r\n", mu},
		"lines without CR":                           {strings.ReplaceAll(head+audio, "\r", ""), plain},
		"a last line without its end":                {strings.TrimSuffix(head+audio, "\r\n"), plain},
		"no s= line":                                 {strings.Replace(head+audio, "s=-\r\n", "", 1), plain},
		"no t=, no o=, no v= lines":                  {"c=IN IP4 198.51.100.1\r\n" + audio, plain},
		"lines in another order":                     {"s=-\r\nt=0 0\r\nc=IN IP4 198.51.100.1\r\no=peer 7 1 IN IP4 198.51.100.1\r\nv=0\r\n" + audio, plain},
		"lines that nobody knows":                    {"v=0\r\nx=1\r\n\r\n???\r\n" + head[5:] + "y=2\r\n" + audio + "z\r\n", plain},
		"an address of the stream":                   {"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + audio + "c=IN IP4 198.51.100.1\r\n", plain},
		"another number for events": {
			head + "m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:0 PCMU/8000/1\r\na=rtpmap:96 Telephone-Event/8000\r\na=fmtp:96 0-16\r\n",
			ours + "m=audio 20000 RTP/AVP 0 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:20\r\na=sendrecv\r\n",
		},
		"a codec under a number of its own": {
			head + "m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 pcma/8000\r\n",
			ours + "m=audio 20000 RTP/AVP 97\r\na=rtpmap:97 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n",
		},
		"events at another rate are none": {
			head + "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/48000\r\n", mu,
		},
		"other streams keep their places": {
			head + "m=video 5000 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n" + audio + "m=image 5002 udptl t38\r\na=T38FaxVersion:0\r\nm=message 7654 TCP/MSRP *\r\nm=audio 6000 RTP/AVP 0\r\n",
			ours + "m=video 0 RTP/AVP 31\r\n" + plain[len(ours):] + "m=image 0 udptl t38\r\nm=message 0 TCP/MSRP *\r\nm=audio 0 RTP/AVP 0\r\n",
		},
		"feedback profile and muxed RTCP": {
			head + "m=audio 4000 RTP/AVPF 0\r\na=rtcp-mux\r\n",
			strings.Replace(mu, "RTP/AVP", "RTP/AVPF", 1) + "a=rtcp-mux\r\n",
		},
		"the stream that can be taken": {
			head + "m=audio 4000 RTP/SAVP 0\r\nm=audio 0 RTP/AVP 0\r\nm=audio 4004 RTP/AVP 0\r\n",
			ours + "m=audio 0 RTP/SAVP 0\r\nm=audio 0 RTP/AVP 0\r\n" + mu[len(ours):],
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answer, _, err := endpoint().Answer([]byte(test.offer))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, lines(answer)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			var check pion.SessionDescription
			if err := check.Unmarshal(answer); err != nil && !strings.Contains(test.offer, "udptl") {
				t.Errorf("our answer cannot be read: %v", err)
			}
		})
	}
}

func TestBadOffersAreRefused(t *testing.T) {
	tests := map[string]struct {
		offer string
		want  error
	}{
		"nothing":              {"", sdp.ErrSyntax},
		"noise":                {"\x00\x01\x02", sdp.ErrSyntax},
		"no stream":            {head, sdp.ErrSyntax},
		"too long":             {head + audio + strings.Repeat("a=x\r\n", 4000), sdp.ErrSyntax},
		"too many streams":     {head + strings.Repeat(audio, 20), sdp.ErrSyntax},
		"m= without formats":   {head + "m=audio 4000 RTP/AVP\r\n", sdp.ErrSyntax},
		"a port that is none":  {head + "m=audio x RTP/AVP 0\r\n", sdp.ErrSyntax},
		"port 0":               {head + "m=audio 0 RTP/AVP 0\r\n", sdp.ErrUnacceptable},
		"only video":           {head + "m=video 4000 RTP/AVP 31\r\n", sdp.ErrUnacceptable},
		"only other codecs":    {head + "m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n", sdp.ErrUnacceptable},
		"only events":          {head + "m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n", sdp.ErrUnacceptable},
		"encrypted":            {head + "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", sdp.ErrUnacceptable},
		"another IP version":   {strings.ReplaceAll(head, "IP4 198.51.100.1", "IP6 2001:db8::1") + audio, sdp.ErrUnacceptable},
		"no address":           {"v=0\r\n" + audio, sdp.ErrUnacceptable},
		"a name for address":   {strings.ReplaceAll(head, "198.51.100.1", "host.example") + audio, sdp.ErrUnacceptable},
		"a group":              {strings.ReplaceAll(head, "198.51.100.1", "233.252.0.1/127") + audio, sdp.ErrUnacceptable},
		"0 meaning another":    {head + "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 G729/8000\r\n", sdp.ErrUnacceptable},
		"PCMU at another rate": {head + "m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 PCMU/16000\r\n", sdp.ErrUnacceptable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, _, err := endpoint().Answer([]byte(test.offer)); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestDirections_RFC3264_Section6_1_And_8_4(t *testing.T) {
	hold := strings.ReplaceAll(head, "c=IN IP4 198.51.100.1", "c=IN IP4 0.0.0.0")
	tests := map[string]struct {
		offer string
		want  sdp.Direction
	}{
		"nothing said":              {head + audio, sdp.SendRecv},
		"sendonly":                  {head + audio + "a=sendonly\r\n", sdp.RecvOnly},
		"recvonly":                  {head + audio + "a=recvonly\r\n", sdp.SendOnly},
		"inactive":                  {head + audio + "a=inactive\r\n", sdp.Inactive},
		"said for the session":      {head + "a=sendonly\r\n" + audio, sdp.RecvOnly},
		"the stream's is nearer":    {head + "a=sendonly\r\n" + audio + "a=sendrecv\r\n", sdp.SendRecv},
		"hold of old":               {hold + audio, sdp.RecvOnly},
		"hold of old, and sendonly": {hold + audio + "a=sendonly\r\n", sdp.RecvOnly},
		"hold of old, and inactive": {hold + audio + "a=inactive\r\n", sdp.Inactive},
	}
	for name, test := range tests {
		answer, a, err := endpoint().Answer([]byte(test.offer))
		if err != nil || a.Direction != test.want || !strings.Contains(string(answer), "a="+test.want.String()+"\r\n") {
			t.Errorf("%s: we are %v, %v; want %v; answer:\n%s", name, a.Direction, err, test.want, answer)
		}
	}
}

func TestPacketTime_RFC8866_Section6_4(t *testing.T) {
	tests := map[string]int{
		"": 20, "a=ptime:10\r\n": 10, "a=ptime:20\r\n": 20, "a=ptime:30\r\n": 30, "a=ptime:60\r\n": 60,
		"a=ptime:5\r\n": 10, "a=ptime:25\r\n": 20, "a=ptime:200\r\n": 60, "a=ptime:x\r\n": 20, "a=ptime:20.0\r\n": 20,
		"a=maxptime:10\r\n": 10, "a=maxptime:150\r\n": 20, "a=ptime:40\r\na=maxptime:30\r\n": 30, "a=ptime:-1\r\n": 20,
	}
	for attributes, want := range tests {
		_, a, err := endpoint().Answer([]byte(head + audio + attributes))
		if err != nil || a.Ptime != want {
			t.Errorf("%q: %d ms, %v; want %d", attributes, a.Ptime, err, want)
		}
	}
}

func TestRTCPAddress_RFC3605(t *testing.T) {
	tests := map[string]string{
		"":                                    "198.51.100.1:4001",
		"a=rtcp:4555\r\n":                     "198.51.100.1:4555",
		"a=rtcp:4555 IN IP4 198.51.100.9\r\n": "198.51.100.9:4555",
		"a=rtcp:x\r\n":                        "198.51.100.1:4001",
	}
	for attributes, want := range tests {
		_, a, err := endpoint().Answer([]byte(head + audio + attributes))
		if err != nil || a.RemoteRTCP.String() != want {
			t.Errorf("%q: %v, %v; want %s", attributes, a.RemoteRTCP, err, want)
		}
	}
}

func TestIPv6(t *testing.T) {
	e := &sdp.Endpoint{Local: netip.MustParseAddrPort("[2001:db8::2]:20000")}
	answer, a, err := e.Answer([]byte("v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\nt=0 0\nm=audio 4000 RTP/AVP 0\n"))
	if err != nil || a.Remote != netip.MustParseAddrPort("[2001:db8::1]:4000") || !strings.Contains(string(answer), "c=IN IP6 2001:db8::2\r\n") {
		t.Errorf("%v, %v:\n%s", a.Remote, err, answer)
	}
}

func TestVersionGrowsOnlyWithChanges_RFC3264_Section8(t *testing.T) {
	origin := regexp.MustCompile(`o=- (\d+) (\d+) `)
	e := endpoint()
	var id string
	for i, step := range []struct{ offer, version string }{
		{head + audio, "1"},
		{head + audio, "1"},
		{head + audio + "a=sendonly\r\n", "2"},
		{head + audio, "3"},
		{head + audio + "m=video 9 RTP/AVP 31\r\n", "4"},
	} {
		answer, _, err := e.Answer([]byte(step.offer))
		if err != nil {
			t.Fatal(err)
		}
		o := origin.FindStringSubmatch(string(answer))
		if id == "" {
			id = o[1]
		}
		if o[1] != id || o[2] != step.version {
			t.Errorf("answer %d: session %s version %s, want %s version %s", i, o[1], o[2], id, step.version)
		}
	}
}

func TestChangedTellsARefresh(t *testing.T) {
	e := endpoint()
	for i, step := range []struct {
		offer string
		want  bool
	}{
		{head + audio, true},
		{head + audio, false},
		{strings.Replace(head, "peer 7 1", "peer 7 2", 1) + audio, true},
		{strings.Replace(head, "peer 7 1", "peer 7 2", 1) + strings.Replace(audio, "4000", "4002", 1), true},
	} {
		if _, a, err := e.Answer([]byte(step.offer)); err != nil || a.Changed != step.want {
			t.Errorf("offer %d: changed %v, %v; want %v", i, a.Changed, err, step.want)
		}
	}
}

func TestOfferAndAcceptedAnswer(t *testing.T) {
	caller, callee := endpoint(), &sdp.Endpoint{Local: netip.MustParseAddrPort("192.0.2.9:30000"), Codecs: []sdp.Codec{sdp.PCMA}}
	answer, theirs, err := callee.Answer(caller.Offer())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := caller.Accept(answer)
	if err != nil {
		t.Fatal(err)
	}
	if ours.Codec != sdp.PCMA || theirs.Codec != sdp.PCMA || !ours.Events || !theirs.Events || !ours.Mux || ours.Remote != callee.Local || theirs.Remote != caller.Local {
		t.Errorf("caller %+v\ncallee %+v", ours, theirs)
	}
	for name, bad := range map[string]string{
		"refused":       strings.Replace(string(answer), "m=audio 30000", "m=audio 0", 1),
		"another codec": head + "m=audio 4000 RTP/AVP 18\r\n",
	} {
		if _, err := caller.Accept([]byte(bad)); !errors.Is(err, sdp.ErrUnacceptable) {
			t.Errorf("%s: got %v, want %v", name, err, sdp.ErrUnacceptable)
		}
	}
}

func TestARefusedOfferChangesNothing(t *testing.T) {
	e := endpoint()
	first, _, err := e.Answer([]byte(head + audio))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := e.Answer([]byte(head + "m=audio 0 RTP/AVP 0\r\n")); err == nil {
		t.Fatal("an offer without a stream was answered")
	}
	again, _, err := e.Answer([]byte(head + audio))
	if err != nil || string(first) != string(again) {
		t.Errorf("%v; answer became\n%s\nwas\n%s", err, again, first)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(head + audio))
	f.Add([]byte(head + "m=video 5000 RTP/AVP 31\r\n" + audio + "m=image 5002 udptl t38\r\na=ptime:30\r\na=rtcp:5 IN IP4 1.2.3.4\r\n"))
	f.Add([]byte("m=audio 1 RTP/AVP 0\nc=IN IP4 0.0.0.0\na=inactive"))
	f.Fuzz(func(t *testing.T, offer []byte) {
		e := endpoint()
		answer, a, err := e.Answer(offer)
		if err != nil {
			if !errors.Is(err, sdp.ErrSyntax) && !errors.Is(err, sdp.ErrUnacceptable) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		if a.Codec == sdp.None || a.Ptime < 10 || a.Ptime > 60 || a.PayloadType > 127 || !a.Remote.IsValid() {
			t.Errorf("agreed on %+v", a)
		}
		again, _, err := e.Answer(offer)
		if err != nil || string(again) != string(answer) {
			t.Errorf("the same offer is answered differently: %v\n%s\n%s", err, answer, again)
		}
	})
}
