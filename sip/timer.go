package sip

import (
	"context"
	"strconv"
	"strings"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

const (
	optionTimer = "timer"

	leastExpires = 90 * time.Second // RFC 4028 section 4
	hangupLead   = 32 * time.Second // section 10
	refreshAgain = 10 * time.Second // a refresh that failed is tried again after this at the earliest
)

// A sessionTimer is the promise that a call is refreshed in each interval (RFC 4028). The zero value is none.
type sessionTimer struct {
	interval time.Duration
	ours     bool // we refresh, not the peer

	until           time.Time // without a refresh the call ends then
	refresh, expiry *time.Timer
}

// Refresh tells the peer that the call goes on and where we are: by UPDATE without a session if it takes that,
// else by a re-INVITE with the session as it is. Session timers do it by themselves. Errors are those of Reinvite.
func (c *Call) Refresh(ctx context.Context) error {
	c.mu.Lock()
	updates := c.updates
	c.mu.Unlock()
	if !updates {
		return c.Reinvite(ctx)
	}
	err := c.persist(ctx, func() error { return c.refreshByUpdate() })
	if !hasStatus(err, 405) && !hasStatus(err, 501) {
		return err
	}
	c.mu.Lock()
	c.updates = false
	c.mu.Unlock()
	return c.Reinvite(ctx)
}

func (c *Call) refreshByUpdate() error {
	if !c.isAnswered() {
		return ErrNotAnswered
	}
	res, err := c.ask(c.ctx, func() (*sipgo.Request, *flow, error) {
		req, f, err := c.request(sipgo.UPDATE)
		if err == nil {
			c.introduce(req)
		}
		return req, f, err
	})
	return c.outcome(sipgo.UPDATE, res, err)
}

// introduce says in a request of ours what we can, and, for a new call or one with a timer, how often it is to be
// refreshed (section 7.1).
func (c *Call) introduce(req *sipgo.Request) {
	req.AppendHeader(header("Allow", allow))
	if c.ua.now().SessionExpires < 0 {
		return
	}
	req.AppendHeader(header("Supported", optionTimer))
	c.mu.Lock()
	defer c.mu.Unlock()
	begins := !c.answered && req.Method == sipgo.INVITE
	if !begins && (!c.answered || c.timer.interval == 0) {
		return
	}
	value := seconds(max(orDefault(c.timer.interval, c.ua.now().SessionExpires), c.minSE))
	if c.answered {
		value += ";refresher=" + refresher(c.timer.ours)
	}
	req.AppendHeader(header("Session-Expires", value))
	if c.minSE > 0 {
		req.AppendHeader(header("Min-SE", seconds(c.minSE)))
	}
}

// refresher names who refreshes in a request: the side that sends it, or the other one.
func refresher(sender bool) string {
	if sender {
		return "uac"
	}
	return "uas"
}

// raise takes the longer interval that a 422 asks for; false when it asks for none.
func (c *Call) raise(res *sipgo.Response) bool {
	least, ok := interval(res, "Min-SE")
	c.mu.Lock()
	defer c.mu.Unlock()
	if res.StatusCode != 422 || !ok || least <= c.minSE {
		return false
	}
	c.minSE = least
	return true
}

// judgeTimer refuses an interval that is too short or cannot be read (section 9).
func (u *UserAgent) judgeTimer(req *sipgo.Request) *verdict {
	if u.now().SessionExpires < 0 || req.Method != sipgo.INVITE && req.Method != sipgo.UPDATE {
		return nil
	}
	asked, ok := interval(req, "Session-Expires")
	switch {
	case !ok && req.GetHeader("Session-Expires") != nil:
		return malformed("the Session-Expires is no number of seconds")
	case ok && asked < u.now().MinSE && supportsTimer(req):
		return &verdict{422, "session-interval", "the session interval is too short", []sipgo.Header{header("Min-SE", seconds(u.now().MinSE))}}
	}
	return nil
}

// answerTimer is the timer that our 200 to a request of the peer sets, and the headers that say so (section 9,
// table 2). A peer that neither knows timers nor was asked by a proxy gets none. The caller holds mu.
func (c *Call) answerTimer(req *sipgo.Request) (t sessionTimer, headers []sipgo.Header) {
	ours := c.ua.now().SessionExpires
	asked, ok := interval(req, "Session-Expires")
	least, _ := interval(req, "Min-SE")
	supports := supportsTimer(req)
	switch {
	case ours < 0, !ok && !supports, ok && asked < leastExpires:
		return t, nil
	case !ok:
		t = sessionTimer{interval: max(ours, least), ours: true}
	default:
		t = sessionTimer{interval: min(asked, max(ours, least))}
	}
	if c.timer.interval > 0 {
		t.ours = c.timer.ours
	}
	switch named := refresherOf(req); {
	case !supports || named == "uas":
		t.ours = true
	case named == "uac":
		t.ours = false
	}
	headers = []sipgo.Header{header("Session-Expires", seconds(t.interval)+";refresher="+refresher(!t.ours))}
	if supports {
		headers = append(headers, header("Require", optionTimer))
	}
	return t, headers
}

// timerOf is the timer that the peer's 2xx to a request of ours sets (section 7.2).
func timerOf(res *sipgo.Response) sessionTimer {
	agreed, ok := interval(res, "Session-Expires")
	if !ok {
		return sessionTimer{}
	}
	return sessionTimer{interval: max(agreed, leastExpires), ours: refresherOf(res) != "uas"}
}

// setTimer puts a timer in force, in place of the last one. The caller holds mu.
func (c *Call) setTimer(t sessionTimer) {
	c.timer.stop()
	c.timer = t
	if c.over || t.interval == 0 || c.ua.now().SessionExpires < 0 {
		c.timer = sessionTimer{}
		return
	}
	lasts := t.interval - min(hangupLead, t.interval/3)
	c.timer.until = time.Now().Add(lasts)
	c.timer.expiry = time.AfterFunc(lasts, func() { c.end(ErrSessionExpired) })
	if t.ours {
		c.refreshAfter(t.interval / 2)
	}
}

func (t *sessionTimer) stop() {
	for _, timer := range []*time.Timer{t.refresh, t.expiry} {
		if timer != nil {
			timer.Stop()
		}
	}
}

// refreshAfter refreshes the call later. The caller holds mu.
func (c *Call) refreshAfter(d time.Duration) {
	c.timer.refresh = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.over && !c.closed {
			c.work.Go(c.keepAlive)
		}
	})
}

