package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"readback/ivr"
	"readback/sip"
	"readback/tickets"
)

// originOf is where a call came from; how its messages came is known when it has ended.
func originOf(call *sip.Call) tickets.Origin {
	return tickets.Origin{
		Source: call.Source.String(), OriginalCalled: call.OriginalCalled,
		Attestation: string(call.Attestation), AttestationReason: call.AttestationReason,
	}
}

// ended notes who ended the call and what the other side gave as its reason. It has ended.
func (d *diary) ended() {
	d.record.Transport, d.record.EndReason = d.gateway.traces.signalled(d.key())
	if d.call == nil {
		return // it never began
	}
	cause := context.Cause(d.call.Context())
	d.record.EndedBy = endedBy(cause, d.record.EndReason)
	if d.order != nil && d.record.EndedBy == tickets.EndedByCaller {
		d.record.EndedBy = tickets.EndedByCallee
	}
	d.record.Rule = cmp.Or(d.record.Rule, d.rule(cause))
}

// rule is why a call that reached its handler was refused.
func (d *diary) rule(cause error) string {
	switch {
	case d.record.Disposition != tickets.DispositionRefused || d.record.Status == 200:
		return ""
	case d.record.Status == 488:
		return "offer"
	case errors.Is(cause, sip.ErrDrain):
		return "drained"
	default:
		return "no-ports"
	}
}

// endedBy tells caller and carrier apart by the reason that came with BYE or CANCEL: a call that a person ends is cleared
// normally, or without one.
func endedBy(cause error, reason string) string {
	switch {
	case errors.Is(cause, sip.ErrHangup), errors.Is(cause, sip.ErrCancelled):
		if q850, ok := q850Of(reason); ok && !normalClearing[q850] {
			return tickets.EndedByCarrier
		}
		return tickets.EndedByCaller
	case errors.Is(cause, sip.ErrNoAck), errors.Is(cause, sip.ErrTimeout):
		return tickets.EndedByCarrier
	default:
		return tickets.EndedByGateway
	}
}

// normalClearing are the causes (ITU-T Q.850) of a caller who hangs up, before or after the answer.
var normalClearing = map[int]bool{16: true, 31: true}

// q850Of finds the cause in a Reason header (RFC 3326).
func q850Of(reason string) (cause int, ok bool) {
	for part := range strings.SplitSeq(reason, ",") {
		protocol, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(protocol), "Q.850") {
			continue
		}
		for parameter := range strings.SplitSeq(parameters, ";") {
			name, value, _ := strings.Cut(parameter, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "cause") {
				continue
			}
			n, err := strconv.Atoi(strings.TrimSpace(value))
			return n, err == nil && n > 0 && n < 128
		}
	}
	return 0, false
}

// stepOf is a step of the conversation as it may be shown: what the script took for a secret is masked in it already.
func stepOf(step ivr.Step) ladderStep {
	s := ladderStep{At: step.At, What: string(step.Kind)}
	switch step.Kind {
	case ivr.Said:
		s.Text = firstPrompt(step.Prompts)
	case ivr.Pressed:
		s.Text = step.Keys
	case ivr.Identified:
		s.Text = step.Account
	case ivr.Recorded:
		s.Text = fmt.Sprintf("%v, ended by %s", step.Recording.Length.Round(time.Second), step.Recording.EndedBy)
	case ivr.Registered, ivr.Acknowledged, ivr.Informed, ivr.Noted, ivr.Confirmed, ivr.Accepted:
		s.Text = spaced(step.Ticket)
	case ivr.Trouble, ivr.Unreached:
		s.Text = step.Err.Error()
	}
	return s
}

func firstPrompt(prompts []ivr.Prompt) string {
	for _, prompt := range prompts {
		if prompt.Name != "" {
			return prompt.Name
		}
	}
	return ""
}
