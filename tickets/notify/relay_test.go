package notify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"readback/tickets"
)

// A relay is an SMTP server on loopback that keeps what it takes, and refuses what a test wants refused.
type relay struct {
	t         testing.TB
	server    *smtp.Server
	port      int
	roots     *x509.CertPool
	mechanism string
	refuse    map[string]error // by step: MAIL, RCPT, DATA

	mu    sync.Mutex
	taken []received
	login string
}

// received is a letter that the relay took over.
type received struct {
	from, to string
	options  smtp.MailOptions
	data     []byte
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

const relayPassword = "correct horse"

// startRelay serves until the test ends. Change it before it serves.
func startRelay(t testing.TB, implicit bool, change func(*relay)) *relay {
	t.Helper()
	r := &relay{t: t, refuse: map[string]error{}}
	r.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &relaySession{relay: r}, nil }))
	r.server.Domain, r.server.AllowInsecureAuth, r.server.ErrorLog = "relay.test", true, quiet{}
	r.server.EnableSMTPUTF8 = true
	var certificate tls.Certificate
	certificate, r.roots = certify(t, "127.0.0.1")
	r.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	if change != nil {
		change(r)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.port = listener.Addr().(*net.TCPAddr).Port
	if implicit {
		listener = tls.NewListener(listener, r.server.TLSConfig)
	}
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(listener) }()
	t.Cleanup(func() {
		_ = r.server.Close()
		if err := <-served; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return r
}

// letters are those taken over so far.
func (r *relay) letters() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken)
}

// mailer hands letters to the relay; change what the test is about.
func (r *relay) mailer(t testing.TB, change func(*MailConfig)) *Mailer {
	t.Helper()
	c := MailConfig{
		Host: "127.0.0.1", Port: r.port, TLS: TLSStart, Roots: r.roots, Hello: "gateway.example.com",
		From: mail.Address{Name: "Acme Support", Address: "support@example.com"},
		Now:  func() time.Time { return time.Date(2026, 3, 4, 12, 5, 0, 0, time.UTC) },
	}
	if change != nil {
		change(&c)
	}
	m, err := NewMailer(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// acknowledgement is a letter like those the desk writes.
func acknowledgement() tickets.Letter {
	l := SampleLetter(tickets.AcknowledgeByEmail, "ann@example.com", "en-US")
	l.ID = "acknowledge:48215906"
	return l
}

type relaySession struct {
	relay *relay
	got   received
}

func (s *relaySession) Reset()        { s.got = received{} }
func (s *relaySession) Logout() error { return nil }

func (s *relaySession) AuthMechanisms() []string {
	if s.relay.mechanism == "" {
		return nil
	}
	return []string{s.relay.mechanism}
}

func (s *relaySession) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "readback" || password != relayPassword {
			return smtp.ErrAuthFailed
		}
		s.relay.mu.Lock()
		defer s.relay.mu.Unlock()
		s.relay.login = mechanism
		return nil
	}
	switch mechanism {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case "LOGIN":
		return &loginServer{check: check}, nil
	case "SCRAM-SHA-256":
		return &scramServer{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (s *relaySession) Mail(from string, options *smtp.MailOptions) error {
	s.got = received{from: from, options: *options}
	return s.relay.refuse["MAIL"]
}

func (s *relaySession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.got.to = to
	return s.relay.refuse["RCPT"]
}

func (s *relaySession) Data(r io.Reader) error {
	var err error
	if s.got.data, err = io.ReadAll(r); err != nil {
		return err
	}
	if err := s.relay.refuse["DATA"]; err != nil {
		return err
	}
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	s.relay.taken = append(s.relay.taken, s.got)
	return nil
}

// certify makes a certificate for a host, and the authority it is signed by.
func certify(t testing.TB, host string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// A script is a relay that says what a test wants, line by line. After a line that is to be answered with "drop" it hangs up,
// and with "hang" it says nothing more.
func startScript(t *testing.T, answers map[string]string) (port int, heard func() string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var lines bytes.Buffer
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer conn.Close()
				playScript(conn, answers, func(line string) {
					mu.Lock()
					defer mu.Unlock()
					lines.WriteString(line + "\n")
				})
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		group.Wait()
	})
	return listener.Addr().(*net.TCPAddr).Port, func() string {
		mu.Lock()
		defer mu.Unlock()
		return lines.String()
	}
}

func playScript(conn net.Conn, answers map[string]string, heard func(string)) {
	usual := map[string]string{
		"": "220 script", "EHLO": "250-script\r\n250 8BITMIME", "HELO": "250 script", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on",
		".": "250 taken", "QUIT": "221 bye", "RSET": "250 ok",
	}
	say := func(verb string) bool {
		answer, ok := answers[verb]
		if !ok {
			answer = usual[verb]
		}
		switch answer {
		case "drop":
			return false
		case "hang":
			_, _ = io.Copy(io.Discard, conn) // until the other side gives up
			return false
		case "drip": // a byte now and then, never a line
			for {
				if _, err := conn.Write([]byte("2")); err != nil {
					return false
				}
				time.Sleep(5 * time.Millisecond)
			}
		case "flood":
			for {
				if _, err := conn.Write(bytes.Repeat([]byte("2"), 4096)); err != nil {
					return false
				}
			}
		}
		_, err := conn.Write([]byte(answer + "\r\n"))
		return err == nil
	}
	if !say("") {
		return
	}
	reader, inData := newLines(conn), false
	for line := range reader {
		heard(line)
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		if inData && line != "." {
			continue
		}
		if !say(verb) {
			return
		}
		inData = verb == "DATA" && answers["DATA"] == ""
	}
}

// newLines are the lines of a connection, until it ends.
func newLines(r io.Reader) func(func(string) bool) {
	return func(yield func(string) bool) {
		var pending []byte
		buffer := make([]byte, 4096)
		for {
			n, err := r.Read(buffer)
			pending = append(pending, buffer[:n]...)
			for {
				line, rest, found := bytes.Cut(pending, []byte("\r\n"))
				if !found {
					break
				}
				pending = rest
				if !yield(string(line)) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}
