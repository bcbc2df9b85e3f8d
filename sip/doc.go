// Package sip is a user agent at the end of a carrier trunk (RFC 3261), over UDP, TCP, TLS and WebSocket.
//
// A [UserAgent] answers calls: each INVITE of a known trunk to a known number becomes a [Call], and
// the [Handler] gets it in a goroutine of its own. It also makes calls, with [UserAgent.Dial]; both
// kinds are the same Call afterwards.
//
//	ua, err := sip.New(sip.Config{…}, handler)
//	err = ua.Serve(ctx) // returns when every call has ended
//
// Who may call is decided by the source of a message: a trunk's networks, its certificate, the addresses of a
// registrar where we are registered, or what a proxy of our own says; everyone else gets silence, or a challenge
// where Listen.Challenge asks for a name and password. [UserAgent.Reload] changes trunks and numbers while calls
// run; [UserAgent.Trunks] and [UserAgent.Calls] show what is going on.
//
// A body is bytes here: offers and answers are made by the [Negotiator] that is given to Call.Answer
// or Dial. Everything that ends a call cancels [Call.Context] with a cause: [ErrHangup],
// [ErrCancelled], [ErrNoAck], [ErrTooLong], [ErrDrain] and the like.
//
// # Inside a call
//
// A handler answers with Ring and Answer, or lets the caller hear something first with Progress; what the trunk and
// the caller want of reliable provisional answers (RFC 3262), delayed offers included, is done inside of them. Either
// side may change the session later: the peer's re-INVITE, UPDATE (RFC 3311) and PRACK ask the Negotiator, and
// Reinvite and Update ask the peer. Session timers (RFC 4028) run by themselves: calls are refreshed in time by
// whoever is to do it, and one that is not ends with [ErrSessionExpired]. A refused change leaves the call as it was.
//
// # Calls that we make
//
// Dial goes by a trunk's Address to as many of its targets as it takes, answers the trunk's challenges, follows
// redirections inside the trunk, acknowledges reliable provisional answers and takes the first of those who answer a
// forked INVITE. Refer and ReferTo transfer a call, whoever made it; transfers that a peer asks for are refused, for
// no call is made on a caller's behalf. Call.Ended says who ended a call and why, with the reasons of BYE and CANCEL
// (RFC 3326).
//
// # What sipgo does, and what is done here
//
// The types of messages, the parsers of URIs and addresses and the state machines of our own requests
// are [github.com/emiago/sipgo/sip]. Sockets, the reading of a message's head, the transactions of a peer's requests,
// the tables of transactions and dialogs are our own, because a trunk needs what sipgo's do not give: messages are handled in the
// order they came in, a stranger's datagram is dropped before it is parsed or remembered, a message that
// cannot be read is answered with the reason, an answer repeats From and To as they came, a listener that
// dies is opened again, an answer may be larger than an Ethernet frame, nothing is sent to an address that
// a Via or Contact made up, and no message body reaches a log. No setting of sipgo's, which are global, is
// touched.
//
// # Who may connect
//
// A source outside the trunks' networks is dropped unread, unless a trunk has [Trunk.TLSNames]: then a TLS
// handshake decides, and a stranger ends there. Handshakes, upgrades to a WebSocket, connections, their
// silence, and the size of what they say are bounded by [Limits]. Connections are kept alive, used again
// and replaced when they break; what waited on one for its answer is sent again over another, or fails.
//
// # Order
//
// One goroutine reads a UDP socket or a connection and carries each message to its transaction
// and call before it reads the next: a CANCEL finds its INVITE, an INFO is heard in the order of its
// CSeq. Only what may take time (ServeCall, Negotiator, OnInfo) runs elsewhere, in order within a call.
package sip
