package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	coldStarts = 10
	settle     = 2 * time.Second // after that, a server without requests is idle
)

// run is the state of one run of this program.
type run struct {
	options
	*setup
	report   *report
	progress io.Writer
}

// measureAll measures everything that o asks for and cleans up. If it fails, it returns the figures measured so far with the
// error.
func measureAll(ctx context.Context, o options, progress io.Writer) (figures *report, err error) {
	if o.against != "" {
		figures = newReport(time.Now(), o.plan)
		return figures, measureAgainst(ctx, o, figures, progress)
	}
	r := &run{options: o, report: newReport(time.Now(), o.plan), progress: progress}
	r.setup, err = prepare(ctx, o, progress)
	defer func() { err = errors.Join(err, r.setup.remove()) }()
	if err != nil {
		return r.report, err
	}
	for _, part := range []func(context.Context) error{r.measureStarts, r.measureReferences, r.underLoad, r.seededUnderLoad} {
		if err := part(ctx); err != nil {
			return r.report, err
		}
	}
	return r.report, nil
}

// measureStarts starts the server several times, with the database in use and, on SQLite, without a database.
func (r *run) measureStarts(ctx context.Context) error {
	info, err := os.Stat(r.instance.binary)
	if err != nil {
		return err
	}
	r.report.Process.BinaryBytes = info.Size()
	if r.report.Database, err = r.setup.database.version(ctx); err != nil {
		return err
	}
	fmt.Fprintln(r.progress, "starting the server", coldStarts, "times")
	if _, err := startOnce(ctx, r.instance); err != nil { // makes the signing keys
		return err
	}
	var times []time.Duration
	for range coldStarts {
		took, err := startOnce(ctx, r.instance)
		if err != nil {
			return err
		}
		times = append(times, took)
	}
	slices.Sort(times)
	starts := sample{latencies: times}
	r.report.Process.StartMedian = inMilliseconds(starts.percentile(50))
	r.report.Process.StartWorst = inMilliseconds(starts.percentile(100))
	return r.measureEmptyStart(ctx)
}

func (r *run) measureEmptyStart(ctx context.Context) error {
	if !r.setup.database.sqlite {
		return nil
	}
	folder := filepath.Join(r.folder, "empty")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	empty, err := newInstance(folder, r.instance.binary, sqlitePrefix+filepath.Join(folder, "postern.db"))
	if err != nil {
		return err
	}
	took, err := startOnce(ctx, empty)
	r.report.Process.EmptyStart = inMilliseconds(took)
	return err
}

func startOnce(ctx context.Context, i instance) (time.Duration, error) {
	s, took, err := i.start(ctx)
	if err != nil {
		return 0, err
	}
	return took, s.stop()
}

// measureReferences measures the references. It runs before the server starts, which would disturb them.
func (r *run) measureReferences(ctx context.Context) error {
	fmt.Fprintln(r.progress, "measuring the references")
	computed, err := measureComputations(ctx, r.plan)
	if err != nil {
		return err
	}
	constant, err := measureConstant(ctx, r.connections, r.plan)
	if err != nil {
		return err
	}
	stored, err := measureDatabase(ctx, r.setup.database, r.connections, r.plan)
	r.report.References = slices.Concat(computed, constant, stored)
	return err
}

// underLoad starts the server, signs in people and runs the scenarios.
func (r *run) underLoad(ctx context.Context) (err error) {
	s, _, err := r.instance.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.target.hangUp(), s.stop()) }()
	time.Sleep(settle)
	r.report.Process.IdleBytes = s.residentBytes()
	if err := r.target.loadKeys(); err != nil {
		return err
	}
	fmt.Fprintln(r.progress, "signing in")
	if err := r.target.signInBrowsers(ctx, max(slices.Max(r.connections), besideConnections)); err != nil {
		return err
	}
	if err := r.runScenarios(ctx, false); err != nil {
		return err
	}
	if slices.Contains(r.scenarios, besideName) {
		if r.report.Beside, err = r.compareBeside(ctx); err != nil {
			return err
		}
	}
	time.Sleep(settle)
	r.report.Process.LoadedBytes = s.residentBytes()
	return nil
}

// seededUnderLoad adds rows to the database while the server is stopped, and then again runs the scenarios that use the database.
func (r *run) seededUnderLoad(ctx context.Context) (err error) {
	if r.seedUsers == 0 {
		return nil
	}
	r.report.SeedUsers, r.report.SeedGrants = r.seedUsers, r.seedGrants
	if err := seed(ctx, r.setup.database, r.target.es256.id, r.seedUsers, r.seedGrants, time.Now(), r.progress); err != nil {
		return err
	}
	s, _, err := r.instance.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.target.hangUp(), s.stop()) }()
	return r.runScenarios(ctx, true)
}

// runScenarios measures each of the chosen scenarios with each number of connections.
func (r *run) runScenarios(ctx context.Context, seeded bool) error {
	for _, s := range scenarios() {
		if !slices.Contains(r.options.scenarios, s.name) || seeded && !s.stored {
			continue
		}
		for _, n := range r.connections {
			if err := r.runClosed(ctx, s, n, seeded); err != nil {
				return fmt.Errorf("%s with %d connections: %w", s.name, n, err)
			}
		}
		if r.rate > 0 && s.name != signInName {
			if err := r.runOpen(ctx, s, seeded); err != nil {
				return fmt.Errorf("%s at %d a second: %w", s.name, r.rate, err)
			}
		}
	}
	return nil
}

func (r *run) runClosed(ctx context.Context, s scenario, connections int, seeded bool) error {
	fmt.Fprintf(r.progress, "%s, %d connections\n", s.name, connections)
	steps, err := s.prepare(r.target, connections)
	if err != nil {
		return err
	}
	measured, err := closedLoop(ctx, steps, r.plan)
	r.report.add(s, newMeasurement(s.name, closed, connections, measured), seeded)
	return errors.Join(err, r.target.hangUp())
}

func (r *run) runOpen(ctx context.Context, s scenario, seeded bool) error {
	fmt.Fprintf(r.progress, "%s, %d a second\n", s.name, r.rate)
	connections := slices.Max(r.connections)
	steps, err := s.prepare(r.target, connections)
	if err != nil {
		return err
	}
	measured, err := openLoop(ctx, steps, r.rate, r.plan)
	r.report.add(s, newMeasurement(s.name, opened, connections, measured), seeded)
	return errors.Join(err, r.target.hangUp())
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
