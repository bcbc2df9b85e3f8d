package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rules are what the tags of a field demand of its value. The jsonschema tag is shared with the JSON Schema, so that
// an editor and the gateway agree; between bounds durations; fix tells how to write what a pattern refuses.
type rules struct {
	required           bool
	unique             bool
	enum               []string
	pattern            *regexp.Regexp
	fix                string
	min, max           *int
	minItems, maxItems int
	minLength          int
	maxLength          int
	shortest, longest  *Duration
}

// check holds a single value, read from text, against the rules.
func (r rules) check(v reflect.Value, text string) error {
	if d, ok := v.Interface().(Duration); ok {
		return r.checkDuration(d)
	}
	switch v.Kind() {
	case reflect.Int:
		return r.checkInt(int(v.Int()))
	case reflect.String:
		return r.checkText(text)
	}
	return nil
}

func (r rules) checkDuration(d Duration) error {
	switch {
	case r.shortest != nil && d < *r.shortest:
		return &malformed{"is too short", fmt.Sprintf("give %s to %s", r.shortest, r.longest)}
	case r.longest != nil && d > *r.longest:
		return &malformed{"is too long", fmt.Sprintf("give %s to %s", r.shortest, r.longest)}
	}
	return nil
}

func (r rules) checkInt(n int) error {
	if r.min != nil && n < *r.min || r.max != nil && n > *r.max {
		return &malformed{"is out of range", fmt.Sprintf("give %d to %d", *r.min, *r.max)}
	}
	return nil
}

func (r rules) checkText(text string) error {
	length := utf8.RuneCountInString(text)
	switch {
	case r.enum != nil && !slices.Contains(r.enum, text):
		fix := "choose from " + choices(r.enum)
		if like := nearest(text, r.enum); like != "" {
			fix = "did you mean " + like + "?"
		}
		return &malformed{"is not one of the choices", fix}
	case r.minLength == 1 && text == "":
		return &malformed{"is empty", "give a value, or remove the line to keep the default"}
	case text != "" && length < r.minLength:
		return &malformed{fmt.Sprintf("is %d characters long", length), fmt.Sprintf("give at least %d", r.minLength)}
	case r.maxLength > 0 && length > r.maxLength:
		return &malformed{fmt.Sprintf("is %d characters long", length), fmt.Sprintf("give at most %d", r.maxLength)}
	case r.pattern != nil && !r.pattern.MatchString(text):
		return &malformed{"is not written right", r.fix}
	}
	return nil
}

// field is one key of a map in the file, and where it goes.
type field struct {
	reflect.StructField
	rules rules
}

// fieldSet is the keys that a struct has.
type fieldSet struct {
	names  []string
	byName map[string]field
}

// fieldsOf is the keys of a struct type.
func (r *reader) fieldsOf(t reflect.Type) fieldSet {
	if known, ok := r.types[t]; ok {
		return known
	}
	set := fieldSet{byName: map[string]field{}}
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" {
			set.names = append(set.names, name)
			set.byName[name] = field{f, rulesOf(f.Tag)}
		}
	}
	r.types[t] = set
	return set
}

// rulesOf reads the tags of a field. It panics on tags that cannot be understood, which are part of the program.
func rulesOf(tag reflect.StructTag) rules {
	r := rules{fix: tag.Get("fix")}
	for word := range strings.SplitSeq(tag.Get("jsonschema"), ",") {
		name, value, _ := strings.Cut(word, "=")
		n, _ := strconv.Atoi(value)
		switch name {
		case "":
		case "required":
			r.required = true
		case "uniqueItems":
			r.unique = true
		case "enum":
			r.enum = append(r.enum, value)
		case "pattern":
			r.pattern = regexp.MustCompile(value)
		case "minimum":
			r.min = &n
		case "maximum":
			r.max = &n
		case "minItems":
			r.minItems = n
		case "maxItems":
			r.maxItems = n
		case "minLength":
			r.minLength = n
		case "maxLength":
			r.maxLength = n
		default:
			panic("config: unknown rule " + name)
		}
	}
	if between := tag.Get("between"); between != "" {
		low, high, _ := strings.Cut(between, ",")
		r.shortest, r.longest = new(Duration), new(Duration)
		if r.shortest.UnmarshalText([]byte(low)) != nil || r.longest.UnmarshalText([]byte(high)) != nil {
			panic("config: unknown bounds " + between)
		}
	}
	return r
}
