package main

import (
	"cmp"
	"fmt"
	"strings"

	"readback/tickets"
)

// hints say for each rule that refuses calls what an operator can do.
var hints = map[string]string{
	"accept":           "The carrier says it takes no session description in answers (Accept). Have it add application/sdp, or leave Accept out.",
	"body-encoding":    "The carrier sends a compressed body. Have it send session descriptions without Content-Encoding.",
	"body-encrypted":   "The body is encrypted (S/MIME), which nobody here can open. Have the carrier send session descriptions in the clear and protect them by TLS.",
	"body-type":        "The INVITE brings something else than a session description. Have the carrier send application/sdp, or mark other parts handling=optional.",
	"call-queue":       "The carrier sends requests inside the call faster than they can be answered. Look in the signalling for a loop of re-INVITEs or INFOs.",
	"call-rate":        "The trunk made more new calls a second than it may. Raise calls_per_second and burst of the trunk if that is its ordinary traffic.",
	"calls":            "The gateway had as many calls as it may have. Raise sip.max_calls if the machine has room, or add a gateway.",
	"connections":      "Too many TCP or TLS connections were open. Have the carrier reuse its connections.",
	"credentials":      "The name or the password that came with the INVITE is wrong. Compare the carrier's login with the one configured.",
	"cseq":             "The request was numbered lower than the last one (CSeq): it came late, or the carrier counts wrongly.",
	"drained":          "The gateway was being stopped and the time for running calls was over. The carrier should have another gateway to go on with.",
	"draining":         "The gateway was being stopped. The carrier should have tried another one: check that it fails over on 503.",
	"event":            "The NOTIFY is about something that nobody here asked for. Have the carrier switch it off for this trunk.",
	"glare":            "Both sides wanted to change the call at the same time; the carrier should have tried again after a moment (RFC 3261 section 14.1).",
	"header-count":     "The message has more headers than are taken. Look at it (--bodies) for a loop that adds one at each turn.",
	"header-line":      "A header is longer than what is taken. Look at it (--bodies) for a list that grew, such as Via, Route or History-Info.",
	"info-type":        "The INFO held something else than a key. Keys come as application/dtmf-relay or application/dtmf.",
	"invite-pending":   "The carrier sent a second change of the call before the first was answered.",
	"malformed":        "The message breaks RFC 3261 in the way that is named. Show its text to the carrier (--bodies).",
	"max-forwards":     "The call went round in circles until its hops were used up. Look for a route at the carrier that leads back to itself.",
	"merged":           "The same call came by two ways, because a proxy forked it. One of them was answered; this is as it should be.",
	"message-rate":     "The trunk sent more messages a second than its call rate allows. Raise calls_per_second of the trunk, or look for a loop.",
	"method":           "The carrier used a method that is not offered in Allow. Have it switched off for this trunk.",
	"no-dialog":        "The request belongs to no call that there is: it came after the end, or after a restart.",
	"no-pong":          "The carrier does not answer keep-alives on its connection. Look for a firewall that forgets idle connections.",
	"no-ports":         "No port for sound was free. Widen rtp.ports, or lower sip.max_calls.",
	"no-prack":         "The carrier demanded reliable ringing and then did not confirm it (PRACK, RFC 3262). Have it confirm, or switch 100rel off for this trunk.",
	"no-subscription":  "The NOTIFY belongs to no transfer that is under way: it came late, or to the wrong gateway.",
	"no-transaction":   "The CANCEL names no INVITE that there is: it came late, or changed on its way.",
	"offer":            "The carrier's offer and the trunk's settings have nothing in common. Compare the codecs and the encryption of the offer (--bodies) with codecs and encryption of the trunk.",
	"overload":         "The machine had no time for more calls; sound comes first. Add a gateway or processors, or see rtp.overload.",
	"panic":            "The gateway failed in this call. Its log has the details; please report it.",
	"precondition":     "The carrier demands that resources are reserved first (RFC 3312). Have it make preconditions optional for this trunk.",
	"proxy-header":     "The proxy in front of the gateway did not say where the call came from. Have it set the header of sip.proxy_header to the carrier's address.",
	"proxy-source":     "The proxy in front of the gateway named an address that is in no trunk's networks. Add it to the networks of the trunk if it is the carrier's.",
	"rack":             "The PRACK confirms an answer that was not sent (RAck, RFC 3262). Show the signalling to the carrier.",
	"reliable":         "The trunk is set to demand reliable ringing (100rel), which the carrier does not speak. Make it optional for this trunk.",
	"require":          "The carrier demands an extension that is not spoken here (Require). Have it made optional for this trunk.",
	"session-interval": "The carrier asks for a shorter session interval than is taken; it should have tried again with the Min-SE of the answer (RFC 4028).",
	"sips":             "The carrier calls a sips: address over a transport that is not TLS. Have it send to a tls listener, or to a sip: address.",
	"tls-handshake":    "TLS could not be agreed on. Compare certificates, names and versions of both sides.",
	"too-large":        "The message is larger than what is taken.",
	"trunk-calls":      "The trunk had as many calls as it may have. Raise max_calls of the trunk if that is its ordinary traffic.",
	"unanswered":       "The call ended inside the gateway before it was answered. Its log has the details.",
	"unknown-number":   "No number of the configuration is the one that was asked for. Add it to numbers if it is yours; otherwise compare how the carrier writes it with the trunk's country.",
	"uri-length":       "The Request-URI is longer than what is taken. Look at it for parameters that a proxy adds at each turn.",
	"uri-scheme":       "The call was addressed by something else than sip or tel. Have the carrier write sip:NUMBER@HOST.",
	"version":          "The message is of another version of SIP than 2.0.",
}

