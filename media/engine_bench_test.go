package media_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"readback/media"
)

// calls is how many the benchmarks below carry.
const calls = 200

// load is a gateway with calls over real sockets, played to and recorded, and the phones' engine.
type load struct {
	gate, phones *media.Engine
	at, from     []*media.Session
}

func newLoad(b *testing.B, n int) *load {
	b.Helper()
	engine := func(min uint16) *media.Engine {
		e, err := media.New(media.Config{Address: netip.MustParseAddr("127.0.0.1"), PortMin: min, PortMax: min + 4000, Quarantine: time.Millisecond})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(e.Close)
		return e
	}
	l := &load{gate: engine(40000), phones: engine(45000)}
	for range n {
		phone, gate := openB(b, l.phones), openB(b, l.gate)
		offer, err := phone.Offer()
		if err != nil {
			b.Fatal(err)
		}
		answer, err := gate.Answer(offer)
		if err != nil {
			b.Fatal(err)
		}
		if err := phone.Accept(answer); err != nil {
			b.Fatal(err)
		}
		l.at, l.from = append(l.at, gate), append(l.from, phone)
	}
	return l
}

func openB(b *testing.B, e *media.Engine) *media.Session {
	b.Helper()
	s, err := e.Open(media.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkCalls carries 200 calls with prompts and recording for some seconds, beside a bare sleeper of 20 ms, and reports
// the gaps over 40 ms of both, and how late the wheel was. Half of the processor time is that of the phones.
func BenchmarkCalls(b *testing.B) {
	before := rss(b)
	l := newLoad(b, calls)
	prompt := media.NewClip(babble(time.Minute, -22))
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{}, 3*calls)
	for i := range calls {
		go func() { _ = l.at[i].Play(ctx, prompt); done <- struct{}{} }()
		go func() { _ = l.from[i].Play(ctx, prompt); done <- struct{}{} }()
		go func() {
			f, err := os.Create(fmt.Sprintf("%s/%d.wav", b.TempDir(), i))
			if err == nil {
				_, _ = l.at[i].Record(ctx, f, media.RecordLimit{})
				_ = f.Close()
			}
			done <- struct{}{}
		}()
	}
	time.Sleep(2 * time.Second) // until all have begun
	begun := l.sum()
	sleeper := make(chan int)
	slept, wake := context.WithCancel(ctx)
	go bareSleeper(slept, sleeper)
	for b.Loop() {
		time.Sleep(5 * time.Second)
	}
	wake()
	ended := l.sum()
	memory := float64(rss(b)-before) / calls
	stop()
	for range 3 * calls {
		<-done
	}
	b.ReportMetric(float64(ended.Gaps-begun.Gaps)/calls, "gaps>40ms/call")
	b.ReportMetric(float64(<-sleeper), "bare-gaps>40ms")
	b.ReportMetric(float64(ended.Sent-begun.Sent), "packets")
	b.ReportMetric(float64(ended.Lost-begun.Lost), "lost")
	b.ReportMetric(memory/1000, "kB/call")
	for _, w := range l.gate.Load() {
		b.ReportMetric(100*w.Busy, "%busy")
		b.ReportMetric(w.Late99.Seconds()*1000, "late99-ms")
		b.ReportMetric(w.LateMax.Seconds()*1000, "latemax-ms")
	}
}

// sum adds up the gateway's calls.
func (l *load) sum() (sum media.Stats) {
	for _, s := range l.at {
		st := s.Stats()
		sum.Gaps, sum.Sent, sum.Lost = sum.Gaps+st.Gaps, sum.Sent+st.Sent, sum.Lost+st.Lost
	}
	return sum
}

// bareSleeper counts how often a sleep of 20 ms takes over 40.
func bareSleeper(ctx context.Context, result chan<- int) {
	gaps := 0
	for ctx.Err() == nil {
		began := time.Now()
		time.Sleep(20 * time.Millisecond)
		if time.Since(began) > 40*time.Millisecond {
			gaps++
		}
	}
	result <- gaps
}

// rss is the resident memory of this process in bytes.
func rss(b *testing.B) int64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc to read the memory from")
	}
	_, line, _ := strings.Cut(string(status), "VmRSS:")
	var kB int64
	if _, err := fmt.Sscan(line, &kB); err != nil {
		b.Fatal(err)
	}
	return kB * 1024
}

// BenchmarkKeyToPrompt is the time from a key's first packet to the first packet of the prompt that follows, both as the
// phone's socket sees them.
func BenchmarkKeyToPrompt(b *testing.B) {
	phone, gate := rawPhone(b)
	go func() {
		for {
			if _, err := gate.ReadKey(b.Context()); err != nil {
				return
			}
			_ = gate.Play(b.Context(), media.Tone(400, 40*time.Millisecond))
		}
	}()
	var worst, all time.Duration
	n := 0
	for b.Loop() {
		time.Sleep(100*time.Millisecond + time.Duration(n%20)*time.Millisecond) // another phase each time
		phone.drain()
		began := time.Now()
		phone.key(b, uint32(n)*8000)
		phone.untilSound(b)
		took := time.Since(began)
		worst, all, n = max(worst, took), all+took, n+1
	}
	b.ReportMetric(float64(all.Microseconds())/1000/float64(n), "ms")
	b.ReportMetric(float64(worst.Microseconds())/1000, "ms-worst")
}

// wirePhone is a phone that is only a socket.
type wirePhone struct {
	*net.UDPConn
	to       netip.AddrPort
	sequence uint16
}

func rawPhone(tb testing.TB) (*wirePhone, *media.Session) {
	tb.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	e, err := media.New(media.Config{PortMin: 41000, PortMax: 44999, Quarantine: time.Millisecond})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(e.Close)
	s, err := e.Open(media.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	port := conn.LocalAddr().(*net.UDPAddr).Port
	if _, err := s.Answer(fmt.Appendf(nil, "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio %d RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\n", port)); err != nil {
		tb.Fatal(err)
	}
	return &wirePhone{UDPConn: conn, to: s.LocalAddr()}, s
}

// key sends the one packet of a press.
func (p *wirePhone) key(tb testing.TB, timestamp uint32) {
	tb.Helper()
	packet := binary.BigEndian.AppendUint16([]byte{0x80, 101}, p.sequence)
	packet = binary.BigEndian.AppendUint32(packet, timestamp)
	packet = append(packet, 1, 2, 3, 4, 5, 0x8A, 0, 160)
	p.sequence++
	if _, err := p.WriteToUDPAddrPort(packet, p.to); err != nil {
		tb.Fatal(err)
	}
}

// drain forgets what has come.
func (p *wirePhone) drain() {
	var packet [1500]byte
	_ = p.SetReadDeadline(time.Now().Add(time.Millisecond))
	for {
		if _, err := p.Read(packet[:]); err != nil {
			return
		}
	}
}

// untilSound waits for a packet that is not silence.
func (p *wirePhone) untilSound(tb testing.TB) {
	tb.Helper()
	var packet [1500]byte
	_ = p.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		n, err := p.Read(packet[:])
		if err != nil {
			tb.Fatal(err)
		}
		if n == 172 && packet[60] != 0xFF {
			return
		}
	}
}
