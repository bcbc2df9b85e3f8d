package prompts

import "io/fs"

// Music opens the sound for callers who wait, the same in all locales: FLAC like the prompts, 20 s at −22 dBov that begin and
// end in silence, so that it can be played over and over. The caller closes the file.
func Music() (fs.File, error) { return shipped.Open("music/hold.flac") }
