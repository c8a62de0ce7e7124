package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// progress shows how far a long command has come, on one line of a terminal that is written again and again. In a pipe it prints nothing.
type progress struct {
	w     io.Writer // nil if nothing is shown
	what  string    // "passwords hashed"
	clock func() time.Time

	mu            sync.Mutex
	started, said time.Time
	done, total   int
}

// progressEvery is how often the line is written again.
const progressEvery = 200 * time.Millisecond

// progress returns the progress of something that is counted, such as "passwords hashed".
func (t *terminal) progress(what string) *progress {
	p := &progress{what: what, clock: time.Now, started: time.Now()}
	if isTerminal(t.stderr) {
		p.w = t.stderr
	}
	return p
}

// at records that done of total are done; a total of 0 means that it is not known. It may be called from many goroutines at once.
func (p *progress) at(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = max(p.done, done), total
	now := p.clock()
	if p.w == nil || now.Sub(p.said) < progressEvery {
		return
	}
	p.said = now
	fmt.Fprintf(p.w, "\r%s\x1b[K", p.line(now.Sub(p.started)))
}

// line returns the text of the line: how much is done, how fast, and how long the rest will take.
func (p *progress) line(passed time.Duration) string {
	text := fmt.Sprintf("%s: %d", p.what, p.done)
	if p.total > 0 {
		text += fmt.Sprintf(" of %d", p.total)
	}
	rate := float64(p.done) / passed.Seconds()
	if p.done == 0 || passed < time.Second {
		return text
	}
	text += fmt.Sprintf(", %.0f a second", rate)
	if rest := p.total - p.done; rest > 0 {
		text += fmt.Sprintf(", about %s left", time.Duration(float64(rest)/rate*float64(time.Second)).Round(time.Second))
	}
	return text
}

// end removes the line. If the command was interrupted, it returns an error that says how much was done, and what that means (consequence).
func (p *progress) end(err error, consequence string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w != nil && !p.said.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	if !errors.Is(err, context.Canceled) {
		return err
	}
	done := fmt.Sprintf("%d", p.done)
	if p.total > 0 {
		done += fmt.Sprintf(" of %d", p.total)
	}
	return withHint(fmt.Errorf("interrupted; %s: %s", p.what, done), consequence)
}
