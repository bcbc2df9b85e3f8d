// Package stir verifies the signature on a caller's number, offline: Identity headers (RFC 8224) that carry
// PASSporTs (RFC 8225) with the SHAKEN extension (RFC 8588), signed with certificates of RFC 8226.
//
// A [Verifier] decides from what it has: it never waits for the network. Certificates come from a
// [Certificates], such as a [Cache], which fetches what was asked for in vain after the call, so that the
// next call from the same provider is verified. A result is a fact about the number and no reason to drop a call.
package stir

import (
	"cmp"
	"crypto/x509"
	"slices"
	"time"
)

// Attestation is what the provider who signed knows of the caller's right to the number (RFC 8588 section 4).
type Attestation string

// A: the customer and the number are known. B: the customer is. C: only where the call came in.
const (
	A      Attestation = "A"
	B      Attestation = "B"
	C      Attestation = "C"
	Failed Attestation = "failed" // a signature was there and does not hold, or cannot be checked
	None   Attestation = "none"   // nothing attests the number
)

// Reason is why a result is what it is.
type Reason string

// The reasons. Those up to NoAttestation are no failures.
const (
	Verified           Reason = "verified"
	Unsigned           Reason = "unsigned"       // no Identity header
	Unsupported        Reason = "unsupported"    // only of types that are not understood (ppt)
	NoAttestation      Reason = "no-attestation" // the signature holds and attests nothing: not SHAKEN
	Malformed          Reason = "malformed"
	WrongAlgorithm     Reason = "algorithm"
	WrongInfo          Reason = "x5u" // info and x5u differ, or are no https address
	Stale              Reason = "stale"
	NoCaller           Reason = "no-caller" // there is no number to compare with
	WrongCaller        Reason = "caller"
	WrongCalled        Reason = "called"
	UnknownCertificate Reason = "unknown-certificate"
	BadCertificate     Reason = "certificate"
	ExpiredCertificate Reason = "certificate-time"
	Untrusted          Reason = "untrusted"    // no chain to a root
	OutOfScope         Reason = "out-of-scope" // the certificate is for other numbers
	BadSignature       Reason = "signature"
)

// DefaultFreshness is how far iat may be from now, either way (RFC 8224 section 6.2.1 step 4).
const DefaultFreshness = 60 * time.Second

// maxHeaders bounds the Identity headers of a call that are verified.
const maxHeaders = 4

// Call is what an INVITE says, for the signature to be compared with. Numbers are E.164.
type Call struct {
	Callers []string  // the numbers that are given as the caller's; any of them may be the signed one
	Called  []string  // the numbers that are given as the called one
	Date    time.Time // of the Date header, which the compact form needs; zero without one
}

// Result is what the Identity headers of a call come to.
type Result struct {
	Attestation Attestation
	Reason      Reason
	Caller      string   // E.164, the number that was attested
	OrigID      string   // RFC 8588 section 5, of a verified PASSporT
	Provider    string   // the service provider code of the certificate, when it has one
	Diverted    []string // E.164, the numbers that diverted the call, of verified PASSporTs (RFC 8946)
}

// Certificates finds the certificates behind an x5u: the signer's first, then those between it and a root; nil
// when they are not known. It answers at once. The same slice means the same certificates.
type Certificates interface {
	Lookup(url string) []*x509.Certificate
}

// Verifier verifies. Its fields are not changed once it is used, by any number of goroutines.
type Verifier struct {
	Certificates Certificates
	Roots        *x509.CertPool // the only roots that count
	Freshness    time.Duration  // DefaultFreshness when zero

	known credentials
}

// Verify judges the values of a call's Identity headers. A diverted call (RFC 8946) is one that was signed for
// another number when signed diversions lead from that to this.
func (v *Verifier) Verify(now time.Time, call Call, headers []string) Result {
	if len(headers) == 0 {
		return Result{Attestation: None, Reason: Unsigned}
	}
	passports := parseAll(headers[:min(len(headers), maxHeaders)])
	diverted := v.follow(now, &call, passports)
	var results []Result
	for _, p := range passports {
		if p.ppt != "div" || p.reason != "" {
			results = append(results, v.verify(now, call, p))
		}
	}
	if len(results) == 0 {
		return Result{Attestation: None, Reason: NoAttestation, Diverted: diverted}
	}
	best := slices.MinFunc(results, func(a, b Result) int { return cmp.Compare(a.rank(), b.rank()) })
	best.Diverted = diverted
	return best
}

// rank orders results: what is attested, then failures, then what says nothing.
func (r Result) rank() int {
	return slices.Index([]Attestation{A, B, C, Failed, None}, r.Attestation)
}

// follow goes back along the signed diversions: each number that diverted the call is one that it was signed for.
// They are listed in the order in which they happened.
func (v *Verifier) follow(now time.Time, call *Call, passports []*passport) (diverted []string) {
	for range passports { // each may make another one reachable
		for _, p := range passports {
			if p.ppt != "div" || p.done {
				continue
			}
			reason := v.verify(now, *call, p).Reason
			p.done = reason != WrongCalled
			if from := p.divertedFrom(); reason == NoAttestation && from != "" {
				call.Called = append(slices.Clone(call.Called), from)
				diverted = append(diverted, "+"+from)
			}
		}
	}
	slices.Reverse(diverted)
	return diverted
}

// verify judges one PASSporT. The cheap checks come first, and a certificate is not asked for in vain.
func (v *Verifier) verify(now time.Time, call Call, p *passport) Result {
	if p.ppt != "" && p.ppt != "shaken" && p.ppt != "div" {
		return Result{Attestation: None, Reason: Unsupported}
	}
	if p.reason != "" {
		return failure(p.reason)
	}
	if p.compact {
		return v.verifyCompact(now, call, p)
	}
	if reason := p.check(now, cmp.Or(v.Freshness, DefaultFreshness), call); reason != "" {
		return failure(reason)
	}
	signer, reason := v.signer(now, p.info, p.orig())
	if reason != "" {
		return failure(reason)
	}
	if !p.signedBy(signer.key) {
		return failure(BadSignature)
	}
	return p.result(signer)
}

func failure(r Reason) Result { return Result{Attestation: Failed, Reason: r} }
