package tickets

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// What an incident may hold.
const (
	MaxIncidentText = 2000        // bytes in each language
	MaxSound        = 2 << 20     // bytes of each recording: a minute of WAV at 16 kHz
	maxLanguages    = 20          // of an incident
	maxTouched      = 50          // regions, and products
	announced       = 3           // incidents that a caller is told of
	incidentLetters = "incident:" // IDs of what is sent about incidents
)

// An IncidentState is where an incident stands.
type IncidentState string

// The states. A proposal that agents turn down is resolved without having been declared.
const (
	IncidentProposed IncidentState = "proposed" // many tickets look like one problem; callers hear nothing of it
	IncidentDeclared IncidentState = "declared" // callers hear of it
	IncidentResolved IncidentState = "resolved"
)

// An Incident is one problem of many customers.
type Incident struct {
	ID         string            `json:"id"`
	State      IncidentState     `json:"state"`
	Priority   Priority          `json:"priority"`           // of the tickets of callers who attach themselves
	Regions    []string          `json:"regions,omitempty"`  // countries of the numbers whose callers are told, ISO 3166; none: all
	Products   []string          `json:"products,omitempty"` // touched, for people
	Text       map[string]string `json:"text,omitempty"`     // what is known, by language, for letters
	Sounds     map[string]string `json:"sounds,omitempty"`   // digests of recordings of it, by language
	Resolution map[string]string `json:"resolution,omitempty"`
	By         string            `json:"by"`                // who changed it last
	Tickets    []Number          `json:"tickets,omitempty"` // that it was proposed for
	Close      bool              `json:"close,omitempty"`   // resolving it resolves the tickets
	News       int               `json:"news"`              // how often those attached were written to
	Created    time.Time         `json:"created_at"`
	Declared   time.Time         `json:"declared_at,omitzero"`
	Changed    time.Time         `json:"changed_at"`
	Resolved   time.Time         `json:"resolved_at,omitzero"`
}

// Touches reports whether callers of numbers of a country are told of the incident.
func (i Incident) Touches(region string) bool {
	return len(i.Regions) == 0 || slices.Contains(i.Regions, region)
}

// Said is the digest of the recording for somebody who hears a language, and the language it is in: that one, or another
// one of the same primary subtag (RFC 4647 section 3.4).
func (i Incident) Said(language string) (locale, digest string, ok bool) {
	return speaks(i.Sounds, language)
}

// Written is what is to be written about the incident in a language, or in English, or in any.
func (i Incident) Written(language string) string {
	texts := i.Text
	if i.State == IncidentResolved && len(i.Resolution) > 0 {
		texts = i.Resolution
	}
	for _, tag := range []string{language, "en"} {
		if _, text, ok := speaks(texts, tag); ok {
			return text
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(texts)) {
		return texts[tag]
	}
	return ""
}

// speaks finds what there is in a language, exactly or by its primary subtag.
func speaks(by map[string]string, language string) (tag, what string, ok bool) {
	if what, ok := by[language]; ok {
		return language, what, true
	}
	primary, _, _ := strings.Cut(language, "-")
	for _, tag := range slices.Sorted(maps.Keys(by)) {
		if other, _, _ := strings.Cut(tag, "-"); other == primary {
			return tag, by[tag], true
		}
	}
	return "", "", false
}

// bounded is the incident with everything fit to keep, or what is wrong with it.
func (i Incident) bounded() (Incident, error) {
	if i.Priority == 0 {
		i.Priority = P2
	}
	if !i.Priority.Valid() {
		return i, fmt.Errorf("priority: %w: use P1, P2, P3 or P4", ErrInvalid)
	}
	if i.By = clean(i.By, maxShort); i.By == "" {
		return i, fmt.Errorf("%w: say who does it", ErrInvalid)
	}
	if len(i.Regions) > maxTouched || len(i.Products) > maxTouched {
		return i, fmt.Errorf("regions and products: %w: name at most %d of each", ErrInvalid, maxTouched)
	}
	for _, region := range i.Regions {
		if len(region) != 2 || strings.Trim(region, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return i, fmt.Errorf("region %.10q: %w: write the ISO 3166 code of a country, like US", region, ErrInvalid)
		}
	}
	for _, product := range i.Products {
		if err := checkText("product", product, maxShort); err != nil {
			return i, err
		}
	}
	for name, texts := range map[string]map[string]string{"text": i.Text, "resolution": i.Resolution} {
		if err := checkTexts(name, texts); err != nil {
			return i, err
		}
	}
	return i, nil
}

func checkTexts(name string, texts map[string]string) error {
	if len(texts) > maxLanguages {
		return fmt.Errorf("%s: %w: write it in at most %d languages", name, ErrInvalid, maxLanguages)
	}
	for tag, text := range texts {
		if err := checkLanguage(tag); err != nil || tag == "" {
			return fmt.Errorf("%s: %w: name its language, like en-US", name, ErrInvalid)
		}
		if err := checkText(name, strings.NewReplacer("\n", " ", "\t", " ").Replace(text), MaxIncidentText); err != nil {
			return err
		}
	}
	return nil
}
