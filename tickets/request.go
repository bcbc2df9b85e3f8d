package tickets

import "time"

// A Kind is what a ticket is about.
type Kind string

// The kinds of ticket.
const (
	KindProblem  Kind = "problem"  // technical support
	KindServices Kind = "services" // training, consulting, branding, implementation, custom solutions, development
)

// A Caller is who is on the line, as far as the trunk says.
type Caller struct {
	Number  string // E.164, or empty when withheld or not a number
	Vouched bool   // the trunk or attestation A stands for the number
	Trunk   string
	CallKey string // unique to the call
	// Attestation is what stands behind the number (STIR/SHAKEN): A, B, C, failed or none.
	Attestation string
}

// A Request is what a call knows when it files.
type Request struct {
	CallKey          string   // unique to the call; filing twice gives the same ticket
	Account          *Account // nil without one
	Verified         bool     // the PIN was given, or the number vouched for
	Caller           Caller
	Called           string // E.164 of the number dialled
	Kind             Kind   // empty means KindProblem
	Priority         Priority
	Confirmed        bool // a P1 was confirmed by a second key
	Callback         string
	CallbackVerified bool   // it may be dialled: a contact's, vouched for on this call, or typed after the PIN
	Recording        string // name of the recording, or empty
	Language         string
	Received         time.Time // when the INVITE came
	Incident         string    // that the caller says this is, or empty
	HungUp           bool      // the caller is gone: the acknowledgement is due now, by other means
}

// verified reports whether the ticket belongs to the account. An account that was only named proves nothing.
func (r Request) verified() bool { return r.Account != nil && r.Verified }

// bounded is the request with all that came from outside made fit to keep.
func (r Request) bounded() (Request, error) {
	key, err := cleanKey(r.CallKey)
	if err != nil {
		return Request{}, err
	}
	r.CallKey = key
	if r.Kind != KindServices {
		r.Kind = KindProblem
	}
	if !r.Priority.Valid() {
		r.Priority = 0
	}
	r.Caller.Number = phoneOrNone(r.Caller.Number)
	r.Caller.Trunk = clean(r.Caller.Trunk, maxShort)
	r.Caller.Attestation = clean(r.Caller.Attestation, maxShort)
	r.Called = clean(r.Called, maxShort)
	r.Callback = phoneOrNone(r.Callback)
	r.CallbackVerified = r.CallbackVerified && r.Callback != ""
	r.Recording = clean(r.Recording, maxLong)
	r.Language = clean(r.Language, MaxLanguage)
	r.Incident = clean(r.Incident, maxShort)
	return r, nil
}
