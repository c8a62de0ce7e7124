// Package storagetest opens databases for tests: fresh SQLite files, and fresh schemas in a PostgreSQL server. It has the behaviour suite
// that both must pass ([Exercise]), functions that add records ([User], [Client] …), and interceptors that count, delay and fail
// statements.
//
// POSTERN_TEST_POSTGRES names the server (a postgres:// URL). If it is not set, the first test that needs a server starts one with the
// programs in PATH or /usr/lib/postgresql. All test processes share that server, which stops some seconds after the last of them has ended.
//
// With -short, every test that asks for a database in PostgreSQL is skipped, so that tests for both kinds of databases run on SQLite alone.
package storagetest
