package tickets_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"readback/tickets"
)

func TestPINLeaksNowhere(t *testing.T) {
	const secret = "246801"
	pin, err := tickets.NewPIN(secret)
	if err != nil {
		t.Fatal(err)
	}
	holder := struct {
		PIN  tickets.PIN
		Kept *tickets.PIN
		Map  map[string]tickets.PIN
	}{pin, &pin, map[string]tickets.PIN{"pin": pin}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U", "%t", "%08v", "%T"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", pin, holder)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("typed", "pin", pin, "holder", holder, "pointer", &pin)
	}
	if err := json.NewEncoder(&out).Encode(holder); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&out, errors.Join(fmt.Errorf("with %v", pin)), fmt.Sprint(pin), fmt.Sprintln(pin), pin.String(), pin.GoString())
	for _, leak := range []string{secret, fmt.Sprintf("%x", secret), "50 52 54"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("found %q in:\n%s", leak, out.String())
		}
	}
}

func TestNewPIN(t *testing.T) {
	for digits, want := range map[string]bool{
		"": false, "12345": false, "123456": true, "123456789012": true, "1234567890123": false, "12345a": false, "12345٣": false, "+12345": false,
	} {
		_, err := tickets.NewPIN(digits)
		if (err == nil) != want {
			t.Errorf("%q: got %v, want accepted %v", digits, err, want)
		}
		if err != nil && digits != "" && strings.Contains(err.Error(), digits) {
			t.Errorf("the error repeats the digits: %v", err)
		}
	}
}

func TestHasher(t *testing.T) {
	right, _ := tickets.NewPIN("246801")
	wrong, _ := tickets.NewPIN("246802")
	hasher := newHasher(t, "pepper")
	stored, err := hasher.Hash(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("stored as %s, want argon2id with 19 MiB, two passes, one lane", stored)
	}
	if again, _ := hasher.Hash(t.Context(), right); again == stored {
		t.Error("hashed twice to the same: the salt is not random")
	}
	for name, test := range map[string]struct {
		hasher *tickets.Hasher
		pin    tickets.PIN
		stored string
		want   bool
	}{
		"right":           {hasher, right, stored, true},
		"wrong":           {hasher, wrong, stored, false},
		"no PIN":          {hasher, tickets.PIN{}, stored, false},
		"another pepper":  {newHasher(t, "salt"), right, stored, false},
		"nothing stored":  {hasher, right, "", false},
		"broken":          {hasher, right, stored[:len(stored)-4], false},
		"endless work":    {hasher, right, strings.Replace(stored, "t=2", "t=4000000000", 1), false},
		"endless memory":  {hasher, right, strings.Replace(stored, "m=19456", "m=4000000000", 1), false},
		"other algorithm": {hasher, right, strings.Replace(stored, "argon2id", "argon2i", 1), false},
	} {
		got, err := test.hasher.Verify(t.Context(), test.pin, test.stored)
		if got != test.want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, test.want)
		}
	}
	if _, err := tickets.NewHasher(nil, tickets.Cost{}); !errors.Is(err, tickets.ErrInvalid) {
		t.Errorf("without pepper: got %v, want ErrInvalid", err)
	}
}

func newHasher(t testing.TB, pepper string) *tickets.Hasher {
	t.Helper()
	hasher, err := tickets.NewHasher([]byte(pepper), tickets.Cost{})
	if err != nil {
		t.Fatal(err)
	}
	return hasher
}

func TestLoadPepper(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pepper")
	made, err := tickets.LoadPepper(path)
	if err != nil || len(made) != 32 {
		t.Fatalf("got %d bytes, %v, want 32", len(made), err)
	}
	again, err := tickets.LoadPepper(path)
	if err != nil || !bytes.Equal(made, again) {
		t.Errorf("the second time it differs, %v", err)
	}
	if mode := modeOf(t, path); mode != 0o600 {
		t.Errorf("mode %o, want 600", mode)
	}
	if _, err := tickets.LoadPepper(filepath.Join(t.TempDir(), "no", "such", "dir")); err == nil {
		t.Error("made in a directory that is not there")
	}
}

func BenchmarkVerify(b *testing.B) {
	hasher := newHasher(b, "pepper")
	pin, _ := tickets.NewPIN("246801")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := hasher.Verify(b.Context(), pin, ""); err != nil {
			b.Fatal(err)
		}
	}
}
