// Package storage holds all records of Postern and is the only package that knows SQL. It keeps them in SQLite or PostgreSQL; what
// the records mean is decided by its callers.
//
// # Records
//
// A [Store] hands out the records, each a type in a file of its own with all statements about it, so that a package can be given the one
// that it needs:
//
//   - [Users], [Passwords], [Authenticators], [RecoveryCodes]: people and what they sign in with
//   - [SignUps], [Links], [Enrolments]: accounts that were asked for, one-time links, and authenticators on their way
//   - [Sessions]: half-done sign-ins, sign-ins that wait for one more step, and SignIn, which exists only after both factors
//   - [Attempts]: counters that throttle guessing, and how often a thing may happen
//   - [Clients], [InitialTokens], [Consents]: OAuth clients, how they register themselves, and what people granted to them
//   - [Flows], [PushedRequests], [Devices]: authorization requests in progress
//   - [Grants], [JTIs]: what came of them, one row for the code and the refresh tokens after it, and what must not be used twice
//   - [ClientSessions], [Outbox]: logout notices to clients and messages to people, which are claimed before they are sent
//   - [Keys], [Events]: signing keys and audit entries
//
// The store itself keeps the connections, the schema (migrate.go), transactions (tx.go), the keyed hashes and the encryption of every
// stored secret (mac.go, seal.go, reseal.go), what replicas tell each other (version.go), which of them does a task (lease.go), and the
// removal of what has expired (sweep.go).
//
// # One SQL text
//
// Every statement is written once, in what both databases understand: TEXT, BIGINT, BOOLEAN, BYTEA, foreign keys, partial indexes,
// ON CONFLICT … DO UPDATE, RETURNING, row values, and ? as placeholder. Ids are random text made here, times are microseconds
// (Time), lists and objects are JSON text. What differs stands in dialect.go, and package storage/postgres has the connection to
// PostgreSQL; a migration that needs two texts has two files.
//
// What may happen once (a code, a time step, a link, a refresh token) is one conditional statement whose loser changes no row, so
// that it holds on either database, at any isolation level, with any number of replicas. Time is always an argument.
//
// # Transactions
//
// InTx carries its transaction in the context, and every method of a record that gets this context takes part; a nested InTx joins. In a
// transaction reads go to it as well. Do not use the outer context inside: on SQLite, which has one writer, it would wait for itself.
// What must stay when an attempt is refused (counters, revocations, audit entries) is written after InTx has returned.
//
// # Audit entries that ride along
//
// A statement that opens a session or issues or revokes a grant may carry its audit entry, as JSON in the column event. A trigger files it
// in audit_events within the same statement: neither exists without the other, and the request needs no transaction of its own.
//
// # Secrets
//
// Passwords are stored as the caller hashed them, random secrets as SHA-256 (Hash), guessable ones as keyed hashes ([Store.MAC]), and what
// must be readable again is sealed by the Keyset for its table, column and row.
package storage
