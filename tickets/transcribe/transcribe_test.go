package transcribe

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"readback/testdata/fakeopenai"
	"readback/tickets"
	"readback/tickets/egress"
)

const key = "sk-hush-4711"

// sound is a WAV of so many bytes of silence.
func sound(bytes int, rate uint32) io.Reader {
	return io.MultiReader(strings.NewReader(wavHeader(uint32(bytes), rate)), io.LimitReader(silence{}, int64(bytes)))
}

func wavHeader(bytes, rate uint32) string {
	var h [header]byte
	le := binary.LittleEndian
	copy(h[0:], "RIFF")
	le.PutUint32(h[4:], bytes+header-8)
	copy(h[8:], "WAVEfmt ")
	le.PutUint32(h[16:], 16)
	le.PutUint16(h[20:], 1)
	le.PutUint16(h[22:], 1)
	le.PutUint32(h[24:], rate)
	le.PutUint32(h[28:], 2*rate)
	le.PutUint16(h[32:], 2)
	le.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	le.PutUint32(h[40:], bytes)
	return string(h[:])
}

type silence struct{}

func (silence) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// on is an API that a server of the test is.
func on(t *testing.T, handler http.Handler, change func(*Config)) *API {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c := Config{URL: server.URL, Key: key, Model: "whisper-1", Plain: true, Client: &egress.Client{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	if change != nil {
		change(&c)
	}
	api, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Client.Close)
	return api
}

func TestTranscribe(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*Config)
		language string
		want     fakeopenai.Request
		got      tickets.Transcript
	}{
		"in the language of the call": {
			language: "en-GB",
			want:     fakeopenai.Request{Model: "whisper-1", Language: "en", Format: "json", File: "recording.wav", Rate: 16000, Bytes: 32044},
			got:      tickets.Transcript{Text: "Nothing works.", Language: "en", Model: "whisper-1"},
		},
		"in whatever language": {
			change: func(c *Config) { c.Detect, c.Model = true, "gpt-4o-transcribe" }, language: "fr-FR",
			want: fakeopenai.Request{Model: "gpt-4o-transcribe", Format: "json", File: "recording.wav", Rate: 16000, Bytes: 32044},
			got:  tickets.Transcript{Text: "Nothing works.", Model: "gpt-4o-transcribe"},
		},
		"of a language without two letters, at an address with v1": {
			change: func(c *Config) { c.URL += "/v1/" }, language: "yue-HK",
			want: fakeopenai.Request{Model: "whisper-1", Format: "json", File: "recording.wav", Rate: 16000, Bytes: 32044},
			got:  tickets.Transcript{Text: "Nothing works.", Model: "whisper-1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := &fakeopenai.Server{Key: key, Hear: func(fakeopenai.Request) string { return "Nothing works." }}
			api := on(t, server, test.change)
			got, err := api.Transcribe(t.Context(), tickets.Speech{Name: "call-7.wav", Language: test.language, Sound: sound(32000, 16000)})
			if err != nil || got != test.got {
				t.Errorf("got %+v, %v, want %+v", got, err, test.got)
			}
			taken := server.Taken()
			if len(taken) != 1 || taken[0].Length < taken[0].Bytes {
				t.Fatalf("asked %+v, want once, with the length told beforehand", taken)
			}
			if taken[0].Length = 0; taken[0] != test.want {
				t.Errorf("asked %+v, want %+v", taken[0], test.want)
			}
		})
	}
}

