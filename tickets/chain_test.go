package tickets_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"readback/tickets"
)

func digest(t testing.TB, text string) (d tickets.Digest) {
	t.Helper()
	if err := d.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return d
}

// The vectors were made by another program, in another language, from the description of Link.
func TestChainVectors(t *testing.T) {
	p := tickets.Personal{Name: "caller", Text: "+14155550100"}
	for i := range p.Salt {
		p.Salt[i] = byte(i)
	}
	if got, want := p.Digest().String(), "967a5b077c3b4b625277bbafe1e8a31204d925470f22c6f79eadc372e45df723"; got != want {
		t.Fatalf("the digest of a personal text is %s, want %s", got, want)
	}
	head := tickets.Digest{}
	for i, step := range []struct {
		link tickets.Link
		head string
	}{
		{
			tickets.Link{
				Ticket: "48215906", At: time.UnixMicro(1772625600123456), Kept: time.UnixMicro(1772625600223456), Who: "caller", What: "received",
				Detail: map[string]string{"priority": "P2", "call_id": "abc"}, Digests: map[string]tickets.Digest{"caller": p.Digest()},
			}, "8d5e2d808f13748fe6065c5c43c9176b2bcc567741dd5e864e2e81739fbc5706",
		},
		{
			tickets.Link{
				Ticket: "48215906", At: time.UnixMicro(1772625660000000), Kept: time.UnixMicro(1772625660000001), Who: "readback", What: "acknowledged",
				Detail: map[string]string{"by": "readback"},
			}, "4fd486bb2781c721ba1abdf01c75f3c6e06990ca060807a5e2c1f8b485dfb945",
		},
		{
			tickets.Link{Ticket: "48215906", At: time.UnixMicro(-1), Kept: time.UnixMicro(0), Who: "André", What: "note"},
			"6cb467eccb3c2721ec4254ff08dcb9b937a62f38b8887fdd52c40ade2d244f6d",
		},
	} {
		if head = step.link.After(head); head.String() != step.head {
			t.Errorf("head %d is %s, want %s", i+1, head, step.head)
		}
	}
	previous := digest(t, strings.Repeat("11", 32))
	list := tickets.HeadList{
		Day: "2026-03-04", Node: "node-a", Store: "store-1", Previous: &previous,
		Heads: []tickets.Head{{Ticket: "48215906", Length: 2, Head: digest(t, "4fd486bb2781c721ba1abdf01c75f3c6e06990ca060807a5e2c1f8b485dfb945")}},
	}
	if got, want := list.Digest().String(), "e21f48bfc5bc2e67881ab2d7aa204d9f0fdf21de4c90a8a436249cb0187eea5d"; got != want {
		t.Errorf("the digest of a list is %s, want %s", got, want)
	}
	list.Previous, list.Heads = nil, nil
	if got, want := list.Digest().String(), "c4e5e24d61a54b2d5fb3907c6069a6d0748cbb9362d7eac296ca2d45e02740e0"; got != want {
		t.Errorf("the digest of an empty first list is %s, want %s", got, want)
	}
}

func TestSealTakesPersonalTextsOut(t *testing.T) {
	event := tickets.Event{Ticket: "48215906", At: time.Unix(1, 999), Who: "caller", What: "received", Detail: map[string]string{
		"caller": "+14155550100", "callback": "+14155550100", "account_claimed": "30471234", "contact": "Ann", "note": "it burns",
		"transcript": "help", "comment": "good", "email": "ann@example.com", "call_id": "abc", "odd": "a\xffb",
	}}
	link := tickets.Seal(event, time.Unix(2, 0))
	if want := map[string]string{"call_id": "abc", "odd": "a\uFFFDb"}; !maps.Equal(link.Detail, want) {
		t.Errorf("left in the event: %v, want %v", link.Detail, want)
	}
	encoded := string(link.Encode())
	seen := map[tickets.Digest]bool{}
	for _, p := range link.Personal {
		if strings.Contains(encoded, p.Text) {
			t.Errorf("the encoding shows %s", p.Name)
		}
		if d := link.Digests[p.Name]; d != p.Digest() || seen[d] {
			t.Errorf("%s has digest %s, want its own", p.Name, d)
		}
		seen[link.Digests[p.Name]] = true // equal texts do not show as equal
	}
	if len(seen) != 8 {
		t.Errorf("%d texts were taken out, want 8", len(seen))
	}
	event.Detail["odd"] = "a\uFFFDb"
	if back := link.Event(); !maps.Equal(back.Detail, event.Detail) || !back.At.Equal(time.Unix(1, 0)) {
		t.Errorf("got %+v back, want %+v", back, event)
	}
	link.Personal = slices.DeleteFunc(link.Personal, func(p tickets.Personal) bool { return p.Name == "note" })
	if got := link.Event().Detail["note"]; got != tickets.Erased {
		t.Errorf("an erased note is %q, want %q", got, tickets.Erased)
	}
}

// FuzzEncode: two links that differ are encoded differently.
func FuzzEncode(f *testing.F) {
	f.Add("caller", "received", "a", "text", "b", "caller", "received", "at", "ext", "b")
	f.Add("a", "", "", "", "", "", "a", "", "", "")
	f.Fuzz(func(t *testing.T, who, what, name, text, other, who2, what2, name2, text2, other2 string) {
		one := tickets.Link{Ticket: "48215906", Who: who, What: what, Detail: map[string]string{name: text, text: other}}
		two := tickets.Link{Ticket: "48215906", Who: who2, What: what2, Detail: map[string]string{name2: text2, text2: other2}}
		same := who == who2 && what == what2 && maps.Equal(one.Detail, two.Detail)
		if got := string(one.Encode()) == string(two.Encode()); got != same {
			t.Errorf("encoded alike: %v, are alike: %v: %+v %+v", got, same, one, two)
		}
	})
}

func TestDigestsAreReadStrictly(t *testing.T) {
	for _, text := range []string{"", "00", strings.Repeat("0", 63), strings.Repeat("0", 65), strings.Repeat("A", 64), strings.Repeat("g", 64)} {
		if err := new(tickets.Digest).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as a digest", text)
		}
	}
}

func TestParseHeadListIsStrict(t *testing.T) {
	list := tickets.HeadList{Day: "2026-03-04", Node: "a", Store: "s", Heads: []tickets.Head{{Ticket: "48215906", Length: 1}}}
	list.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)))
	data := list.Bytes()
	if got, err := tickets.ParseHeadList(data); err != nil || !got.Signed() {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i := range data {
		for bit := range 8 {
			changed := slices.Clone(data)
			changed[i] ^= 1 << bit
			if got, err := tickets.ParseHeadList(changed); err == nil && got.Signed() && hex.EncodeToString(got.Key) == hex.EncodeToString(list.Key) {
				t.Errorf("byte %d, bit %d can be changed: %s", i, bit, changed)
			}
		}
	}
}
