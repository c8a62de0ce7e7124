//go:build !race

package storage_test

// manyRows is how many rows each table has when plans are looked at.
const manyRows = 100_000
