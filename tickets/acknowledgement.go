package tickets

import "time"

// The ways by which customers are told.
const (
	ByReadback = "readback" // the caller heard the whole number
	ByEmail    = "email"    // the mail relay took the letter over
	ByCallback = "callback" // somebody heard the number and pressed a key
	ByAgent    = "agent"    // an agent told the customer
)

// An Acknowledgement is the proof that a customer was told.
type Acknowledgement struct {
	By       string    // by which way
	At       time.Time // when the last of it was sent; zero means now
	Call     string    // key of the call it was heard on
	Evidence string    // what shows it, for people: prompts and packets sent
}

func (a Acknowledgement) bounded(now time.Time) Acknowledgement {
	a.By = clean(a.By, maxShort)
	a.Evidence = clean(a.Evidence, maxLong)
	if key, err := cleanKey(a.Call); err == nil {
		a.Call = key
	}
	if a.At.IsZero() {
		a.At = now
	}
	a.At = instant(a.At)
	return a
}

// Event is the acknowledgement as an event of its ticket. It says what was promised then: the priority may be changed later.
func (a Acknowledgement) Event(t Ticket) Event {
	return Event{
		Ticket: t.Number, At: a.At, Who: WhoGateway, What: EventAcknowledged,
		Detail: detail("by", a.By, "call_id", a.Call, "evidence", a.Evidence, "priority", t.Priority.String(), "due", t.Due.Format(time.RFC3339Nano)),
	}
}

// instant is a time as the stores keep it: UTC, whole microseconds, no monotonic clock.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
