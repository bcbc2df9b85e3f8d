package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"readback/cmd/readback/survey"
	"readback/tickets"
)

// surveyPages are the pages on which customers vote; nil without links.
func (s *server) surveyPages(links tickets.SurveyLinks) http.Handler {
	if len(links.Key) == 0 {
		return nil
	}
	votes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "readback_survey_scores_total", Help: "Votes of customers on how well it was done, by score; a vote that is changed counts again.",
	}, []string{"score"})
	s.metrics.registry.MustRegister(votes)
	vendor := ""
	if from, _ := s.config.Notify.Mail.Addresses(); from != nil {
		vendor = from.Name
	}
	pages := &survey.Pages{
		Desk:  func() survey.Desk { return s.gateway.now.Load().desk },
		Links: links, Vendor: vendor, Proxies: s.config.HTTP.Proxies, Log: s.log,
		Voted: func(score, _ int) { votes.WithLabelValues(strconv.Itoa(score)).Inc() },
	}
	return pages.Handler()
}

// surveyOf is what a ticket's customer said of it; nil when that is nothing yet.
func surveyOf(ctx context.Context, store tickets.Surveys, number tickets.Number) (*tickets.Survey, error) {
	found, err := store.Survey(ctx, number)
	switch {
	case errors.Is(err, tickets.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &found, nil
}

func surveyWords(s *tickets.Survey) string {
	if s == nil {
		return ""
	}
	words := fmt.Sprintf("%d of %d, %s", s.Score, tickets.MaxScore, stamp(s.Changed))
	if s.Comment != "" {
		words += fmt.Sprintf(", %q", s.Comment)
	}
	return words
}
