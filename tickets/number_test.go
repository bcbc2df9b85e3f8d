package tickets_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"readback/tickets"
)

func serial() *rapid.Generator[int64] { return rapid.Int64Range(0, tickets.MaxSerials-1) }

func draw(t *rapid.T) tickets.Number {
	number, err := tickets.NumberOf(serial().Draw(t, "serial"))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func TestNumbersCatchEveryWrongDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := draw(t)
		if _, err := tickets.ParseNumber(string(number)); err != nil {
			t.Fatal(err)
		}
		for at := range len(number) {
			for digit := byte('0'); digit <= '9'; digit++ {
				if number[at] == digit {
					continue
				}
				wrong := []byte(number)
				wrong[at] = digit
				if _, err := tickets.ParseNumber(string(wrong)); !errors.Is(err, tickets.ErrInvalid) {
					t.Errorf("%s passes for %s", wrong, number)
				}
			}
		}
	})
}

func TestNumbersCatchEverySwapOfNeighbours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := draw(t)
		for at := 1; at < len(number); at++ {
			swapped := []byte(number)
			swapped[at-1], swapped[at] = swapped[at], swapped[at-1]
			if _, err := tickets.ParseNumber(string(swapped)); err == nil && string(swapped) != string(number) {
				t.Errorf("%s passes for %s", swapped, number)
			}
		}
	})
}

func TestNumberOfEndsWithItsSerials(t *testing.T) {
	for _, serial := range []int64{-1, tickets.MaxSerials, 1 << 62} {
		if _, err := tickets.NumberOf(serial); !errors.Is(err, tickets.ErrNoNumbers) {
			t.Errorf("serial %d: got %v, want ErrNoNumbers", serial, err)
		}
	}
}

func TestParseNumber(t *testing.T) {
	for typed, want := range map[string]tickets.Number{
		"10000004": "10000004", "1000 0004": "10000004", "1000-0004": "10000004",
		"10000000": "", "00000000": "", "1000004": "", "100000045": "", "1000x004": "", "1000  004": "", "": "", "１０００００００": "",
	} {
		got, err := tickets.ParseNumber(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", typed, got, err, want)
		}
	}
	text, err := json.Marshal(tickets.Number("10000004"))
	if string(text) != `"10000004"` || err != nil {
		t.Errorf("got %s, %v, want a JSON string", text, err)
	}
}

func ExampleNumberOf() {
	for serial := range int64(3) {
		number, err := tickets.NumberOf(serial)
		fmt.Println(number.Groups(), err)
	}
	// Output:
	// [1000 0004] <nil>
	// [6562 3075] <nil>
	// [3124 6149] <nil>
}
