package doctor

import (
	"strings"
	"testing"
)

const sound = "persona p\nbody offer\n  | v=0\n"

func TestPersonasSayWhatIsWrongWithTheLine(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"no name":             {"check a\n rfc 3261 8\n > OPTIONS\n", "there is no line persona NAME"},
		"no check":            {"persona p\n", "there is no check"},
		"no step":             {"persona p\ncheck a\n rfc 3261 8\n", `p.txt:2: the check "a" wants an rfc and a step`},
		"no rfc":              {"persona p\ncheck a\n > OPTIONS\n", `p.txt:2: the check "a" wants an rfc and a step`},
		"name":                {"persona Not This\n", `p.txt:1: "Not This" is wrong here; write small letters`},
		"transport":           {"transport sctp\n", `p.txt:1: "sctp" is wrong here; write udp, tcp or tls`},
		"number":              {"number roman\n", "p.txt:1:"},
		"unknown word":        {"persona p\nwill call\n", `p.txt:2: "will" is no word of a persona`},
		"unknown word, check": {"persona p\ncheck a\nwill call\n", `p.txt:3: "will" is no word of a check`},
		"step outside":        {"persona p\n> INVITE\n", "p.txt:2: a step belongs to a check"},
		"no such body":        {sound + "check a\n> INVITE other\n", `p.txt:5: "other" is no body of this persona`},
		"body twice":          {sound + "body offer\n", `p.txt:4: there is a body "offer" already`},
		"body too late":       {sound + "check a\nbody b\n", "p.txt:5: a body has a name"},
		"method":              {sound + "check a\n> invite\n", `p.txt:5: "invite" is neither a method nor a status`},
		"status":              {sound + "check a\n< 900\n", `p.txt:5: "900" is neither`},
		"half an alternative": {sound + "check a\n< 200 or\n", `p.txt:5: "or" wants another word`},
		"no alternative":      {sound + "check a\n< 200 or none\n", `p.txt:5: "or none" is not understood`},
		"too long a time":     {sound + "check a\n< 200 within 1h\n", `p.txt:5: "1h" is no time`},
		"wait without a time": {sound + "check a\nwait\n", `p.txt:5: "" is no time`},
		"again what":          {sound + "check a\nagain\n", "p.txt:5: again wants the method"},
		"hear how":            {sound + "check a\nhear music\n", `p.txt:5: "music" is not understood`},
		"header of nothing":   {"persona p\n+ X: y\n", "p.txt:2: a header belongs to a message"},
		"header of a wait":    {sound + "check a\nwait 1s\n+ X: y\n", "p.txt:6: wait has no headers"},
		"header name":         {sound + "check a\n> INVITE\n+ X Y: z\n", `p.txt:6: "X Y" is no name of a header`},
		"expected in place":   {sound + "check a\n< 200\n= X: y\n", "p.txt:6: what is expected is"},
		"variable":            {sound + "check a\n> INVITE\n+ X: {secret}\n", "p.txt:6: {secret} is no variable"},
		"variable of a body":  {"persona p\nbody b\n| {nothing}\n", "p.txt:3: {nothing} is no variable"},
		"too many times":      {sound + "check a\n> INVITE\n+ X: {x*90000}\n", "p.txt:6: {x*90000} is no variable"},
		"a control character": {"persona p\nabout a\x1b[2Jb\n", "p.txt:2: there is a control character"},
		"needs":               {sound + "check a\nneeds luck\n", `p.txt:5: needs is "luck"`},
		"a long name":         {sound + "check " + strings.Repeat("a", 45) + "\n", "p.txt:4: a check has a name of at most 44"},
		"a long line":         {"about " + strings.Repeat("a", 1000) + "\n", "p.txt:1: a line has at most 1000 bytes"},
		"a large file":        {strings.Repeat("# no\n", 30000), "at most 128 kB"},
		"many checks":         {sound + strings.Repeat("check a\n", 101), "p.txt:104: a persona has at most 100 checks"},
		"many steps":          {sound + "check a\n" + strings.Repeat("hear\n", 51), "p.txt:55: a check has at most 50 steps"},
		"many headers":        {"headers\n" + strings.Repeat("+ X: y\n", 51), "p.txt:52: a message has at most 50"},
		"a large body":        {"body b\n" + strings.Repeat("| "+strings.Repeat("a", 900)+"\n", 10), "p.txt:11: a body has at most 8 kB"},
		"what is no text":     {"persona \xff\n", "the text is not UTF-8"},
	} {
		if _, err := Parse("p.txt", []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestShippedPersonasAreRead(t *testing.T) {
	want := []string{"cpaas-tls", "cube", "hostile", "ims", "uk-udp"}
	if got := Names(); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("got %v, want %v", got, want)
	}
	for _, name := range want {
		p, err := Shipped(name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != name || p.About == "" || len(p.Checks) < 10 {
			t.Errorf("%s: got %s, %q, %d checks", name, p.Name, p.About, len(p.Checks))
		}
		seen := map[string]bool{}
		for _, c := range p.Checks {
			if seen[c.Name] {
				t.Errorf("%s: two checks are named %s", name, c.Name)
			}
			seen[c.Name] = true
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		text, err := shipped.ReadFile("personas/" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse("p.txt", text)
		if err != nil {
			return
		}
		if p.Name == "" || len(p.Checks) == 0 || len(p.Checks) > maxChecks {
			t.Fatalf("it was read as %+v", p)
		}
		for _, c := range p.Checks {
			for _, s := range c.Steps {
				_, known := p.Bodies[s.Body]
				if s.Within > maxWithin || len(s.Headers) > maxHeaders || s.Body != "" && !known {
					t.Fatalf("a step was read as %+v", s)
				}
			}
		}
	})
}

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\nTo: <sip:a@b>;tag=x\r\nm: <sip:c@d>\r\n\r\nv=0\r\n"))
	f.Add([]byte("BYE sip:a@b SIP/2.0\r\nCSeq: 2 BYE\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := readMessage(raw)
		if err != nil {
			return
		}
		if m.status == "" && m.method == "" && !strings.HasPrefix(m.start, "SIP/2.0 ") && !strings.HasPrefix(m.start, " ") {
			t.Fatalf("%q is neither a request nor a response", m.start)
		}
		_, _, _, _ = m.branch(), m.tag("To"), m.sequence(), uri(m.get("Contact"))
	})
}
