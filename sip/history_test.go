package sip

import (
	"strings"
	"testing"
)

func TestHistoryInfo_RFC7044_5_RFC4458(t *testing.T) {
	const ours = "<sip:+18887999666@192.0.2.1"
	for name, tt := range map[string]struct{ headers, want string }{
		"straight here":                    {ours + ">;index=1\r\n", ""},
		"a new contact of the same user":   {"<sip:+18887999666@carrier>;index=1, " + ours + ">;index=1.1;rc=1\r\n", ""},
		"the called number led here":       {"<sip:+18887999666@carrier>;index=1, <sip:readback@192.0.2.1>;index=1.1;mp=1\r\n", ""},
		"a cause on the new target":        {"<tel:+14155550001>;index=1, " + ours + ";cause=302>;index=1.1;mp=1\r\n", "+14155550001 unconditional"},
		"a cause without mp (RFC 4244)":    {"<tel:+14155550001>;index=1, " + ours + ";cause=486>;index=1.1\r\n", "+14155550001 user-busy"},
		"mp alone":                         {"<tel:+14155550001>;index=1, " + ours + ">;index=1.1;mp=1\r\n", "+14155550001 unknown"},
		"a reason on the old target":       {"<sip:+14155550001@h?Reason=SIP%3Bcause%3D408%3Btext%3D%22x%22>;index=1, " + ours + ">;index=1.1;mp=1\r\n", "+14155550001 no-answer"},
		"a reason of the telephone side":   {"<sip:+14155550001@h?Reason=Q.850%3Bcause%3D17>;index=1, " + ours + ">;index=1.1;mp=1\r\n", "+14155550001 user-busy"},
		"a reason and a cause":             {"<sip:+14155550001@h?Reason=SIP%3Bcause%3D600>;index=1, " + ours + ";cause=302>;index=1.1;mp=1\r\n", "+14155550001 user-busy"},
		"a reason that says nothing":       {"<sip:+14155550001@h?Reason=SIP>;index=1, " + ours + ";cause=302>;index=1.1;mp=1\r\n", "+14155550001 unconditional"},
		"a reason at a tel URI":            {"<tel:+14155550001?Reason=SIP%3Bcause%3D503>;index=1, " + ours + ">;index=1.1\r\n", "+14155550001 unavailable"},
		"twice":                            {"<tel:+14155550001>;index=1, <tel:+14155550002;cause=408>;index=1.1;mp=1, " + ours + ";cause=480>;index=1.1.1;mp=1.1\r\n", "+14155550001 no-answer, +14155550002 deflection"},
		"twice, in the wrong order":        {ours + ";cause=480>;index=1.1.1;mp=1.1\r\nHistory-Info: <tel:+14155550002;cause=408>;index=1.1;mp=1, <tel:+14155550001>;index=1\r\n", "+14155550001 no-answer, +14155550002 deflection"},
		"ten places counted by number":     {"<tel:+14155550010;cause=486>;index=1.10;mp=1, <tel:+14155550001>;index=1, <tel:+14155550002;cause=302>;index=1.2;mp=1, " + ours + ";cause=487>;index=1.10.1;mp=1.10\r\n", "+14155550001 unconditional, +14155550010 deflection"},
		"a proxy between":                  {"<tel:+14155550001>;index=1, <sip:+14155550001@ua>;index=1.1;rc=1, " + ours + ";cause=408>;index=1.2;mp=1\r\n", "+14155550001 no-answer"},
		"mp that names nobody":             {"<tel:+14155550001>;index=1, " + ours + ";cause=302>;index=1.1;mp=7.7\r\n", "+14155550001 unconditional"},
		"a private stop":                   {"<sip:+14155550001@h?Privacy=history&Reason=SIP%3Bcause%3D302>;index=1, " + ours + ">;index=1.1;mp=1\r\n", "- unconditional private"},
		"a private history":                {"<tel:+14155550001>;index=1, " + ours + ";cause=302>;index=1.1;mp=1\r\nPrivacy: history\r\n", "- unconditional private"},
		"private headers":                  {"<tel:+14155550001>;index=1, " + ours + ";cause=302>;index=1.1;mp=1\r\nPrivacy: header;critical\r\n", "- unconditional private"},
		"no index":                         {"<tel:+14155550001>, " + ours + ";cause=302>\r\n", "+14155550001 unconditional"},
		"an index that is none":            {"<tel:+14155550001>;index=1.x, " + ours + ";cause=302>;index=-1\r\n", "+14155550001 unconditional"},
		"an index without end":             {"<tel:+14155550001>;index=1" + strings.Repeat(".1", maxIndex) + ", " + ours + ";cause=302>;index=1\r\n", ""},
		"before the Diversion of the same": {"<tel:+14155550001>;index=1, " + ours + ";cause=302>;index=1.1;mp=1\r\nDiversion: <tel:+14155550009>;reason=away\r\n", "+14155550001 unconditional"},
		"Diversion where it says nothing":  {ours + ">;index=1\r\nDiversion: <tel:+14155550009>;reason=away\r\n", "+14155550009 away"},
	} {
		m := invite()
		m.headers = "History-Info: " + tt.headers
		if got, _ := identityOf(t, m, Trunk{}, nil); told(got.Diversions) != tt.want {
			t.Errorf("%s: %s; want %s", name, told(got.Diversions), tt.want)
		}
	}
}

func TestCauses_RFC7544_3_3(t *testing.T) {
	for cause, want := range map[string]string{
		"302": "unconditional", "486": "user-busy", "600": "user-busy", "408": "no-answer", "480": "deflection", "487": "deflection",
		"503": "unavailable", "404": "unknown", "": "unknown",
	} {
		if got := causeSIP(cause); got != want {
			t.Errorf("%s: %s, want %s", cause, got, want)
		}
	}
	for cause, want := range map[string]string{"17": "user-busy", "18": "no-answer", "19": "no-answer", "20": "unavailable", "27": "out-of-service", "1": "unknown"} {
		if got := causeQ850(cause); got != want {
			t.Errorf("Q.850 %s: %s, want %s", cause, got, want)
		}
	}
}
