package dtmf

// Key is a key of the telephone: '0' to '9', '*', '#' or 'A' to 'D'.
type Key byte

const keys = "0123456789*#ABCD"

// KeyOf is the key of a telephone-event number (RFC 4733 section 3.2); false for events that are no keys.
func KeyOf(event byte) (Key, bool) {
	if int(event) >= len(keys) {
		return 0, false
	}
	return Key(keys[event]), true
}

// Event is the telephone-event number of a key; false when k is no key.
func (k Key) Event() (byte, bool) {
	for i := range len(keys) {
		if keys[i] == byte(k) {
			return byte(i), true
		}
	}
	return 0, false
}

// String is the key's sign.
func (k Key) String() string { return string(rune(k)) }
