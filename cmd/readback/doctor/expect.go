package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// expect waits for the message that a step names. A final response to the same request with another status is no such
// message; what belongs to something else waits for its own step.
func (s *player) expect(ctx context.Context, step *Step) error {
	if step.Status != nil && step.Method == "" {
		step = &Step{Kind: step.Kind, Text: step.Text, Method: s.last, Status: step.Status, Session: step.Session, Within: step.Within, Headers: step.Headers}
	}
	for i, m := range s.pending {
		matches, err := s.judge(step, m)
		if err != nil || matches {
			s.pending = append(s.pending[:i:i], s.pending[i+1:]...)
			return err
		}
	}
	limit := time.NewTimer(step.Within)
	defer limit.Stop()
	pause := t1
	repeat := time.NewTimer(pause)
	defer repeat.Stop()
	for {
		select {
		case m := <-s.wire.came:
			s.note(m)
			matches, err := s.judge(step, m)
			if err != nil || matches {
				return err
			}
			if len(s.pending) < kept {
				s.pending = append(s.pending, m)
			}
		case err := <-s.wire.bad:
			return &failure{step.wanted(), broken(err), ""}
		case <-repeat.C: // timers A and E (RFC 3261 section 17.1)
			if err := s.repeat(step); err != nil {
				return err
			}
			pause *= 2
			repeat.Reset(pause)
		case <-limit.C:
			if step.Nothing {
				return nil
			}
			return &failure{step.wanted(), s.silence(step), ""}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// broken says how a connection ended.
func broken(err error) string {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the gateway closed the connection"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there"
	}
	return err.Error()
}

// silence says what came in place of the message that was waited for.
func (s *player) silence(step *Step) string {
	var came []string
	for _, m := range s.pending {
		if len(came) < 3 {
			came = append(came, m.start)
		}
	}
	if len(came) == 0 {
		return fmt.Sprintf("nothing within %v", step.Within)
	}
	return fmt.Sprintf("nothing such within %v, but %s", step.Within, strings.Join(came, "; "))
}

// repeat sends a request again that nothing answers, where the transport may lose it.
func (s *player) repeat(step *Step) error {
	if step.Nothing || s.persona.Transport != "udp" || step.Status == nil || s.seen[key(step.Method, s.sequenceOf(step.Method))] {
		return nil
	}
	return s.again(step.Method)
}

func key(method string, sequence int) string { return method + strconv.Itoa(sequence) }

func (s *player) sequenceOf(method string) int {
	switch method {
	case "INVITE", "CANCEL":
		return s.inviteSequence
	case s.last:
		return s.lastSequence
	}
	return 0
}

// judge says whether a message is the one that a step waits for; the error is what is wrong with it.
func (s *player) judge(step *Step, m *message) (bool, error) {
	switch {
	case step.Nothing:
		return false, &failure{step.wanted(), m.start, ""}
	case step.Status == nil:
		if m.status != "" || m.method != step.Method {
			return false, nil
		}
		s.request = m
	case m.status == "" || m.method != step.Method:
		return false, nil
	case m.sequence() != 0 && s.sequenceOf(step.Method) != 0 && m.sequence() != s.sequenceOf(step.Method):
		return false, nil // of an earlier request
	case !among(m.status, step.Status):
		if m.status[0] == '1' || m.method == "INVITE" && m.branch() != s.inviteBranch {
			return false, nil
		}
		return false, &failure{step.wanted(), m.start, reasons(m)}
	}
	return true, s.inspect(step, m)
}

func among(status string, wanted []string) bool {
	for _, w := range wanted {
		if status == w || strings.HasSuffix(w, "xx") && status[0] == w[0] && status != "100" {
			return true
		}
	}
	return false
}

// reasons are what a response says about why.
func reasons(m *message) string {
	for _, name := range []string{"Warning", "Unsupported", "Min-SE", "Retry-After", "Reason"} {
		if value := m.get(name); value != "" {
			return name + ": " + value
		}
	}
	return ""
}

// keys are those of encrypted sound, which nobody is shown (RFC 4568 section 9.1).
var keys = regexp.MustCompile(`(inline:)[^\s|]+`)

// inspect finds what a message that is waited for has wrong.
func (s *player) inspect(step *Step, m *message) error {
	if step.Session && !strings.HasPrefix(m.body, "v=0") {
		return &failure{m.status + " with a session description", m.start + " without", "Content-Type: " + cmp.Or(m.get("Content-Type"), "(none)")}
	}
	for _, want := range step.Headers {
		value, found := s.expand(want.Value), false
		values := m.all(want.Name)
		if strings.EqualFold(want.Name, "body") {
			values = []string{m.body}
		}
		for _, v := range values {
			found = found || strings.Contains(strings.ToLower(v), strings.ToLower(value))
		}
		text := want.Name
		if value != "" {
			text += ": " + value
		}
		is := want.Name + ": " + cmp.Or(strings.Join(values, ", "), "(none)")
		if strings.EqualFold(want.Name, "body") {
			is = "body: " + strings.Join(strings.Fields(keys.ReplaceAllString(m.body, "$1[masked]")), " ")
		}
		switch {
		case want.How == '+' && !found:
			return &failure{"that it has " + text, m.start, is}
		case want.How == '-' && found:
			return &failure{"that it has no " + text, m.start, is}
		}
	}
	return nil
}

// wanted is a step in words.
func (s *Step) wanted() string {
	switch {
	case s.Nothing:
		return "nothing"
	case s.Status == nil:
		return s.Method
	}
	what := strings.Join(s.Status, " or ") + " to " + s.Method
	if s.Session {
		what += " with a session description"
	}
	return what
}