// hintFor says what an operator can do about how a call ended; empty when nothing was wrong.
func hintFor(r tickets.CallRecord) string {
	hint := hints[r.Rule]
	switch {
	case r.Rule != "" && hint == "":
		hint = fmt.Sprintf("Nothing more is known of the rule %q.", shown(r.Rule))
	case r.OneWay:
		hint = "Nothing was heard of the caller. See the log's warning for this call: where sound was sent and what was named; check media networks of the trunk, firewalls and NAT."
	case r.EndedBy == tickets.EndedByCarrier:
		hint = "The carrier ended the call, not the caller: ask it what the cause means there."
	case r.Direction == tickets.DirectionOutgoing && r.Status >= 300:
		hint = "The call of ours was not taken. Where nobody was asked, compare with the carrier how the trunk writes numbers, and whether it lets this caller number and this destination through."
	case r.Disposition == tickets.DispositionFailed:
		hint = "Something broke on our side. The log has more under the call's id."
	}
	return hint
}

// q850Words are the causes that carriers send (ITU-T Q.850 table 1).
var q850Words = map[int]string{
	1: "unallocated number", 2: "no route to transit network", 3: "no route to destination", 16: "normal call clearing", 17: "user busy",
	18: "no user responding", 19: "no answer from user", 20: "subscriber absent", 21: "call rejected", 22: "number changed",
	27: "destination out of order", 28: "invalid number format", 29: "facility rejected", 31: "normal, unspecified",
	34: "no circuit available", 38: "network out of order", 41: "temporary failure", 42: "switching equipment congestion",
	44: "requested circuit not available", 47: "resource unavailable", 50: "requested facility not subscribed", 55: "incoming calls barred",
	57: "bearer capability not authorized", 58: "bearer capability not presently available", 63: "service or option not available",
	65: "bearer capability not implemented", 79: "service or option not implemented", 88: "incompatible destination",
	96: "mandatory information element missing", 102: "recovery on timer expiry", 111: "protocol error", 127: "interworking, unspecified",
}

// reasonWords explain a Reason header (RFC 3326).
func reasonWords(reason string) string {
	cause, ok := q850Of(reason)
	if !ok {
		return reason
	}
	return fmt.Sprintf("Q.850 cause %d (%s)%s", cause, cmp.Or(q850Words[cause], "not in the table"), carrierText(reason))
}

// carrierText is what the carrier adds in words of its own.
func carrierText(reason string) string {
	_, text, found := strings.Cut(reason, "text=")
	if !found {
		return ""
	}
	return `, "` + strings.Trim(strings.TrimSpace(text), `"`) + `"`
}