// keepAlive refreshes the call. A failure that leaves it up may pass: it is tried again at half of the time that is
// left, and the last word is the expiry's (section 10).
func (c *Call) keepAlive() {
	if c.Refresh(c.ctx) == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if left := time.Until(c.timer.until) / 2; !c.over && c.timer.ours && left >= refreshAgain {
		c.refreshAfter(left)
	}
}

func supportsTimer(req *sipgo.Request) bool {
	return hasOption(req, optionTimer, "Supported", "Require")
}

// interval reads the seconds of a Session-Expires, Min-SE or Retry-After.
func interval(m sipgo.Message, name string) (time.Duration, bool) {
	fields := headersOf(m, name)
	if len(fields) == 0 {
		return 0, false
	}
	number := fields[0].Value()
	if end := strings.IndexAny(number, ";("); end >= 0 {
		number = number[:end] // parameters, or a comment (RFC 3261 section 20.33)
	}
	s, err := strconv.ParseUint(strings.TrimSpace(number), 10, 31)
	if err != nil {
		return 0, false
	}
	return time.Duration(s) * time.Second, true
}

// refresherOf is who refreshes by a Session-Expires: "uac", "uas", or empty.
func refresherOf(m sipgo.Message) string {
	fields := headersOf(m, "Session-Expires")
	if len(fields) == 0 {
		return ""
	}
	for param := range strings.SplitSeq(fields[0].Value(), ";") {
		if name, who, ok := strings.Cut(param, "="); ok && strings.EqualFold(strings.TrimSpace(name), "refresher") {
			return strings.ToLower(strings.TrimSpace(who))
		}
	}
	return ""
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
