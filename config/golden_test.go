package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestBadFiles reads testdata/bad: each archive holds a file and what is said about it.
func TestBadFiles(t *testing.T) { goldens(t, "bad") }

// TestLooseFiles reads testdata/loose: files that are accepted with warnings.
func TestLooseFiles(t *testing.T) { goldens(t, "loose") }

func goldens(t *testing.T, directory string) {
	paths, err := filepath.Glob(filepath.Join("testdata", directory, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files in testdata/%s: %v", directory, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil || len(archive.Files) != 2 {
				t.Fatalf("want two files in %s: %v", path, err)
			}
			got := verdict(t, archive.Files[0], directory)
			if *update {
				archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// verdict is what is said about a file.
func verdict(t *testing.T, file txtar.File, directory string) string {
	t.Helper()
	c, err := Parse(file.Name, file.Data)
	if directory == "bad" {
		if err == nil {
			t.Fatal("the file is accepted")
		}
		return err.Error() + "\n"
	}
	if err != nil {
		t.Fatalf("the file is refused:\n%v", err)
	}
	var out strings.Builder
	for _, warning := range c.Warnings() {
		fmt.Fprintln(&out, warning.Error())
	}
	return out.String()
}
