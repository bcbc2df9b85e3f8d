package main

import (
	"errors"
	"strings"
	"testing"

	"readback/config"
	"readback/tickets"
)

// Only verified numbers are called back, in the countries that are configured or else in that of the number dialled, and none
// whose caller pays those who are called.
func TestWhoMayBeCalledBack(t *testing.T) {
	const tollFree, american, australian, french = "+18887999666", "+14155550100", "+61412345678", "+33612345678"
	for name, test := range map[string]struct {
		callback, called string
		unverified, off  bool
		countries        []string
		want             string // of the reason; empty: allowed
	}{
		"of the country dialled":             {callback: american, called: tollFree},
		"of another country":                 {callback: australian, called: tollFree, want: "numbers in AU are not called"},
		"of a country that is configured":    {callback: french, called: tollFree, countries: []string{"US", "FR"}},
		"of one that is not":                 {callback: american, called: tollFree, countries: []string{"FR"}, want: "numbers in US are not called"},
		"of another country with +1":         {callback: "+18765550123", called: tollFree, want: "numbers in JM are not called"},
		"the number dialled is ours no more": {callback: french, called: "+33144556677"},
		"no number was dialled":              {callback: american, want: "numbers in US are not called"},
		"not verified":                       {callback: american, called: tollFree, unverified: true, want: "not verified"},
		"no number":                          {called: tollFree, want: "not verified"},
		"not a number":                       {callback: "+1415", called: tollFree, want: "is none"},
		"an address":                         {callback: "sip:ada@example.com", called: tollFree, want: "is none"},
		"premium rate, US":                   {callback: "+19002345678", called: tollFree, want: "premium rate"},
		"premium rate, AU":                   {callback: "+611900123456", called: "+611800768027", want: "premium rate"},
		"premium rate, GB":                   {callback: "+449012345678", called: "+448003687314", want: "premium rate"},
		"premium rate of the world":          {callback: "+979123456789", called: tollFree, countries: []string{"US", "001"}, want: "premium rate"},
		"personal number, GB":                {callback: "+447012345678", called: "+448003687314", want: "personal number"},
		"shared cost, FR":                    {callback: "+33884012345", called: tollFree, countries: []string{"FR"}, want: "shared cost"},
		"one of ours":                        {callback: "+16503976096", called: tollFree, want: "one of ours"},
		"switched off":                       {callback: american, called: tollFree, off: true, want: "not configured"},
	} {
		c := config.Default()
		c.Notify.Callback.Trunk, c.Notify.Callback.Countries = "carrier", test.countries
		if test.off {
			c.Notify.Callback.Trunk = ""
		}
		err := callable(c, tickets.Ticket{Callback: test.callback, CallbackVerified: !test.unverified, Called: test.called})
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v, want it allowed", name, err)
		case test.want != "" && (!errors.Is(err, tickets.ErrRefused) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, want it refused with %q", name, err, test.want)
		}
	}
}
