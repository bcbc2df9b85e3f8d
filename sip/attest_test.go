package sip

import (
	"slices"
	"strings"
	"testing"
	"time"

	"readback/sip/stir"
)

// A judge gives one result and remembers what it was asked.
type judge struct {
	result  stir.Result
	call    stir.Call
	headers []string
	at      time.Time
}

func (j *judge) Verify(now time.Time, call stir.Call, headers []string) stir.Result {
	j.at, j.call, j.headers = now, call, headers
	return j.result
}

const signed = "Identity: e30.e30.c2ln;info=<https://h/x,y>;ppt=shaken\r\n"

func TestAttestation_RFC8224_6_2_RFC8588_4(t *testing.T) {
	attested := func(level stir.Attestation, number string) *judge {
		return &judge{result: stir.Result{Attestation: level, Reason: stir.Verified, Caller: number, OrigID: "1"}}
	}
	failed := func(r stir.Reason) *judge { return &judge{result: stir.Result{Attestation: stir.Failed, Reason: r}} }
	const from, asserted = "+14155550100", "+14155550123"
	pai := "P-Asserted-Identity: <tel:" + asserted + ">\r\n"
	for name, tt := range map[string]struct {
		judge   *judge
		headers string
		trunk   Trunk
		want    string // attestation, reason, caller, vouched for
	}{
		"in full":                             {attested(stir.A, from), signed, Trunk{}, "A verified +14155550100 vouched"},
		"in part":                             {attested(stir.B, from), signed, Trunk{}, "B verified +14155550100"},
		"in part, on a trusted trunk":         {attested(stir.C, from), signed, Trunk{TrustCaller: true}, "C verified +14155550100 vouched"},
		"not signed":                          {attested(stir.A, from), "", Trunk{}, "none unsigned +14155550100"},
		"no verifier":                         {nil, signed, Trunk{}, "none not-checked +14155550100"},
		"it fails":                            {failed(stir.BadSignature), signed, Trunk{}, "failed signature +14155550100"},
		"it fails on a trusted trunk":         {failed(stir.BadSignature), signed, Trunk{TrustCaller: true}, "failed signature +14155550100 vouched"},
		"on the asserted number":              {attested(stir.A, asserted), signed + pai, Trunk{}, "A verified +14155550123 vouched"},
		"on the asserted number in part":      {attested(stir.B, asserted), signed + pai, Trunk{}, "none other-number +14155550100"},
		"on From where the trunk asserts":     {attested(stir.A, from), signed + pai, Trunk{TrustCaller: true}, "none other-number +14155550123 vouched"},
		"on a number that nothing gives":      {attested(stir.A, "+14155550999"), signed, Trunk{}, "none other-number +14155550100"},
		"of a withheld caller":                {attested(stir.A, from), signed + "Privacy: id\r\n", Trunk{TrustCaller: true}, "A verified "},
		"our check before the carrier's":      {failed(stir.Stale), signed + verstat("TN-Validation-Passed-A"), Trunk{Verstat: true, TrustCaller: true}, "failed stale +14155550123 vouched"},
		"the carrier's where we cannot check": {failed(stir.UnknownCertificate), signed + verstat("TN-Validation-Passed-A"), Trunk{Verstat: true, TrustCaller: true}, "A verstat +14155550123 vouched"},
		"unknown without the carrier's":       {failed(stir.UnknownCertificate), signed + verstat("TN-Validation-Passed-A"), Trunk{}, "failed unknown-certificate +14155550100"},
	} {
		t.Run(name, func(t *testing.T) {
			m := invite()
			m.headers = tt.headers
			var v Verifier
			if tt.judge != nil {
				v = tt.judge
			}
			got, _ := identityOf(t, m, tt.trunk, v)
			if inShort(got) != tt.want {
				t.Errorf("got %q, want %q", inShort(got), tt.want)
			}
		})
	}
}

func inShort(id Identity) string {
	s := strings.Join([]string{string(id.Attestation), id.AttestationReason, id.Caller}, " ")
	if id.CallerVouched {
		s += " vouched"
	}
	return s
}

func verstat(word string) string {
	return "P-Asserted-Identity: <tel:+14155550123;verstat=" + word + ">\r\n"
}

