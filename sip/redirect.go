package sip

import (
	"cmp"
	"slices"
	"strconv"

	sipgo "github.com/emiago/sipgo/sip"
)

// redirectsMax bounds how many addresses are tried that a peer redirected us to.
const redirectsMax = 5

// redirections are the addresses of a 3xx, the most wanted first (RFC 3261 section 8.1.3.4).
func redirections(res *sipgo.Response) []sipgo.Uri {
	type wanted struct {
		uri sipgo.Uri
		q   float64
	}
	var list []wanted
	for _, contact := range values(res, "Contact", "m") {
		var uri sipgo.Uri
		var params sipgo.HeaderParams
		if _, err := sipgo.ParseAddressValue(contact, &uri, &params); err != nil || uri.Host == "" || len(list) == redirectsMax {
			continue
		}
		uri.Headers = nil // they would become headers of our INVITE
		uri.UriParams.Remove("method")
		q := 1.0
		if v, ok := params.Get("q"); ok {
			q, _ = strconv.ParseFloat(v, 64)
		}
		list = append(list, wanted{uri, q})
	}
	slices.SortStableFunc(list, func(a, b wanted) int { return cmp.Compare(b.q, a.q) })
	uris := make([]sipgo.Uri, len(list))
	for i, w := range list {
		uris[i] = w.uri
	}
	return uris
}

// redirected notes where a 3xx leads, and follows it.
func (d *dialling) redirected(res *sipgo.Response) bool {
	d.pending = append(redirections(res), d.pending...)
	return d.nextRedirection()
}

// nextRedirection goes to the next address that belongs to the trunk and was not tried yet.
func (d *dialling) nextRedirection() bool {
	for len(d.pending) > 0 && d.redirects < redirectsMax {
		uri := d.pending[0]
		d.pending = d.pending[1:]
		d.redirects++
		if key := uri.String(); d.seen[key] || uri.Scheme != d.to.uri.Scheme {
			continue
		} else {
			d.seen[key] = true
		}
		hop := uri
		if uri.Host == d.to.hop.Host && uri.Port == d.to.hop.Port {
			hop = d.to.hop
		}
		targets, err := d.call.ua.targets(d.call.ctx, hop)
		if err != nil {
			continue
		}
		if targets = secureOnly(uri, within(d.call.trunk, targets)); len(targets) > 0 {
			d.uri, d.host, d.places = uri, hop.Host, targets
			d.base.localSeq++
			return true
		}
	}
	return false
}
