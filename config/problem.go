package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxProblems is how many problems are told before the rest is only counted.
const maxProblems = 100

// Problem is something wrong, or worth a warning, in a configuration.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1; 0: nowhere in particular
	Column  int    `json:"column"` // from 1, in characters
	Path    string `json:"path"`   // like numbers[2].number; empty: the whole file
	Message string `json:"message"`
	Fix     string `json:"fix"` // what mends it, as an instruction
}

// Error is one line: path, message, place, fix.
func (p Problem) Error() string {
	var b strings.Builder
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	switch {
	case p.Line > 0:
		fmt.Fprintf(&b, " (%s:%d:%d)", p.File, p.Line, p.Column)
	case p.File != "":
		fmt.Fprintf(&b, " (%s)", p.File)
	}
	if p.Fix != "" {
		b.WriteString("; " + p.Fix)
	}
	return b.String()
}

// Problems is everything that is wrong with a configuration, in the order of the file.
type Problems []Problem

// Error is one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// sort puts the problems in the order of the file, those of defaults last.
func (ps Problems) sort() {
	isDefault := func(p Problem) int {
		if p.File == builtIn {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(isDefault(a), isDefault(b)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
}

// findings collects problems while a file is read. The first problem of a value is the one that counts: what is
// said about the rest of a broken value would only confuse.
type findings struct {
	list  Problems
	paths map[string]bool // each path with a problem, and every path above it
	more  int             // problems past maxProblems
}

// add takes a problem unless its value already has one.
func (f *findings) add(p Problem) {
	if f.broken(p.Path) {
		return
	}
	if len(f.list) == maxProblems {
		f.more++
		return
	}
	f.list = append(f.list, p)
	if f.paths == nil {
		f.paths = map[string]bool{}
	}
	for path := p.Path; path != ""; path = parent(path) {
		f.paths[path] = true
	}
}

// broken reports whether a problem is known for the value at path or for something in it.
func (f *findings) broken(path string) bool { return f.paths[path] }

// err is nil when nothing was found.
func (f *findings) err() error {
	if len(f.list) == 0 {
		return nil
	}
	f.list.sort()
	if f.more > 0 {
		f.list = append(f.list, Problem{File: f.list[0].File, Message: fmt.Sprintf("%d more problems are not shown", f.more), Fix: "mend these first"})
		f.more = 0
	}
	return f.list
}

// parent is the path of the value that holds the one at path: "a.b[1]" → "a.b" → "a" → "".
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// place is where a value was written, and what was written there.
type place struct {
	file         string
	line, column int
	text         string // as written: a reference, not what it stands for; empty for maps, lists and secrets
}

// places is where values were written, by path.
type places map[string]place

// find is the place of the value at path, or of the nearest value around it.
func (ps places) find(path string) place {
	for ; path != ""; path = parent(path) {
		if at, ok := ps[path]; ok {
			return at
		}
	}
	return ps[""]
}

// forget drops the places of what is in the list at path.
func (ps places) forget(path string) {
	if _, known := ps[path+"[0]"]; !known {
		return
	}
	for p := range ps {
		if strings.HasPrefix(p, path+"[") {
			delete(ps, p)
		}
	}
}
