package tickets

import (
	"slices"
	"strings"
	"time"
)

// A Plan is what an account bought: by which ways it may ask, and how soon it is told.
type Plan struct {
	Name    string
	Aliases []string
	Phone   bool // may open tickets by telephone
	Form    bool // may use the online form
	Chat    bool // may use the live chat
	Respond map[Priority]time.Duration
}

// named reports whether the plan goes by this name or alias, in any case.
func (p Plan) named(name string) bool {
	return strings.EqualFold(p.Name, name) || slices.ContainsFunc(p.Aliases, func(alias string) bool {
		return strings.EqualFold(alias, name)
	})
}
