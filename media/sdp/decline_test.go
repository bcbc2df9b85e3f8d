package sdp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mediaLines(body []byte) (lines []string) {
	for line := range strings.SplitSeq(string(body), "\r\n") {
		if strings.HasPrefix(line, "m=") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestDeclinedStreamsKeepTheirPlacesInOurOffers_RFC3264_8(t *testing.T) {
	e := endpoint()
	if _, _, err := e.Answer([]byte(head + fax + audio)); err != nil {
		t.Fatal(err)
	}
	lines := mediaLines(e.Offer())
	if len(lines) != 2 || lines[0] != "m=image 0 udptl t38" || !strings.HasPrefix(lines[1], "m=audio 20000 RTP/AVP ") {
		t.Errorf("offered %q", lines)
	}
}

// A stream that is added later is declined, and one that was declined may come and go.
func TestStreamsComeAndGo_RFC3264_8_1(t *testing.T) {
	e := endpoint()
	for i, step := range []struct {
		offer string
		want  []string
	}{
		{audio, []string{"m=audio 20000 RTP/AVP 8 101"}},
		{audio + video, []string{"m=audio 20000 RTP/AVP 8 101", "m=video 0 RTP/AVPF 96"}},
		{audio + "m=video 0 RTP/AVPF 96\r\n" + fax, []string{"m=audio 20000 RTP/AVP 8 101", "m=video 0 RTP/AVPF 96", "m=image 0 udptl t38"}},
		{audio + fax + fax, []string{"m=audio 20000 RTP/AVP 8 101", "m=image 0 udptl t38", "m=image 0 udptl t38"}},
	} {
		answer, _, err := e.Answer([]byte(head + step.offer))
		if err != nil {
			t.Fatalf("offer %d: %v", i, err)
		}
		if diff := cmp.Diff(step.want, mediaLines(answer)); diff != "" {
			t.Errorf("offer %d (-want +got):\n%s", i, diff)
		}
	}
}