func TestVerstat_ATIS1000074(t *testing.T) {
	const from = "<sip:+14155550100@h>;tag=1"
	carrier := Trunk{Verstat: true}
	for name, tt := range map[string]struct {
		from, headers string
		trunk         Trunk
		want          string
	}{
		"A at a tel URI":          {from, verstat("TN-Validation-Passed-A"), Trunk{Verstat: true, TrustIdentity: []string{AssertedIdentity}}, "A verstat +14155550123 vouched"},
		"A of an asserted number": {from, verstat("TN-Validation-Passed-A"), carrier, "A verstat +14155550123 vouched"},
		"B":                       {from, verstat("TN-Validation-Passed-B"), Trunk{Verstat: true, TrustIdentity: []string{AssertedIdentity}}, "B verstat +14155550123"},
		"C":                       {from, verstat("tn-validation-passed-c"), Trunk{Verstat: true, TrustIdentity: []string{AssertedIdentity}}, "C verstat +14155550123"},
		"failed":                  {from, verstat("TN-Validation-Failed"), carrier, "failed verstat +14155550100"},
		"failed with a level":     {from, verstat("TN-Validation-Failed-A"), carrier, "failed verstat +14155550100"},
		"not checked":             {from, verstat("No-TN-Validation"), carrier, "none verstat +14155550100"},
		"another word":            {from, verstat("Passed"), carrier, "none unsigned +14155550100"},
		"passed without level":    {from, verstat("TN-Validation-Passed"), carrier, "none verstat-passed +14155550100"},
		"its level in a header":   {from, verstat("TN-Validation-Passed") + "Attestation-Info: A\r\n", carrier, "A verstat +14155550123 vouched"},
		"in another header":       {from, verstat("TN-Validation-Passed") + "P-Attestation-Indicator: b\r\n", Trunk{Verstat: true, TrustIdentity: []string{AssertedIdentity}}, "B verstat +14155550123"},
		"in the user of From":     {"<sip:+14155550100;verstat=TN-Validation-Passed-A@h;user=phone>;tag=1", "", carrier, "A verstat +14155550100 vouched"},
		"behind the host":         {"<sip:+14155550100@h;user=phone;verstat=TN-Validation-Passed-A>;tag=1", "", carrier, "A verstat +14155550100 vouched"},
		"behind the brackets":     {"<sip:+14155550100@h>;tag=1;verstat=TN-Validation-Passed-A", "", carrier, "A verstat +14155550100 vouched"},
		"a tel without brackets":  {"tel:+14155550100;verstat=TN-Validation-Passed-A;tag=1", "", carrier, "A verstat +14155550100 vouched"},
		"no number":               {"<sip:ann@h;verstat=TN-Validation-Passed-A>;tag=1", "", carrier, "A verstat "},
		"a trunk that says not":   {"<sip:+14155550100;verstat=TN-Validation-Passed-A@h>;tag=1", "", Trunk{}, "none unsigned +14155550100"},
		"of a withheld caller":    {"<sip:+14155550100;verstat=TN-Validation-Passed-A@h>;tag=1", "Privacy: id\r\n", carrier, "A verstat "},
	} {
		t.Run(name, func(t *testing.T) {
			m := invite()
			m.from, m.headers = tt.from, tt.headers
			if got, _ := identityOf(t, m, tt.trunk, nil); inShort(got) != tt.want {
				t.Errorf("got %q, want %q", inShort(got), tt.want)
			}
		})
	}
}

func TestWhatTheVerifierIsAsked_RFC8224_4_1(t *testing.T) {
	m := invite()
	m.uri = "sip:+14155550000@192.0.2.1"
	m.headers = "P-Asserted-Identity: <tel:+14155550123>\r\n" + signed + "y: second;info=<https://h/z>\r\nDate: Sun, 01 Mar 2026 11:59:30 GMT\r\n"
	j := &judge{}
	identityOf(t, m, Trunk{TrustCaller: true}, j)
	if !slices.Equal(j.call.Callers, []string{"+14155550123", "+14155550100"}) || !slices.Equal(j.call.Called, []string{"+18887999666", "+14155550000"}) {
		t.Errorf("the call is %+v", j.call)
	}
	if !j.call.Date.Equal(receivedAt.Add(-30*time.Second)) || !j.at.Equal(receivedAt) {
		t.Errorf("the Date is %v, the time %v", j.call.Date, j.at)
	}
	if want := []string{"e30.e30.c2ln;info=<https://h/x,y>;ppt=shaken", "second;info=<https://h/z>"}; !slices.Equal(j.headers, want) {
		t.Errorf("the headers are %q", j.headers)
	}
}
