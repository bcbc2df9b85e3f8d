package say

import (
	"fmt"
	"slices"
)

// Snippets lists the name of every snippet that a value spoken in the locale may need, sorted: a pack
// is whole when it holds them all.
func Snippets(_ string) []string {
	names := []string{"key-pound", "key-star", "ago-more"}
	for d := range 10 {
		names = append(names, fmt.Sprintf("digit-%d", d), fmt.Sprintf("digit-%d-end", d))
	}
	for n := range 100 {
		names = append(names, number(n))
	}
	for letter := 'a'; letter <= 'z'; letter++ {
		names = append(names, "letter-"+string(letter))
	}
	for _, phrase := range within {
		names = append(names, phrase)
	}
	for _, phrase := range ago {
		names = append(names, phrase.name)
	}
	slices.Sort(names)
	return names
}
