package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"readback/config"
	"readback/tickets"
)

type accountsCommand struct {
	Import accountsImportCommand `cmd:"" help:"Add or replace the accounts of a CSV file; a file with an error imports nothing."`
	List   accountsListCommand   `cmd:"" help:"List accounts."`
	Erase  accountsEraseCommand  `cmd:"" help:"Erase what is kept of an account's people; tickets and their proof stay."`
}

type accountsImportCommand struct {
	configFlag
	File string `arg:"" help:"CSV with the columns account,name,plan,pin,contact,phone,email,language." type:"existingfile"`
	JSON bool   `help:"Print JSON."`
}

func (a *accountsImportCommand) Run(ctx context.Context, console *console) error {
	file, err := os.Open(a.File)
	if err != nil {
		return err
	}
	defer file.Close()
	return a.withStore(ctx, func(c *config.Config, s store) error {
		count, err := importAccounts(ctx, c, s, file, progress(console, "hashing PINs"))
		if err != nil {
			return fmt.Errorf("%s: %w", a.File, err)
		}
		if a.JSON {
			return printJSON(console.out, map[string]int{"accounts": count})
		}
		_, err = fmt.Fprintf(console.out, "%d accounts imported\n", count)
		return err
	})
}

// importAccounts reads a CSV whole before it stores anything.
func importAccounts(ctx context.Context, c *config.Config, s tickets.Store, csv io.Reader, hashed func()) (int, error) {
	desk, err := deskOf(c, s)
	if err != nil {
		return 0, err
	}
	accounts, err := tickets.ReadAccounts(csv, policyOf(c), func(pin tickets.PIN) (string, error) {
		defer hashed()
		return desk.Hash(ctx, pin)
	})
	if err != nil {
		return 0, err
	}
	return len(accounts), s.PutAccounts(ctx, accounts)
}

type accountsListCommand struct {
	configFlag
	JSON bool `help:"Print JSON."`
}

func (l *accountsListCommand) Run(ctx context.Context, console *console) error {
	return l.withStore(ctx, func(_ *config.Config, s store) error {
		found, err := allAccounts(ctx, s)
		if err != nil {
			return err
		}
		if l.JSON {
			return printJSON(console.out, found)
		}
		return printAccounts(console.out, found)
	})
}

func allAccounts(ctx context.Context, s tickets.Accounts) ([]tickets.Account, error) {
	all, page := []tickets.Account{}, tickets.AccountPage{Limit: tickets.MaxPage}
	for {
		next, err := s.ListAccounts(ctx, page)
		if err != nil {
			return nil, err
		}
		all = append(all, next...)
		if len(next) < page.Limit {
			return all, nil
		}
		page.After = next[len(next)-1].ID
	}
}

func printAccounts(w io.Writer, found []tickets.Account) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "no accounts; import some with: readback accounts import FILE.csv")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ACCOUNT\tNAME\tPLAN\tLANGUAGE\tCONTACT\tPHONE\tE-MAIL")
	for _, a := range found {
		contacts := a.Contacts
		if len(contacts) == 0 {
			contacts = []tickets.Contact{{}}
		}
		for i, contact := range contacts {
			if i > 0 {
				a = tickets.Account{}
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.Name, a.Plan, a.Language, contact.Name, contact.Phone, contact.Email)
		}
	}
	return table.Flush()
}
