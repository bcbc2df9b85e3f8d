package resolve

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func theZone() zone {
	return zone{
		"full.example.com": {
			naptrRecord(20, 10, "s", "SIP+D2U", "", "_sip._udp.full.example.com"),
			naptrRecord(10, 20, "S", "sip+d2t", "", "_sip._tcp.full.example.com"),
			naptrRecord(10, 10, "s", "SIPS+D2T", "", "_sips._tcp.full.example.com"),
			naptrRecord(1, 1, "s", "SIP+D2S", "", "_sip._sctp.full.example.com"),
			naptrRecord(1, 2, "s", "SIP+D2W", "", "_sip._ws.full.example.com"),
			naptrRecord(1, 3, "u", "E2U+sip", "!^.*$!sip:x@y!", ""),
			naptrRecord(1, 4, "s", "SIP+D2U", "!a!b!", "_sip._udp.full.example.com"),
		},
		"_sips._tcp.full.example.com": {srvRecord(10, 0, 5061, "a.example.com"), srvRecord(5, 0, 5063, "b.example.com")},
		"_sip._tcp.full.example.com":  {srvRecord(10, 0, 5060, "a.example.com")},
		"_sip._udp.full.example.com":  {srvRecord(10, 0, 5060, "a.example.com")},
		"_sip._udp.srv.example.com":   {srvRecord(20, 0, 5062, "b.example.com"), srvRecord(10, 0, 5060, "a.example.com")},
		"_sip._tcp.srv.example.com":   {srvRecord(10, 0, 5060, "a.example.com")},
		"_sips._tcp.srv.example.com":  {srvRecord(10, 0, 5061, "a.example.com")},
		"srv.example.com":             {addr("192.0.2.99")},
		"_sip._udp.none.example.com":  {srvRecord(0, 0, 0, "")},
		"none.example.com":            {addr("192.0.2.98")},
		"a.example.com":               {addr("192.0.2.1"), addr("2001:db8::1")},
		"b.example.com":               {addr("192.0.2.2")},
		"alias.example.com":           {cname("other.example.com")},
		"other.example.com":           {cname("b.example.com")},
		"loop.example.com":            {cname("loop2.example.com")},
		"loop2.example.com":           {cname("loop.example.com")},
		"bare.example.com":            {},
	}
}

