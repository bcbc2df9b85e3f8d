package notify

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	text "text/template"
)

//go:embed templates
var shippedTemplates embed.FS

// MailTemplates are the shipped templates, with a README.txt that says what they may use.
func MailTemplates() fs.FS {
	files, err := fs.Sub(shippedTemplates, "templates")
	if err != nil {
		panic(err) // the name is right: a test reads it
	}
	return files
}

// maxTemplate is the size in bytes of the largest template that is read, and of the largest letter that one makes.
const maxTemplate = 256 << 10

// mailTemplates are the words of letters by language, and the two pages that they stand in.
//
// Words are written once, for both: templates/en-US/survey.tmpl and its like define "subject", "heading" and "body", whose
// paragraphs are separated by empty lines, and may define "facts" and "actions", a line for each, like "Number | 4821 5906" and
// "Rate us | https://…". What a language's letters have in common is in its common.tmpl. The pages are layout.html.tmpl, which
// escapes all of it, and layout.txt.tmpl.
type mailTemplates struct {
	words map[string]map[string]*text.Template // by language and kind
	html  *template.Template
	text  *text.Template
}

// A mailPage is a letter, written.
type mailPage struct {
	language, subject, text, html string
}

// A mailLayout is what the pages see.
type mailLayout struct {
	Language, Subject, Heading, Vendor, Footer string
	Body                                       []string
	Facts, Actions                             [][2]string
}

// loadMailTemplates reads the shipped templates with an operator's own laid over them, file by file. A directory of another
// language is one more language.
func loadMailTemplates(own fs.FS) (*mailTemplates, error) {
	layers := layers{MailTemplates()}
	if own != nil {
		layers = append(layers, own)
	}
	w := &mailTemplates{words: map[string]map[string]*text.Template{}}
	page, err := layers.read("layout.html.tmpl")
	if err != nil {
		return nil, err
	}
	if w.html, err = template.New("layout.html.tmpl").Option("missingkey=error").Parse(page); err != nil {
		return nil, err
	}
	if page, err = layers.read("layout.txt.tmpl"); err != nil {
		return nil, err
	}
	if w.text, err = text.New("layout.txt.tmpl").Option("missingkey=error").Parse(page); err != nil {
		return nil, err
	}
	for _, language := range layers.directories() {
		if w.words[language], err = layers.language(language); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// layers are directories laid one over the other, the last on top.
type layers []fs.FS

func (l layers) read(name string) (string, error) {
	for _, layer := range slices.Backward(l) {
		content, err := fs.ReadFile(layer, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && len(content) > maxTemplate:
			err = fmt.Errorf("%s has over %d bytes", name, maxTemplate)
		}
		if err != nil {
			return "", fmt.Errorf("a template: %w", err)
		}
		return string(content), nil
	}
	return "", fmt.Errorf("a template is missing: %w", &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist})
}

// directories are the languages that any layer has, sorted.
func (l layers) directories() []string {
	var names []string
	for _, layer := range l {
		entries, _ := fs.ReadDir(layer, ".")
		for _, entry := range entries {
			if entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
				names = append(names, entry.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// language reads the words of one language, by kind.
func (l layers) language(name string) (map[string]*text.Template, error) {
	common, err := l.read(name + "/common.tmpl")
	if err != nil {
		return nil, err
	}
	words := map[string]*text.Template{}
	for _, kind := range mailKinds {
		own, err := l.letter(name, kind)
		if err != nil {
			return nil, err
		}
		t, err := text.New(name + "/common.tmpl").Option("missingkey=error").Parse(common)
		if err == nil {
			t, err = t.New(name + "/" + kind + ".tmpl").Parse(own)
		}
		if err != nil {
			return nil, err
		}
		words[kind] = t
	}
	return words, nil
}

// letter is one letter in a language, or else as the same language has it for another country.
func (l layers) letter(language, kind string) (string, error) {
	own, err := l.read(language + "/" + kind + ".tmpl")
	primary, _, _ := strings.Cut(language, "-")
	for _, other := range l.directories() {
		if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(other, primary+"-") {
			if lent, missing := l.read(other + "/" + kind + ".tmpl"); missing == nil {
				return lent, nil
			}
		}
	}
	return own, err
}

// languages are those there are words in, sorted.
func (w *mailTemplates) languages() []string { return slices.Sorted(maps.Keys(w.words)) }

// language is the one there is that comes nearest: English of the United States for that of its neighbours, British for all
// other English, any other language for that of its other countries.
func (w *mailTemplates) language(wanted string) string {
	if _, ok := w.words[wanted]; ok {
		return wanted
	}
	primary, region, _ := strings.Cut(wanted, "-")
	british := primary == "en" && region != "" && !slices.Contains([]string{"CA", "PH", "PR"}, region)
	if _, ok := w.words["en-GB"]; ok && british {
		return "en-GB"
	}
	for _, language := range w.languages() {
		if near, _, _ := strings.Cut(language, "-"); near == primary && primary != "en" {
			return language
		}
	}
	return "en-US"
}

// write writes a letter.
func (w *mailTemplates) write(v mailView) (mailPage, error) {
	words, ok := w.words[v.Language][v.Kind]
	if !ok {
		return mailPage{}, fmt.Errorf("there is no letter of kind %q", v.Kind)
	}
	blocks := map[string]string{}
	for name, needed := range map[string]bool{"subject": true, "heading": true, "body": true, "footer": true, "facts": false, "actions": false} {
		block := words.Lookup(name)
		if block == nil {
			continue
		}
		var out bytes.Buffer
		if err := block.Execute(&out, v); err != nil {
			return mailPage{}, err
		}
		blocks[name] = strings.TrimSpace(out.String())
		if needed && blocks[name] == "" {
			return mailPage{}, fmt.Errorf("%s: %q is empty", words.Name(), name)
		}
	}
	return w.pages(v, blocks)
}

// pages puts the words of a letter into its pages.
func (w *mailTemplates) pages(v mailView, blocks map[string]string) (mailPage, error) {
	page := mailLayout{
		Language: v.Language, Vendor: v.Vendor, Subject: oneLine(blocks["subject"], maxSubject), Heading: oneLine(blocks["heading"], maxSubject),
		Footer: oneLine(blocks["footer"], maxText), Body: paragraphs(blocks["body"]), Facts: pairs(blocks["facts"]),
	}
	for _, action := range pairs(blocks["actions"]) {
		if u, err := url.Parse(action[1]); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
			page.Actions = append(page.Actions, action)
		}
	}
	var plain, html bytes.Buffer
	if err := w.text.Execute(&plain, page); err != nil {
		return mailPage{}, err
	}
	if err := w.html.Execute(&html, page); err != nil {
		return mailPage{}, err
	}
	return mailPage{language: v.Language, subject: page.Subject, text: plain.String(), html: html.String()}, nil
}

// paragraphs are the texts between empty lines, each in one line.
func paragraphs(s string) (all []string) {
	for part := range strings.SplitSeq(s, "\n\n") {
		if line := oneLine(part, maxText); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// pairs are the lines "name | value".
func pairs(s string) (all [][2]string) {
	for line := range strings.SplitSeq(s, "\n") {
		if name, value, ok := strings.Cut(line, "|"); ok {
			all = append(all, [2]string{oneLine(name, maxName), oneLine(value, maxText)})
		}
	}
	return all
}
