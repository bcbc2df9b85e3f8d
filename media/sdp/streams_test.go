package sdp_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"readback/media/sdp"
)

const (
	video = "m=video 5000 RTP/AVPF 96\r\na=rtpmap:96 VP8/90000\r\n"
	fax   = "m=image 5002 udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxRateManagement:transferredTCF\r\n"
	text  = "m=text 5004 RTP/AVP 98 99\r\na=rtpmap:98 t140/1000\r\na=rtpmap:99 red/1000\r\n"
	data  = "m=application 5006 UDP/DTLS/SCTP webrtc-datachannel\r\n"
)

// Every stream of an offer keeps its place; all but one of audio are declined with port 0, in this and in later answers.
func TestOtherStreamsAreDeclinedInPlace_RFC3264_6(t *testing.T) {
	for name, offer := range map[string]string{
		"fax after sound":        audio + fax,
		"fax before sound":       fax + audio,
		"text and video":         text + audio + video,
		"all, and a second call": video + data + fax + audio + text + strings.Replace(audio, "4000", "4004", 1),
		"streams switched off":   strings.Replace(video, "5000", "0", 1) + audio + strings.Replace(fax, "5002", "0", 1),
	} {
		e := endpoint()
		for range 2 {
			answer, a, err := e.Answer([]byte(head + offer))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if a.Remote.Port() != 4000 {
				t.Errorf("%s: the stream of port %d was taken", name, a.Remote.Port())
			}
			line := regexp.MustCompile(`m=(\S+) (\d+) (\S+)`)
			offered, answered := line.FindAllStringSubmatch(offer, -1), line.FindAllStringSubmatch(string(answer), -1)
			if len(offered) != len(answered) {
				t.Fatalf("%s: %d streams of %d are answered:\n%s", name, len(answered), len(offered), answer)
			}
			taken := 0
			for i, m := range answered {
				if m[1] != offered[i][1] || m[3] != offered[i][3] {
					t.Errorf("%s: stream %d is %s over %s, want %s over %s", name, i, m[1], m[3], offered[i][1], offered[i][3])
				}
				if m[2] != "0" {
					taken++
				}
			}
			if taken != 1 {
				t.Errorf("%s: %d streams are taken:\n%s", name, taken, answer)
			}
		}
	}
}

// A call that wants to become a fax is refused, and goes on as it was (RFC 3264 section 6: 488).
func TestNoFax_T38(t *testing.T) {
	e := endpoint()
	before, _, err := e.Answer([]byte(head + audio))
	if err != nil {
		t.Fatal(err)
	}
	for name, offer := range map[string]string{
		"in place of the sound":   fax,
		"beside sound that stops": strings.Replace(audio, "4000", "0", 1) + fax,
	} {
		if _, _, err := e.Answer([]byte(head + offer)); !errors.Is(err, sdp.ErrUnacceptable) {
			t.Errorf("%s: %v, want %v", name, err, sdp.ErrUnacceptable)
		}
	}
	after, _, err := e.Answer([]byte(head + audio))
	if err != nil || string(after) != string(before) {
		t.Errorf("afterwards (%v):\n%s\nwant\n%s", err, after, before)
	}
}

// Lines about quality of service do not stand in the way, wherever they are.
func TestPreconditionsAreTolerated_RFC3312_5(t *testing.T) {
	plain, _, err := endpoint().Answer([]byte(head + audio))
	if err != nil {
		t.Fatal(err)
	}
	for name, offer := range map[string]string{
		"mandatory":       audio + "a=curr:qos local none\r\na=curr:qos remote none\r\na=des:qos mandatory local sendrecv\r\na=des:qos mandatory remote sendrecv\r\n",
		"optional":        audio + "a=curr:qos e2e none\r\na=des:qos optional e2e sendrecv\r\n",
		"met":             audio + "a=curr:qos local sendrecv\r\na=curr:qos remote sendrecv\r\na=des:qos mandatory local sendrecv\r\na=des:qos none remote sendrecv\r\na=conf:qos remote sendrecv\r\n",
		"security":        audio + "a=curr:sec e2e none\r\na=des:sec mandatory e2e sendrecv\r\n",
		"nonsense":        audio + "a=curr:\r\na=des:qos\r\na=des\r\na=conf:qos\r\n",
		"for the session": "a=des:qos mandatory e2e sendrecv\r\n" + audio,
	} {
		answer, a, err := endpoint().Answer([]byte(head + offer))
		if err != nil || a.Codec != sdp.PCMA || a.Direction != sdp.SendRecv || lines(answer) != lines(plain) {
			t.Errorf("%s: %v, %+v\n%s", name, err, a, answer)
		}
	}
}

// Each answer to one offer stands for itself (RFC 3261 section 13.2.2.4).
func TestSeveralAnswersToOneOffer(t *testing.T) {
	e := endpoint()
	e.Offer()
	for i, step := range []struct {
		answer  string
		codec   sdp.Codec
		events  bool
		changed bool
	}{
		{head + audio, sdp.PCMA, true, true},
		{head + audio, sdp.PCMA, true, false}, // the 200 repeats what the 183 said
		{strings.Replace(head, "peer 7", "other 9", 1) + "m=audio 4000 RTP/AVP 0\r\n", sdp.PCMU, false, true},
		{strings.Replace(head, "peer 7", "third 1", 1) + "m=audio 4010 RTP/AVP 9 101\r\n" + events, sdp.G722, true, true},
	} {
		a, err := e.Accept([]byte(step.answer))
		if err != nil || a.Codec != step.codec || a.Events != step.events || a.Changed != step.changed {
			t.Errorf("answer %d: %v, %+v", i, err, a)
		}
	}
}
