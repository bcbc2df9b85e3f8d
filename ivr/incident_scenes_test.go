package ivr_test

import "readback/tickets"

// incidents are that many problems that agents know of in the United States, the first one with a recording.
func incidents(count int) []tickets.Incident {
	return []tickets.Incident{
		{ID: "inc-logins", Priority: tickets.P1, Regions: []string{"US"}, Sounds: map[string]string{"en-GB": "a-voice"}},
		{ID: "inc-calls", Priority: tickets.P2, Sounds: map[string]string{"en-US": "not read yet"}},
	}[:count]
}

// incidentScenes are calls while agents know of a problem.
var incidentScenes = map[string]scene{
	"it is the caller's problem": {caller: ada, known: incidents(1), open: 1, play: `
		hears welcome
		presses 2
		hears recognized incident-known en-GB/incident:a-voice incident-choices
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 incident-attached priority-1 choice-again choice-end
		presses 9
		hears goodbye
		ticket problem 30471234 P1 inc-logins +14155550100 dialable told×1
		outcome completed 2 1 9`},

	"it is not, nor the next one": {caller: ada, known: incidents(2), play: `
		hears welcome
		presses 2
		hears recognized incident-known en-GB/incident:a-voice
		presses 2
		hears incident-known incident-generic incident-choices
		presses 2
		hears severity severity-1
		presses *
		hears incident-known en-GB/incident:a-voice
		presses 2
		hears incident-known incident-generic incident-choices
		presses 2
		hears severity
		presses 4
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-4 choice-again choice-end goodbye
		ticket problem 30471234 P4 +14155550100 dialable told×1
		outcome completed 2 2 2 * 2 2 4 2 1`},

	"not the first, and then an open ticket": {caller: somebody, known: incidents(1), open: 1, play: `
		hears welcome
		presses 230471234#246810#
		hears incident-known en-GB/incident:a-voice incident-choices
		presses 2
		hears open-ticket open-choices
		presses *
		hears incident-known
		presses 21
		hears status-ticket 20000007 status-working
		presses 9
		hears goodbye
		earlier 20000007 told×1
		outcome completed 2 •# •# 2 * 2 1 9`},

	"attached with a withheld number, and back": {caller: withheld, known: incidents(1), play: `
		hears welcome
		presses 230471234#246810#
		hears incident-known
		presses 1
		hears callback-withheld callback-enter
		presses *
		hears incident-known en-GB/incident:a-voice incident-choices
		presses 1
		hears callback-withheld callback-enter
		presses 4155550199#
		hears callback-is 4155550199 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 incident-attached priority-1 choice-again choice-end goodbye
		ticket problem 30471234 P1 inc-logins +14155550199 dialable told×1
		outcome completed 2 •# •# 1 * 1 4155550199# 1`},

	"attached, and gone": {caller: ada, known: incidents(1), play: `
		hears welcome
		presses 2
		hears recognized incident-known
		presses 1
		hears ticket-registered 1
		hangs up
		ticket problem 30471234 P1 inc-logins +14155550100 dialable left×1
		outcome abandoned 2 1`},

	"nobody can be identified, and the problem is known": {caller: somebody, away: true, known: incidents(1), play: `
		hears welcome
		presses 230471234#246810#
		hears identify-unavailable incident-known en-GB/incident:a-voice incident-choices
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 incident-attached unverified within-24h choice-again choice-end goodbye
		ticket problem unverified P1 inc-logins +14155559999 told×1
		outcome completed 2 •# •# 1`},
}
