package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/postern-id/postern/config"
)

// memoryGoal is the amount of memory near which the garbage collector works harder, so that the process stays below a container's limit.
const memoryGoal = 200 << 20

// tuneRuntime sets what the environment does not: less garbage collection at the cost of some memory, and a scheduler in which
// hashing cannot starve the rest.
func tuneRuntime(cfg *config.Config) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	if os.Getenv("GOMAXPROCS") != "" {
		return
	}
	// A password hash keeps one of Go's processors to itself for tens of milliseconds, and while all of them are busy, nothing
	// reads from the network. So there are that many more: the operating system shares the cores more finely than Go does.
	cores := runtime.GOMAXPROCS(0)
	if cfg.Password.Concurrency == 0 {
		cfg.Password.Concurrency = cores
	}
	runtime.GOMAXPROCS(cores + cfg.Password.Concurrency)
}
