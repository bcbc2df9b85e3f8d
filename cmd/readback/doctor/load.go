package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a persona.
const (
	MaxFile    = 128 << 10
	maxChecks  = 100
	maxSteps   = 50
	maxHeaders = 50
	maxName    = 44
	maxLine    = 1000
	maxBody    = 8 << 10
	maxWithin  = 10 * time.Second
	usual      = 4 * time.Second // a step without a time of its own
	usualNone  = 700 * time.Millisecond
)

var (
	nameForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	methodForm = regexp.MustCompile(`^[A-Z]{1,20}$`)
	statusForm = regexp.MustCompile(`^[1-6](xx|[0-9][0-9])$`)
	headerForm = regexp.MustCompile("^[A-Za-z0-9.!%*_+`'~-]{1,60}$")
	callerForm = regexp.MustCompile(`^[0-9A-Za-z+._-]{1,40}$`)
	needs      = []string{"encryption", "reliable", "timer"}
	numbers    = []string{"e164", "bare", "00", "national"}
	transports = []string{"udp", "tcp", "tls"}
)

// A loader reads a persona line by line.
type loader struct {
	persona Persona
	check   *Check
	body    string // the one whose lines come
	step    *Step
	headers *[]Header // where header lines go
}

// Parse reads a persona. What is wrong is told with the file's name and the line; a persona that is read can be played.
func Parse(file string, text []byte) (*Persona, error) {
	if len(text) > MaxFile {
		return nil, fmt.Errorf("%s: a persona has at most %d kB", file, MaxFile>>10)
	}
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%s: the text is not UTF-8", file)
	}
	l := &loader{persona: Persona{Transport: "udp", Number: "e164", Caller: "+14155550100", Bodies: map[string]Body{}}}
	var problems []error
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if err := l.line(strings.TrimRight(line, "\r\n"), number); err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", file, number, err))
		}
		if len(problems) == 10 {
			break
		}
	}
	if len(problems) == 0 {
		problems = append(problems, l.whole(file))
	}
	return &l.persona, errors.Join(problems...)
}

func (l *loader) line(line string, number int) error {
	content := strings.TrimSpace(line)
	switch {
	case len(line) > maxLine:
		return fmt.Errorf("a line has at most %d bytes", maxLine)
	case strings.ContainsFunc(content, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return errors.New("there is a control character")
	case strings.HasPrefix(content, "|") && l.body != "":
		return l.bodyLine(strings.TrimPrefix(strings.TrimPrefix(content, "|"), " "))
	case content == "", content[0] == '#':
		return nil
	case strings.IndexByte("+-=", content[0]) >= 0:
		return l.header(content)
	case content[0] == '>' || content[0] == '<':
		return l.exchange(content, number)
	}
	word, rest, _ := strings.Cut(content, " ")
	rest = strings.TrimSpace(rest)
	if l.check != nil && slices.Contains([]string{Again, Merge, Wait, Hear, Quiet, Port}, word) {
		return l.act(word, rest, content, number)
	}
	return l.word(word, rest, number)
}

// word reads what is said about the persona or a check.
func (l *loader) word(word, rest string, number int) error {
	p := &l.persona
	switch word {
	case "persona":
		return l.set(&p.Name, rest, nameForm.MatchString(rest), "small letters, digits and dashes")
	case "about":
		return l.set(&p.About, rest, true, "")
	case "transport":
		return l.set(&p.Transport, rest, slices.Contains(transports, rest), "udp, tcp or tls")
	case "number":
		return l.set(&p.Number, rest, slices.Contains(numbers, rest), strings.Join(numbers, ", "))
	case "caller":
		return l.set(&p.Caller, rest, callerForm.MatchString(rest), "a number")
	case "compact":
		p.Compact = true
		return nil
	case "headers":
		l.headers, l.body = &p.Headers, ""
		return nil
	case "body":
		return l.startBody(rest)
	case "check":
		return l.startCheck(rest, number)
	}
	if l.check == nil {
		return fmt.Errorf("%q is no word of a persona", word)
	}
	switch word {
	case "rfc":
		return l.set(&l.check.RFC, rest, true, "")
	case "advice":
		return l.set(&l.check.Advice, rest, true, "")
	case "needs":
		l.check.Needs = strings.Fields(rest)
		for _, need := range l.check.Needs {
			if !slices.Contains(needs, need) {
				return fmt.Errorf("needs is %q; write some of %s", need, strings.Join(needs, ", "))
			}
		}
		return nil
	}
	return fmt.Errorf("%q is no word of a check", word)
}

func (*loader) set(field *string, value string, good bool, form string) error {
	if value == "" || !good {
		return fmt.Errorf("%q is wrong here; write %s", value, cmp.Or(form, "some words"))
	}
	*field = value
	return nil
}

func (l *loader) startBody(rest string) error {
	name, kind, _ := strings.Cut(rest, " ")
	if !nameForm.MatchString(name) || l.check != nil {
		return errors.New("a body has a name of small letters, and comes before the checks")
	}
	if _, twice := l.persona.Bodies[name]; twice {
		return fmt.Errorf("there is a body %q already", name)
	}
	l.body, l.headers = name, nil
	l.persona.Bodies[name] = Body{Type: cmp.Or(strings.TrimSpace(kind), "application/sdp")}
	return nil
}

func (l *loader) bodyLine(line string) error {
	b := l.persona.Bodies[l.body]
	b.Text += line + "\r\n"
	if len(b.Text) > maxBody {
		return fmt.Errorf("a body has at most %d kB", maxBody>>10)
	}
	l.persona.Bodies[l.body] = b
	return variables(line)
}

func (l *loader) startCheck(name string, number int) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a check has a name of at most %d letters", maxName)
	}
	if len(l.persona.Checks) == maxChecks {
		return fmt.Errorf("a persona has at most %d checks", maxChecks)
	}
	l.persona.Checks = append(l.persona.Checks, Check{Name: name, Line: number})
	l.check = &l.persona.Checks[len(l.persona.Checks)-1]
	l.body, l.step, l.headers = "", nil, nil
	return nil
}

