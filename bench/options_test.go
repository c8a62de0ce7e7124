package main

import (
	"flag"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOptions(t *testing.T) {
	o, err := parseOptions(nil, io.Discard)
	require.NoError(t, err)
	require.Equal(t, options{
		database: "sqlite", connections: []int{1, 8, 32}, plan: plan{warmup: time.Second, duration: 5 * time.Second}, users: 5000, scenarios: scenarioNames(),
	}, o)
	o, err = parseOptions([]string{
		"--connections", "4", "--duration", "2s", "--warmup", "0", "--scenarios", "jwks,sign_in", "--database", "postgres://h/d", "--seed-users", "10",
		"--seed-grants", "50", "--rate", "100", "--json",
	}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, options{
		database: "postgres://h/d", connections: []int{4}, plan: plan{duration: 2 * time.Second}, users: 5000, scenarios: []string{"jwks", "sign_in"},
		seedUsers: 10, seedGrants: 50, rate: 100, json: true,
	}, o)
}

func TestOptionsOutOfBounds(t *testing.T) {
	for fault, args := range map[string][]string{
		`--scenarios: "logout" is not one of discovery`: {"--scenarios", "logout"},
		`--connections: "0" is not a number`:            {"--connections", "1,0"},
		`--connections: "" is not a number`:             {"--connections", ""},
		`--connections: "257" is not a number`:          {"--connections", "257"},
		`--duration and --warmup must be at most 1m0s`:  {"--duration", "2m"},
		`--duration and --warmup must be`:               {"--duration", "0s"},
		`--users must be 256 to 100000`:                 {"--users", "1"},
		`--seed-users must be 1 to 10000000`:            {"--seed-grants", "5"},
		`--database must be sqlite, postgres or`:        {"--database", "mysql://h/d"},
		`--against needs two databases`:                 {"--against", "before", "--database", "postgres://h/d"},
		`unknown argument "more"`:                       {"more"},
	} {
		_, err := parseOptions(args, io.Discard)
		require.ErrorContains(t, err, fault)
	}
	_, err := parseOptions([]string{"--help"}, io.Discard)
	require.ErrorIs(t, err, flag.ErrHelp)
}
