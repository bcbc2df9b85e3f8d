package tickets

import "testing"

// TestNumberOfIsABijection: serial x stride modulo MaxSerials loses none, since they have no factor in common, and nothing overflows.
func TestNumberOfIsABijection(t *testing.T) {
	a, b := int64(MaxSerials), int64(stride)
	for b != 0 {
		a, b = b, a%b
	}
	if a != 1 {
		t.Errorf("stride and MaxSerials have the factor %d in common", a)
	}
	if (int64(MaxSerials)-1)*stride/stride != MaxSerials-1 {
		t.Error("the last serial overflows")
	}
	seen := map[Number]int64{}
	for serial := range int64(100_000) {
		number, err := NumberOf(serial)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[number]; ok || len(number) != numberDigits || number[0] == '0' {
			t.Fatalf("serial %d: got %s, which serial %d has, or which begins with 0", serial, number, other)
		}
		seen[number] = serial
	}
}

func TestDammOfThePaper(t *testing.T) {
	if got := damm("572"); got != '4' { // Damm's example
		t.Errorf("got %c, want 4", got)
	}
}
