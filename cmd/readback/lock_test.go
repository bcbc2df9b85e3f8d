//go:build unix

package main

import "testing"

func TestOneGatewayADataDirectory(t *testing.T) {
	dir := t.TempDir()
	release, err := lockData(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockData(dir); err == nil {
		t.Error("a second gateway shares the data directory")
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := lockData(dir)
	if err != nil {
		t.Fatalf("the lock outlives its gateway: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}
