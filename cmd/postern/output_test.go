package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// No line of a table is longer than 80 characters, and no cell that fits into a line is broken.
func TestTablesFitIntoALine(t *testing.T) {
	long := strings.Repeat("x", 43)
	for name, rows := range map[string][][]string{
		"short":     {{"a", "b", "c", "d"}},
		"ids":       {{long, "RS256", "announced", "2026-11-30 12:00:00Z"}, {long, "EdDSA", "signing", "-"}},
		"long":      {{strings.Repeat("é", 79), long, long, long}},
		"too long":  {{strings.Repeat("é", 254), "b", "c", "d"}},
		"all empty": {{"", "", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			table(&out, []string{"one", "two", "three", "four"}, rows)
			for line := range strings.Lines(out.String()) {
				require.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80, line)
			}
			for _, row := range rows {
				for _, cell := range row {
					if len([]rune(cell)) <= 78 {
						require.Contains(t, out.String(), cell)
					}
				}
			}
		})
	}
}

func TestTimesAreInUTCWithTheirZone(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 30, 0, 0, time.FixedZone("CET", 3600))
	require.Equal(t, "2026-11-30 23:30:00Z", stamp(at))
	require.Equal(t, "-", stamp(time.Time{}))
}
