package notify

import "testing"

// BenchmarkMail writes a letter and hands it to a relay on this machine, by a connection of its own with STARTTLS.
func BenchmarkMail(b *testing.B) {
	m := startRelay(b, false, nil).mailer(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Mail(b.Context(), acknowledgement()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLetter(b *testing.B) {
	m := startRelay(b, false, nil).mailer(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.compose(acknowledgement()); err != nil {
			b.Fatal(err)
		}
	}
}
