package stir

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	maxEntries = 4096
	maxSPC     = 32
)

// tnAuthListOID is id-pe-TNAuthList (RFC 8226 section 9).
var tnAuthListOID = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 26}

// TNAuthList is which numbers a certificate may sign for (RFC 8226 section 9).
type TNAuthList struct {
	Providers []string // service provider codes: all numbers of that provider
	Ranges    []Range
	Numbers   []string // digits with country code
}

// Range is Count numbers from Start on, all with as many digits as Start.
type Range struct {
	Start string
	Count int64
}

// ParseTNAuthList reads the DER of the extension.
func ParseTNAuthList(der []byte) (TNAuthList, error) {
	var list TNAuthList
	var entries []asn1.RawValue
	rest, err := asn1.Unmarshal(der, &entries)
	switch {
	case err != nil:
		return list, fmt.Errorf("stir: TNAuthList: %w", err)
	case len(rest) > 0:
		return list, errors.New("stir: TNAuthList: there is more behind its end")
	case len(entries) == 0 || len(entries) > maxEntries:
		return list, fmt.Errorf("stir: TNAuthList: it has %d entries", len(entries))
	}
	for _, e := range entries {
		if err := list.add(e); err != nil {
			return TNAuthList{}, fmt.Errorf("stir: TNAuthList: %w", err)
		}
	}
	return list, nil
}

func (l *TNAuthList) add(e asn1.RawValue) error {
	if e.Class != asn1.ClassContextSpecific || !e.IsCompound {
		return errors.New("an entry has the wrong tag")
	}
	var rest []byte
	var err error
	switch e.Tag {
	case 0:
		var spc string
		if rest, err = asn1.UnmarshalWithParams(e.Bytes, &spc, "ia5"); err == nil && (spc == "" || len(spc) > maxSPC) {
			err = errors.New("a service provider code is empty or too long")
		}
		l.Providers = append(l.Providers, spc)
	case 1:
		var r Range
		r, rest, err = parseRange(e.Bytes)
		l.Ranges = append(l.Ranges, r)
	case 2:
		var number string
		if rest, err = asn1.UnmarshalWithParams(e.Bytes, &number, "ia5"); err == nil && !isNumber(number, "0123456789#*") {
			err = fmt.Errorf("%q is no number", number)
		}
		l.Numbers = append(l.Numbers, number)
	default:
		err = fmt.Errorf("an entry has the tag %d", e.Tag)
	}
	if err == nil && len(rest) > 0 {
		err = errors.New("there is more behind an entry")
	}
	return err
}

func parseRange(der []byte) (Range, []byte, error) {
	var r struct {
		Start string `asn1:"ia5"`
		Count int64
	}
	rest, err := asn1.Unmarshal(der, &r)
	switch {
	case err != nil:
	case !isNumber(r.Start, "0123456789"):
		err = fmt.Errorf("a range starts at %q", r.Start)
	case r.Count < 2 || r.Count > 1e15:
		err = fmt.Errorf("a range has %d numbers", r.Count)
	}
	return Range{r.Start, r.Count}, rest, err
}

func isNumber(s, alphabet string) bool {
	return s != "" && len(s) <= 15 && strings.Trim(s, alphabet) == ""
}

// Contains says whether a number (digits with country code) is in the list. Those of a provider are not listed:
// a certificate with a provider code may sign for any.
func (l TNAuthList) Contains(number string) bool {
	return len(l.Providers) > 0 || slices.Contains(l.Numbers, number) || l.covers(Range{number, 1})
}

// Covers says whether all of another list is within this one, as it must be of a certificate that was issued under
// it (RFC 9060 section 4). What numbers a provider has is not known here, so its code covers any number.
func (l TNAuthList) Covers(other TNAuthList) bool {
	for _, spc := range other.Providers {
		if !slices.Contains(l.Providers, spc) {
			return false
		}
	}
	for _, n := range other.Numbers {
		if !l.Contains(n) {
			return false
		}
	}
	for _, r := range other.Ranges {
		if len(l.Providers) == 0 && !l.covers(r) {
			return false
		}
	}
	return true
}

func (l TNAuthList) covers(r Range) bool {
	from, err := strconv.ParseInt(r.Start, 10, 64)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(l.Ranges, func(outer Range) bool {
		start, err := strconv.ParseInt(outer.Start, 10, 64)
		return err == nil && len(outer.Start) == len(r.Start) && start <= from && from+r.Count <= start+outer.Count
	})
}
