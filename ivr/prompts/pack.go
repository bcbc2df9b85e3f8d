package prompts

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
)

// A Sound is an entry of a manifest: where a sound comes from.
type Sound struct {
	TextSHA256   string `json:"text_sha256"` // of the text it speaks, in hex; another one means that the sound is stale
	Voice        string `json:"voice"`       // engine, version and voice
	Licence      string `json:"licence"`     // SPDX expression
	Milliseconds int    `json:"ms"`          // length
}

// Speaks says whether the sound was made from this text.
func (s Sound) Speaks(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return s.TextSHA256 == hex.EncodeToString(sum[:])
}

// A pack is what one locale has by itself: texts and sounds by name, the operator's recordings on top, another pack below.
type pack struct {
	texts    map[string]string
	manifest map[string]Sound
	sounds   fs.FS
	own      []fs.FS // the last one laid over comes last and wins
	below    *pack
}

// open tries the operator's recordings, then the shipped sound.
func (p *pack) open(name string) (fs.File, error) {
	for i := len(p.own) - 1; i >= 0; i-- {
		file, err := openOwn(p.own[i], name)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	if !fs.ValidPath(name) {
		return nil, fs.ErrNotExist
	}
	return p.sounds.Open(name + ".flac")
}
