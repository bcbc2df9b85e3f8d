package storetest

import (
	"os"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// limitsFile is seen from the folder of an adapter.
const limitsFile = "../../testdata/limit/desk.yaml"

// Limits are what the measurements of the desk run with, and their goals.
type Limits struct {
	Fifty struct {
		PerSecond int     `yaml:"per_second"`
		Tickets   int     `yaml:"tickets"`
		Ratio     float64 `yaml:"ratio"`
	} `yaml:"fifty"`
	Gateways struct {
		Count     int     `yaml:"count"`
		Writers   int     `yaml:"writers"`
		Tickets   int     `yaml:"tickets"`
		PerSecond float64 `yaml:"per_second"`
	} `yaml:"gateways"`
	Forward struct {
		Tickets int           `yaml:"tickets"`
		Within  time.Duration `yaml:"within"`
	} `yaml:"forward"`
	Away struct {
		Calls  int           `yaml:"calls"`
		Longer time.Duration `yaml:"longer"`
	} `yaml:"away"`
	Chain struct {
		Tickets int     `yaml:"tickets"`
		Share   float64 `yaml:"share"`
	} `yaml:"chain"`
}

// ReadLimits reads them from their file.
func ReadLimits(b *testing.B) Limits {
	b.Helper()
	text, err := os.ReadFile(limitsFile)
	if err != nil {
		b.Fatal(err)
	}
	var l Limits
	if err := yaml.UnmarshalWithOptions(text, &l, yaml.Strict()); err != nil {
		b.Fatal(err)
	}
	return l
}

// WantAtMost reports a figure and fails when it misses its goal.
func WantAtMost(b *testing.B, got, goal float64, unit string) {
	b.Helper()
	b.ReportMetric(got, unit)
	if got > goal {
		b.Errorf("%.3g %s, want at most %g", got, unit, goal)
	}
}

// WantAtLeast reports a figure and fails when it misses its goal.
func WantAtLeast(b *testing.B, got, goal float64, unit string) {
	b.Helper()
	b.ReportMetric(got, unit)
	if got < goal {
		b.Errorf("%.3g %s, want at least %g", got, unit, goal)
	}
}
