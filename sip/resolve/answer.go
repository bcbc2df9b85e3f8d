package resolve

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

const (
	maxRecords = 64 // of one answer that are looked at
	maxAliases = 8  // in a row

	minTTL      = time.Second
	maxTTL      = time.Hour
	maxNothing  = 5 * time.Minute  // how long nothing is believed
	someNothing = 30 * time.Second // how long, when the answer does not say
)

// An answer is what a name server says of a name, of the one type that was asked for.
type answer struct {
	addrs []netip.Addr
	srv   []srv
	naptr []naptr
	alias string // go on with this name: the answer ends there
	ttl   time.Duration
}

func (a *answer) empty() bool { return len(a.addrs)+len(a.srv)+len(a.naptr) == 0 }

var (
	errForeign   = errors.New("a message that does not answer the question")
	errTruncated = errors.New("the answer does not fit into a datagram")
	errFormat    = errors.New("the server does not understand the question") // perhaps because of EDNS
	errLame      = errors.New("the server does not answer for this name")
	errServer    = errors.New("the server failed")
)

// parseAnswer reads a message that came for a question. A foreign message is errForeign, to be passed over. No such
// name or no such record is an empty answer with the time for which that holds.
func parseAnswer(msg []byte, id uint16, q dnsmessage.Question) (answer, error) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || !h.Response || h.ID != id || h.OpCode != 0 {
		return answer{}, errForeign
	}
	questions, err := p.AllQuestions()
	if h.RCode == dnsmessage.RCodeFormatError && err == nil && len(questions) == 0 {
		return answer{}, errFormat // such a server may not repeat what it did not understand
	}
	if err != nil || len(questions) != 1 || !sameQuestion(questions[0], q) {
		return answer{}, errForeign
	}
	switch {
	case h.Truncated:
		return answer{}, errTruncated
	case h.RCode == dnsmessage.RCodeFormatError:
		return answer{}, errFormat
	case h.RCode == dnsmessage.RCodeRefused, h.RCode == dnsmessage.RCodeNotImplemented:
		return answer{}, errLame
	case h.RCode != dnsmessage.RCodeSuccess && h.RCode != dnsmessage.RCodeNameError:
		return answer{}, errServer
	}
	a, err := readAnswers(&p, q)
	if err != nil || !a.empty() || a.alias != "" {
		return a, err
	}
	said, found := nothingFor(&p)
	if !found && h.RCode == dnsmessage.RCodeSuccess && !h.Authoritative && !h.RecursionAvailable {
		return answer{}, errLame // it points elsewhere, and we asked it to go there
	}
	a.ttl = said
	return a, nil
}

func sameQuestion(a, b dnsmessage.Question) bool {
	return a.Type == b.Type && a.Class == b.Class && strings.EqualFold(a.Name.String(), b.Name.String())
}

// readAnswers follows the aliases in the answer section to the records that were asked for. Records of other names
// and types are nothing to us.
func readAnswers(p *dnsmessage.Parser, q dnsmessage.Question) (answer, error) {
	aliases := map[string]string{}
	ttls := map[string]time.Duration{}
	found := map[string]*answer{}
	for range maxRecords {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return answer{}, errServer
		}
		name := nameOf(h.Name)
		switch {
		case h.Class != q.Class || h.Type != q.Type && h.Type != dnsmessage.TypeCNAME:
			err = p.SkipAnswer()
		case h.Type == dnsmessage.TypeCNAME:
			var r dnsmessage.CNAMEResource
			r, err = p.CNAMEResource()
			aliases[name], ttls[name] = nameOf(r.CNAME), ttlOf(h)
		default:
			a := found[name]
			if a == nil {
				a = &answer{ttl: maxTTL}
				found[name] = a
			}
			a.ttl = min(a.ttl, ttlOf(h))
			err = a.read(p, h)
		}
		if err != nil {
			return answer{}, errServer
		}
	}
	if err := p.SkipAllAnswers(); err != nil {
		return answer{}, errServer
	}
	return resolveAliases(nameOf(q.Name), aliases, ttls, found)
}

func resolveAliases(name string, aliases map[string]string, ttls map[string]time.Duration, found map[string]*answer) (answer, error) {
	ttl, asked := maxTTL, name
	for range maxAliases {
		if a := found[name]; a != nil {
			a.ttl = min(a.ttl, ttl)
			return *a, nil
		}
		next, ok := aliases[name]
		if !ok {
			break
		}
		if !isName(next) {
			return answer{}, errServer
		}
		ttl, name = min(ttl, ttls[name]), next
	}
	if name == asked {
		return answer{}, nil
	}
	return answer{alias: name, ttl: ttl}, nil
}

// read reads one record of the type that was asked for.
func (a *answer) read(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) error {
	switch h.Type {
	case dnsmessage.TypeA:
		r, err := p.AResource()
		a.addrs = append(a.addrs, netip.AddrFrom4(r.A))
		return err
	case dnsmessage.TypeAAAA:
		r, err := p.AAAAResource()
		a.addrs = append(a.addrs, netip.AddrFrom16(r.AAAA).Unmap())
		return err
	case dnsmessage.TypeSRV:
		r, err := p.SRVResource()
		if target := nameOf(r.Target); target == "" || isName(target) {
			a.srv = append(a.srv, srv{r.Priority, r.Weight, r.Port, target})
		}
		return err
	}
	r, err := p.UnknownResource()
	if n, ok := parseNAPTR(r.Data); ok {
		a.naptr = append(a.naptr, n)
	}
	return err
}

// nothingFor is how long it holds that there is nothing (RFC 2308 section 5).
func nothingFor(p *dnsmessage.Parser) (ttl time.Duration, found bool) {
	for range maxRecords {
		h, err := p.AuthorityHeader()
		if err != nil {
			break
		}
		if h.Type != dnsmessage.TypeSOA {
			if p.SkipAuthority() != nil {
				break
			}
			continue
		}
		soa, err := p.SOAResource()
		if err != nil {
			break
		}
		return min(max(time.Duration(min(soa.MinTTL, h.TTL))*time.Second, minTTL), maxNothing), true
	}
	return someNothing, false
}

func nameOf(n dnsmessage.Name) string { return strings.ToLower(strings.TrimSuffix(n.String(), ".")) }

// ttlOf keeps a time to live within bounds; one with its highest bit set is zero (RFC 2181 section 8).
func ttlOf(h dnsmessage.ResourceHeader) time.Duration {
	if h.TTL > 1<<31-1 {
		return minTTL
	}
	return min(max(time.Duration(h.TTL)*time.Second, minTTL), maxTTL)
}
