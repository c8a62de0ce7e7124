package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/postern-id/postern/config"
)

// newLogger returns the logger that the settings describe: text for a terminal, else JSON.
func newLogger(cfg config.Log, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		return nil, fmt.Errorf("log.level: %w", err)
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" || cfg.Format == "auto" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, options)), nil
	}
	return slog.New(slog.NewJSONHandler(w, options)), nil
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// memoryGoal makes the garbage collector work harder near it, before a container's limit ends the process.
const memoryGoal = 200 << 20

// tuneRuntime sets what the environment leaves open: less collecting for some memory, and a scheduler in which hashing cannot
// starve the rest.
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
	// A password hash keeps one of Go's processors to itself for tens of milliseconds, and while all of them are kept, nobody
	// looks at the network. So there are that many more: the operating system shares the cores more finely than Go does.
	cores := runtime.GOMAXPROCS(0)
	if cfg.Password.Concurrency == 0 {
		cfg.Password.Concurrency = cores
	}
	runtime.GOMAXPROCS(cores + cfg.Password.Concurrency)
}

func prefixes(proxies []netip.Prefix) []string {
	texts := make([]string, len(proxies))
	for i, proxy := range proxies {
		texts[i] = proxy.String()
	}
	return texts
}
