package main

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestComputations(t *testing.T) {
	all, err := measureComputations(t.Context(), plan{duration: 2e9})
	require.NoError(t, err)
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
		require.Positive(t, m.PerSecond, m.Name)
		require.Zero(t, m.Errors, m.Name)
	}
	require.Equal(t, []string{refRSA, refECDSA, refEdDSA, refArgon}, names)
}

func TestConstantServerAnswersUntilItsInputEnds(t *testing.T) {
	input, endInput := io.Pipe()
	output, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serveConstant(input, out) }()
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	c := &connection{address: strings.TrimSpace(line)}
	a, err := c.do(request{method: http.MethodGet, target: constantPath})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	require.Equal(t, constantAnswer, a.body)
	require.Len(t, a.body, 1800)
	require.NoError(t, c.close())
	require.NoError(t, endInput.Close())
	require.NoError(t, <-ended)
}
