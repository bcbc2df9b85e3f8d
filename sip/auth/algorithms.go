package auth

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The algorithms that are known.
const (
	SHA256 = "SHA-256"
	MD5    = "MD5"
)

// Algorithms are those that a challenge offers, best first; empty is SHA256, MD5 (RFC 8760 section 2.2).
type Algorithms []string

// Check finds names that are not known, or stand there twice.
func (l Algorithms) Check() error {
	for i, name := range l {
		switch {
		case name != SHA256 && name != MD5:
			return fmt.Errorf("the algorithm %q is neither %s nor %s", name, SHA256, MD5)
		case slices.Contains(l[:i], name):
			return fmt.Errorf("the algorithm %s is there twice", name)
		}
	}
	return nil
}

func (l Algorithms) names() []string {
	if len(l) == 0 {
		return []string{SHA256, MD5}
	}
	return l
}

// has says whether an answer may be by this algorithm; one that names none is by MD5 (RFC 7616 section 3.4).
func (l Algorithms) has(name string) bool {
	return slices.Contains(l.names(), strings.ToUpper(cmp.Or(name, MD5)))
}