func TestResolve_RFC3263_4(t *testing.T) {
	server := newServer(t, theZone())
	for uri, want := range map[string]string{
		// a numeric host leads to itself (4.2)
		"sip:192.0.2.7":                            "udp 192.0.2.7:5060",
		"sip:x@192.0.2.7:5090":                     "udp 192.0.2.7:5090",
		"sip:[2001:db8::7]":                        "udp [2001:db8::7]:5060",
		"sips:192.0.2.7":                           "tls 192.0.2.7:5061",
		"sip:192.0.2.7;transport=tcp":              "tcp 192.0.2.7:5060",
		"sip:192.0.2.7;transport=TLS":              "tls 192.0.2.7:5061",
		"sips:192.0.2.7;transport=tcp":             "tls 192.0.2.7:5061",
		"sip:a.example.com;maddr=192.0.2.7":        "udp 192.0.2.7:5060",
		"sip:192.0.2.7;transport=ws":               "ws 192.0.2.7:80",
		"sips:192.0.2.7;transport=ws":              "wss 192.0.2.7:443",
		"sip:192.0.2.7:8080;transport=wss":         "wss 192.0.2.7:8080",
		"sip:full.example.com;maddr=b.example.com": "udp 192.0.2.2:5060",
		// an explicit port asks for addresses alone (4.2)
		"sip:srv.example.com:5070":               "udp 192.0.2.99:5070",
		"sip:srv.example.com:5070;transport=tcp": "tcp 192.0.2.99:5070",
		"sips:srv.example.com:5070":              "tls 192.0.2.99:5070",
		// a transport asks for its SRV records (4.2)
		"sip:srv.example.com;transport=udp":  "udp 192.0.2.1:5060, udp [2001:db8::1]:5060, udp 192.0.2.2:5062",
		"sip:SRV.Example.com.;transport=tcp": "tcp 192.0.2.1:5060, tcp [2001:db8::1]:5060",
		"sips:srv.example.com;transport=tcp": "tls 192.0.2.1:5061, tls [2001:db8::1]:5061",
		"sip:b.example.com;transport=tcp":    "tcp 192.0.2.2:5060",
		"sip:srv.example.com;transport=ws":   "ws 192.0.2.99:80",
		// neither asks for NAPTR records (4.1)
		"sip:full.example.com":  "tls 192.0.2.2:5063, tls 192.0.2.1:5061, tls [2001:db8::1]:5061, tcp 192.0.2.1:5060, tcp [2001:db8::1]:5060, udp 192.0.2.1:5060, udp [2001:db8::1]:5060",
		"sips:full.example.com": "tls 192.0.2.2:5063, tls 192.0.2.1:5061, tls [2001:db8::1]:5061",
		// without them every transport's SRV records
		"sip:srv.example.com":  "udp 192.0.2.1:5060, udp [2001:db8::1]:5060, udp 192.0.2.2:5062, tcp 192.0.2.1:5060, tcp [2001:db8::1]:5060, tls 192.0.2.1:5061, tls [2001:db8::1]:5061",
		"sips:srv.example.com": "tls 192.0.2.1:5061, tls [2001:db8::1]:5061",
		// without those the addresses
		"sip:a.example.com":     "udp 192.0.2.1:5060, udp [2001:db8::1]:5060",
		"sips:b.example.com":    "tls 192.0.2.2:5061",
		"sip:alias.example.com": "udp 192.0.2.2:5060",
		// a domain that says that it has no such service (RFC 2782), aliases in a circle, nothing at all
		"sip:none.example.com":  "",
		"sip:loop.example.com":  "",
		"sip:bare.example.com":  "",
		"sip:where.example.com": "",
	} {
		r := newResolver(t, []*nameServer{server}, func(o *Options) { o.Networks = []string{"udp", "tcp", "tls", "ws", "wss"} })
		got, err := led(t, r, uri)
		if got != want || errors.Is(err, ErrNotFound) != (want == "") || (err != nil) != (want == "") {
			t.Errorf("%s leads to %s (%v), want %s", uri, got, err, want)
		}
	}
}

func TestWhatIsNoUseIsNotAsked(t *testing.T) {
	server := newServer(t, theZone())
	r := newResolver(t, []*nameServer{server}, func(o *Options) { o.Networks = []string{"udp"} })
	for _, uri := range []string{
		"", "sip:", "tel:+18887999666", "mailto:a@b", "sip:a_b c", "sip:a..b", "sip:" + strings.Repeat("a", 64) + ".com", "sip:-;transport=sctp",
		"sip:" + strings.Repeat("a.", 127) + "com", "sip:a.example.com:99999", "sips:a.example.com;transport=udp", "sip:a.example.com;transport=tcp", "sip:é.com",
	} {
		if got, err := led(t, r, uri); err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("%q leads to %q, %v", uri, got, err)
		}
	}
	if asked := server.questions(); len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
	got, err := led(t, r, "sip:full.example.com")
	if want := "udp 192.0.2.1:5060, udp [2001:db8::1]:5060"; got != want || err != nil {
		t.Errorf("with UDP alone: %s, %v; want %s", got, err, want)
	}
}

func TestHosts(t *testing.T) {
	server := newServer(t, theZone())
	r := newResolver(t, []*nameServer{server}, func(o *Options) {
		o.Hosts = parseHosts("127.0.0.1 localhost\n192.0.2.50 sbc SBC.local. # ours\n::ffff:192.0.2.51 sbc\nx y\n")
	})
	for uri, want := range map[string]string{
		"sip:sbc": "udp 192.0.2.50:5060, udp 192.0.2.51:5060", "sips:sbc.local": "tls 192.0.2.50:5061", "sip:LOCALHOST:5070;transport=tcp": "tcp 127.0.0.1:5070",
	} {
		if got, err := led(t, r, uri); got != want || err != nil {
			t.Errorf("%s leads to %s, %v; want %s", uri, got, err, want)
		}
	}
	if asked := server.questions(); len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
}

