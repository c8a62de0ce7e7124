package provider

import (
	"slices"
	"sync"

	"github.com/postern-id/postern/templates"
)

// logText holds the last part of a log.
type logText struct {
	mu   sync.Mutex
	text []byte
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text = append(l.text, p...); len(l.text) > 1<<20 {
		l.text = slices.Clone(l.text[1<<19:])
	}
	return len(p), nil
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// testPages are the pages of every world: reading the templates takes long.
var testPages = sync.OnceValues(func() (*templates.Pages, error) {
	return templates.New(templates.Config{Brand: templates.Brand{Name: "Postern"}, Secure: true})
})
