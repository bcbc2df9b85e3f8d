package tickets

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

// An Export is tickets with their proof, as JSON lines: what it is (exportHead), the lists of heads in the order of their days,
// the tickets in the order of their numbers, and at last the digest of all lines before, signed.
type Export struct {
	Store Store
	Key   ed25519.PrivateKey
	Node  string
	Since time.Time // beginning of the first day; zero: all
	Until time.Time // end of the last day; zero: all
	Now   time.Time
}

const exportFormat = "readback tickets 1"

type exportHead struct {
	Format string    `json:"format"`
	Node   string    `json:"node"`
	Store  string    `json:"store"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Made   time.Time `json:"made_at"`
	Lists  string    `json:"lists_until,omitempty"` // the last day that has a list in the file
}

type exportTicket struct {
	Ticket Ticket `json:"ticket"`
	Events []Link `json:"events"`
}

type exportEnd struct {
	Digest    Digest `json:"sha256"` // of the bytes of all lines before
	Key       []byte `json:"key"`
	Signature []byte `json:"signature"` // Ed25519 over the 32 bytes of the digest
}

// exportLine is one of the four.
type exportLine struct {
	Export *exportHead   `json:"export,omitempty"`
	Heads  *HeadList     `json:"heads,omitempty"`
	Ticket *exportTicket `json:"dossier,omitempty"`
	End    *exportEnd    `json:"end,omitempty"`
}

// scope is the time between which events are exported.
func (x *Export) scope() (from, until time.Time) {
	from, until = x.Since, x.Until
	if until.IsZero() {
		until = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return from, until
}

// Write writes the tickets that were opened or changed within the time, whole. Told is called for each, when it is not nil.
func (x *Export) Write(ctx context.Context, to io.Writer, told func()) error {
	out := &lines{to: bufio.NewWriter(to), sum: sha256.New()}
	lease, err := x.Store.LeaseSerials(ctx, x.Node, 0, x.Now)
	if err != nil {
		return err
	}
	lists, err := headLists(ctx, x.Store, x.Since, x.Until)
	if err != nil {
		return err
	}
	head := exportHead{Format: exportFormat, Node: x.Node, Store: lease.Store, Since: x.Since, Until: x.Until, Made: instant(x.Now)}
	if len(lists) > 0 {
		head.Lists = lists[len(lists)-1]
	}
	out.put(exportLine{Export: &head})
	for _, day := range lists {
		list, err := headListOf(ctx, x.Store, day)
		if err != nil {
			return err
		}
		out.put(exportLine{Heads: &list})
	}
	from, until := x.scope()
	err = eachTicket(ctx, x.Store, from, until, func(number Number) error {
		ticket, err := x.Store.Ticket(ctx, number)
		if err != nil {
			return err
		}
		links, err := x.Store.Links(ctx, number)
		if err != nil {
			return err
		}
		out.put(exportLine{Ticket: &exportTicket{ticket, links}})
		if told != nil {
			told()
		}
		return out.err
	})
	if err != nil {
		return err
	}
	digest := Digest(out.sum.Sum(nil))
	out.put(exportLine{End: &exportEnd{Digest: digest, Key: x.Key.Public().(ed25519.PublicKey), Signature: ed25519.Sign(x.Key, digest[:])}})
	return errors.Join(out.err, out.to.Flush())
}

// headLists are the days with a list of which all belongs to a time.
func headLists(ctx context.Context, s Proof, since, until time.Time) ([]string, error) {
	days, err := s.HeadListDays(ctx)
	if err != nil {
		return nil, err
	}
	within := days[:0]
	for _, name := range days {
		day, err := time.Parse(time.DateOnly, name)
		if err != nil {
			return nil, fmt.Errorf("a list of heads: %w: its day is %.20q", ErrInvalid, name)
		}
		if !day.Before(since) && (until.IsZero() || !day.AddDate(0, 0, 1).After(until)) {
			within = append(within, name)
		}
	}
	return within, nil
}

func headListOf(ctx context.Context, s Proof, day string) (HeadList, error) {
	data, err := s.HeadList(ctx, day)
	if err != nil {
		return HeadList{}, err
	}
	return ParseHeadList(data)
}

// eachTicket goes through the tickets with an event in a time, by number.
func eachTicket(ctx context.Context, s Proof, from, until time.Time, visit func(Number) error) error {
	for after := Number(""); ; {
		page, err := s.Heads(ctx, from, until, after, MaxPage)
		if err != nil {
			return err
		}
		for _, head := range page {
			if err := visit(head.Ticket); err != nil {
				return err
			}
		}
		if len(page) < MaxPage {
			return nil
		}
		after = page[len(page)-1].Ticket
	}
}

// lines writes lines and sums them up, until it fails.
type lines struct {
	to  *bufio.Writer
	sum hash.Hash
	err error
}

func (l *lines) put(line exportLine) {
	if l.err != nil {
		return
	}
	data, err := json.Marshal(line)
	if err == nil {
		data = append(data, '\n')
		_, _ = l.sum.Write(data) // never fails
		_, err = l.to.Write(data)
	}
	l.err = err
}

// maxExportLine is the longest line of an export that is read, in bytes: a list of a million tickets.
const maxExportLine = 256 << 20

// ReadExport audits an export. It fails when the file cannot be read; what is wrong with what it says is in the audit's faults.
func ReadExport(from io.Reader, a *Audit) error {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, maxExportLine)
	scanner.Split(wholeLines)
	r := exportReader{audit: a, sum: sha256.New()}
	for n := 1; scanner.Scan(); n++ {
		if what := r.line(scanner.Bytes()); what != "" {
			a.fault(Fault{What: fmt.Sprintf("line %d: %s", n, what)})
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("read an export: %w", err)
	}
	switch {
	case r.head == nil:
		a.fault(Fault{What: "it does not begin like an export"})
	case !r.ended:
		a.fault(Fault{What: "its end is missing"})
	}
	if r.head != nil {
		a.Until = r.head.Lists
	}
	a.End()
	return nil
}

// wholeLines is bufio.ScanLines that keeps the end of each line.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

type exportReader struct {
	audit *Audit
	sum   hash.Hash
	head  *exportHead
	ended bool
}

// line takes a line and says what is wrong with it as such.
func (r *exportReader) line(data []byte) string {
	var line exportLine
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&line); err != nil {
		_, _ = r.sum.Write(data)
		return "it is no line of an export: " + err.Error()
	}
	if r.ended {
		return "it comes after the end"
	}
	if line.End != nil {
		r.ended = true
		return r.end(line, data)
	}
	_, _ = r.sum.Write(data)
	switch {
	case line.Export != nil && r.head == nil && line.Export.Format == exportFormat:
		r.head = line.Export
		r.audit.Part = !line.Export.Since.IsZero()
	case line.Heads != nil:
		r.audit.List(*line.Heads)
	case line.Ticket != nil:
		r.audit.Ticket(line.Ticket.Ticket.Number, line.Ticket.Events)
	default:
		return "it is no line of an export"
	}
	return ""
}

func (r *exportReader) end(line exportLine, data []byte) string {
	again, err := json.Marshal(line)
	switch {
	case err != nil || !bytes.Equal(append(again, '\n'), data):
		return "the end was changed"
	case line.End.Digest != Digest(r.sum.Sum(nil)):
		return "something in the file was changed"
	case !r.audit.trusts(line.End.Key):
		return fmt.Sprintf("the file is signed by a key that is not trusted: %x", line.End.Key)
	case len(line.End.Key) != ed25519.PublicKeySize || !ed25519.Verify(line.End.Key, line.End.Digest[:], line.End.Signature):
		return "the signature of the file is wrong"
	}
	return ""
}

// AuditStore audits a whole store. Told is called for each ticket, when it is not nil.
func AuditStore(ctx context.Context, s Store, a *Audit, told func()) error {
	days, err := s.HeadListDays(ctx)
	if err != nil {
		return err
	}
	for _, day := range days {
		switch list, err := headListOf(ctx, s, day); {
		case errors.Is(err, ErrInvalid), err == nil && list.Day != day:
			a.fault(Fault{Day: day, What: "it cannot be read, or is that of another day"})
		case err != nil:
			return err
		default:
			a.List(list)
		}
	}
	all := Export{}
	from, until := all.scope()
	err = eachTicket(ctx, s, from, until, func(number Number) error {
		links, err := s.Links(ctx, number)
		if errors.Is(err, ErrInvalid) {
			a.fault(Fault{Ticket: number, What: "its events cannot be read: " + err.Error()})
		} else if err != nil {
			return err
		}
		if _, err := s.Ticket(ctx, number); errors.Is(err, ErrNotFound) {
			a.fault(Fault{Ticket: number, What: "it is missing; its events are there"})
		} else if err != nil {
			return err
		}
		a.Ticket(number, links)
		if told != nil {
			told()
		}
		return nil
	})
	a.End()
	return err
}