func TestWhatIsNoSpeechIsNotSent(t *testing.T) {
	server := &fakeopenai.Server{}
	api := on(t, server, nil)
	got, err := api.Transcribe(t.Context(), tickets.Speech{Sound: sound(1000, 8000)})
	if err != nil || got.Text != "" {
		t.Errorf("a recording of 62 ms: got %+v, %v, want no text", got, err)
	}
	for name, recording := range map[string]string{
		"empty": "", "short": "RIFF", "another format": "ID3 and so on and on", "too long": wavHeader(128<<20, 8000), "no length": "RIFF\xff\xff\xff\xffWAVE", "less than nothing": "RIFF\x00\x00\x00\x00WAVE",
	} {
		if _, err := api.Transcribe(t.Context(), tickets.Speech{Sound: strings.NewReader(recording)}); !errors.Is(err, tickets.ErrRefused) {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
	broken := io.MultiReader(strings.NewReader("RIFF"), failing{})
	if _, err := api.Transcribe(t.Context(), tickets.Speech{Sound: broken}); err == nil || errors.Is(err, tickets.ErrRefused) {
		t.Errorf("a recording that cannot be read: got %v, want a failure that may pass", err)
	}
	if server.Times() != 0 {
		t.Errorf("it was asked %d times", server.Times())
	}
	cut := strings.NewReader(wavHeader(32000, 8000) + "and then the disk broke")
	if _, err := api.Transcribe(t.Context(), tickets.Speech{Sound: cut}); err == nil || errors.Is(err, tickets.ErrRefused) || len(server.Taken()) != 0 {
		t.Errorf("a recording that ends early: got %v, want a failure that may pass", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

// TestFailures has the service fail in the ways that are known of such.
func TestFailures(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	says := func(status int, header, body string) func(*fakeopenai.Server, *Config) {
		return func(s *fakeopenai.Server, _ *Config) {
			s.Fail = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				if name, value, ok := strings.Cut(header, ": "); ok {
					w.Header().Set(name, value)
				}
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
				return true
			}
		}
	}
	for name, test := range map[string]struct {
		fails func(*fakeopenai.Server, *Config)
		want  string // again, refused, or how long to wait
		says  string
	}{
		"wrong key":         {func(_ *fakeopenai.Server, c *Config) { c.Key += "x" }, "refused", "recording.transcribe.key"},
		"no key":            {func(_ *fakeopenai.Server, c *Config) { c.Key = "" }, "refused", "recording.transcribe.key"},
		"forbidden":         {says(403, "", `{"error":{"message":"`+key+` has no access"}}`), "refused", "recording.transcribe.key"},
		"unknown model":     {func(_ *fakeopenai.Server, c *Config) { c.Model = "whisper-9" }, "refused", "The model `whisper-9` does not exist"},
		"another address":   {func(_ *fakeopenai.Server, c *Config) { c.URL += "/api" }, "refused", "look at url and model"},
		"too large":         {func(s *fakeopenai.Server, _ *Config) { s.Max = 1000 }, "refused", "the recording has 32044 bytes"},
		"no WAV":            {says(415, "", ""), "refused", "it takes no WAV"},
		"bad request":       {says(400, "", `{"error":{"message":"it repeats `+key+`\n\u202eand   more"}}`), "refused", "(it repeats [key] \u202eand more)"},
		"says it elsewhere": {says(422, "", `{"detail":"Model not found"}`), "refused", "(Model not found)"},
		"says it plainly":   {says(422, "", `{"error":"no such model"}`), "refused", "(no such model)"},
		"rate limit":        {says(429, "Retry-After: 20", `{"error":{"message":"Rate limit reached"}}`), "20s", "(Rate limit reached)"},
		"no quota":          {says(429, "", `{"error":{"message":"You exceeded your current quota"}}`), "again", "exceeded your current quota"},
		"overloaded":        {says(503, "Retry-After: 7", "<html>"), "7s", "503"},
		"broken":            {says(500, "", ""), "again", "500"},
		"bad gateway":       {says(502, "", "<html>"), "again", "502"},
		"redirect":          {says(307, "Location: http://127.0.0.1/", ""), "again", "redirects are not followed"},
		"not JSON":          {says(200, "", "Nothing works."), "again", "no JSON of a transcription"},
		"a list":            {says(200, "", `["Nothing works."]`), "again", "no JSON of a transcription"},
		"no text":           {says(200, "", `{"error":null}`), "again", "has no text"},
		"huge":              {says(200, "", `{"text":"`+strings.Repeat("x", maxAnswer)+`"}`), "again", "longer than"},
		"cut off":           {says(200, "Content-Length: 1000", `{"text":"Noth`), "again", "unexpected EOF"},
		"hangs up":          {func(s *fakeopenai.Server, _ *Config) { s.Fail = hangUp }, "again", ""},
		"slow": {func(s *fakeopenai.Server, c *Config) {
			c.Patience = 100 * time.Millisecond
			s.Fail = func(_ int, _ http.ResponseWriter, r *http.Request) bool { return waits(r) }
		}, "again", "no answer within 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			server := &fakeopenai.Server{Key: key}
			api := on(t, server, func(c *Config) {
				c.Now = func() time.Time { return now }
				test.fails(server, c)
			})
			heard, err := api.Transcribe(t.Context(), tickets.Speech{Language: "en-US", Sound: sound(32000, 16000)})
			if err == nil {
				t.Fatalf("got %+v, want a failure", heard)
			}
			got := "again"
			if wait, ok := errors.AsType[*tickets.Later](err); ok {
				got = wait.At.Sub(now).String()
			} else if errors.Is(err, tickets.ErrRefused) {
				got = "refused"
			}
			if got != test.want || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %s: %v, want %s: %s", got, err, test.want, test.says)
			}
		})
	}
}

// hangUp closes the connection in place of an answer.
func hangUp(_ int, w http.ResponseWriter, _ *http.Request) bool {
	connection, _, err := http.NewResponseController(w).Hijack()
	return err != nil || connection.Close() == nil
}

// waits until nobody waits for the answer.
func waits(r *http.Request) bool {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	return true
}

func TestEndsWithItsContext(t *testing.T) {
	listens := make(chan struct{})
	server := &fakeopenai.Server{Fail: func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		close(listens)
		return waits(r)
	}}
	api := on(t, server, nil)
	stopping := errors.New("the gateway stops")
	ctx, stop := context.WithCancelCause(t.Context())
	go func() {
		<-listens
		stop(stopping)
	}()
	if _, err := api.Transcribe(ctx, tickets.Speech{Sound: sound(32000, 8000)}); !errors.Is(err, stopping) {
		t.Errorf("got %v, want its cause", err)
	}
}

func TestNothingInsideIsReachedUnlessAllowed(t *testing.T) {
	server := &fakeopenai.Server{}
	api := on(t, server, func(c *Config) { c.Client.Allow = nil })
	_, err := api.Transcribe(t.Context(), tickets.Speech{Sound: sound(32000, 8000)})
	if err == nil || !strings.Contains(err.Error(), "not on the public internet") || server.Times() != 0 {
		t.Errorf("got %v after %d requests, want a refusal to dial", err, server.Times())
	}
	for _, c := range []Config{{URL: "http://hush.example.com", Model: "whisper-1"}, {URL: "hush", Model: "whisper-1"}, {URL: "https://hush.example.com"}} {
		if _, err := New(c); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%+v: got %v, want a refusal without the address", c, err)
		}
	}
}

