// Package storagetest opens databases for tests: fresh SQLite files, and schemas of their own in a PostgreSQL server. It holds the behaviour
// suite that both must pass (Exercise), builders of records (User, Client …), and interceptors that count, delay and fail statements.
//
// The server is the one that POSTERN_TEST_POSTGRES names (a postgres:// address). When that is unset the first test that needs one starts it
// from the server binaries in PATH or /usr/lib/postgresql; all test processes share it, and it ends some seconds after the last of them.
//
// With -short every test that asks for a database in PostgreSQL is skipped there; what runs on each kind of database then runs on SQLite.
package storagetest