func TestServersOfTheSystem(t *testing.T) {
	got := parseServers("# c\nsearch example.com\nnameserver 192.0.2.53\nnameserver x\nnameserver ::1\nnameserver 192.0.2.54 # c\nnameserver 192.0.2.55\n")
	if fmt.Sprint(got) != "[192.0.2.53:53 [::1]:53 192.0.2.54:53]" {
		t.Errorf("servers %v", got)
	}
	r, err := New(Options{})
	if err != nil || len(r.options.Servers) == 0 || len(r.options.Servers) > maxServers {
		t.Errorf("a resolver of the system: %v", err)
	}
}

func TestQuestionsOfOneResolve(t *testing.T) {
	server := newServer(t, theZone())
	r := newResolver(t, []*nameServer{server})
	for _, want := range [][]string{{
		"udp _sip._tcp.alias.example.com SRV", "udp _sip._udp.alias.example.com SRV", "udp _sips._tcp.alias.example.com SRV",
		"udp alias.example.com A", "udp alias.example.com AAAA", "udp alias.example.com NAPTR", "udp b.example.com AAAA", "udp b.example.com NAPTR",
	}, nil} { // the second time from memory
		if _, err := led(t, r, "sip:alias.example.com"); err != nil {
			t.Fatal(err)
		}
		got := server.questions()
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("asked %q, want %q", got, want)
		}
	}
}

func TestSeveralServers(t *testing.T) {
	silent := func(*nameServer, string, *dnsmessage.Message) []byte { return nil }
	code := func(c dnsmessage.RCode) func(*nameServer, string, *dnsmessage.Message) []byte {
		return func(_ *nameServer, _ string, q *dnsmessage.Message) []byte {
			return packed(&dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, RCode: c}, Questions: q.Questions})
		}
	}
	referral := func(_ *nameServer, _ string, q *dnsmessage.Message) []byte {
		return packed(&dnsmessage.Message{
			Header: dnsmessage.Header{ID: q.ID, Response: true}, Questions: q.Questions,
			Authorities: []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("com."), Type: dnsmessage.TypeNS, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns.example.net.")},
			}},
		})
	}
	for name, answers := range map[string]func(*nameServer, string, *dnsmessage.Message) []byte{
		"silent": silent, "refusing": code(dnsmessage.RCodeRefused), "failing": code(dnsmessage.RCodeServerFailure),
		"without the question's kind": code(dnsmessage.RCodeNotImplemented), "lame": referral,
		"broken": func(_ *nameServer, _ string, q *dnsmessage.Message) []byte {
			res := packed(&dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true}, Questions: q.Questions})
			res[7] = 9 // answers that are not there
			return res
		},
	} {
		t.Run(name, func(t *testing.T) {
			bad, good := newServer(t, nil), newServer(t, theZone())
			bad.serve(answers)
			r := newResolver(t, []*nameServer{bad, good}, func(o *Options) { o.Timeout = 200 * time.Millisecond })
			if got, err := led(t, r, "sip:b.example.com:5060"); got != "udp 192.0.2.2:5060" || err != nil {
				t.Errorf("leads to %s, %v", got, err)
			}
			if len(bad.questions()) == 0 {
				t.Error("the first server was not asked first")
			}
			if _, err := led(t, r, "sip:a.example.com:5060"); err != nil {
				t.Error(err)
			}
			if asked := len(bad.questions()); name == "silent" && asked > 0 {
				t.Errorf("a server that did not answer is asked first again")
			}
		})
	}
	t.Run("none that answers", func(t *testing.T) {
		bad, worse := newServer(t, nil), newServer(t, nil)
		bad.serve(code(dnsmessage.RCodeServerFailure))
		worse.serve(code(dnsmessage.RCodeRefused))
		r := newResolver(t, []*nameServer{bad, worse})
		_, err := led(t, r, "sip:b.example.com:5060")
		if err == nil || errors.Is(err, ErrNotFound) || !errors.Is(err, errServer) {
			t.Errorf("resolved with %v", err)
		}
		if asked := bad.questions(); len(asked) != 2*DefaultAttempts {
			t.Errorf("asked %q", asked)
		}
	})
}

