// Package fakeopenai is a fake of OpenAI's audio API, for tests: it follows the public description of
// POST /v1/audio/transcriptions, and fails in the ways that are known of such services when a test wants that.
package fakeopenai

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

// A Request is what was asked, once it was taken.
type Request struct {
	Model    string
	Language string
	Format   string
	File     string // its name
	Rate     int    // of the sound, Hz
	Bytes    int64  // of the file
	Length   int64  // of the request as announced; -1: it was not
}

// A Server is the API. Its zero value takes every key.
type Server struct {
	Key  string // that it takes; empty: any
	Max  int64  // bytes of a file; zero: 25 MiB
	Hear func(Request) string
	// Fail, when set, may answer in place of the API, by the count of requests from 1; it reports whether it did.
	Fail func(times int, w http.ResponseWriter, r *http.Request) bool

	mu    sync.Mutex
	times int
	taken []Request
}

// models take a file. Those after the first give their answers as json only.
var models = []string{"whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"}

var endings = []string{".flac", ".mp3", ".mp4", ".mpeg", ".mpga", ".m4a", ".ogg", ".wav", ".webm"}

// Taken are the requests that were answered with a text.
func (s *Server) Taken() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.taken)
}

// Times is how often it was asked.
func (s *Server) Times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.times
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.times++
	times := s.times
	s.mu.Unlock()
	if s.Fail != nil && s.Fail(times, w, r) {
		return
	}
	asked, err := s.take(r)
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		refusal.Write(w)
		return
	}
	if err != nil {
		(&Refusal{Status: http.StatusBadRequest, Message: "Could not parse multipart form"}).Write(w)
		return
	}
	text := ""
	if s.Hear != nil {
		text = s.Hear(asked)
	}
	s.mu.Lock()
	s.taken = append(s.taken, asked)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"text": text, "usage": map[string]any{"type": "duration", "seconds": asked.Bytes / int64(2*max(asked.Rate, 1))}}
	if asked.Format == "verbose_json" {
		answer["task"], answer["language"] = "transcribe", "english"
	}
	_ = json.NewEncoder(w).Encode(answer) // who asked may be gone
}

// A Refusal is an error as the API has it.
type Refusal struct {
	Status        int
	Message, Code string
}

func (e *Refusal) Error() string { return e.Message }

// Write answers with the refusal.
func (e *Refusal) Write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"message": e.Message, "type": "invalid_request_error", "param": nil, "code": e.Code,
	}})
}

func refuse(status int, code, format string, args ...any) error {
	return &Refusal{Status: status, Message: fmt.Sprintf(format, args...), Code: code}
}

// take reads a request without keeping its file.
func (s *Server) take(r *http.Request) (asked Request, err error) {
	if r.URL.Path != "/v1/audio/transcriptions" {
		return asked, refuse(http.StatusNotFound, "unknown_url", "Invalid URL (%s %s)", r.Method, r.URL.Path)
	}
	if r.Method != http.MethodPost {
		return asked, refuse(http.StatusMethodNotAllowed, "", "Not allowed to %s on %s", r.Method, r.URL.Path)
	}
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if s.Key != "" && (!bearer || key != s.Key) {
		return asked, refuse(http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided: %s.", key)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return asked, refuse(http.StatusUnsupportedMediaType, "", "Unsupported content type: %s", r.Header.Get("Content-Type"))
	}
	asked = Request{Format: "json", Length: r.ContentLength, Bytes: -1}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return asked, s.check(asked)
		}
		if err == nil {
			err = s.read(&asked, part)
		}
		if err != nil {
			return asked, err
		}
	}
}

func (s *Server) read(asked *Request, part *multipart.Part) error {
	if part.FormName() == "file" {
		return s.listen(asked, part)
	}
	field, err := io.ReadAll(io.LimitReader(part, 1000))
	switch part.FormName() {
	case "model":
		asked.Model = string(field)
	case "language":
		asked.Language = string(field)
	case "response_format":
		asked.Format = string(field)
	default:
		return refuse(http.StatusBadRequest, "unknown_parameter", "Unknown parameter: '%s'.", part.FormName())
	}
	return err
}

// listen reads the file.
func (s *Server) listen(asked *Request, part *multipart.Part) error {
	asked.File = part.FileName()
	if !slices.Contains(endings, path.Ext(asked.File)) {
		return refuse(http.StatusBadRequest, "", "Unrecognized file format. Supported formats: %v", endings)
	}
	begin := make([]byte, 44)
	n, err := io.ReadFull(part, begin)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if n < len(begin) || string(begin[:4]) != "RIFF" || string(begin[8:12]) != "WAVE" {
		return refuse(http.StatusBadRequest, "", "Invalid file format.")
	}
	asked.Rate = int(binary.LittleEndian.Uint32(begin[24:]))
	limit := s.Max
	if limit == 0 {
		limit = 25 << 20
	}
	rest, err := io.Copy(io.Discard, io.LimitReader(part, limit))
	asked.Bytes = int64(n) + rest
	switch {
	case err != nil:
		return err
	case asked.Bytes > limit:
		return refuse(http.StatusRequestEntityTooLarge, "", "Maximum content size limit (%d) exceeded", limit)
	}
	return nil
}

// check refuses what the description does not allow.
func (s *Server) check(asked Request) error {
	switch {
	case asked.Bytes < 0:
		return refuse(http.StatusBadRequest, "missing_required_parameter", "Missing required parameter: 'file'.")
	case !slices.Contains(models, asked.Model):
		return refuse(http.StatusNotFound, "model_not_found", "The model `%s` does not exist or you do not have access to it.", asked.Model)
	case asked.Language != "" && (len(asked.Language) != 2 || asked.Language != strings.ToLower(asked.Language)):
		return refuse(http.StatusBadRequest, "invalid_language_format", "Invalid language '%s'. Language parameter must be specified in ISO-639-1 format.", asked.Language)
	case asked.Format != "json" && asked.Model != models[0], !slices.Contains([]string{"json", "verbose_json"}, asked.Format):
		return refuse(http.StatusBadRequest, "unsupported_value", "response_format '%s' is not compatible with model '%s'.", asked.Format, asked.Model)
	case asked.Bytes < 44+int64(asked.Rate)*2/10:
		return refuse(http.StatusBadRequest, "audio_too_short", "Audio file is too short. Minimum audio length is 0.1 seconds.")
	}
	return nil
}
