package tickets

import (
	"fmt"
	"io"
	"strings"
)

// The bounds of an accounts file.
const (
	maxAccountsFile = 32 << 20 // bytes
	maxAccountsRows = 200_000
	maxProblems     = 50 // more are only counted
)

// accountColumns is the header of an accounts file, in any order.
var accountColumns = []string{"account", "name", "plan", "pin", "contact", "phone", "email", "language"}

// A RowProblem is one fault of an accounts file and what mends it. It never repeats a PIN.
type RowProblem struct {
	Line    int    `json:"line"`   // 1 is the header
	Column  string `json:"column"` // empty when the whole row is meant
	Message string `json:"message"`
}

func (p RowProblem) String() string {
	if p.Column == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Message)
	}
	return fmt.Sprintf("line %d: %s: %s", p.Line, p.Column, p.Message)
}

// RowProblems are all faults of an accounts file. It is an ErrInvalid.
type RowProblems struct {
	Problems []RowProblem // at most 50
	More     int          // how many there are beyond them
}

func (p *RowProblems) Error() string {
	var text strings.Builder
	for i, problem := range p.Problems {
		if i > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(problem.String())
	}
	if p.More > 0 {
		fmt.Fprintf(&text, "\nand %d more", p.More)
	}
	return text.String()
}

// Unwrap makes it an ErrInvalid.
func (p *RowProblems) Unwrap() error { return ErrInvalid }

// ReadAccounts reads a CSV file with the header account,name,plan,pin,contact,phone,email,language. Several rows with the same
// account give it several contacts; the account's own columns may be empty in all but the first. Plans may be named by their alias.
//
// When anything is wrong, every fault is returned as *RowProblems, and no account. Only when nothing is wrong are the PINs hashed, which
// takes a while; hash is called once an account, from as many goroutines as there are cores, and may count its calls for a progress bar.
func ReadAccounts(r io.Reader, policy Policy, hash func(PIN) (string, error)) ([]Account, error) {
	roll := roll{policy: policy, index: map[string]int{}}
	if err := roll.read(r); err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	if len(roll.problems.Problems) > 0 {
		return nil, &roll.problems
	}
	if err := roll.hash(hash); err != nil {
		return nil, fmt.Errorf("hash PINs: %w", err)
	}
	return roll.accounts, nil
}
