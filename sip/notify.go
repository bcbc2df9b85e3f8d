package sip

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// eventRefer is the one event of which we take news: what becomes of a REFER of ours.
const eventRefer = "refer"

// checkEvent refuses news of other events (RFC 6665 section 4.1.3).
func checkEvent(req *sipgo.Request) *verdict {
	if req.Method != sipgo.NOTIFY {
		return nil
	}
	if name, _ := eventOf(req); name != eventRefer {
		return &verdict{489, "event", "the event is not " + eventRefer, []sipgo.Header{header("Allow-Events", eventRefer)}}
	}
	return nil
}

// eventOf is the event of a NOTIFY, and the id of its subscription.
func eventOf(req *sipgo.Request) (name, id string) {
	fields := req.GetHeaders("Event")
	if len(fields) == 0 {
		fields = req.GetHeaders("o")
	}
	if len(fields) == 0 {
		return "", ""
	}
	name, params, _ := strings.Cut(fields[0].Value(), ";")
	id, _ = parameter(params, "id")
	return strings.ToLower(strings.TrimSpace(name)), id
}

// parameter is the value of a parameter among others.
func parameter(params, name string) (value string, ok bool) {
	for _, p := range splitAt(params, ';') {
		if key, value, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// receiveNotify hears what becomes of a REFER of ours (RFC 3515 section 2.4.4). It may come before the answer to it.
func (c *Call) receiveNotify(tx *serverTx) {
	n, v := readNotify(tx.req)
	if v == nil {
		v = c.takeNews(n)
	}
	if v != nil {
		tx.refuse(v)
		return
	}
	tx.reply(200)
}

// A notice is what a NOTIFY says of a transfer.
type notice struct {
	id         string // of the subscription; empty for the first REFER
	terminated bool
	why        string        // when terminated
	expires    time.Duration // 0 when it does not say
	status     int           // 0 when it says nothing of it
	reason     string
}

func readNotify(req *sipgo.Request) (n notice, v *verdict) {
	_, n.id = eventOf(req)
	fields := req.GetHeaders("Subscription-State")
	if len(fields) == 0 {
		return n, malformed("the NOTIFY has no Subscription-State")
	}
	state, params, _ := strings.Cut(fields[0].Value(), ";")
	n.terminated = strings.EqualFold(strings.TrimSpace(state), "terminated")
	n.why, _ = parameter(params, "reason")
	if text, ok := parameter(params, "expires"); ok {
		if s, err := strconv.ParseUint(text, 10, 31); err == nil {
			n.expires = max(time.Duration(s)*time.Second, time.Second)
		}
	}
	if len(req.Body()) == 0 {
		return n, nil
	}
	if mediaType(req) != sipfragType {
		return n, &verdict{415, "body-type", "the body is no " + sipfragType, []sipgo.Header{header("Accept", sipfragType)}}
	}
	var ok bool
	if n.status, n.reason, ok = parseSipfrag(req.Body()); !ok {
		return n, malformed("the NOTIFY holds no status line")
	}
	return n, nil
}

// takeNews gives a notice to who waits for it.
func (c *Call) takeNews(n notice) *verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.referral
	if c.over || r == nil || r.seq == 0 || n.id != "" && n.id != strconv.FormatUint(uint64(r.seq), 10) {
		return &verdict{481, "no-subscription", "there is no subscription to this", nil}
	}
	switch {
	case n.terminated:
		c.referral = nil
	case n.expires > 0:
		r.until = time.Now().Add(n.expires)
	default:
		r.until = time.Now().Add(newsWithin)
	}
	switch {
	case r.settled:
	case n.status >= 300:
		r.settle(&StatusError{Status: n.status, Reason: n.reason})
		c.transferred = false
	case n.status >= 200:
		r.settle(nil)
		c.transferred = true
	case n.terminated:
		r.settle(fmt.Errorf("%w: the news of the transfer ended (%s)", ErrTimeout, plain(n.why)))
		c.transferred = false
	default:
		c.transferred = true // whoever tries has accepted
		select {
		case r.news <- struct{}{}:
		default:
		}
	}
	return nil
}

// settle gives the outcome. The caller holds the call's mu.
func (r *referral) settle(err error) {
	r.settled = true
	r.outcome <- err
}
