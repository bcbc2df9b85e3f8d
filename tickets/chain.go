package tickets

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Digest is a SHA-256 digest (FIPS 180-4). As text it is 64 lower-case hexadecimal digits.
type Digest [sha256.Size]byte

// String is the digest as text.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText is String.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes, and nothing else.
func (d *Digest) UnmarshalText(text []byte) error {
	var read Digest
	if n, err := hex.Decode(read[:], text[:min(len(text), 2*len(read))]); err != nil || n != len(read) || read.String() != string(text) {
		return fmt.Errorf("digest %.70q: %w: write 64 hexadecimal digits", text, ErrInvalid)
	}
	*d = read
	return nil
}

// A Personal is a detail of an event that belongs to a person. It is kept beside the event, which holds its digest only, and can be
// erased without breaking the chain.
type Personal struct {
	Name string `json:"name"` // of the detail
	Salt Digest `json:"salt"` // 32 random bytes
	Text string `json:"text"`
}

// Digest is SHA-256 over the 32 bytes of the salt and then the text. Without the salt, nobody can find out the text by trying.
func (p Personal) Digest() Digest { return sha256.Sum256(append(p.Salt[:], p.Text...)) }

// Erased stands in events where a personal text was.
const Erased = "[erased]"

// personal are the details that hold what belongs to a person.
func personal(name string) bool {
	switch name {
	case "caller", "callback", "account_claimed", "contact", "email", "phone", "to", "note", "transcript", "comment":
		return true
	}
	return false
}

// A Link is an event of a ticket as it is proved. The links of a ticket form a chain: each has a head made of the head before it
// and of its own encoding, so that none can be changed, taken out or put in between without all later heads changing.
//
//	head[0] = 32 zero bytes
//	head[n] = SHA-256(head[n-1] || encoding of link n)
//
// The encoding is a sequence of fields, each a length in bytes (32 bits, big endian) and so many bytes:
//
//	"readback event 1"
//	the number of the ticket, eight digits
//	when it happened: microseconds since 1970 in UTC, decimal
//	when the store took it, likewise
//	who
//	what
//	for each detail, in the order of their names (as bytes), three fields:
//	    its name
//	    "text", or "sha256" for personal text
//	    the text, or 64 lower-case hexadecimal digits: SHA-256(salt || text), the salt being 32 bytes
//
// All text is UTF-8.
type Link struct {
	Ticket   Number            `json:"ticket"`
	Seq      int               `json:"seq"` // from 1
	At       time.Time         `json:"at"`
	Who      string            `json:"who"`
	What     string            `json:"what"`
	Detail   map[string]string `json:"detail,omitempty"`
	Digests  map[string]Digest `json:"digests,omitempty"` // of personal details, by name
	Head     Digest            `json:"head"`
	Kept     time.Time         `json:"kept_at"`            // when the store took it
	Personal []Personal        `json:"personal,omitempty"` // what was not erased, by name
}

// Seal makes a link of an event, without its head: personal details are taken out, each under a salt of its own.
func Seal(e Event, kept time.Time) Link {
	l := Link{Ticket: e.Ticket, At: instant(e.At), Kept: instant(kept), Who: valid(e.Who), What: valid(e.What), Detail: map[string]string{}, Digests: map[string]Digest{}}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		text := valid(e.Detail[name])
		if name = valid(name); !personal(name) {
			l.Detail[name] = text
			continue
		}
		p := Personal{Name: name, Text: text}
		_, _ = rand.Read(p.Salt[:]) // never fails
		l.Personal = append(l.Personal, p)
		l.Digests[name] = p.Digest()
	}
	return l
}

// valid is text as every store gives it back.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// Encode is the encoding of a link.
func (l Link) Encode() []byte {
	out := fields(nil, "readback event 1", string(l.Ticket), micros(l.At), micros(l.Kept), l.Who, l.What)
	names := slices.AppendSeq(slices.Collect(maps.Keys(l.Detail)), maps.Keys(l.Digests))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if text, ok := l.Detail[name]; ok {
			out = fields(out, name, "text", text)
		}
		if digest, ok := l.Digests[name]; ok {
			out = fields(out, name, "sha256", digest.String())
		}
	}
	return out
}

func micros(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// fields appends each field after its length.
func fields(out []byte, all ...string) []byte {
	for _, field := range all {
		out = binary.BigEndian.AppendUint32(out, uint32(len(field)))
		out = append(out, field...)
	}
	return out
}

// After is the head of the chain when the link follows a head: the zero Digest before the first.
func (l Link) After(previous Digest) Digest { return sha256.Sum256(append(previous[:], l.Encode()...)) }

// Event is the event as it was, but for what was erased.
func (l Link) Event() Event {
	e := Event{Ticket: l.Ticket, At: l.At, Who: l.Who, What: l.What, Detail: maps.Clone(l.Detail)}
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	for name := range l.Digests {
		e.Detail[name] = Erased
	}
	for _, p := range l.Personal {
		e.Detail[p.Name] = p.Text
	}
	return e
}

// EventsOf are the events of links.
func EventsOf(links []Link) []Event {
	events := make([]Event, len(links))
	for i, link := range links {
		events[i] = link.Event()
	}
	return events
}
