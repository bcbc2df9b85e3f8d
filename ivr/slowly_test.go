package ivr

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHelpSpreadsPromptsOut(t *testing.T) {
	in := []Prompt{{Name: "a"}, {Name: "b"}, {Gap: 120 * time.Millisecond}, {Name: "c"}}
	want := []Prompt{
		{Name: "a"}, {Gap: 700 * time.Millisecond}, {Name: "b"}, {Gap: 240 * time.Millisecond}, {Name: "c"},
	}
	if diff := cmp.Diff(want, slowly(in)); diff != "" {
		t.Errorf("slowly (-want +got):\n%s", diff)
	}
	if in[2].Gap != 120*time.Millisecond {
		t.Errorf("the question itself became slower: %v", in)
	}
}