func TestCallerGivesUp(t *testing.T) {
	server := newServer(t, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the caller is gone")
	server.serve(func(*nameServer, string, *dnsmessage.Message) []byte {
		cancel(gone)
		return nil
	})
	r := newResolver(t, []*nameServer{server}, func(o *Options) { o.Timeout = time.Minute })
	if _, err := r.Resolve(ctx, "sip:b.example.com"); !errors.Is(err, gone) {
		t.Errorf("resolved with %v", err)
	}
	server.serve(nil)
	server.mu.Lock()
	server.zone = theZone()
	server.mu.Unlock()
	if got, err := led(t, r, "sip:b.example.com"); got != "udp 192.0.2.2:5060" || err != nil {
		t.Errorf("the next one: %s, %v", got, err)
	}
}

func TestLargeAnswersComeByTCP_RFC7766_5(t *testing.T) {
	z := zone{}
	for i := range 200 {
		z["big.example.com"] = append(z["big.example.com"], addr(fmt.Sprintf("192.0.2.%d", i)))
	}
	server := newServer(t, z)
	server.serve(func(n *nameServer, network string, q *dnsmessage.Message) []byte {
		res := n.reply(q)
		if network == "udp" {
			res.Truncated, res.Answers = true, nil
		}
		return packed(res)
	})
	targets, err := newResolver(t, []*nameServer{server}).Resolve(t.Context(), "sip:big.example.com:5060")
	if err != nil || len(targets) != maxTargets {
		t.Errorf("%d targets, %v", len(targets), err)
	}
	if asked := server.questions(); !slices.Contains(asked, "tcp big.example.com A") {
		t.Errorf("asked %q", asked)
	}
}

func TestServerWithoutEDNS_RFC6891_7(t *testing.T) {
	for name, questions := range map[string]bool{"repeats the question": true, "repeats nothing": false} {
		server := newServer(t, theZone())
		server.serve(func(n *nameServer, _ string, q *dnsmessage.Message) []byte {
			if len(q.Additionals) == 0 {
				return packed(n.reply(q))
			}
			res := &dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, RCode: dnsmessage.RCodeFormatError}}
			if questions {
				res.Questions = q.Questions
			}
			return packed(res)
		})
		if got, err := led(t, newResolver(t, []*nameServer{server}), "sip:b.example.com:5060"); got != "udp 192.0.2.2:5060" || err != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestForgedAnswersArePassedOver_RFC5452_9(t *testing.T) {
	forged := func(change func(*dnsmessage.Message)) func(*nameServer, string, *dnsmessage.Message) []byte {
		return func(n *nameServer, _ string, q *dnsmessage.Message) []byte {
			res := &dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, RecursionAvailable: true}, Questions: slices.Clone(q.Questions)}
			res.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 60}, Body: addr("203.0.113.66"),
			}}
			change(res)
			return packed(res)
		}
	}
	for name, change := range map[string]func(*dnsmessage.Message){
		"another number":    func(m *dnsmessage.Message) { m.ID++ },
		"a question":        func(m *dnsmessage.Message) { m.Response = false },
		"another name":      func(m *dnsmessage.Message) { m.Questions[0].Name = dnsmessage.MustNewName("evil.example.com.") },
		"another type":      func(m *dnsmessage.Message) { m.Questions[0].Type = dnsmessage.TypeTXT },
		"another class":     func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassCHAOS },
		"no question":       func(m *dnsmessage.Message) { m.Questions = nil },
		"another opcode":    func(m *dnsmessage.Message) { m.OpCode = 4 },
		"records of others": func(m *dnsmessage.Message) { m.Answers[0].Header.Name = dnsmessage.MustNewName("evil.example.com.") },
		"another class's":   func(m *dnsmessage.Message) { m.Answers[0].Header.Class = dnsmessage.ClassCHAOS },
	} {
		server := newServer(t, nil)
		server.serve(forged(change))
		r := newResolver(t, []*nameServer{server}, func(o *Options) { o.Timeout, o.Attempts = 100*time.Millisecond, 1 })
		if got, err := led(t, r, "sip:b.example.com:5060"); got != "" || err == nil {
			t.Errorf("%s: %s is believed", name, got)
		}
	}
}

