package main

import (
	"errors"
	"testing"
)

func TestResolveFindsTheGateway(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:+18887999666@127.0.0.1":            "127.0.0.1",
		"sip:+18887999666@127.0.0.1:5070":       "127.0.0.1",
		"sip:127.0.0.1;transport=udp":           "127.0.0.1",
		"sip:2@[::ffff:192.0.2.1]:5060":         "192.0.2.1",
		"sip:+18887999666@localhost:5060;ext=2": "127.0.0.1",
	} {
		got, err := hostAddress(t.Context(), uri)
		if err != nil || got.String() != want {
			t.Errorf("hostAddress(%q) = %v, %v; want %s", uri, got, err, want)
		}
	}
	if _, err := hostAddress(t.Context(), "tel:+18887999666"); !errors.Is(err, errUsage) {
		t.Errorf("a tel: URI fails with %v; want a usage error", err)
	}
}
