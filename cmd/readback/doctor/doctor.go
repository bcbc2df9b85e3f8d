// Package doctor plays carriers against a gateway and says what the gateway did wrong. It speaks SIP in raw messages of its
// own, so that it shares no error with the gateway's signalling.
//
// A carrier is a Persona: a text file with the checks that are made of the gateway (personas/*.txt; Manual explains the
// form). Each check is a call of its own, which Play ends whatever happens.
package doctor

import (
	"embed"
	"slices"
	"strings"
	"time"
)

//go:embed personas/*.txt
var shipped embed.FS

//go:embed manual.txt
var manual string

// Manual explains how a persona is written.
func Manual() string { return manual }

// Names are the personas that come with the program, in alphabetical order.
func Names() []string {
	entries, _ := shipped.ReadDir("personas") // embedded
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".txt"))
	}
	slices.Sort(names)
	return names
}

// Shipped is a persona that comes with the program.
func Shipped(name string) (*Persona, error) {
	text, err := shipped.ReadFile("personas/" + name + ".txt")
	if err != nil {
		return nil, err
	}
	return Parse(name+".txt", text)
}

// A Persona is a kind of carrier.
type Persona struct {
	Name, About string
	Transport   string // udp, tcp or tls
	Number      string // how called numbers are written: e164, bare, 00 or national
	Caller      string // the calling number as it is written in From
	Compact     bool   // header names are written in their short form
	Headers     []Header
	Bodies      map[string]Body
	Checks      []Check
}

// A Header is a line of a message: sent, or looked for.
type Header struct {
	How         byte // '+' added or there, '=' in place of what would be sent, '-' left out or not there
	Name, Value string
}

// A Body is what a message carries.
type Body struct{ Type, Text string }

// A Check is one thing that is found out about the gateway, in a call of its own.
type Check struct {
	Name, RFC, Advice string
	Needs             []string // encryption, reliable, timer: what the trunk must be set to
	Steps             []Step
	Line              int
}

// Kinds of steps.
const (
	Send   = "send"   // a request, or a response to the last request that came
	Expect = "expect" // a message
	Again  = "again"  // the last message of a method once more, byte by byte
	Merge  = "merge"  // likewise on another branch, as if it came another way
	Wait   = "wait"
	Hear   = "hear"  // sound arrives where it was last asked for
	Quiet  = "quiet" // it stops arriving there
	Port   = "port"  // sound is asked for elsewhere from now on
)

// A Step is one thing that is done in a check.
type Step struct {
	Kind    string
	Line    int
	Text    string        // as it is written
	Method  string        // of a request
	Status  []string      // of a response: 200 or 4xx, the alternatives
	Body    string        // the name of a body that is sent
	Session bool          // a session description is expected
	Within  time.Duration // how long is waited for it
	Nothing bool          // nothing is expected
	Headers []Header
}

// Plain says that a check offers sound that is not encrypted.
func (p *Persona) Plain(check *Check) bool {
	for _, step := range check.Steps {
		if body := p.Bodies[step.Body]; strings.Contains(body.Text, "RTP/AVP") {
			return true
		}
	}
	return false
}
