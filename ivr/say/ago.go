package say

import "time"

// ago names the whole phrases that are recorded, by the time within which something happened, shortest first.
var ago = []struct {
	within time.Duration
	name   string
}{
	{5 * time.Minute, "ago-5m"},
	{30 * time.Minute, "ago-30m"},
	{1 * time.Hour, "ago-1h"},
	{2 * time.Hour, "ago-2h"},
	{4 * time.Hour, "ago-4h"},
	{24 * time.Hour, "ago-1d"},
	{48 * time.Hour, "ago-2d"},
	{7 * 24 * time.Hour, "ago-1w"},
}

// Ago speaks how long ago something happened, as the nearest bound that holds ("less than two hours ago").
func Ago(_ string, d time.Duration) []Token {
	for _, phrase := range ago {
		if d < phrase.within {
			return []Token{{Name: phrase.name}}
		}
	}
	return []Token{{Name: "ago-more"}}
}
