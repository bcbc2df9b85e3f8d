package tickets

// A Share is a part of a whole.
type Share struct{ Part, Whole int }

// Of is the share on a scale, like 100 for percent, cut and not rounded: it reaches the scale only when the part is the whole. It is
// false when there is no whole.
func (s Share) Of(scale int) (int, bool) {
	if s.Whole == 0 {
		return 0, false
	}
	return s.Part * scale / s.Whole, true
}