// TestALongRecordingIsNotHeldInMemory sends half an hour of 16 kHz.
func TestALongRecordingIsNotHeldInMemory(t *testing.T) {
	server := &fakeopenai.Server{Max: 64 << 20}
	api := on(t, server, nil)
	const length = 30 * 60 * 16000 * 2
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := api.Transcribe(t.Context(), tickets.Speech{Sound: sound(length, 16000)}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if taken := server.Taken(); len(taken) != 1 || taken[0].Bytes != length+header {
		t.Errorf("it got %+v", taken)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d bytes are allocated for %d", grown, length)
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"text":"Nothing works."}`, `{"text":"","language":"english","duration":1.5,"segments":[{"text":"x"}]}`, `{"text":null}`, `{"error":{"message":"` + key + `"}}`, `{"error":"` + key + `","detail":[]}`, "", "{", "\xff", `{"text":"\ud800\u202e"}`} {
		f.Add([]byte(seed), 400)
		f.Add([]byte(seed), 429)
	}
	api, err := New(Config{URL: "https://api.example.com", Key: key, Model: "whisper-1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		if said, err := parse(body); err == nil && len(said.Text) > 3*len(body) {
			t.Errorf("%d bytes of %d", len(said.Text), len(body))
		}
		err := api.verdict(egress.Answer{Status: status, Header: http.Header{}, Body: body}, 44)
		if (err == nil) != (status >= 200 && status < 300) || err != nil && (strings.Contains(err.Error(), key) || len(err.Error()) > maxSaid+300) {
			t.Errorf("%d: %v", status, err)
		}
	})
}

func FuzzMeasured(f *testing.F) {
	f.Add([]byte(wavHeader(0, 8000)))
	f.Add([]byte(wavHeader(8, 8000) + "eight by and more"))
	f.Add([]byte("RIFF"))
	f.Fuzz(func(t *testing.T, recording []byte) {
		measured, size, err := measured(bytes.NewReader(recording))
		if err != nil {
			return
		}
		read, err := io.ReadAll(measured)
		if want := min(int64(len(recording)), size); err != nil || int64(len(read)) != want || !bytes.HasPrefix(recording, read) {
			t.Errorf("read %d of %d, %v, want %d", len(read), len(recording), err, want)
		}
	})
}

func BenchmarkForm(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r := form(sound(320_000, 16000), 320_044, tickets.Transcript{Model: "whisper-1", Language: "en"})
		if n, err := io.Copy(io.Discard, r.Stream); err != nil || n != r.Size {
			b.Fatal(fmt.Errorf("%d of %d bytes: %w", n, r.Size, err))
		}
	}
}
