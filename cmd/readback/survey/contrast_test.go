package survey

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestContrast_WCAG_1_4_3: text stands out from what is behind it by 4.5 to 1, and lines of controls by 3 to 1 (1.4.11), by day
// and by night.
func TestContrast_WCAG_1_4_3(t *testing.T) {
	day, night, _ := strings.Cut(style, "@media")
	for scheme, rules := range map[string]string{"light": day, "dark": night} {
		colors := map[string]float64{}
		for _, found := range regexp.MustCompile(`--(\w+): #([0-9a-f]{6})`).FindAllStringSubmatch(rules, -1) {
			colors[found[1]] = luminance(t, found[2])
		}
		for _, pair := range []struct {
			front, back string
			atLeast     float64
		}{
			{"ink", "paper", 4.5},
			{"soft", "paper", 4.5},
			{"wrong", "paper", 4.5},
			{"on", "accent", 4.5},
			{"line", "paper", 3},
			{"accent", "paper", 3},
		} {
			front, known := colors[pair.front]
			back, alsoKnown := colors[pair.back]
			if !known || !alsoKnown {
				t.Fatalf("%s: %s or %s is missing", scheme, pair.front, pair.back)
			}
			if ratio := (max(front, back) + .05) / (min(front, back) + .05); ratio < pair.atLeast {
				t.Errorf("%s: %s on %s has %.2f to 1, want %v", scheme, pair.front, pair.back, ratio, pair.atLeast)
			}
		}
	}
}

// luminance is the relative luminance of a color of sRGB.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		value, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		share := float64(value) / 255
		if share <= .04045 {
			sum += weight * share / 12.92
		} else {
			sum += weight * math.Pow((share+.055)/1.055, 2.4)
		}
	}
	return sum
}
