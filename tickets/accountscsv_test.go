package tickets_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"readback/tickets"
)

const header = "account,name,plan,pin,contact,phone,email,language\n"

func plainHash(tickets.PIN) (string, error) { return "hashed", nil }

func TestReadAccounts(t *testing.T) {
	const file = "\ufeff" + header +
		"30471234,Acme,Business,246801,Ann Ames,+14155550100,ann@example.com,en-US\r\n" +
		"30471234,,,,\"Bob, the \"\"second\"\"\",+442079460000,,\n" +
		"\n" +
		"7,Ünï, free ,135790,,,,\n"
	got, err := tickets.ReadAccounts(strings.NewReader(file), tickets.DefaultPolicy(), plainHash)
	if err != nil {
		t.Fatal(err)
	}
	want := []tickets.Account{
		{ID: "30471234", Name: "Acme", Plan: "enterprise", PINHash: "hashed", Language: "en-US", Contacts: []tickets.Contact{
			{Name: "Ann Ames", Phone: "+14155550100", Email: "ann@example.com"}, {Name: `Bob, the "second"`, Phone: "+442079460000"},
		}},
		{ID: "7", Name: "Ünï", Plan: "free", PINHash: "hashed"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want and got:\n%s", diff)
	}
}

func TestReadAccountsTellsEveryFault(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"empty":            {"", "line 1: the file is empty; begin it with account,name,plan,pin,contact,phone,email,language"},
		"missing column":   {"account,name,plan,contact,phone,email,language\n", "line 1: pin: the column is missing; the header is account,name,plan,pin,contact,phone,email,language"},
		"unknown column":   {"account,name,plan,pin,contact,phone,email,language,vip\n", `line 1: column "vip" is unknown or named twice; the header is account,name,plan,pin,contact,phone,email,language`},
		"too few cells":    {header + "7,a\n", "line 2: it has 2 cells; give it 8, empty ones too"},
		"account":          {header + "A7,n,free,246801,,,,\n", `line 2: account: "A7": use 1 to 12 digits, they are typed on a telephone`},
		"plan":             {header + "7,n,gold,246801,,,,\n", `line 2: plan: "gold" is no plan; use one of enterprise, business, education, api, pro, free, basic`},
		"short PIN":        {header + "7,n,free,24680,,,,\n", "line 2: pin: use 6 to 12 digits"},
		"no PIN":           {header + "7,n,free,,,,,\n", "line 2: pin: use 6 to 12 digits"},
		"PIN of letters":   {header + "7,n,free,secret,,,,\n", "line 2: pin: use 6 to 12 digits"},
		"phone":            {header + "7,n,free,246801,c,0412 345 678,,\n", `line 2: phone: "0412 345 678": write it with plus sign and country code, like +14155550100`},
		"email":            {header + "7,n,free,246801,c,,Ann <ann@example.com>,\n", `line 2: email: "Ann <ann@example.com>": write one plain address, like ann@example.com`},
		"language":         {header + "7,n,free,246801,c,,,English!\n", `line 2: language: "English!": write a tag like en-US or fr-FR`},
		"control":          {header + "7,n\u202e,free,246801,c,,,\n", `line 2: name: "n\u202e": it has control or bidirectional characters, remove them`},
		"not UTF-8":        {header + "7,n\xff,free,246801,c,,,\n", "line 2: name: it is not UTF-8, save the file as UTF-8"},
		"quote":            {header + "7,\"n,free,246801\n", "line 2: extraneous or missing \" in quoted-field; write a quote inside a quoted cell twice"},
		"contact twice":    {header + "7,n,free,246801,c,,,\n7,,,,c,,,\n", "line 3: contact: the account has this contact already; remove the row"},
		"nothing added":    {header + "7,n,free,246801,c,,,\n7,,,,,,,\n", "line 3: contact: it adds nothing to the account of line 2; give a contact, or remove the row"},
		"another PIN":      {header + "7,n,free,246801,c,,,\n7,,,135790,d,,,\n", "line 3: pin: it differs from line 2 for the same account; leave it empty here, or make both alike"},
		"the same by rows": {header + "7,n,free,246801,c,,,\n7,n,basic,246801,d,,,x\n", "line 3: language: it differs from line 2 for the same account; leave it empty here, or make both alike"},
		"several": {
			header + "7,n,gold,1,c,x,,\nB,n,free,246801,,,,\n",
			"line 2: plan: \"gold\" is no plan; use one of enterprise, business, education, api, pro, free, basic\n" +
				"line 2: pin: use 6 to 12 digits\n" +
				"line 2: phone: \"x\": write it with plus sign and country code, like +14155550100\n" +
				"line 3: account: \"B\": use 1 to 12 digits, they are typed on a telephone",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tickets.ReadAccounts(strings.NewReader(test.file), tickets.DefaultPolicy(), func(tickets.PIN) (string, error) {
				t.Error("a PIN of a faulty file was hashed")
				return "", nil
			})
			if got != nil || !errors.Is(err, tickets.ErrInvalid) {
				t.Fatalf("got %v, %v, want nothing and ErrInvalid", got, err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("want and got:\n%s", diff)
			}
		})
	}
}

func TestReadAccountsIsBounded(t *testing.T) {
	var file strings.Builder
	file.WriteString(header)
	for i := range 60 {
		fmt.Fprintf(&file, "x%d,n,free,246801,,,,\n", i)
	}
	_, err := tickets.ReadAccounts(strings.NewReader(file.String()), tickets.DefaultPolicy(), plainHash)
	if problems, ok := errors.AsType[*tickets.RowProblems](err); !ok || len(problems.Problems) != 50 || problems.More != 10 {
		t.Errorf("got %v, want 50 problems and 10 more", err)
	}
	_, err = tickets.ReadAccounts(endless{}, tickets.DefaultPolicy(), plainHash)
	if err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("an endless file: got %v", err)
	}
	_, err = tickets.ReadAccounts(strings.NewReader(header+"7,n,free,246801,,,,\n"), tickets.DefaultPolicy(), func(tickets.PIN) (string, error) { return "", os.ErrClosed })
	if !errors.Is(err, os.ErrClosed) {
		t.Errorf("hash fails: got %v", err)
	}
}

// endless is a file that never ends, in one quoted cell.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func FuzzReadAccounts(f *testing.F) {
	f.Add(header + "30471234,Acme,business,246801,Ann,+14155550100,ann@example.com,en-US\n")
	f.Add(header + "7,\"a\"\"b\",free,135790,,,,\n7,,,,c,,,\n")
	f.Fuzz(func(t *testing.T, file string) {
		accounts, err := tickets.ReadAccounts(strings.NewReader(file), tickets.DefaultPolicy(), plainHash)
		if err != nil && accounts != nil {
			t.Error("accounts beside an error")
		}
		for _, account := range accounts {
			if err := account.Validate(); err != nil {
				t.Errorf("accepted %+v: %v", account, err)
			}
		}
	})
}
