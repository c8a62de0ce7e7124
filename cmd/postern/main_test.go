package main

import (
	"log"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern-id/postern/provider/fetch/fetchtest"
)

// TestMain lets the test binary act as the command when a transcript runs "postern".
func TestMain(m *testing.M) {
	testscript.Main(watched{m}, map[string]func(){"postern": main})
}

// canary stays silent through the whole run, commands of transcripts included.
var canary *fetchtest.Canary

// watched are the tests, and not the commands.
type watched struct{ tests *testing.M }

// Run runs the tests beside the canary and returns the exit code.
func (w watched) Run() int {
	var err error
	if canary, err = fetchtest.NewCanary(); err != nil {
		log.Fatal(err)
	}
	return canary.Main(w.tests.Run)
}
