package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the layout: what the packages below a folder may import of ours, and of others.
// The longest matching folder decides; the standard library is free to all but where it says otherwise.
var mayImport = []struct {
	folder string
	ours   []string
	others []string
}{
	{"cmd/readback", []string{""}, []string{""}},
	{"config", nil, []string{"github.com/goccy/go-yaml", "github.com/invopop/jsonschema", "github.com/nyaruka/phonenumbers"}},
	{"ivr", []string{"tickets", "ivr/"}, []string{"github.com/goccy/go-yaml"}},
	{"media", []string{"media", "media/"}, []string{"github.com/pion/", "golang.org/x/sys", "github.com/mewkiz/flac"}},
	{"sip", []string{"sip", "sip/"}, []string{"github.com/emiago/sipgo", "github.com/gobwas/ws", "github.com/icholy/digest", "github.com/golang-jwt/jwt/v5", "github.com/nyaruka/phonenumbers", "golang.org/x/net/dns/dnsmessage"}},
	{"tickets", nil, []string{"golang.org/x/crypto/argon2"}},
	{"tickets/calendar", []string{"tickets"}, []string{"github.com/rickar/cal/v2"}},
	{"tickets/postgres", []string{"tickets"}, []string{"github.com/jackc/pgx/v5", "github.com/pressly/goose/v3", "github.com/riverqueue/river"}},
	{"tickets/sqlite", []string{"tickets"}, []string{"modernc.org/sqlite", "github.com/pressly/goose/v3", "github.com/riverqueue/river"}},
	{"tickets/jobs", []string{"tickets"}, []string{"github.com/riverqueue/river"}},
	{"tickets/egress", []string{"tickets"}, nil},
	{"tickets/notify", []string{"tickets", "tickets/egress"}, []string{"github.com/wneessen/go-mail", "golang.org/x/net/idna", "github.com/standard-webhooks/standard-webhooks/libraries"}},
	{"tickets/recordings", []string{"tickets"}, []string{"filippo.io/age", "github.com/minio/minio-go/v7"}},
	{"tickets/transcribe", []string{"tickets", "tickets/egress"}, nil},
	{"tickets/spool", []string{"tickets"}, nil},
	{"tickets/storetest", []string{"tickets"}, []string{"github.com/google/go-cmp", "github.com/goccy/go-yaml"}},
	{"tickets/postgres/pgtest", nil, []string{"github.com/jackc/pgx/v5"}},
}

// topLevel is what the repository may hold beside hidden files.
var topLevel = []string{
	"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "cmd", "config", "go.mod", "go.sum",
	"ivr", "media", "sip", "testdata", "tickets",
}

func TestLayout(t *testing.T) {
	root := os.DirFS("../..")
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		built := entry.Name() == "bin" || entry.Name() == "data"
		if !strings.HasPrefix(entry.Name(), ".") && !built && !slices.Contains(topLevel, entry.Name()) {
			t.Errorf("%s has no place at the top", entry.Name())
		}
	}
	seen := 0
	err = fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != "." {
			return cmpSkip(err)
		}
		if strings.HasPrefix(path, "testdata/") || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		seen++
		checkImports(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Fatalf("looked at %d files: the walk is wrong", seen)
	}
}

func cmpSkip(err error) error {
	if err != nil {
		return err
	}
	return fs.SkipDir
}

func checkImports(t *testing.T, path string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../..", path), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	rule := -1
	for i, r := range mayImport {
		if strings.HasPrefix(path, r.folder+"/") && (rule < 0 || len(r.folder) > len(mayImport[rule].folder)) {
			rule = i
		}
	}
	if rule < 0 {
		t.Errorf("%s is in no known folder", path)
		return
	}
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		allowed := mayImport[rule].others
		ours, isOurs := strings.CutPrefix(name, "readback/")
		switch {
		case isOurs:
			name, allowed = ours, mayImport[rule].ours
		case !strings.Contains(strings.Split(name, "/")[0], "."):
			continue
		}
		if !slices.ContainsFunc(allowed, func(prefix string) bool { return matches(name, prefix) }) {
			t.Errorf("%s must not import %s", path, name)
		}
	}
}

// matches: "" is everything, "a/" all below a, "a" that package, and the packages of a third-party module.
func matches(name, prefix string) bool {
	third := strings.Contains(prefix, ".")
	return prefix == "" || name == prefix || strings.HasSuffix(prefix, "/") && strings.HasPrefix(name, prefix) ||
		third && strings.HasPrefix(name, prefix+"/")
}
