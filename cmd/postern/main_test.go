package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary act as the command when a transcript runs "postern".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"postern": main})
}
