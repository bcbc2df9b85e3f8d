package ivr_test

import "time"

// knownScenes are calls of customers who have open tickets.
var knownScenes = map[string]scene{
	"a vouched number has an open ticket, and tells nothing of it without the PIN": {caller: ada, open: 1, play: `
		hears welcome
		presses 2
		hears recognized open-choices
		presses 1
		hears pin
		presses 246810#
		hears status-ticket 20000007 status-working priority-1 status-changed ago-30m status-note status-new choice-end
		presses 1
		hears note-describe tone
		speaks 5s
		presses #
		hears note-saved status-note status-new choice-end
		presses 9
		hears goodbye
		note 20000007 note-1.wav
		earlier 20000007 told×1
		outcome completed 2 1 •# 1 9`},

	"one of several, and another one": {caller: somebody, open: 3, play: `
		hears welcome
		presses 230471234#246810#
		hears open-tickets open-choices
		presses 1
		hears open-which 20000007 open-key 1 open-which 30000001 open-key 2 open-which 40000005 open-key 3
		presses 2
		hears status-ticket 30000001 status-open priority-2 status-changed ago-4h status-note status-another status-new choice-end
		presses 2
		hears open-which 20000007 open-key 1 open-which 30000001 open-key 2 open-which 40000005 open-key 3
		presses 3
		hears status-ticket 40000005 status-waiting priority-3 status-changed ago-30m status-note status-another status-new choice-end goodbye
		earlier 40000005 told×1
		outcome completed 2 •# •# 1 2 2 3`},

	"an open ticket, but a new problem": {caller: ada, open: 1, play: `
		hears welcome
		presses 2
		hears recognized open-choices
		presses 2
		hears severity
		presses *
		hears open-choices
		presses 2
		hears severity severity-1 severity-2
		presses 3
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-3 choice-again choice-end goodbye
		ticket problem 30471234 P3 +14155550100 dialable told×1
		outcome completed 2 2 * 2 3 2 1`},

	"a new problem after all, and gone before its number": {caller: somebody, open: 2, play: `
		hears welcome
		presses 230471234#246810#
		hears open-tickets open-choices
		presses 1
		hears open-which 20000007 open-key 1 open-which 30000001 open-key 2
		presses 1
		hears status-ticket 20000007 status-working priority-1
		presses 3
		hears severity severity-1 severity-2 severity-3 severity-4
		presses 2
		hears describe
		hangs up
		ticket problem 30471234 P2 +14155559999 hung-up left×1
		outcome abandoned 2 •# •# 1 1 3 2`},

	"a priority taken back for a status is no new problem": {caller: somebody, open: 1, play: `
		hears welcome
		presses 230471234#246810#
		hears open-ticket open-choices
		presses 2
		hears severity
		presses 2
		hears describe
		presses **
		hears open-ticket open-choices
		presses 1
		hears status-ticket 20000007 status-working
		hangs up
		earlier 20000007 told×1
		outcome completed 2 •# •# 2 2 * * 1`},

	"gone while leaving a note": {caller: somebody, open: 1, play: `
		hears welcome
		presses 230471234#246810#1
		hears status-ticket 20000007 status-working
		presses 1
		hears note-describe tone
		speaks 5s
		hangs up
		note 20000007 note-1.wav
		earlier 20000007 told×1
		outcome completed 2 •# •# 1 1`},

	"no word, then no wish for a note": {caller: somebody, open: 1, play: `
		hears welcome
		presses 230471234#246810#1
		hears status-ticket 20000007 status-working
		presses 1
		hears note-describe tone record-empty status-note
		presses 1
		hears note-describe
		presses *
		hears status-note status-new choice-end
		presses *
		hears open-ticket open-choices
		presses 1
		hears status-ticket 20000007 status-working priority-1
		presses 9
		hears goodbye
		earlier 20000007 told×2
		outcome completed 2 •# •# 1 1 1 * * 1 9`},

	"a note as long as it can be": {caller: somebody, open: 1, play: `
		hears welcome
		presses 230471234#246810#1
		hears status-ticket 20000007 status-working
		presses 1
		hears note-describe tone
		speaks 3m
		hears record-full note-saved status-note
		presses 9
		hears goodbye
		note 20000007 note-1.wav
		earlier 20000007 told×1
		outcome completed 2 •# •# 1 1 9`},

	"nothing can be recorded for a note": {caller: somebody, open: 1, tapeless: true, play: `
		hears welcome
		presses 230471234#246810#1
		hears status-ticket 20000007 status-working
		presses 1
		hears note-describe tone note-failed status-note
		presses 9
		hears goodbye
		earlier 20000007 told×1
		outcome completed 2 •# •# 1 1 9`},

	"the desk keeps no note": {caller: somebody, open: 1, mute: true, play: `
		hears welcome
		presses 230471234#246810#1
		hears status-ticket 20000007 status-working
		presses 1
		hears note-describe tone
		speaks 5s
		presses #
		hears note-failed status-note
		presses 9
		hears goodbye
		outcome completed 2 •# •# 1 1 9`},

	"a PIN that the caller does not know": {caller: ada, open: 1, play: `
		hears welcome
		presses 2
		hears recognized open-choices
		presses 1
		hears pin
		presses 999999#
		hears identify-wrong pin
		presses *
		hears open-choices
		presses 1
		hears pin
		presses 888888#
		hears identify-wrong pin
		presses 777777#
		hears identify-failed severity severity-1
		presses 4
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-4 choice-again choice-end goodbye
		ticket problem 30471234 P4 +14155550100 dialable told×1
		outcome completed 2 1 •# * 1 •# •# 4 2 1`},

	"no PIN can be checked": {caller: ada, open: 1, lost: true, play: `
		hears welcome
		presses 2
		hears recognized open-choices
		presses 1
		hears pin
		presses 246810#
		hears identify-unavailable severity
		hangs up
		outcome abandoned 2 1 •#`},

	"open tickets that cannot be read hold nobody up": {caller: ada, open: 1, blind: true, play: `
		hears welcome
		presses 2
		hears recognized severity
		hangs up
		outcome abandoned 2`},

	"a status in French": {caller: somebody, open: 1, french: true, slow: 2 * time.Second, play: `
		hears welcome
		presses 9
		hears fr-FR/menu-support
		presses 230471234#246810#
		hears fr-FR/checking fr-FR/open-ticket fr-FR/open-choices
		presses 1
		hears fr-FR/status-ticket fr-FR/20000007 fr-FR/status-working fr-FR/priority-1 fr-FR/status-changed fr-FR/ago-30m fr-FR/status-note fr-FR/status-new fr-FR/choice-end fr-FR/goodbye
		earlier 20000007 told×1
		outcome completed 9 2 •# •# 1`},
}
