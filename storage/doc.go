// Package storage holds all records of Postern and is the only package that knows SQL. It keeps them in SQLite or PostgreSQL; what
// the records mean is decided by its callers.
//
// # Records
//
//   - user.go, credential.go, recovery.go: people, their password, their authenticators, their recovery codes
//   - exposure.go, address.go: what a person has to do about a password that is known, or a new e-mail address
//   - registration.go, ticket.go, enrolment.go: accounts asked for, one-time links, and authenticators on their way
//   - overview.go: what people see of their own account at a glance, and which apps have access
//   - session.go: half-done sign-ins, and SignIn, which exists only after both factors
//   - heldsession.go: sign-ins after both factors that wait for a new password, and sessions that go on under a new id
//   - visit.go: which session has been at which client, and who is still to be told that it has ended
//   - client.go, consent.go: OAuth clients, and what people granted to them
//   - flow.go, grant.go: authorize requests in progress, and what came of them: one row for the code and the refresh tokens after it
//   - attempt.go, rate.go: counters that throttle guessing, and how often a thing may happen
//   - key.go, seal.go, reseal.go: signing keys, and the encryption of every stored secret
//   - event.go, outbox.go: audit entries, and messages to people, which are claimed before they are sent
//   - version.go, lease.go, sweep.go: what replicas tell each other, which of them does a task, and the removal of what has expired
//
// # One SQL text
//
// Every statement is written once, in what both databases understand: TEXT, BIGINT, BOOLEAN, BYTEA, foreign keys, partial indexes,
// ON CONFLICT … DO UPDATE, RETURNING, row values, and ? as placeholder. Ids are random text made here, times are microseconds
// (Time), lists and objects are JSON text. What differs stands in dialect.go, and package storage/postgres has the connection to
// PostgreSQL; a migration that needs two texts has two files.
//
// What may happen once (a code, a time step, a ticket, a refresh token) is one conditional statement whose loser changes no row, so
// that it holds on either database, at any isolation level, with any number of replicas. Time is always an argument.
//
// # Transactions
//
// InTx carries its transaction in the context, and every method that gets this context takes part; a nested InTx joins. In a
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
// Passwords are stored as the caller hashed them, random secrets as SHA-256 (Hash), guessable ones as keyed hashes (Store.MAC), and what
// must be readable again is sealed by the Keyset for its table, column and row.
package storage
