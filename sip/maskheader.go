package sip

import "bytes"

// How much of a header is shown.
type headerSense int

const (
	headerShown headerSense = iota
	headerCredentials
	headerIdentity
	headerHidden
)

// secretNames are in the names of headers that hold a secret, once all but letters and digits is taken out of them and they
// are in lower case: credentials, media authorization tokens, user-to-user data (which call centres fill with what a caller
// has typed), keys.
var secretNames = [][]byte{
	[]byte("auth"), []byte("secret"), []byte("passw"), []byte("passphrase"), []byte("token"), []byte("credential"), []byte("cookie"),
	[]byte("usertouser"), []byte("dtmf"), []byte("crypto"), []byte("inline"), []byte("keymgmt"), []byte("signature"), []byte("digits"),
}

var secretEnds = [][]byte{[]byte("key"), []byte("pin"), []byte("pwd")}

// senseOf judges a header by its name, whatever is between its letters.
func senseOf(name []byte) headerSense {
	var buffer [96]byte
	plain := lettersOf(buffer[:0], name)
	switch string(plain) {
	case "via", "from", "to", "callid", "cseq", "contact", "contentlength", "contenttype", "maxforwards", "allow", "supported", "v", "f", "t", "i", "m", "l", "c", "k":
		return headerShown
	case "authorization", "proxyauthorization", "wwwauthenticate", "proxyauthenticate", "authenticationinfo", "proxyauthenticationinfo":
		return headerCredentials
	case "identity", "y":
		return headerIdentity
	}
	if len(plain) == cap(plain) {
		return headerHidden
	}
	for _, part := range secretNames {
		if bytes.Contains(plain, part) {
			return headerHidden
		}
	}
	for _, end := range secretEnds {
		if bytes.HasSuffix(plain, end) {
			return headerHidden
		}
	}
	return headerShown
}

// lettersOf appends letters and digits in lower case, as many as there is room for.
func lettersOf(to, from []byte) []byte {
	for _, c := range from {
		switch {
		case len(to) == cap(to):
			return to
		case c >= 'A' && c <= 'Z':
			to = append(to, c+'a'-'A')
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			to = append(to, c)
		}
	}
	return to
}

func isToken(name []byte) bool {
	for _, c := range name {
		if !isWordByte(c) && bytes.IndexByte([]byte("-.!%*_+`'~"), c) < 0 {
			return false
		}
	}
	return len(name) > 0
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// credentials shows the scheme and the parameters that are no secret (RFC 7616 sections 3.3 to 3.5). A value in another
// form than theirs is masked.
func (m *masker) credentials(value []byte) {
	value = bytes.TrimSpace(value)
	scheme, rest, _ := bytes.Cut(value, []byte(" "))
	switch {
	case bytes.EqualFold(scheme, []byte("Digest")):
		m.out = append(m.out, " Digest"...)
		value = rest
	case bytes.EqualFold(scheme, []byte("Basic")), bytes.EqualFold(scheme, []byte("Bearer")):
		m.out = append(append(append(m.out, ' '), scheme...), " "+masked...)
		return
	}
	for i, parameter := range bytes.Split(value, []byte(",")) {
		if i > 0 {
			m.out = append(m.out, ',')
		}
		m.parameter(bytes.TrimSpace(parameter))
	}
}

func (m *masker) parameter(p []byte) {
	name, value, _ := bytes.Cut(p, []byte("="))
	switch string(bytes.ToLower(name)) {
	case "username", "realm", "nonce", "nextnonce", "algorithm", "qop", "nc", "stale":
		if isPlainValue(value) {
			m.out = append(append(m.out, ' '), p...)
			return
		}
		fallthrough
	case "response", "cnonce", "opaque", "uri", "domain", "rspauth", "auts":
		m.out = append(append(append(m.out, ' '), name...), "="+masked...)
	default:
		m.out = append(m.out, " "+masked...)
	}
}

// isPlainValue: one token or quoted string that holds no parameter of its own.
func isPlainValue(value []byte) bool {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	value = bytes.TrimRight(value, "=") // the padding of Base64
	for _, c := range value {
		if !isWordByte(c) && bytes.IndexByte([]byte("-._+/:@ "), c) < 0 {
			return false
		}
	}
	return true
}

// identity shows a PASSporT without its signature (RFC 8224 section 4): the claims are what an operator asks for.
func (m *masker) identity(value []byte) {
	value = bytes.TrimSpace(value)
	passport, parameters, _ := bytes.Cut(value, []byte(";"))
	last := bytes.LastIndexByte(passport, '.')
	if last < 0 || bytes.Count(passport, []byte(".")) != 2 || !isBase64URL(passport) || !isIdentityParameters(parameters) {
		m.out = append(m.out, " "+masked...)
		return
	}
	m.out = append(append(m.out, ' '), passport[:last+1]...)
	m.out = append(m.out, masked...)
	if len(parameters) > 0 {
		m.out = append(append(m.out, ';'), parameters...)
	}
}

func isBase64URL(p []byte) bool {
	for _, c := range p {
		if !isWordByte(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// isIdentityParameters: info, alg and ppt only, so that no second PASSporT hides behind them.
func isIdentityParameters(p []byte) bool {
	for parameter := range bytes.SplitSeq(p, []byte(";")) {
		name, _, _ := bytes.Cut(bytes.TrimSpace(parameter), []byte("="))
		switch string(name) {
		case "", "info", "alg", "ppt":
		default:
			return false
		}
	}
	return !bytes.ContainsAny(p, ", \t")
}
