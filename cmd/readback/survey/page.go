package survey

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"readback/tickets"
)

//go:embed page.html.tmpl
var pageText string

//go:embed page.css
var style string

var (
	styleHash = hashOf(style)
	pageHTML  = template.Must(template.New("page").Parse(pageText))
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// A page is what the template sees.
type page struct {
	Message string // which of the messages, or empty
	Wrong   bool   // the message is about what was entered
	Form    bool
	Number  string
	Score   int
	Comment string
	Vendor  string
	Text    string
	Words   *words
	Style   template.CSS
	Scores  []score
	Max     int
}

type score struct {
	Value   int
	Label   string
	Checked bool
}

func (v visit) page(message string) page {
	groups := v.ticket.Number.Groups()
	return page{Message: message, Number: groups[0] + " " + groups[1], Score: v.vote.Score, Comment: v.vote.Comment}
}

// say sends a page.
func (p *Pages) say(w http.ResponseWriter, status int, words *words, out page) {
	out.Vendor, out.Words, out.Style, out.Max = p.Vendor, words, template.CSS(style), tickets.MaxComment //nolint:gosec // it is embedded
	out.Text = words.Messages[out.Message]
	for value := tickets.MinScore; value <= tickets.MaxScore; value++ {
		out.Scores = append(out.Scores, score{Value: value, Label: words.Scores[value-tickets.MinScore], Checked: value == out.Score})
	}
	var body bytes.Buffer
	if err := pageHTML.Execute(&body, out); err != nil {
		p.log().Error("a survey page could not be written", "error", err)
		http.Error(w, "not available", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", words.Language)
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// wordsIn are the words in the language of a ticket: French, or else English.
func wordsIn(language string) *words {
	if primary, _, _ := strings.Cut(strings.ToLower(language), "-"); primary == "fr" {
		return &french
	}
	return &english
}

// wordsOf are those for somebody of whom no ticket is known: the first language that the browser asks for and we have.
func wordsOf(r *http.Request) *words {
	for entry := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(entry), ";")
		switch primary, _, _ := strings.Cut(strings.ToLower(tag), "-"); primary {
		case "fr":
			return &french
		case "en":
			return &english
		}
	}
	return &english
}