func (l *loader) add(s Step) error {
	if l.check == nil {
		return errors.New("a step belongs to a check")
	}
	if len(l.check.Steps) == maxSteps {
		return fmt.Errorf("a check has at most %d steps", maxSteps)
	}
	l.check.Steps = append(l.check.Steps, s)
	l.step = &l.check.Steps[len(l.check.Steps)-1]
	l.headers = &l.step.Headers
	return nil
}

// exchange reads "> INVITE offer", "> 200 answer", "< 200 or 481 to CANCEL sdp within 2s", "< BYE", "< nothing within 1s".
func (l *loader) exchange(content string, number int) error {
	s := Step{Kind: Send, Line: number, Text: content}
	words := strings.Fields(content[1:])
	if len(words) == 0 {
		return errors.New("there is no message")
	}
	if content[0] == '>' {
		if statusForm.MatchString(words[0]) && !strings.HasSuffix(words[0], "xx") {
			s.Status = words[:1]
		} else if s.Method = words[0]; !methodForm.MatchString(s.Method) {
			return fmt.Errorf("%q is neither a method nor a status", words[0])
		}
		if len(words) > 1 {
			s.Body = words[1]
		}
		if _, ok := l.persona.Bodies[s.Body]; s.Body != "" && !ok || len(words) > 2 {
			return fmt.Errorf("%q is no body of this persona", strings.Join(words[1:], " "))
		}
		return l.add(s)
	}
	s.Kind, s.Within = Expect, usual
	if err := s.expectation(words); err != nil {
		return err
	}
	return l.add(s)
}

