//go:build race

package storage_test

// manyRows is smaller with the race detector, which makes SQLite, being Go code, twenty times as slow and has nothing to find in plans.
const manyRows = 10_000
