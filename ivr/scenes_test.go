package ivr_test

import (
	"time"

	"readback/ivr"
	"readback/tickets"
)

// scenes are conversations as they shall be, one at least for every branch of the script.
var scenes = map[string]scene{
	"a vouched number needs no PIN": {caller: ada, play: `
		hears welcome menu-support menu-services menu-again
		presses 2
		hears recognized severity severity-1 severity-2 severity-3 severity-4
		presses 2
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2 choice-again choice-end
		presses 9
		hears goodbye
		ticket problem 30471234 P2 +14155550100 dialable told×1
		outcome completed 2 2 2 1 9`},

	"account and PIN, urgent and confirmed, described and kept": {caller: somebody, mail: true, play: `
		hears welcome menu-support menu-services menu-again
		presses 2
		hears account
		presses 30471234#
		hears pin
		presses 246810#
		hears severity severity-1 severity-2 severity-3 severity-4
		presses 1
		hears confirm-urgent
		presses 1
		hears describe record-notice tone
		speaks 5s
		presses #
		hears record-keep
		presses 1
		hears callback-is 4155559999 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-1 choice-again choice-email choice-end
		presses 2
		hears email-sent choice-again choice-end
		presses 1
		hears ticket-registered 10000004 choice-again choice-end goodbye
		ticket problem 30471234 P1 confirmed +14155559999 description.wav told×1
		mail number 10000004
		outcome completed 2 •# •# 1 1 1 1 2 1`},

	"urgent was not meant": {caller: ada, play: `
		hears welcome menu-support menu-services menu-again
		presses 2
		hears recognized severity severity-1
		presses 1
		hears confirm-urgent
		presses *
		hears severity severity-1 severity-2 severity-3
		presses 3
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-3 choice-again choice-end goodbye
		ticket problem 30471234 P3 +14155550100 dialable told×1
		outcome completed 2 1 * 3 2 1`},

	"all typed ahead: only what must be heard is said": {caller: somebody, play: `
		hears welcome
		presses 230471234#246810#32194155550101#
		hears ticket-registered 10000004 ticket-repeat 10000004 goodbye
		ticket problem 30471234 P3 +14155559999 told×1
		outcome completed 2 •# •# 3 2 1 9`},

	"keys pressed while the number is read are kept, and cut nothing short": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity severity-1 severity-2
		presses 2
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-registered
		presses 19
		hears 10000004 ticket-repeat 10000004 ticket-registered 10000004 goodbye
		ticket problem 30471234 P2 +14155550100 dialable told×1
		outcome completed 2 2 2 1 1 9`},

	"the extension skips the menu, and star goes back to it": {caller: somebody, extension: "2", play: `
		hears welcome account
		presses *
		hears menu-support menu-services menu-again
		presses *
		hears menu-support menu-services menu-again
		presses 2
		hears account
		presses 30471234#
		hears pin
		presses *
		hears account
		hangs up
		outcome abandoned * * 2 •# *`},

	"French is one key away, and so is the way back": {caller: ada, french: true, play: `
		hears welcome menu-support menu-services fr-FR/menu-language
		presses 9
		hears fr-FR/menu-support fr-FR/menu-services menu-language
		presses 9
		hears menu-support menu-services fr-FR/menu-language menu-again
		presses 9
		hears fr-FR/menu-support
		presses 2
		hears fr-FR/recognized fr-FR/severity
		presses 4
		hears fr-FR/describe fr-FR/record-notice
		presses 2
		hears fr-FR/callback-is fr-FR/4155550100 fr-FR/callback-right
		presses 1
		hears fr-FR/ticket-registered fr-FR/10000004 fr-FR/ticket-repeat fr-FR/10000004 fr-FR/priority-4 fr-FR/choice-again fr-FR/choice-end
		presses 9
		hears fr-FR/goodbye
		ticket problem 30471234 P4 +14155550100 dialable fr-FR told×1
		outcome completed 9 9 9 2 4 2 1 9`},

	"a wrong PIN and an unknown account sound the same; typed-ahead keys are dropped": {caller: somebody, play: `
		hears welcome
		presses 230471234#999999#1
		hears identify-wrong account
		presses 11111111#
		hears pin
		presses 246810#
		hears identify-wrong account
		presses 30471234#
		hears pin
		presses 246810#
		hears severity
		hangs up
		outcome abandoned 2 •# •# •# •# •# •#`},

	"three wrong pairs lead to the way without keys": {caller: somebody, play: `
		hears welcome
		presses 2
		hears account
		presses 30471234#
		hears pin
		presses 1234#
		hears identify-wrong account
		presses 30471234#
		hears pin
		presses 111111#
		hears identify-wrong account
		presses 30471234#
		hears pin
		presses 111111#
		hears identify-failed describe-without-keys record-notice tone
		speaks 8s
		hears ticket-registered 10000004 ticket-repeat 10000004 unverified within-24h choice-again choice-end goodbye
		ticket problem unverified none +14155559999 description.wav told×1
		outcome completed 2 •# •# •# •# •# •#`},

	"accounts cannot be looked up": {caller: somebody, away: true, play: `
		hears welcome
		presses 2
		hears account
		presses 30471234#
		hears pin
		presses 246810#
		hears identify-unavailable severity
		presses 1
		hears confirm-urgent
		presses 1
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 unverified within-24h choice-again choice-end goodbye
		ticket problem unverified P1 confirmed +14155559999 told×1
		outcome completed 2 •# •# 1 1 2 1`},

	"the desk takes its time": {caller: somebody, slow: 3 * time.Second, play: `
		hears welcome
		presses 2
		hears account
		presses 30471234#
		hears pin
		presses 246810#
		hears checking severity
		presses 4
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears checking ticket-registered 10000004 ticket-repeat 10000004 priority-4 choice-again
		presses 9
		hears goodbye
		ticket problem 30471234 P4 +14155559999 told×1
		outcome completed 2 •# •# 4 2 1 9`},

	"a PIN is always asked, the account of a vouched number is not": {caller: ada, pin: ivr.PINAlways, play: `
		hears welcome
		presses 2
		hears recognized pin
		presses *
		hears account
		presses 30471234#
		hears pin
		presses 246810#
		hears severity severity-1
		presses *
		hears account
		presses *
		hears menu-support
		presses 2
		hears recognized pin
		presses 246810#
		hears severity
		hangs up
		outcome abandoned 2 * •# •# * * 2 •#`},

	"no PIN is ever asked": {caller: somebody, pin: ivr.PINNever, play: `
		hears welcome
		presses 2
		hears account
		presses 30471230#
		hears identify-wrong account
		presses 30471234#
		hears severity
		presses 2
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2
		presses 9
		hears goodbye
		ticket problem 30471234 P2 +14155559999 told×1
		outcome completed 2 •# •# 2 2 1 9`},

	"no PIN is ever asked, but nobody knows the accounts": {caller: somebody, pin: ivr.PINNever, away: true, play: `
		hears welcome
		presses 2
		hears account
		presses 30471234#
		hears identify-unavailable severity
		hangs up
		outcome abandoned 2 •#`},

	"a plan without telephone gets the links": {caller: claire, mail: true, play: `
		hears welcome
		presses 2
		hears recognized plan-web plan-links
		presses 1
		hears plan-links-sent goodbye
		mail links claire@vauban.example
		outcome refused 2 1`},

	"a plan without telephone does not want the links": {caller: claire, mail: true, play: `
		hears welcome
		presses 2
		hears recognized plan-web plan-links
		presses 9
		hears plan-where goodbye
		outcome refused 2 9`},

	"a plan without telephone says nothing": {caller: claire, mail: true, play: `
		hears welcome
		presses 2
		hears recognized plan-web plan-links no-input-1 plan-links no-input-2 plan-links plan-where goodbye
		outcome refused 2`},

	"a plan without telephone, and no e-mail": {caller: claire, play: `
		hears welcome
		presses 2
		hears recognized plan-web plan-where goodbye
		outcome refused 2`},

	"a plan without telephone, and there are no links": {caller: claire, mail: true, linkless: true, play: `
		hears welcome
		presses 2
		hears recognized plan-web plan-where goodbye
		outcome refused 2`},

	"a plan without telephone, and the links cannot be sent": {caller: claire, mail: true, mute: true, play: `
		hears welcome
		presses 2
		hears recognized plan-web plan-links
		presses 1
		hears plan-where goodbye
		outcome refused 2 1`},

	"a plan without telephone and without address has another account": {caller: somebody, mail: true, play: `
		hears welcome
		presses 2
		hears account
		presses 60334455#
		hears pin
		presses 112358#
		hears plan-web plan-links
		presses *
		hears account
		presses 70445566#
		hears pin
		presses 271828#
		hears plan-web plan-where goodbye
		outcome refused 2 •# •# * •# •#`},

	"a silent caller": {caller: somebody, play: `
		hears welcome menu-support menu-services menu-again no-input-1 menu-support menu-services menu-again no-input-2 menu-support menu-services menu-again describe-without-keys record-notice tone record-empty describe-without-keys record-notice tone record-empty goodbye
		outcome abandoned`},

	"a caller without keys": {caller: somebody, play: `
		hears welcome menu-support menu-services menu-again no-input-1 menu-support menu-services menu-again no-input-2 menu-support menu-services menu-again describe-without-keys record-notice tone
		speaks 4s
		hears ticket-registered 10000004 ticket-repeat 10000004 unverified within-24h choice-again choice-end goodbye
		ticket problem unverified none +14155559999 description.wav told×1
		outcome completed`},

	"a caller without keys who does not want to be recorded": {caller: somebody, play: `
		hears welcome menu-support
		presses 7
		hears no-match-1 menu-support
		presses 8
		hears no-match-2
		presses 7
		hears describe-without-keys
		presses 2
		hears ticket-registered 10000004 ticket-repeat 10000004 unverified within-24h choice-again choice-end goodbye
		ticket problem unverified none +14155559999 told×1
		outcome completed 2`},

	"nobody to call back and nothing said": {caller: withheld, play: `
		hears welcome menu-support
		presses 777
		hears no-match-1
		presses 7
		hears no-match-2
		presses 7
		hears describe-without-keys record-notice
		presses 5
		hears describe-without-keys record-notice tone record-empty describe-without-keys
		presses 2
		hears goodbye
		outcome abandoned 2`},

	"a key before the tone does not end what comes after it": {caller: withheld, play: `
		hears welcome menu-support
		presses 7
		hears no-match-1
		presses 7
		hears no-match-2
		presses 7
		hears describe-without-keys record-notice
		presses 5
		hears describe-without-keys
		presses 7
		hears record-notice tone
		speaks 3s
		presses #
		hears ticket-registered 10000004 ticket-repeat 10000004 unverified within-24h choice-again choice-end goodbye
		ticket problem unverified none description.wav told×1
		outcome completed`},

	"a known caller who stops pressing keys keeps account and priority": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 1
		hears confirm-urgent no-input-1 confirm-urgent no-input-2 confirm-urgent describe-without-keys record-notice tone record-empty describe-without-keys record-notice tone record-empty ticket-registered 10000004 ticket-repeat 10000004 priority-1 choice-again choice-end goodbye
		ticket problem 30471234 P1 +14155550100 dialable told×1
		outcome completed 2 1`},

	"help, a pause, and any key goes on": {caller: ada, play: `
		hears welcome menu-support
		presses 0
		hears menu-support menu-services menu-again help-pause
		presses 0
		hears paused
		presses 5
		hears menu-support menu-services menu-again
		presses 0
		hears menu-support menu-services menu-again help-pause no-input-1 menu-support menu-services menu-again
		presses 0
		hears menu-support menu-services menu-again help-pause
		presses 00
		hears menu-support menu-services menu-again no-input-2
		presses 2
		hears recognized severity
		hangs up
		outcome abandoned 0 0 0 0 0 2`},

	"entries: help, clearing, too long, empty, ended by a pause": {caller: somebody, play: `
		hears welcome menu-support
		presses 2
		hears account
		presses 0
		hears account help-pause
		presses 0#
		hears paused
		presses 1
		hears account
		presses 304*
		hears account
		presses 1234567890123#
		hears entry-too-long account
		presses #
		hears entry-empty account
		presses 30471234
		hears pin
		presses 246810
		hears severity
		hangs up
		outcome abandoned 2 0 0 •* •# •#`},

	"an entry that fails three times": {caller: somebody, play: `
		hears welcome menu-support
		presses 2
		hears account no-input-1 account
		presses A#
		hears entry-empty account
		presses #
		hears describe-without-keys
		hangs up
		outcome abandoned 2`},

	"recorded again, back and forth": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe record-notice tone record-empty describe record-notice
		presses 0
		hears describe record-notice help-pause tone
		speaks 3s
		presses #
		hears record-keep
		presses 2
		hears describe record-notice tone
		speaks 200s
		hears record-full record-keep
		presses 1
		hears callback-is
		presses *
		hears record-keep
		presses *
		hears describe
		presses *
		hears severity
		presses 3
		hears record-keep
		presses 1
		hears callback-is
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-3 choice-again choice-end goodbye
		ticket problem 30471234 P3 +14155550100 dialable description.wav told×1
		outcome completed 2 2 0 2 1 * * * 3 1 1`},

	"a recording taken back, and then none": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe record-notice tone
		speaks 3s
		presses #
		hears record-keep
		presses 2
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2 choice-again choice-end goodbye
		ticket problem 30471234 P2 +14155550100 dialable told×1
		outcome completed 2 2 2 2 1`},

	"nothing can be recorded": {caller: ada, tapeless: true, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe record-notice tone callback-is
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2 choice-again choice-end goodbye
		ticket problem 30471234 P2 +14155550100 dialable told×1
		outcome completed 2 2 1`},

	"nothing can be recorded of a caller without keys": {caller: somebody, tapeless: true, play: `
		hears welcome menu-support menu-services menu-again no-input-1 menu-support menu-services menu-again no-input-2 menu-support menu-services menu-again describe-without-keys record-notice tone ticket-registered 10000004 ticket-repeat 10000004 unverified within-24h choice-again choice-end goodbye
		ticket problem unverified none +14155559999 told×1
		outcome completed`},

	"nothing said three times": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe record-notice tone record-empty describe record-notice tone record-empty describe record-notice tone record-empty callback-is
		presses 1
		hears ticket-registered
		hangs up
		ticket problem 30471234 P2 +14155550100 dialable left×1
		outcome abandoned 2 2 1`},

	"another number, typed after the PIN, may be dialled": {caller: somebody, play: `
		hears welcome
		presses 2
		hears account
		presses 30471234#
		hears pin
		presses 246810#
		hears severity
		presses 2
		hears describe
		presses 2
		hears callback-is 4155559999 callback-right
		presses 2
		hears callback-enter
		presses 555#
		hears callback-wrong callback-enter
		presses 4155550199#
		hears callback-is 4155550199 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2 choice-again choice-end goodbye
		ticket problem 30471234 P2 +14155550199 dialable told×1
		outcome completed 2 •# •# 2 2 2 •# 4155550199# 1`},

	"another number without a PIN may not, unless a contact has it": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe
		presses 2
		hears callback-is
		presses 2
		hears callback-enter
		presses 4155550199#
		hears callback-is 4155550199 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2 choice-again choice-end goodbye
		ticket problem 30471234 P2 +14155550199 told×1
		outcome completed 2 2 2 2 4155550199# 1`},

	"a withheld number is asked for, and a contact's may be dialled": {caller: withheld, pin: ivr.PINNever, play: `
		hears welcome
		presses 2
		hears account
		presses 30471234#
		hears severity
		presses 2
		hears describe
		presses 2
		hears callback-withheld callback-enter
		presses 4155550101#
		hears callback-is 4155550101 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2 choice-again choice-end goodbye
		ticket problem 30471234 P2 +14155550101 dialable told×1
		outcome completed 2 •# 2 2 4155550101# 1`},

	"three numbers that are none": {caller: withheld, play: `
		hears welcome
		presses 3
		hears services-describe
		presses 2
		hears callback-withheld callback-enter
		presses 1#
		hears callback-wrong callback-enter
		presses 1#
		hears callback-wrong callback-enter
		presses 1#
		hears describe-without-keys record-notice tone
		speaks 9s
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-4 choice-again choice-end goodbye
		ticket services unverified none description.wav told×1
		outcome completed 3 2 •# •# •#`},

	"other services": {caller: somebody, play: `
		hears welcome menu-support menu-services
		presses 3
		hears services-describe record-notice tone
		speaks 7s
		hears record-keep
		presses 1
		hears callback-is 4155559999 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-4 choice-again choice-end
		presses *
		hears ticket-registered 10000004 choice-again choice-end
		presses 9
		hears goodbye
		ticket services unverified none +14155559999 description.wav told×1
		outcome completed 3 1 1 * 9`},

	"the ticket cannot be opened": {caller: ada, full: true, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-failed goodbye
		outcome failed 2 2 2 1`},

	"the desk cannot note anything, the number is told all the same": {caller: ada, mute: true, mail: true, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2 choice-again choice-email choice-end
		presses 2
		hears ticket-registered 10000004 choice-again choice-end goodbye
		ticket problem 30471234 P2 +14155550100 dialable
		outcome completed 2 2 2 1 2`},

	"gone after the key for urgent: still urgent": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 1
		hears confirm-urgent
		hangs up
		ticket problem 30471234 P1 +14155550100 dialable hung-up left×1
		outcome abandoned 2 1`},

	"gone after urgent was taken back: a ticket without a priority": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 1
		hears confirm-urgent
		presses *
		hears severity
		hangs up
		ticket problem 30471234 none +14155550100 dialable hung-up left×1
		outcome abandoned 2 1 *`},

	"gone while speaking": {caller: somebody, play: `
		hears welcome
		presses 3
		hears services-describe record-notice tone
		speaks 2s
		hangs up
		ticket services unverified none +14155559999 description.wav hung-up left×1
		outcome abandoned 3`},

	"gone before a second was spoken": {caller: somebody, play: `
		hears welcome
		presses 3
		hears services-describe record-notice tone
		speaks 900ms
		hangs up
		outcome abandoned 3`},

	"gone, and the ticket cannot be opened": {caller: ada, full: true, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe
		hangs up
		outcome failed 2 2`},

	"gone after the whole number": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-registered 10000004 ticket-repeat
		hangs up
		ticket problem 30471234 P2 +14155550100 dialable told×1
		outcome completed 2 2 2 1`},

	"gone within the number": {caller: ada, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-registered 1
		hangs up
		ticket problem 30471234 P2 +14155550100 dialable left×1
		outcome abandoned 2 2 2 1`},

	"the call before was lost, this one joins its ticket": {caller: ada, joins: true, play: `
		hears welcome
		presses 2
		hears recognized severity
		presses 2
		hears describe
		presses 2
		hears callback-is
		presses 1
		hears ticket-joined ticket-registered 10000004 ticket-repeat 10000004 priority-2 choice-again choice-end goodbye
		ticket problem 30471234 P2 +14155550100 dialable told×1
		outcome completed 2 2 2 1`},

	"an urgent caller speaks with an agent; what is pressed then is no answer": {caller: ada, mail: true, agents: urgent, play: `
		hears welcome menu-support menu-services menu-again
		presses 2
		hears recognized severity severity-1
		presses 1
		hears confirm-urgent
		presses 1
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-1 choice-again choice-email choice-agent choice-end
		presses 3
		hears agent-connecting
		agent talks
		presses 2
		hears goodbye
		ticket problem 30471234 P1 confirmed +14155550100 dialable told×1
		outcome completed 2 1 1 2 1 3`},

	"an urgent caller is handed over to an agent": {caller: ada, extension: "2", agents: urgent, play: `
		hears welcome recognized severity
		presses 1
		hears confirm-urgent
		presses 1
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered
		presses 3
		hears 10000004 ticket-repeat 10000004 agent-connecting
		agent takes over
		ticket problem 30471234 P1 confirmed +14155550100 dialable told×1
		outcome completed 1 1 2 1 3`},

	"no agent is there, twice": {caller: ada, extension: "2", agents: urgent, play: `
		hears welcome recognized severity
		presses 1
		hears confirm-urgent
		presses 1
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-1 choice-again choice-agent
		presses 3
		hears agent-connecting
		agent busy
		hears agent-unavailable choice-again choice-agent
		presses 1
		hears ticket-registered 10000004 choice-again choice-agent
		presses 3
		hears agent-connecting
		agent silent
		hears agent-unavailable choice-again choice-end
		presses 3
		hears no-match-1 choice-again choice-end goodbye
		ticket problem 30471234 P1 confirmed +14155550100 dialable told×1
		outcome completed 1 1 2 1 3 1 3`},

	"only tickets of the agents' priorities lead to them": {caller: ada, extension: "2", agents: urgent, play: `
		hears welcome recognized severity severity-1
		presses 2
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-2 choice-again choice-end
		presses 9
		hears goodbye
		ticket problem 30471234 P2 +14155550100 dialable told×1
		outcome completed 2 2 1 9`},

	"an unverified caller is not put through, whatever the priority": {caller: somebody, agents: everyPriority, play: `
		hears welcome menu-support menu-services menu-again no-input-1 menu-support menu-services menu-again no-input-2 menu-support menu-services menu-again describe-without-keys record-notice tone
		speaks 4s
		hears ticket-registered 10000004 ticket-repeat 10000004 unverified within-24h choice-again choice-end goodbye
		ticket problem unverified none +14155559999 description.wav told×1
		outcome completed`},

	"gone while the agent's phone rings": {caller: ada, extension: "2", agents: urgent, play: `
		hears welcome recognized severity
		presses 1
		hears confirm-urgent
		presses 1
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-1 choice-again choice-agent
		presses 3
		hears agent-connecting
		agent busy
		hangs up
		ticket problem 30471234 P1 confirmed +14155550100 dialable told×1
		outcome completed 1 1 2 1 3`},

	"the agent does not answer, an engineer on call does": {caller: ada, extension: "2", agents: urgent, engineers: urgent, play: `
		hears welcome recognized severity
		presses 1
		hears confirm-urgent
		presses 1
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-1 choice-again choice-agent
		presses 3
		hears agent-connecting
		agent busy
		hears agent-paging
		agent talks
		hears goodbye
		ticket problem 30471234 P1 confirmed +14155550100 dialable told×1
		outcome completed 1 1 2 1 3`},

	"there are engineers on call, and no agents": {caller: ada, extension: "2", engineers: urgent, play: `
		hears welcome recognized severity
		presses 1
		hears confirm-urgent
		presses 1
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-1 choice-again choice-agent
		presses 3
		hears agent-paging
		agent silent
		hears agent-unavailable choice-again choice-agent
		presses 9
		hears goodbye
		ticket problem 30471234 P1 confirmed +14155550100 dialable told×1
		outcome completed 1 1 2 1 3 9`},

	"stops waiting while the agent's phone rings": {caller: ada, extension: "2", agents: urgent, engineers: urgent, play: `
		hears welcome recognized severity
		presses 1
		hears confirm-urgent
		presses 1
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-1 choice-again choice-agent
		presses 3
		hears agent-connecting
		agent talks
		presses 5*
		hears choice-again choice-agent
		presses 3
		hears agent-connecting
		agent busy
		hears agent-paging
		agent silent
		presses *
		hears choice-again choice-end goodbye
		ticket problem 30471234 P1 confirmed +14155550100 dialable told×1
		outcome completed 1 1 2 1 3 * 3 *`},

	"gone while the engineers on call are phoned": {caller: ada, extension: "2", engineers: urgent, play: `
		hears welcome recognized severity
		presses 1
		hears confirm-urgent
		presses 1
		hears describe record-notice
		presses 2
		hears callback-is 4155550100 callback-right
		presses 1
		hears ticket-registered 10000004 ticket-repeat 10000004 priority-1 choice-again choice-agent
		presses 3
		hears agent-paging
		agent busy
		hangs up
		ticket problem 30471234 P1 confirmed +14155550100 dialable told×1
		outcome completed 1 1 2 1 3`},
}

var (
	urgent        = []tickets.Priority{tickets.P1}
	everyPriority = []tickets.Priority{tickets.P1, tickets.P2, tickets.P3, tickets.P4}
)