func (s *Step) expectation(words []string) error {
	switch {
	case words[0] == "nothing":
		s.Nothing, s.Within = true, usualNone
	case methodForm.MatchString(words[0]):
		s.Method = words[0]
	case statusForm.MatchString(words[0]):
		s.Status = words[:1]
	default:
		return fmt.Errorf("%q is neither a status, a method nor nothing", words[0])
	}
	for words = words[1:]; len(words) > 0; {
		var err error
		switch {
		case words[0] == "sdp":
			s.Session, words = true, words[1:]
			continue
		case len(words) < 2:
			err = fmt.Errorf("%q wants another word", words[0])
		case words[0] == "or" && statusForm.MatchString(words[1]) && s.Status != nil && len(s.Status) < 10:
			s.Status = append(slices.Clip(s.Status), words[1])
		case words[0] == "to" && methodForm.MatchString(words[1]) && s.Status != nil:
			s.Method = words[1]
		case words[0] == "within":
			s.Within, err = duration(words[1])
		default:
			err = fmt.Errorf("%q is not understood", strings.Join(words[:2], " "))
		}
		if err != nil {
			return err
		}
		words = words[2:]
	}
	return nil
}

func duration(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d <= 0 || d > maxWithin {
		return 0, fmt.Errorf("%q is no time from 1ms to %v", word, maxWithin)
	}
	return d, nil
}

// act reads the steps that are no message: "wait 1s", "again INVITE", "hear within 2s".
func (l *loader) act(word, rest, content string, number int) (err error) {
	s := Step{Kind: word, Line: number, Text: content, Within: usual}
	switch word {
	case Wait:
		s.Within, err = duration(rest)
	case Again, Merge:
		if s.Method = rest; !methodForm.MatchString(rest) {
			err = fmt.Errorf("%s wants the method of what was sent", word)
		}
	case Hear, Quiet:
		if within, ok := strings.CutPrefix(rest, "within "); ok {
			s.Within, err = duration(within)
		} else if rest != "" {
			err = fmt.Errorf("%q is not understood; write within 2s or nothing", rest)
		}
	case Port:
		if rest != "" {
			err = errors.New("port stands alone")
		}
	}
	if err != nil {
		return err
	}
	return l.add(s)
}

// header reads "+ Name: value", "= Name: value", "- Name".
func (l *loader) header(content string) error {
	if l.headers == nil {
		return errors.New("a header belongs to a message or below headers")
	}
	name, value, _ := strings.Cut(strings.TrimSpace(content[1:]), ":")
	h := Header{How: content[0], Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)}
	sends := l.step == nil || l.step.Kind == Send
	switch {
	case l.step != nil && l.step.Kind != Send && l.step.Kind != Expect:
		return fmt.Errorf("%s has no headers", l.step.Kind)
	case !headerForm.MatchString(h.Name):
		return fmt.Errorf("%q is no name of a header", h.Name)
	case !sends && h.How == '=':
		return errors.New("what is expected is + there or - not there")
	case len(*l.headers) == maxHeaders:
		return fmt.Errorf("a message has at most %d such lines", maxHeaders)
	}
	*l.headers = append(*l.headers, h)
	return variables(h.Value)
}

var variableForm = regexp.MustCompile(`\{[^{}]*\}`)

// known are the variables of texts: what a check knows of itself and of the gateway.
var known = []string{"number", "digits", "caller", "host", "port", "gateway", "callid", "tag", "remotetag", "target", "cseq", "branch", "rtp", "version", "ip", "family", "rack", "transport"}

func variables(text string) error {
	for _, v := range variableForm.FindAllString(text, -1) {
		name, times, repeated := strings.Cut(v[1:len(v)-1], "*")
		if n, err := strconv.Atoi(times); repeated && err == nil && len(name) == 1 && n > 0 && n <= 2000 {
			continue
		}
		if repeated || !slices.Contains(known, name) {
			return fmt.Errorf("%s is no variable; there are %s, and {x*20} for twenty x", v, strings.Join(known, ", "))
		}
	}
	return nil
}

// whole finds what no single line shows.
func (l *loader) whole(file string) error {
	var problems []error
	if l.persona.Name == "" {
		problems = append(problems, fmt.Errorf("%s: there is no line persona NAME", file))
	}
	if len(l.persona.Checks) == 0 {
		problems = append(problems, fmt.Errorf("%s: there is no check", file))
	}
	for _, c := range l.persona.Checks {
		if c.RFC == "" || len(c.Steps) == 0 {
			problems = append(problems, fmt.Errorf("%s:%d: the check %q wants an rfc and a step", file, c.Line, c.Name))
		}
	}
	return errors.Join(problems...)
}
