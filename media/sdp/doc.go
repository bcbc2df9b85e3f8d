// Package sdp is our half of offer and answer (RFC 3264, RFC 8866, RFC 6337): one audio stream of G.711 or G.722 with
// telephone-events, whatever else a peer would like, in the clear or encrypted with keys that the descriptions carry
// (SDES, RFC 4568).
//
// An [Endpoint] is one call's side of it. It reads leniently, for descriptions on the wire lack lines or have them out
// of order, and it answers strictly: every m-line of an offer keeps its place, those we don't take with port 0; the
// session id stays and the version grows exactly when something changed.
package sdp

import "errors"

var (
	// ErrSyntax says that a body cannot be read as a session description.
	ErrSyntax = errors.New("not a session description")
	// ErrUnacceptable says that a description has no audio stream that we can take (488 Not Acceptable Here).
	ErrUnacceptable = errors.New("no acceptable audio")
)
