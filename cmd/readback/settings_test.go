package main

import (
	"slices"
	"testing"

	"readback/config"
	"readback/media"
)

func TestTrunksSayWhatSoundMayBe(t *testing.T) {
	c, err := config.Parse("readback.yaml", []byte(`
rtp: {io: plain}
trunks:
  - {name: plain, networks: [192.0.2.0/24]}
  - {name: strict, networks: [198.51.100.0/24], codecs: [pcma], encryption: required, inband: never, media: [203.0.113.0/24]}
  - {name: old, networks: [203.0.113.0/24], encryption: off, inband: always}
`))
	if err != nil {
		t.Fatal(err)
	}
	sound := soundOf(c)
	for name, want := range map[string]media.Options{
		"plain":  {Codecs: []string{"g722", "pcmu", "pcma"}, Encryption: media.EncryptionOptional, InBand: media.InBandWithoutEvents},
		"strict": {Codecs: []string{"pcma"}, Encryption: media.EncryptionRequired, InBand: media.InBandNever},
		"old":    {Codecs: []string{"g722", "pcmu", "pcma"}, Encryption: media.EncryptionOff, InBand: media.InBandAlways},
	} {
		got := sound[name]
		if !slices.Equal(got.Codecs, want.Codecs) || got.Encryption != want.Encryption || got.InBand != want.InBand || len(got.Allowed) != 1 {
			t.Errorf("trunk %s: %+v; want %+v", name, got, want)
		}
	}
	if got := sound["strict"].Allowed[0].String(); got != "203.0.113.0/24" {
		t.Errorf("sound of the trunk strict may go to %s; want its media networks", got)
	}
	for way, want := range map[string]string{mediaOf(c).IO: "plain", mediaOf(config.Default()).IO: ""} {
		if way != want {
			t.Errorf("the way of packets is %q; want %q", way, want)
		}
	}
}

func TestEngineersAreWokenForAP2WherePolicySaysSo(t *testing.T) {
	c := config.Default()
	for _, want := range []bool{false, true} {
		c.Policy.PageP2 = want
		if got := policyOf(c).PageP2; got != want {
			t.Errorf("page_p2: %v makes a policy with %v", want, got)
		}
	}
}
