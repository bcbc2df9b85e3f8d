package recognize

import (
	"cmp"
	"slices"
)

// overlap is how much two clips may overlap and still both be heard, in samples: 60 ms.
const overlap = 60 * SampleRate / 1000

// settle decides about the guesses that are over and don't touch one that is not: of those that overlap, the one that
// explains most of the sound is it.
func (l *Listener) settle(all bool) []Match {
	var open []*guess
	for _, g := range l.guesses {
		switch {
		case !g.over:
			open = append(open, g)
		case g.holds():
			l.done = append(l.done, g)
		}
	}
	l.guesses = open
	slices.SortFunc(l.done, better)
	var kept, waiting []*guess
	for _, g := range l.done {
		switch {
		case slices.ContainsFunc(kept, g.overlaps), slices.ContainsFunc(waiting, g.overlaps) && !all:
			if slices.ContainsFunc(kept, g.overlaps) {
				continue // explained by a better one
			}
			waiting = append(waiting, g)
		case !all && slices.ContainsFunc(open, g.contested):
			waiting = append(waiting, g)
		default:
			kept = append(kept, g)
		}
	}
	l.done = waiting
	slices.SortFunc(kept, func(a, b *guess) int { return cmp.Compare(a.start, b.start) })
	var matches []Match
	for _, g := range kept {
		matches = append(matches, g.match())
	}
	return matches
}

// better sorts by how much of the sound a guess explains.
func better(a, b *guess) int {
	return cmp.Or(
		cmp.Compare(b.weight(), a.weight()),
		cmp.Compare(a.clip.name, b.clip.name),
	)
}

// weight grows with what was heard, and steeply with how alike it was: "g" is much like "z", which is longer.
func (g *guess) weight() float64 {
	w := float64(g.loud) / (1.05 - g.score())
	if !g.complete() {
		w *= 0.9
	}
	return w
}

func (g *guess) overlaps(other *guess) bool {
	return min(g.end(), other.end())-max(g.start, other.start) > overlap
}

// contested reports whether other, still open, may turn out to be what was heard instead of g.
func (g *guess) contested(other *guess) bool {
	return other.start < g.end()-overlap && g.start < other.start+len(other.clip.pcm)-overlap
}
