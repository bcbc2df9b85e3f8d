// Package recordings keeps what callers said: in a directory, or in a bucket of a server that speaks S3, encrypted or not.
//
// A gateway records into a directory of its own. Where recordings are kept elsewhere, Shipper moves them there once they are whole:
// what is in the directory is what has still to be moved, so that nothing is lost when the bucket is away or the gateway is killed.
package recordings

import (
	"fmt"
	"regexp"

	"readback/tickets"
)

// goodName is a name that is safe as the name of a file and as a key.
var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

// MaxSize is the largest recording in bytes: half an hour of 16-bit samples at 16 kHz, and some.
const MaxSize = 64 << 20

func checkName(name string) error {
	if !goodName.MatchString(name) {
		return fmt.Errorf("recording %.60q: %w: that is no name of a recording", name, tickets.ErrInvalid)
	}
	return nil
}
