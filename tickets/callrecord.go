package tickets

import (
	"cmp"
	"math"
	"time"
)

// The dispositions of a call.
const (
	DispositionCompleted = "completed" // reached its goodbye
	DispositionRefused   = "refused"   // turned away, by SIP status or by plan
	DispositionAbandoned = "abandoned" // the caller hung up
	DispositionFailed    = "failed"    // something broke
)

// A CallRecord is what is kept of a call (CDR), one for each, also of refused ones.
type CallRecord struct {
	ID          string `json:"id"` // empty means one is made of the call key
	CallKey     string `json:"call_id"`
	Direction   string `json:"direction"`   // incoming or outgoing
	SIPCallID   string `json:"sip_call_id"` // of the INVITE, for the carrier's log
	Trunk       string `json:"trunk"`
	From        string `json:"from"`
	Called      string `json:"called"`
	Disposition string `json:"disposition"`
	Reason      string `json:"reason"`
	Status      int    `json:"status"` // of the final SIP answer
	Ticket      Number `json:"ticket"`
	Account     string `json:"account"`
	Language    string `json:"language"`
	Keys        string `json:"keys"` // secret ones as •
	Node        string `json:"node"` // the gateway that had the call, and keeps its signalling
	Rule        string `json:"rule"` // that refused it, such as unknown-number
	Origin
	EndedBy   string `json:"ended_by"`   // caller, callee, carrier or gateway; empty when it never began
	EndReason string `json:"end_reason"` // what the other side gave as its reason (RFC 3326), such as Q.850;cause=16
	Sound
	Started  time.Time `json:"started_at"`
	Answered time.Time `json:"answered_at,omitzero"`
	Ended    time.Time `json:"ended_at,omitzero"`
}

// The directions of a call, as the gateway sees it. An outgoing one is completed when whoever answered pressed the key that it
// was for, and abandoned when nobody did.
const (
	DirectionIncoming = "incoming"
	DirectionOutgoing = "outgoing"
)

// Who ended a call. A carrier is told from the other end by the reason it gave.
const (
	EndedByCaller  = "caller"
	EndedByCallee  = "callee" // of an outgoing call
	EndedByCarrier = "carrier"
	EndedByGateway = "gateway"
)

// Origin is where a call came from, and what vouched for its caller.
type Origin struct {
	Source            string `json:"source"`             // address and port
	Transport         string `json:"transport"`          // udp, tcp, …
	Dialled           string `json:"dialled"`            // the Request-URI, where it is no number of ours
	OriginalCalled    string `json:"original_called"`    // before diversions (RFC 5806, RFC 7044)
	Attestation       string `json:"attestation"`        // A, B or C (RFC 8588), failed, or none
	AttestationReason string `json:"attestation_reason"` // why it is not A
}

// Sound is what is kept of a call's sound: what was agreed on, and how well it went. All is zero in a call without.
type Sound struct {
	Codec      string        `json:"codec"`      // encoding name (RFC 3551)
	Encryption string        `json:"encryption"` // SRTP crypto suite (RFC 4568); empty in the clear
	IO         string        `json:"io"`         // how packets reached the kernel: io_uring or plain
	Ptime      time.Duration `json:"ptime_ns"`   // length of the packets sent
	Sent       int64         `json:"packets_sent"`
	Received   int64         `json:"packets_received"`
	Lost       int64         `json:"packets_lost"`      // of the caller's
	Reordered  int64         `json:"packets_reordered"` // of the caller's, duplicates too
	Gaps       int64         `json:"gaps"`              // packets of ours that left over 20 ms late
	Jitter     time.Duration `json:"jitter_ns"`
	// What the other side told of our packets, in its last report (RFC 3550 section 6.4); lost is -1 when it told nothing.
	RemoteLost   int64         `json:"remote_packets_lost"`
	RemoteJitter time.Duration `json:"remote_jitter_ns"`
	RoundTrip    time.Duration `json:"round_trip_ns"`
	// MOS is how the caller sounded, 1 to 4.5 (ITU-T G.107); 0 when nothing came.
	MOS float64 `json:"mos"`
	// OneWay: nothing came from the caller when it should long have.
	OneWay bool `json:"one_way"`
}

// bounded is the record with all that came from outside made fit to keep.
func (c CallRecord) bounded() (CallRecord, error) {
	key, err := cleanKey(c.CallKey)
	if err != nil {
		return CallRecord{}, err
	}
	c.CallKey = key
	c.Direction = cmp.Or(c.Direction, DirectionIncoming)
	if c.ID == "" {
		c.ID = key
	}
	if c.ID, err = cleanKey(c.ID); err != nil {
		return CallRecord{}, err
	}
	for _, short := range []*string{
		&c.SIPCallID, &c.Trunk, &c.From, &c.Called, &c.Disposition, &c.Account, &c.Language, &c.Codec, &c.Encryption, &c.IO,
		&c.Node, &c.Rule, &c.Source, &c.Transport, &c.OriginalCalled, &c.EndedBy, &c.Attestation, &c.Direction,
	} {
		*short = clean(*short, maxShort)
	}
	for _, long := range []*string{&c.Reason, &c.Keys, &c.Dialled, &c.EndReason, &c.AttestationReason} {
		*long = clean(*long, maxLong)
	}
	c.Ticket = Number(clean(string(c.Ticket), numberDigits))
	if math.IsNaN(c.MOS) || math.IsInf(c.MOS, 0) { // which not every store can keep, nor JSON say
		c.MOS = 0
	}
	c.Started, c.Answered, c.Ended = instant(c.Started), instant(c.Answered), instant(c.Ended)
	return c, nil
}
