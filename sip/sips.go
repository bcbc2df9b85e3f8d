package sip

import (
	"errors"
	"slices"

	sipgo "github.com/emiago/sipgo/sip"
)

const schemeSIPS = "sips"

var errNotSecure = errors.New("sip: a sips URI is reached by TLS alone; give the trunk an address with sips or transport=tls")

// checkSIPS refuses an INVITE to a sips URI that came in clear: whoever dialled it was promised TLS on every hop
// (RFC 3261 section 26.2.2), and by this one there is none (RFC 5630 section 5.3).
func checkSIPS(tx *serverTx) *verdict {
	if tx.req.Method != sipgo.INVITE || tx.req.Recipient.Scheme != schemeSIPS || isSecure(tx.flow.wire.network()) {
		return nil
	}
	host, _ := tx.ua.advertised(tx.flow)
	warning := header("Warning", "380 "+host+` "SIPS Not Allowed"`)
	return &verdict{480, "sips", "a sips URI came by " + tx.flow.wire.network() + ", which is not secure", []sipgo.Header{warning}}
}

// secureOnly are those targets by which a request may go: by TLS alone when its URI is sips.
func secureOnly(uri sipgo.Uri, targets []Target) []Target {
	if uri.Scheme != schemeSIPS {
		return targets
	}
	return slices.DeleteFunc(targets, func(to Target) bool { return !isSecure(to.Network) })
}
