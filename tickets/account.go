package tickets

import (
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
)

// The longest texts the desk keeps of an account, in bytes.
const (
	MaxAccount  = 12 // digits, as typed on a telephone
	MaxName     = 200
	MaxEmail    = 254 // RFC 5321 section 4.5.3.1.3 leaves 254 for the address
	MaxLanguage = 35  // RFC 5646 section 4.4.1
	MaxContacts = 100
)

// A Contact is somebody the desk may talk to about an account.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"` // E.164 or empty
	Email string `json:"email"` // or empty
}

// An Account is a customer.
type Account struct {
	ID       string    `json:"account"` // 1 to 12 digits, typed by the caller
	Name     string    `json:"name"`
	Plan     string    `json:"plan"`     // name of a plan, not an alias
	PINHash  string    `json:"-"`        // made by Hasher.Hash
	Language string    `json:"language"` // like en-US, or empty
	Contacts []Contact `json:"contacts"`
}

// LogValue keeps names, addresses and the hash out of logs: an account is its number there.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.ID) }

// Email is the address of the first contact that has one, or empty.
func (a Account) Email() string { return a.contact("").Email }

// contact is who most likely calls from a number: the contact with that number, else the first one. When that
// person has no e-mail address, the first address of the account stands in.
func (a Account) contact(phone string) Contact {
	if len(a.Contacts) == 0 {
		return Contact{}
	}
	found := a.Contacts[0]
	for _, c := range a.Contacts {
		if phone != "" && c.Phone == phone {
			found = c
			break
		}
	}
	for _, c := range a.Contacts {
		if found.Email == "" {
			found.Email = c.Email
		}
	}
	return found
}

// Validate checks every field but the plan, which is the policy's to know. Its error is ErrInvalid with the
// field and what mends it.
func (a Account) Validate() error {
	if err := checkAccountID(a.ID); err != nil {
		return err
	}
	if err := checkText("name", a.Name, MaxName); err != nil {
		return err
	}
	if err := checkText("plan", a.Plan, MaxName); err != nil {
		return err
	}
	if err := checkLanguage(a.Language); err != nil {
		return err
	}
	if len(a.Contacts) > MaxContacts {
		return fmt.Errorf("contacts: %w: an account has at most %d", ErrInvalid, MaxContacts)
	}
	for _, c := range a.Contacts {
		if err := c.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Validate checks the fields of a contact. Its error is ErrInvalid with the field and what mends it.
func (c Contact) Validate() error {
	if err := checkText("contact", c.Name, MaxName); err != nil {
		return err
	}
	if err := checkPhone(c.Phone); err != nil {
		return err
	}
	return checkEmail(c.Email)
}

func checkAccountID(id string) error {
	if len(id) > MaxAccount || !allDigits(id) {
		return fmt.Errorf("account %.20q: %w: use 1 to %d digits, they are typed on a telephone", id, ErrInvalid, MaxAccount)
	}
	return nil
}

func checkPhone(phone string) error {
	if phone == "" || isE164(phone) {
		return nil
	}
	return fmt.Errorf("phone %.30q: %w: write it with plus sign and country code, like +14155550100", phone, ErrInvalid)
}

// isE164 reports whether s is a plus sign and 7 to 15 digits, the first not 0 (ITU-T E.164 section 6).
func isE164(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && len(digits) >= 7 && len(digits) <= 15 && allDigits(digits) && digits[0] != '0'
}

func checkEmail(email string) error {
	if email == "" {
		return nil
	}
	if err := checkText("email", email, MaxEmail); err != nil {
		return err
	}
	if parsed, err := mail.ParseAddress(email); err != nil || parsed.Address != email {
		return fmt.Errorf("email %.60q: %w: write one plain address, like ann@example.com", email, ErrInvalid)
	}
	return nil
}

func checkLanguage(tag string) error {
	if tag == "" {
		return nil
	}
	parts := strings.Split(tag, "-")
	ok := len(tag) <= MaxLanguage && len(parts[0]) >= 2
	for _, part := range parts {
		ok = ok && part != "" && len(part) <= 8 && strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
	}
	if !ok {
		return fmt.Errorf("language %.40q: %w: write a tag like en-US or fr-FR", tag, ErrInvalid)
	}
	return nil
}
