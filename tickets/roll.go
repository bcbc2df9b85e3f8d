package tickets

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A roll is the accounts read so far.
type roll struct {
	policy   Policy
	columns  map[string]int
	accounts []Account
	pins     []PIN
	index    map[string]int // of an account
	first    []int          // line of an account's first row
	problems RowProblems
}

func (r *roll) read(from io.Reader) error {
	limited := &io.LimitedReader{R: from, N: maxAccountsFile + 1}
	reader := csv.NewReader(withoutMark(limited))
	reader.FieldsPerRecord = -1 // told with the columns' names
	reader.TrimLeadingSpace = true
	for rows := 0; ; rows++ {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if limited.N == 0 || rows > maxAccountsRows {
			r.report(RowProblem{Line: rows, Message: fmt.Sprintf("the file is too large; split it into files of at most %d rows and %d MB", maxAccountsRows, maxAccountsFile>>20)})
			return nil
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			r.report(RowProblem{Line: broken.Line, Message: broken.Err.Error() + "; write a quote inside a quoted cell twice"})
			return nil // what follows would be misread
		}
		if err != nil {
			return err
		}
		line, _ := reader.FieldPos(0)
		if rows == 0 {
			if !r.header(line, row) {
				return nil
			}
			continue
		}
		r.row(line, row)
	}
	if r.columns == nil {
		r.report(RowProblem{Line: 1, Message: "the file is empty; begin it with " + strings.Join(accountColumns, ",")})
	}
	return nil
}

// withoutMark skips the byte order mark that spreadsheets write.
func withoutMark(r io.Reader) io.Reader {
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(3); string(start) == "\ufeff" {
		_, _ = buffered.Discard(3)
	}
	return buffered
}

// header learns where each column is.
func (r *roll) header(line int, row []string) bool {
	r.columns = map[string]int{}
	ok := true
	for i, name := range row {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := r.columns[name]; twice || !slices.Contains(accountColumns, name) {
			r.report(RowProblem{Line: line, Message: fmt.Sprintf("column %.40q is unknown or named twice; the header is %s", name, strings.Join(accountColumns, ","))})
			ok = false
		}
		r.columns[name] = i
	}
	for _, name := range accountColumns {
		if _, found := r.columns[name]; !found {
			r.report(RowProblem{Line: line, Column: name, Message: "the column is missing; the header is " + strings.Join(accountColumns, ",")})
			ok = false
		}
	}
	return ok
}

func (r *roll) row(line int, row []string) {
	if len(row) != len(r.columns) {
		r.report(RowProblem{Line: line, Message: fmt.Sprintf("it has %d cells; give it %d, empty ones too", len(row), len(r.columns))})
		return
	}
	cell := func(name string) string { return strings.TrimSpace(row[r.columns[name]]) }
	id := cell("account")
	if err := checkAccountID(id); err != nil {
		r.fault(line, "account", err)
		return
	}
	at, known := r.index[id]
	if !known {
		at = len(r.accounts)
		r.index[id] = at
		r.accounts = append(r.accounts, Account{ID: id})
		r.pins = append(r.pins, PIN{})
		r.first = append(r.first, line)
		r.describe(line, at, cell)
	} else {
		r.repeat(line, at, cell)
	}
	r.contact(line, at, cell)
}

// describe takes an account's own columns from its first row.
func (r *roll) describe(line, at int, cell func(string) string) {
	account := &r.accounts[at]
	account.Name, account.Language = cell("name"), cell("language")
	r.fault(line, "name", checkText("name", account.Name, MaxName))
	r.fault(line, "language", checkLanguage(account.Language))
	plan, ok := r.policy.Plan(cell("plan"))
	if !ok {
		r.report(RowProblem{Line: line, Column: "plan", Message: fmt.Sprintf("%.60q is no plan; use one of %s", cell("plan"), r.plans())})
	}
	account.Plan = plan.Name
	pin, err := NewPIN(cell("pin"))
	r.fault(line, "pin", err)
	r.pins[at] = pin
}

// repeat checks that a later row of an account does not say otherwise.
func (r *roll) repeat(line, at int, cell func(string) string) {
	account := r.accounts[at]
	differs := func(column string, same bool) {
		if cell(column) != "" && !same {
			r.report(RowProblem{Line: line, Column: column, Message: fmt.Sprintf("it differs from line %d for the same account; leave it empty here, or make both alike", r.first[at])})
		}
	}
	plan, _ := r.policy.Plan(cell("plan"))
	differs("name", cell("name") == account.Name)
	differs("plan", plan.Name == account.Plan)
	differs("pin", cell("pin") == r.pins[at].digits)
	differs("language", cell("language") == account.Language)
}

// contact adds the contact of a row, if it names one.
func (r *roll) contact(line, at int, cell func(string) string) {
	account := &r.accounts[at]
	c := Contact{Name: cell("contact"), Phone: cell("phone"), Email: cell("email")}
	r.fault(line, "contact", checkText("contact", c.Name, MaxName))
	r.fault(line, "phone", checkPhone(c.Phone))
	r.fault(line, "email", checkEmail(c.Email))
	switch {
	case c == Contact{} && line != r.first[at]:
		r.report(RowProblem{Line: line, Column: "contact", Message: fmt.Sprintf("it adds nothing to the account of line %d; give a contact, or remove the row", r.first[at])})
	case slices.Contains(account.Contacts, c):
		r.report(RowProblem{Line: line, Column: "contact", Message: "the account has this contact already; remove the row"})
	case len(account.Contacts) == MaxContacts:
		r.report(RowProblem{Line: line, Column: "contact", Message: fmt.Sprintf("an account has at most %d contacts; remove some", MaxContacts)})
	case c != Contact{}:
		account.Contacts = append(account.Contacts, c)
	}
}

func (r *roll) fault(line int, column string, err error) {
	if err == nil {
		return
	}
	// The column is told once, and the kind of error is plain.
	message := strings.TrimPrefix(err.Error(), column+": ")
	message = strings.TrimPrefix(message, "PIN: ")
	message = strings.TrimPrefix(message, column+" ")
	message = strings.Replace(message, ErrInvalid.Error()+": ", "", 1)
	r.report(RowProblem{Line: line, Column: column, Message: message})
}

func (r *roll) report(p RowProblem) {
	if len(r.problems.Problems) == maxProblems {
		r.problems.More++
		return
	}
	r.problems.Problems = append(r.problems.Problems, p)
}

func (r *roll) plans() string {
	var names []string
	for _, plan := range r.policy.Plans {
		names = append(append(names, plan.Name), plan.Aliases...)
	}
	return strings.Join(names, ", ")
}

// hash fills in the hashes, on all cores.
func (r *roll) hash(hash func(PIN) (string, error)) error {
	var workers sync.WaitGroup
	faults := make([]error, runtime.GOMAXPROCS(0))
	for worker := range faults {
		workers.Go(func() {
			for at := worker; at < len(r.accounts) && faults[worker] == nil; at += len(faults) {
				r.accounts[at].PINHash, faults[worker] = hash(r.pins[at])
			}
		})
	}
	workers.Wait()
	return errors.Join(faults...)
}
