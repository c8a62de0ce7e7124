//go:build race

package storage_test

// manyRows is smaller with the race detector, which makes SQLite, which is Go code, twenty times slower and finds nothing in plans.
const manyRows = 10_000
