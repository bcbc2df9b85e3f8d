package say

import (
	"fmt"
	"time"
)

// within names the whole phrases that are recorded, since the words around a duration change with it
// ("within one hour", "dans un délai d'une heure", "de deux heures"). 24 and 48 hours are said in
// hours, as the policy promises them.
var within = map[time.Duration]string{
	5 * time.Minute:  "within-5m",
	10 * time.Minute: "within-10m",
	15 * time.Minute: "within-15m",
	30 * time.Minute: "within-30m",
	45 * time.Minute: "within-45m",
	1 * time.Hour:    "within-1h",
	2 * time.Hour:    "within-2h",
	4 * time.Hour:    "within-4h",
	8 * time.Hour:    "within-8h",
	24 * time.Hour:   "within-24h",
	48 * time.Hour:   "within-48h",
	72 * time.Hour:   "within-3d",
	96 * time.Hour:   "within-4d",
	120 * time.Hour:  "within-5d",
}

// Within speaks a promise ("within four hours"). A duration that was not recorded is an error, never
// rounded: a promise is said exactly or not at all.
func Within(_ string, d time.Duration) ([]Token, error) {
	name, ok := within[d]
	if !ok {
		return nil, fmt.Errorf("say within %v: no such phrase is recorded; use 5, 10, 15, 30 or 45 minutes, 1, 2, 4, 8, 24 or 48 hours, or 3 to 5 days", d)
	}
	return []Token{{Name: name}}, nil
}
