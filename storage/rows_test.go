//go:build !race

package storage_test

// manyRows is how many rows each table has when plans are checked.
const manyRows = 100_000
