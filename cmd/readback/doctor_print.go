package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"readback/cmd/readback/doctor"
	"readback/sip"
)

const (
	doctorWidth = 80
	rfcWidth    = 14
)

// A doctorReport tells what the checks find, as they find it.
type doctorReport struct {
	w             io.Writer
	json, verbose bool
	width         int
	status        func(string) // shows what is under way
	results       []doctor.Result
	messages      []string
	skipped       string // why the last check was skipped
}

// terminalStatus shows one line that is written over on a terminal, and nothing elsewhere.
func terminalStatus(console *console) func(string) {
	file, ok := console.err.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func(string) {}
	}
	return func(text string) { fmt.Fprint(file, "\r\x1b[K"+text) }
}

func (r *doctorReport) columns() int {
	if r.width == 0 {
		return doctorWidth
	}
	return max(60, min(r.width, 100))
}

func (r *doctorReport) notes(v *visit) {
	if r.json {
		return
	}
	var at []string
	for _, network := range []string{"udp", "tcp", "tls"} {
		if address, ok := v.addresses[network]; ok {
			at = append(at, network+" "+address.String())
		}
	}
	where := fmt.Sprintf("Trunk %s, number %s, gateway at %s.", v.trunk.Name, v.number, strings.Join(at, ", "))
	fmt.Fprintln(r.w, wrap(where, r.columns(), ""))
	for _, words := range v.words {
		fmt.Fprintln(r.w, wrap(words, r.columns(), ""))
	}
}

func (r *doctorReport) begin(p *doctor.Persona) {
	r.skipped = ""
	if r.json {
		return
	}
	fmt.Fprintf(r.w, "\n%s\n  %-*s  %-7s  %-*s %8s\n", wrap(p.Name+": "+shown(p.About), r.columns(), ""), r.columns()-rfcWidth-22, "CHECK", "VERDICT", rfcWidth, "RFC", "TIME")
}

// observe keeps the messages of the next check, if they are to be shown.
func (r *doctorReport) observe(p *doctor.Persona, check *doctor.Check) func(bool, []byte) {
	r.messages = nil
	r.status(p.Name + ": " + fit(check.Name, doctorWidth-30) + " …")
	if !r.verbose || r.json {
		return nil
	}
	begun := time.Now()
	return func(sent bool, message []byte) {
		arrow := "<"
		if sent {
			arrow = ">"
		}
		var b strings.Builder
		fmt.Fprintf(&b, "    %s %.0f ms\n", arrow, float64(time.Since(begun).Microseconds())/1000)
		for line := range strings.Lines(string(sip.Mask(message))) {
			b.WriteString(strings.TrimRight("      "+shown(strings.TrimRight(line, "\r\n")), " ") + "\n")
		}
		r.messages = append(r.messages, b.String())
	}
}

func (r *doctorReport) check(found doctor.Result) {
	r.status("")
	r.results = append(r.results, found)
	if r.json {
		_ = json.NewEncoder(r.w).Encode(found) // who reads may be gone
		return
	}
	room := r.columns() - rfcWidth - 22
	took := fmt.Sprintf("%.0f ms", found.MS)
	if found.Verdict == doctor.Skipped {
		took = "-"
	}
	name := fit(shown(found.Check), room)
	fmt.Fprintf(r.w, "  %s%s  %-7s  %-*s %8s\n", name, strings.Repeat(" ", max(0, room-columns(name))), found.Verdict, rfcWidth, fit(shown(found.RFC), rfcWidth), took)
	if found.Verdict == doctor.Skipped && found.Why != r.skipped {
		r.detail("because", found.Why)
	}
	r.skipped = found.Why
	if found.Verdict == doctor.Fail {
		r.detail("step", found.Step)
		r.detail("expected", found.Expected)
		r.detail("got", found.Got)
		r.detail("", found.Header)
		r.detail("do", found.Advice)
	}
	for _, message := range r.messages {
		fmt.Fprint(r.w, message)
	}
}

func (r *doctorReport) detail(what, text string) {
	if text != "" {
		const indent = "              "
		fmt.Fprintf(r.w, "    %-10s%s\n", what, wrap(shown(text), r.columns(), indent))
	}
}

// summary is the last line; errReported when a check failed.
func (r *doctorReport) summary() error {
	count := map[string]int{}
	for _, found := range r.results {
		count[found.Verdict]++
	}
	if !r.json {
		fmt.Fprintf(r.w, "\n%d checks: %d passed, %d failed, %d skipped.\n", len(r.results), count[doctor.Pass], count[doctor.Fail], count[doctor.Skipped])
	}
	if count[doctor.Fail] > 0 {
		return errReported
	}
	return nil
}
