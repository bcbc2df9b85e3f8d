package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"readback/tickets"
)

// Vote implements tickets.Surveys.
func (s *Store) Vote(ctx context.Context, number tickets.Number, change func(*tickets.Folder, *tickets.Survey) error) (tickets.Survey, error) {
	var after tickets.Survey
	err := s.write(ctx, "keep a vote", func(tx *sql.Tx) error {
		ticket, err := takeOut(ctx, tx, number)
		if err != nil {
			return err
		}
		before, err := scanSurvey(tx.QueryRowContext(ctx, surveyGetSQL, number))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		after = before
		_, err = s.amend(ctx, tx, ticket, func(f *tickets.Folder) error { return change(f, &after) })
		if err != nil || after == before {
			return err
		}
		after.Ticket = number
		_, err = tx.ExecContext(ctx, surveyPutSQL, number, after.Score, after.Comment, us(after.Given), us(after.Changed))
		return err
	})
	if err != nil {
		return tickets.Survey{}, err
	}
	return after, nil
}

// Survey implements tickets.Surveys.
func (s *Store) Survey(ctx context.Context, number tickets.Number) (tickets.Survey, error) {
	found, err := scanSurvey(s.reader.QueryRowContext(ctx, surveyGetSQL, number))
	if errors.Is(err, sql.ErrNoRows) {
		return tickets.Survey{}, fmt.Errorf("survey of ticket %s: %w", number, tickets.ErrNotFound)
	}
	if err != nil {
		return tickets.Survey{}, failed("read a survey", err)
	}
	return found, nil
}

func scanSurvey(r row) (tickets.Survey, error) {
	var v tickets.Survey
	err := r.Scan(&v.Ticket, &v.Score, &v.Comment, into(&v.Given), into(&v.Changed))
	return v, err
}
