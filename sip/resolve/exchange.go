package resolve

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	datagram = 1232 // bytes that we take over UDP (EDNS); larger answers come by TCP
	// failingTime is how long a server that did not answer is asked last.
	failingTime = 30 * time.Second
)

// one answers one question from the cache, or else from the servers.
func (r *Resolver) one(ctx context.Context, name string, kind dnsmessage.Type) (answer, error) {
	key := question{name, kind}
	if e, ok := r.cache.get(key, r.options.Now()); ok {
		return e.answer, e.err
	}
	a, err := r.askServers(ctx, name, kind)
	if ctx.Err() != nil {
		return answer{}, context.Cause(ctx) // says nothing of the name
	}
	now := r.options.Now()
	until := now.Add(a.ttl)
	if err != nil {
		until = now.Add(failureTime)
	}
	r.cache.put(key, cached{a, err, until}, now)
	return a, err
}

// askServers asks one server after another, in rounds.
func (r *Resolver) askServers(ctx context.Context, name string, kind dnsmessage.Type) (answer, error) {
	n, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", name, err)
	}
	q := dnsmessage.Question{Name: n, Type: kind, Class: dnsmessage.ClassINET}
	var failure error
	for range r.options.Attempts {
		for _, server := range r.servers() {
			a, err := r.ask(ctx, server, q)
			if ctx.Err() != nil {
				return answer{}, context.Cause(ctx)
			}
			if err == nil {
				return a, nil
			}
			if !errors.Is(err, errServer) && !errors.Is(err, errLame) { // those are of this name
				r.failed(server)
			}
			failure = cmp.Or(failure, fmt.Errorf("%s: name server %s: %w", name, server, err))
		}
	}
	return answer{}, failure
}

// servers are those to ask, the ones that failed of late last.
func (r *Resolver) servers() []netip.AddrPort {
	list := slices.Clone(r.options.Servers)
	now := r.options.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	late := func(s netip.AddrPort) int {
		if now.Before(r.failing[s]) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b netip.AddrPort) int { return cmp.Compare(late(a), late(b)) })
	return list
}

func (r *Resolver) failed(server netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing[server] = r.options.Now().Add(failingTime)
}

// ask asks one server: by UDP, without EDNS when it does not know that, by TCP when the answer is too large.
func (r *Resolver) ask(ctx context.Context, server netip.AddrPort, q dnsmessage.Question) (answer, error) {
	a, err := r.exchange(ctx, "udp", server, q, true)
	if errors.Is(err, errFormat) {
		a, err = r.exchange(ctx, "udp", server, q, false)
	}
	if errors.Is(err, errTruncated) {
		a, err = r.exchange(ctx, "tcp", server, q, true)
	}
	if errors.Is(err, errFormat) {
		a, err = r.exchange(ctx, "tcp", server, q, false)
	}
	return a, err
}

// exchange sends a question from a port of its own and waits for its answer.
func (r *Resolver) exchange(ctx context.Context, network string, server netip.AddrPort, q dnsmessage.Question, edns bool) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	conn, err := r.options.Dial(ctx, network, server.String())
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	id := uint16(rand.Uint32())
	msg, err := pack(id, q, edns)
	if err != nil {
		return answer{}, err
	}
	if network == "tcp" {
		return exchangeStream(conn, msg, id, q)
	}
	return exchangeDatagram(conn, msg, id, q)
}

// pack writes a question behind two bytes for its length.
func pack(id uint16, q dnsmessage.Question, edns bool) ([]byte, error) {
	b := dnsmessage.NewBuilder(make([]byte, 2, 512), dnsmessage.Header{ID: id, RecursionDesired: true})
	if err := errors.Join(b.StartQuestions(), b.Question(q)); err != nil {
		return nil, err
	}
	if edns {
		var h dnsmessage.ResourceHeader
		if err := errors.Join(h.SetEDNS0(datagram, dnsmessage.RCodeSuccess, false), b.StartAdditionals(), b.OPTResource(h, dnsmessage.OPTResource{})); err != nil {
			return nil, err
		}
	}
	msg, err := b.Finish()
	if err == nil {
		binary.BigEndian.PutUint16(msg, uint16(len(msg)-2))
	}
	return msg, err
}

// exchangeDatagram passes over what does not answer the question until its answer comes.
func exchangeDatagram(conn net.Conn, msg []byte, id uint16, q dnsmessage.Question) (answer, error) {
	if _, err := conn.Write(msg[2:]); err != nil {
		return answer{}, err
	}
	buffer := make([]byte, 1<<16)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return answer{}, err
		}
		a, err := parseAnswer(buffer[:n], id, q)
		if !errors.Is(err, errForeign) {
			return a, err
		}
	}
}

func exchangeStream(conn net.Conn, msg []byte, id uint16, q dnsmessage.Question) (answer, error) {
	if _, err := conn.Write(msg); err != nil {
		return answer{}, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return answer{}, err
	}
	buffer := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, buffer); err != nil {
		return answer{}, err
	}
	return parseAnswer(buffer, id, q)
}
