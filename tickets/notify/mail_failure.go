package notify

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strings"

	"readback/tickets"
)

// A Step is a part of handing over a letter, in its order.
type Step int

// The steps.
const (
	StepAddress   Step = iota // the addresses, before anything is sent
	StepCompose               // the letter itself, from its template
	StepConnect               // the TCP connection
	StepEncrypt               // TLS, from the first byte or by STARTTLS
	StepGreet                 // the relay's greeting and EHLO
	StepLogin                 // AUTH
	StepSender                // MAIL FROM
	StepRecipient             // RCPT TO
	StepData                  // DATA
	StepLetter                // the letter, until the relay took it over
)

var stepWords = map[Step]string{
	StepAddress: "address", StepCompose: "letter", StepConnect: "connect", StepEncrypt: "TLS", StepGreet: "EHLO",
	StepLogin: "AUTH", StepSender: "MAIL FROM", StepRecipient: "RCPT TO", StepData: "DATA", StepLetter: "end of DATA",
}

// String is the command of the step, or a word.
func (s Step) String() string { return stepWords[s] }

// A Failure is a letter that was not handed over, or of which that is not known. It unwraps to tickets.ErrRefused when no relay
// will ever take it.
type Failure struct {
	Step     Step
	Code     int    // of the relay's reply (RFC 5321 section 4.2), 0 without one
	Enhanced string // like 5.1.1 (RFC 3463), or empty
	Err      error  // what the relay said, or what went wrong; without passwords and the recipient's address

	refused bool
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %v", f.Step, f.Err) }

// Unwrap is the cause, and tickets.ErrRefused when it is for good.
func (f *Failure) Unwrap() []error {
	if f.refused {
		return []error{tickets.ErrRefused, f.Err}
	}
	return []error{f.Err}
}

var enhanced = regexp.MustCompile(`^([245]\.\d{1,3}\.\d{1,3})\b`)

// maxReply is how much of what a relay says is kept, in bytes.
const maxReply = 300

// failed says at which step it ended, and whether that is for good. Secrets are what must not be repeated of a reply.
func failed(step Step, err error, secrets *strings.Replacer) *Failure {
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return &Failure{Step: step, Err: errors.New(oneLine(secrets.Replace(err.Error()), maxReply))}
	}
	text := oneLine(secrets.Replace(reply.Msg), maxReply)
	f := &Failure{Step: step, Code: reply.Code, Enhanced: enhanced.FindString(text)}
	f.Err = fmt.Errorf("the relay said %d %s", reply.Code, text)
	f.refused = f.permanent()
	return f
}

// permanent tells what will never be taken from what is our own fault, or will pass: 5yz is for good and 4yz is not (RFC 5321
// section 4.2.1), and the class of an enhanced code says the same or is believed when it is milder (RFC 3463 section 2). Before
// there is a recipient it is not the letter that is refused but us.
func (f *Failure) permanent() bool {
	if f.Step < StepRecipient || f.Code/100 != 5 || strings.HasPrefix(f.Enhanced, "4") {
		return false
	}
	switch {
	case strings.HasPrefix(f.Enhanced, "5.1."): // addressing status: it is the recipient, whatever the reply
		return true
	case strings.HasPrefix(f.Enhanced, "5.5."): // protocol status
		return false
	}
	switch f.Code {
	case 500, 502, 503, 504, 530, 534, 535, 538: // commands that are not known or out of order; RFC 4954 section 6: no login
		return false
	case 501: // arguments: of RCPT that is the address
		return f.Step == StepRecipient
	}
	return true
}

// Advice is what an operator can do about it.
func (f *Failure) Advice() string {
	if f.refused && f.Step >= StepRecipient {
		return "The relay does not take letters for this address, or not of this kind. Look whether the address is right and whether the relay may send to it (relaying, policy, size)."
	}
	switch f.Step {
	case StepAddress:
		return "Write one plain address, like ann@example.com."
	case StepCompose:
		return "Look at the templates in notify.mail.templates."
	case StepConnect:
		return "Look whether notify.mail.host and notify.mail.port are right, the relay runs, and a firewall lets this machine reach it."
	case StepEncrypt:
		return "Look whether notify.mail.tls fits the port (implicit: 465; starttls: 587 or 25), and whether the certificate is valid for notify.mail.host and signed by an authority this machine trusts, or by notify.mail.ca."
	case StepGreet:
		return "The relay does not want to talk now, or not to this machine. Look at its log, and whether another program listens on that port."
	case StepLogin:
		return "Look at notify.mail.auth, user and password; the relay must offer that way to log in."
	case StepSender:
		return "The relay does not take letters from us. Look whether notify.mail.from may be used with this login, and whether the relay asks for one."
	case StepRecipient, StepData:
		return "The relay may take it later: it is tried again. If it stays so, look at its log."
	}
	return "Whether the relay has the letter is not known. It is tried again under the same Message-ID, so that a second copy can be told."
}
