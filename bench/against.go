package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// slice is how long one of the two servers is under load before it is the other's turn. It is short, so that anything else that the machine
// does affects both.
const slice = 150 * time.Millisecond

// pairing compares two servers in one scenario. The ratios are those of the server under test to the other one.
type pairing struct {
	Name        string    `json:"name"`
	Connections int       `json:"connections"`
	Other       pairSide  `json:"against"`
	Tested      pairSide  `json:"binary"`
	Rate        float64   `json:"rate_ratio"`
	Processor   float64   `json:"processor_ratio,omitempty"`
	Rates       []float64 `json:"slices"` // ratios of the rates in each pair of slices, in ascending order
}

// pairSide has the figures of one server.
type pairSide struct {
	PerSecond  float64 `json:"per_second"`
	Processor  float64 `json:"processor_us,omitempty"` // microseconds of processor time for each right answer; 0: the system does not report it
	Errors     int     `json:"errors"`
	FirstError string  `json:"first_error,omitempty"`
}

// contender is one of the two servers, with its figures in the current scenario.
type contender struct {
	*setup
	server    *server
	steps     []step
	measured  []sample
	processor time.Duration
}

// measureAgainst runs both servers at the same time, each with its own database, and puts load on them in turns. It adds the comparisons to
// figures.
func measureAgainst(ctx context.Context, o options, figures *report, progress io.Writer) (err error) {
	other, tested := &contender{}, &contender{}
	defer func() { err = errors.Join(err, other.end(), tested.end()) }()
	if err := tested.begin(ctx, o, progress); err != nil {
		return err
	}
	o.binary = o.against
	if err := other.begin(ctx, o, progress); err != nil {
		return err
	}
	if figures.Database, err = tested.database.version(ctx); err != nil {
		return err
	}
	for _, s := range scenarios() {
		if !slices.Contains(o.scenarios, s.name) {
			continue
		}
		for _, n := range o.connections {
			fmt.Fprintf(progress, "%s, %d connections, in turns\n", s.name, n)
			p, err := runPair(ctx, s, n, other, tested, o.plan)
			if err != nil {
				return fmt.Errorf("%s with %d connections: %w", s.name, n, err)
			}
			figures.Against = append(figures.Against, p)
		}
	}
	return nil
}

// runPair measures each server in a scenario for the plan's duration. The order of the two changes with each pair of slices.
func runPair(ctx context.Context, s scenario, connections int, other, tested *contender, p plan) (pairing, error) {
	turns := []*contender{other, tested}
	for _, c := range turns {
		if err := c.prepare(ctx, s, connections, p.warmup); err != nil {
			return pairing{}, err
		}
	}
	result := pairing{Name: s.name, Connections: connections}
	for n := range max(1, int(p.duration/slice)) {
		for _, c := range turns {
			if err := c.load(ctx); err != nil {
				return pairing{}, err
			}
		}
		slices.Reverse(turns)
		result.Rates = append(result.Rates, ratio(tested.measured[n].perSecond(), other.measured[n].perSecond()))
	}
	slices.Sort(result.Rates)
	result.Other, result.Tested = other.side(), tested.side()
	result.Rate = ratio(result.Tested.PerSecond, result.Other.PerSecond)
	result.Processor = ratio(result.Tested.Processor, result.Other.Processor)
	return result, errors.Join(other.target.hangUp(), tested.target.hangUp())
}

// begin starts the server and signs in people. The caller must call end, even after an error.
func (c *contender) begin(ctx context.Context, o options, progress io.Writer) (err error) {
	if c.setup, err = prepare(ctx, o, progress); err != nil {
		return err
	}
	if c.server, _, err = c.instance.start(ctx); err != nil {
		return err
	}
	if err := c.target.loadKeys(); err != nil {
		return err
	}
	return c.target.signInBrowsers(ctx, slices.Max(o.connections))
}

func (c *contender) end() error {
	var err error
	if c.server != nil {
		err = errors.Join(c.target.hangUp(), c.server.stop())
	}
	if c.setup != nil {
		err = errors.Join(err, c.setup.remove())
	}
	return err
}

// prepare makes the steps of a scenario and runs them during the warm-up.
func (c *contender) prepare(ctx context.Context, s scenario, connections int, warmup time.Duration) (err error) {
	c.measured, c.processor = nil, 0
	if c.steps, err = s.prepare(c.target, connections); err != nil {
		return err
	}
	_, err = closedLoop(ctx, c.steps, plan{duration: warmup})
	return err
}

// load measures one slice.
func (c *contender) load(ctx context.Context) error {
	before := processorTime(c.server.process.Process.Pid)
	measured, err := closedLoop(ctx, c.steps, plan{duration: slice})
	c.processor += processorTime(c.server.process.Process.Pid) - before
	c.measured = append(c.measured, measured)
	return err
}

// side returns the figures of all slices together.
func (c *contender) side() pairSide {
	whole := merge(c.measured, time.Duration(len(c.measured))*slice)
	side := pairSide{PerSecond: whole.perSecond(), Errors: whole.errors}
	if whole.firstError != nil {
		side.FirstError = whole.firstError.Error()
	}
	if answers := len(whole.latencies); answers > 0 {
		side.Processor = float64(c.processor.Microseconds()) / float64(answers)
	}
	return side
}

// processorTime returns how long the threads of a process have run (schedstat of proc(5)), or 0 if the system does not report it.
func processorTime(pid int) time.Duration {
	var sum time.Duration
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	if err != nil {
		return 0
	}
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread has ended
		}
		running, _, _ := strings.Cut(string(text), " ")
		if ns, err := strconv.ParseInt(running, 10, 64); err == nil {
			sum += time.Duration(ns)
		}
	}
	return sum
}

// writeAgainst writes the pairings as a table. The column quartiles has the first and the third quartile of the slices' ratios.
func writeAgainst(w io.Writer, pairings []pairing) {
	rows := [][]string{{"scenario", "connections", "against, per second", "binary, per second", "ratio", "quartiles", "against, CPU µs", "binary, CPU µs", "ratio", "errors"}}
	for _, p := range pairings {
		low, high := p.Rates[len(p.Rates)/4], p.Rates[len(p.Rates)*3/4]
		rows = append(rows, []string{
			p.Name, strconv.Itoa(p.Connections), rate(p.Other.PerSecond), rate(p.Tested.PerSecond), orDash(p.Rate), orDash(low) + "–" + orDash(high),
			strconv.Itoa(int(p.Other.Processor)), strconv.Itoa(int(p.Tested.Processor)), orDash(p.Processor), strconv.Itoa(p.Other.Errors + p.Tested.Errors),
		})
	}
	columns(w, rows)
}
