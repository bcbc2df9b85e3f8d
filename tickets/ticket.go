package tickets

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// A Status is where a ticket stands.
type Status string

// Where a ticket can stand.
const (
	StatusOpen     Status = "open"     // nobody has begun
	StatusWorking  Status = "working"  // an engineer is at it
	StatusWaiting  Status = "waiting"  // for an answer of the customer
	StatusResolved Status = "resolved" // done
)

// Valid reports whether s is one of the four.
func (s Status) Valid() bool {
	return s == StatusOpen || s == StatusWorking || s == StatusWaiting || s == StatusResolved
}

// A Channel is the way a ticket came in.
type Channel string

// ChannelPhone is a telephone call.
const ChannelPhone Channel = "phone"

// A Ticket is a problem or an enquiry somebody was promised an answer to.
type Ticket struct {
	Number           Number
	Account          string // empty when nobody proved one
	Plan             string // empty without an account
	Contact          string // name of the contact who called, as far as known
	Email            string // where that contact can be told, or empty
	Caller           string // E.164, or empty
	Callback         string // E.164, or empty
	CallbackVerified bool   // the number may be dialled
	Priority         Priority
	Kind             Kind
	Status           Status
	Channel          Channel
	Called           string // E.164 of the number dialled
	Trunk            string
	Language         string
	Received         time.Time
	Due              time.Time
	Acknowledged     time.Time // zero until the customer was told
	AcknowledgedBy   string    // by which way, like "readback"
	Verified         bool
	Recording        string
	Attestation      string    // what stood behind the caller's number: A, B, C, failed or none
	CallID           string    // key of the call that opened it
	Starts           time.Time // when engineers begin to work on it
	Owner            string    // the engineer who accepted it, or empty
	Accepted         time.Time // when
	Changed          time.Time // the last time anybody changed it; zero: never
	Resolved         time.Time // zero unless it is
	Incident         string    // that it belongs to, or empty
	IncidentNews     int       // the last news of it that the customer was told
}

// ticketJSON is what other programs read of a ticket. Times are RFC 3339 in UTC.
type ticketJSON struct {
	Number         Number     `json:"number"`
	Account        string     `json:"account"`
	Plan           string     `json:"plan"`
	Contact        string     `json:"contact"`
	Callback       string     `json:"callback"`
	Priority       Priority   `json:"priority"`
	Status         Status     `json:"status"`
	Channel        Channel    `json:"channel"`
	ReceivedAt     time.Time  `json:"received_at"`
	DueAt          time.Time  `json:"due_at"`
	AcknowledgedAt *time.Time `json:"acknowledged_at"`
	AcknowledgedBy string     `json:"acknowledged_by"`
	Verified       bool       `json:"verified"`
	Recording      string     `json:"recording"`
	Attestation    string     `json:"attestation"`
	CallID         string     `json:"call_id"`
	StartsAt       time.Time  `json:"starts_at"`
	Owner          string     `json:"owner"`
	AcceptedAt     time.Time  `json:"accepted_at,omitzero"`
	ChangedAt      time.Time  `json:"changed_at,omitzero"`
	ResolvedAt     time.Time  `json:"resolved_at,omitzero"`
	Incident       string     `json:"incident,omitempty"`
}

// MarshalJSON writes the fields that other programs rely on; acknowledged_at is null until the customer was told.
func (t Ticket) MarshalJSON() ([]byte, error) {
	out := ticketJSON{
		Number: t.Number, Account: t.Account, Plan: t.Plan, Contact: t.Contact, Callback: t.Callback,
		Priority: t.Priority, Status: t.Status, Channel: t.Channel,
		ReceivedAt: t.Received.UTC(), DueAt: t.Due.UTC(), AcknowledgedBy: t.AcknowledgedBy,
		Verified: t.Verified, Recording: t.Recording, Attestation: t.Attestation, CallID: t.CallID,
		StartsAt: t.Starts.UTC(), Owner: t.Owner, AcceptedAt: t.Accepted.UTC(), ChangedAt: t.Changed.UTC(), ResolvedAt: t.Resolved.UTC(), Incident: t.Incident,
	}
	if !t.Acknowledged.IsZero() {
		told := t.Acknowledged.UTC()
		out.AcknowledgedAt = &told
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Ticket) UnmarshalJSON(data []byte) error {
	var in ticketJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("read a ticket: %w", err)
	}
	*t = Ticket{
		Number: in.Number, Account: in.Account, Plan: in.Plan, Contact: in.Contact, Callback: in.Callback,
		Priority: in.Priority, Status: in.Status, Channel: in.Channel,
		Received: in.ReceivedAt, Due: in.DueAt, AcknowledgedBy: in.AcknowledgedBy,
		Verified: in.Verified, Recording: in.Recording, Attestation: in.Attestation, CallID: in.CallID,
		Starts: in.StartsAt, Owner: in.Owner, Accepted: in.AcceptedAt, Changed: in.ChangedAt, Resolved: in.ResolvedAt, Incident: in.Incident,
	}
	if in.AcknowledgedAt != nil {
		t.Acknowledged = *in.AcknowledgedAt
	}
	return nil
}

// NeedsEngineer reports whether nobody has accepted the ticket, and it is not resolved either.
func (t Ticket) NeedsEngineer() bool { return t.Accepted.IsZero() && t.Status != StatusResolved }

// LogValue is the number: names and telephone numbers stay out of logs.
func (t Ticket) LogValue() slog.Value { return slog.StringValue(string(t.Number)) }
