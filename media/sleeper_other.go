//go:build !linux

package media

func newSleeper() sleeper { return newFakeable() }
