package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

func (r *loadReport) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s: %d calls at once, each %v, %v new ones a second\n\n", r.URI, r.Codec, r.Calls, inSeconds(r.DurationS), r.Rate)
	facts := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, line := range r.facts() {
		fmt.Fprintf(facts, "%s\t%s\n", line[0], line[1])
	}
	if err := facts.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n"+timesHead, "ms", "p50", "p99", "p99.9", "max")
	r.Setup.print(w, "setup", "INVITE to 200, %d calls", r.Setup.Count)
	r.Reaction.print(w, "reaction", "key to what is said next, %d of %d keys", r.Reaction.Count, r.Keys.Pressed)
	r.Pacing.print(w, "pacing", "how far from its time a packet came, %d packets", r.Pacing.Count)
	return nil
}

// The columns of the times.
const (
	timesHead = "%-9s %8s %8s %8s %8s\n"
	timesLine = "%-9s %8.2f %8.2f %8.2f %8.2f   %s\n"
)

func (r timesReport) print(w io.Writer, name, what string, a ...any) {
	if r.Count == 0 {
		fmt.Fprintf(w, timesHead, name, "-", "-", "-", "-")
		return
	}
	fmt.Fprintf(w, timesLine, name, r.P50, r.P99, r.P999, r.Max, fmt.Sprintf(what, a...))
}

// facts are the lines of what was counted.
func (r *loadReport) facts() (lines [][2]string) {
	add := func(name, format string, a ...any) { lines = append(lines, [2]string{name, fmt.Sprintf(format, a...)}) }
	add("calls", "%d placed in %v, %d answered, %d up at once", r.Placed, inSeconds(r.PlacedS), r.Answered, r.Most)
	for _, c := range r.Refused {
		add("refused", "%d: %d %s", c.Calls, c.Status, c.Reason)
	}
	for _, c := range r.Failed {
		add("failed", "%d: %s", c.Calls, c.Reason)
	}
	for _, c := range r.Early {
		add("ended early", "%d: %s", c.Calls, c.Reason)
	}
	if r.Keys.CallsWithout > 0 {
		add("keys", "%d calls could press none: no telephone-events were agreed on", r.Keys.CallsWithout)
	}
	if r.Answered > 0 {
		add("heard", "%d packets, %d lost (%s); %d gaps (a packet over 20 ms overdue), %d restarts (marker)",
			r.Heard.Packets, r.Heard.Lost, share(r.Heard.Lost, r.Heard.Packets+r.Heard.Lost), r.Gaps, r.Restarts)
		add("sent", "%s", r.Sent)
		add("this side", "%s", r.Caller)
	}
	return lines
}

func (s sentSound) String() string {
	said := fmt.Sprintf("%d packets", s.Packets)
	if s.Untaken > 0 {
		said += fmt.Sprintf(", %d more were not taken by the kernel", s.Untaken)
	}
	if s.ReportedCalls == 0 {
		return said + "; the other side reported nothing"
	}
	return said + fmt.Sprintf("; %d lost (%s) by the reports of %d calls", s.Lost, share(s.Lost, s.Reported), s.ReportedCalls)
}

func (c callerReport) String() string {
	said := fmt.Sprintf("%s, worst second: worker %.0f %% busy, 99 %% of ticks within %.1f ms, the latest %.1f ms",
		c.IO, 100*c.Busy, c.LateP99, c.LateMax)
	if !c.Trusted {
		said += fmt.Sprintf("\n\tDO NOT TRUST THE TIMES: this side was late itself for %.0f %% of the test; make fewer calls,"+
			" or call from another machine", 100*c.Late)
	}
	return said
}

func share(part, whole int64) string {
	if part <= 0 || whole <= 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.2g %%", 100*float64(part)/float64(whole))
}

func inSeconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond)
}
