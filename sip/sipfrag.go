package sip

import (
	"bytes"
	"strconv"
	"strings"
)

const sipfragType = "message/sipfrag"

// sipfragMax bounds the status line of a fragment, in bytes.
const sipfragMax = 512

// parseSipfrag reads the status line that a fragment begins with (RFC 3420); what follows does not matter.
func parseSipfrag(body []byte) (status int, reason string, ok bool) {
	line, _, _ := bytes.Cut(bytes.TrimLeft(body, "\r\n"), []byte("\n"))
	if len(line) > sipfragMax {
		return 0, "", false
	}
	text, found := strings.CutPrefix(strings.TrimRight(string(line), "\r"), "SIP/2.0 ")
	digits, reason, _ := strings.Cut(text, " ")
	status, err := strconv.Atoi(digits)
	if !found || len(digits) != 3 || err != nil || status < 100 || status > 699 {
		return 0, "", false
	}
	return status, plain(strings.TrimSpace(reason)), true
}
