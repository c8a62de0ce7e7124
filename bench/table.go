package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// writeTable writes the report as tables for people.
func writeTable(w io.Writer, r *report) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s, %d cores, %s, %s; %g s each\n\n", r.System, r.Cores, r.Go, r.Database, r.Seconds)
	if len(r.Against) > 0 {
		writeAgainst(&text, r.Against)
		_, err := text.WriteTo(w)
		return err
	}
	writeProcess(&text, r.Process)
	writeReferences(&text, r.References)
	writeResults(&text, r)
	if r.Beside != nil {
		writeBeside(&text, r.Beside)
	}
	writeErrors(&text, r)
	_, err := text.WriteTo(w)
	return err
}

// columns writes rows in columns that are aligned to the right.
func columns(w io.Writer, rows [][]string) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t")+"\t")
	}
	table.Flush() // cannot fail: it writes to memory
	fmt.Fprintln(w)
}

func writeProcess(w io.Writer, p process) {
	rows := [][]string{{"binary", "start", "worst", "empty", "idle", "after load"}, {
		megabytes(p.BinaryBytes), milliseconds(p.StartMedian) + " ms", milliseconds(p.StartWorst) + " ms", "-", "-", "-",
	}}
	if p.EmptyStart > 0 {
		rows[1][3] = milliseconds(p.EmptyStart) + " ms"
	}
	if p.IdleBytes > 0 {
		rows[1][4], rows[1][5] = mebibytes(p.IdleBytes), mebibytes(p.LoadedBytes)
	}
	columns(w, rows)
}

func writeReferences(w io.Writer, references []measurement) {
	rows := [][]string{{"reference", "connections", "per second", "p50 ms", "p95 ms", "p99 ms"}}
	for _, m := range references {
		rows = append(rows, append([]string{m.Name, strconv.Itoa(m.Connections), rate(m.PerSecond)}, latencies(m)...))
	}
	columns(w, rows)
}

func writeResults(w io.Writer, r *report) {
	rows := [][]string{{"scenario", "load", "connections", "per second", "p50 ms", "p95 ms", "p99 ms", "errors", "ratio", "to"}}
	if r.SeedUsers > 0 {
		rows[0] = append(rows[0], "store", "p99 ratio")
	}
	for _, row := range r.Results {
		line := append([]string{row.Name, row.Mode, strconv.Itoa(row.Connections), rate(row.PerSecond)}, latencies(row.measurement)...)
		line = append(line, strconv.Itoa(row.Errors), orDash(row.Ratio), row.Reference)
		switch {
		case row.Seeded:
			line = append(line, fmt.Sprintf("+%d/%d", r.SeedUsers, r.SeedGrants), orDash(row.SeededP99))
		case r.SeedUsers > 0:
			line = append(line, "small", "")
		}
		rows = append(rows, line)
	}
	columns(w, rows)
}

func writeBeside(w io.Writer, c *comparison) {
	rows := [][]string{{"", "load", "connections", "per second", "p50 ms", "p95 ms", "p99 ms", "errors"}}
	for _, m := range []measurement{c.Alone, c.Beside, c.SignIns} {
		line := append([]string{m.Name, m.Mode, strconv.Itoa(m.Connections), rate(m.PerSecond)}, latencies(m)...)
		rows = append(rows, append(line, strconv.Itoa(m.Errors)))
	}
	columns(w, rows)
	fmt.Fprintf(w, "p99 of tokens beside sign-ins: %s times that without\n\n", orDash(c.P99))
}

func writeErrors(w io.Writer, r *report) {
	all := []measurement{}
	for _, row := range r.Results {
		all = append(all, row.measurement)
	}
	if r.Beside != nil {
		all = append(all, r.Beside.Alone, r.Beside.Beside, r.Beside.SignIns)
	}
	for _, m := range all {
		if m.Errors > 0 {
			fmt.Fprintf(w, "%s with %d connections, first of %d errors: %s\n", m.Name, m.Connections, m.Errors, m.FirstError)
		}
	}
}

func latencies(m measurement) []string {
	return []string{milliseconds(m.P50), milliseconds(m.P95), milliseconds(m.P99)}
}

// milliseconds returns ms with at most three significant figures.
func milliseconds(ms float64) string {
	switch {
	case ms >= 100:
		return strconv.FormatFloat(ms, 'f', 0, 64)
	case ms >= 10:
		return strconv.FormatFloat(ms, 'f', 1, 64)
	}
	return strconv.FormatFloat(ms, 'f', 2, 64)
}

func rate(perSecond float64) string {
	if perSecond >= 100 {
		return strconv.FormatFloat(perSecond, 'f', 0, 64)
	}
	return strconv.FormatFloat(perSecond, 'f', 1, 64)
}

func orDash(ratio float64) string {
	if ratio == 0 {
		return "-"
	}
	return strconv.FormatFloat(ratio, 'f', 2, 64)
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

func mebibytes(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
