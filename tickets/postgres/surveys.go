package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"readback/tickets"
)

// Vote implements tickets.Surveys.
func (s *Store) Vote(ctx context.Context, number tickets.Number, change func(*tickets.Folder, *tickets.Survey) error) (tickets.Survey, error) {
	var after tickets.Survey
	err := s.write(ctx, "keep a vote", func(tx pgx.Tx) error {
		folder, err := takeOut(ctx, tx, number)
		if err != nil {
			return err
		}
		before, err := scanSurvey(tx.QueryRow(ctx, surveyGetSQL, string(number)))
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		after = before
		_, err = s.amend(ctx, tx, folder, func(f *tickets.Folder) error { return change(f, &after) })
		if err != nil || after == before {
			return err
		}
		after.Ticket = number
		_, err = tx.Exec(ctx, surveyPutSQL, string(number), after.Score, after.Comment, when(after.Given), when(after.Changed))
		return err
	})
	if err != nil {
		return tickets.Survey{}, err
	}
	return after, nil
}

// Survey implements tickets.Surveys.
func (s *Store) Survey(ctx context.Context, number tickets.Number) (tickets.Survey, error) {
	found, err := scanSurvey(s.pool.QueryRow(ctx, surveyGetSQL, string(number)))
	if errors.Is(err, pgx.ErrNoRows) {
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