func TestTimesToLive_RFC2308_5_RFC9520_3_2(t *testing.T) {
	server := newServer(t, theZone())
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := newResolver(t, []*nameServer{server}, func(o *Options) { o.Now = func() time.Time { return now } })
	asks := func(uri string, want int) {
		t.Helper()
		server.questions()
		_, _ = led(t, r, uri)
		if got := server.questions(); len(got) != want {
			t.Errorf("%s asks %q, want %d questions", uri, got, want)
		}
	}
	asks("sip:a.example.com:5060", 2)
	now = now.Add(59 * time.Second)
	asks("sip:a.example.com:5060", 0)
	now = now.Add(time.Second)
	asks("sip:a.example.com:5060", 2)
	asks("sip:where.example.com:5060", 2) // nothing, for 20 s
	now = now.Add(19 * time.Second)
	asks("sip:where.example.com:5060", 0)
	now = now.Add(time.Second)
	asks("sip:where.example.com:5060", 2)
	server.serve(func(_ *nameServer, _ string, q *dnsmessage.Message) []byte {
		return packed(&dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true, RCode: dnsmessage.RCodeServerFailure}, Questions: q.Questions})
	})
	asks("sip:c.example.com:5060", 2*DefaultAttempts)
	asks("sip:c.example.com:5060", 0)
	now = now.Add(failureTime)
	asks("sip:c.example.com:5060", 2*DefaultAttempts)
}

func TestCacheIsBounded(t *testing.T) {
	var c cache
	now := time.Now()
	put := func(i int, until time.Time) {
		c.put(question{fmt.Sprint(i), dnsmessage.TypeA}, cached{until: until}, now)
	}
	for i := range maxCached + 10 {
		put(i, now.Add(time.Minute))
	}
	if len(c.entries) != maxCached {
		t.Errorf("%d entries", len(c.entries))
	}
	now = now.Add(time.Hour)
	put(-1, now.Add(time.Minute))
	if len(c.entries) != 1 {
		t.Errorf("%d entries when all others are over", len(c.entries))
	}
}

// A hostile domain may not make us ask for ever.
func TestQuestionsAreBounded(t *testing.T) {
	z := zone{}
	for i := range 20 {
		host := fmt.Sprintf("h%d.example.com", i)
		z["wide.example.com"] = append(z["wide.example.com"], naptrRecord(1, uint16(i), "s", "SIP+D2U", "", host))
		for j := range 20 {
			z[host] = append(z[host], srvRecord(1, 1, 5060, fmt.Sprintf("t%d-%d.example.com", i, j)))
		}
	}
	server := newServer(t, z)
	_, err := led(t, newResolver(t, []*nameServer{server}), "sip:wide.example.com")
	if asked := len(server.questions()); err == nil || asked > maxQuestions {
		t.Errorf("asked %d questions, %v", asked, err)
	}
	chain := zone{}
	for i := range 100 {
		chain[fmt.Sprintf("c%d.example.com", i)] = []dnsmessage.ResourceBody{cname(fmt.Sprintf("c%d.example.com", i+1))}
	}
	chain["c100.example.com"] = []dnsmessage.ResourceBody{addr("192.0.2.1")}
	server = newServer(t, chain)
	got, err := led(t, newResolver(t, []*nameServer{server}), "sip:c0.example.com:5060")
	if asked := len(server.questions()); !errors.Is(err, ErrNotFound) || asked > 2*maxAliases {
		t.Errorf("a long chain leads to %q with %d questions, %v", got, asked, err)
	}
}

func TestResolverIsSafeForConcurrentUse(t *testing.T) {
	server := newServer(t, theZone())
	r := newResolver(t, []*nameServer{server})
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := r.Resolve(t.Context(), "sip:full.example.com")
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkResolveFromMemory(b *testing.B) {
	r, err := New(Options{Servers: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.53:53")}, Hosts: map[string][]netip.Addr{}})
	if err != nil {
		b.Fatal(err)
	}
	until := time.Now().Add(time.Hour)
	put := func(name string, kind dnsmessage.Type, a answer) {
		r.cache.put(question{name, kind}, cached{a, nil, until}, time.Now())
	}
	put("h", typeNAPTR, answer{naptr: []naptr{{1, 1, "s", "SIP+D2U", "", "s"}}})
	put("s", dnsmessage.TypeSRV, answer{srv: []srv{{1, 1, 5060, "t"}, {1, 3, 5060, "t"}}})
	put("t", dnsmessage.TypeA, answer{addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}})
	put("t", dnsmessage.TypeAAAA, answer{})
	b.ReportAllocs()
	for b.Loop() {
		if targets, err := r.Resolve(b.Context(), "sip:h"); err != nil || len(targets) != 1 {
			b.Fatal(targets, err)
		}
	}
}
