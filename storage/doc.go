// Package storage holds all records of Postern, in SQLite or PostgreSQL, and is the only package with SQL. Its callers decide what the
// records mean.
//
// # Records
//
// A [Store] hands out the records, each as a type in a file of its own that has all statements about it, so that a package can be given
// only those that it needs:
//
//   - [Users], [Passwords], [Authenticators], [RecoveryCodes]: people and what they sign in with
//   - [SignUps], [Links], [Enrolments]: accounts that people asked for, one-time links, and authenticators that are being enrolled
//   - [Sessions]: half-done sign-ins, sign-ins that wait for one more step, and SignIn, which exists only after both factors
//   - [Attempts]: counters that throttle guessing and limit how often something may happen
//   - [Clients], [InitialTokens], [Consents]: OAuth clients, how they register themselves, and what people granted to them
//   - [Flows], [PushedRequests], [Devices]: authorization requests in progress
//   - [Grants], [JTIs]: one row for each authorization code and the refresh tokens that follow it, and the identifiers that must not be used twice
//   - [ClientSessions], [Outbox]: logout notices to clients and messages to people, which are claimed before they are sent
//   - [Keys], [Events]: signing keys and audit entries
//
// The store itself has the connections, the schema (migrate.go), transactions (tx.go), the keyed hashes and the encryption of stored
// secrets (mac.go, seal.go, reseal.go), the versions by which replicas notice changes (version.go), the leases that give a task to one of
// them (lease.go), and the removal of expired rows (sweep.go).
//
// # One SQL text
//
// Every statement is written once, in SQL that both databases understand: TEXT, BIGINT, BOOLEAN, BYTEA, foreign keys, partial indexes, ON
// CONFLICT … DO UPDATE, RETURNING, row values, and ? as placeholder. Ids are random text ([NewID]), times are microseconds ([Time]), lists
// and objects are JSON text. The differences are in dialect.go, and package storage/postgres has the connection to PostgreSQL. A migration
// that needs two texts has two files.
//
// Whatever may be used only once (a code, a time step, a link, a refresh token) is used by one conditional statement, and the statement
// changes no row for the second caller. That holds on either database, at any isolation level, with any number of replicas. The time is
// always an argument.
//
// # Transactions
//
// [Store.InTx] carries its transaction in the context. Every method that is called with this context takes part, reads included, and a
// nested InTx joins. Do not use the outer context inside: SQLite has one writer, so the call would wait for its own transaction. What must
// be kept when an attempt is refused (counters, revocations, audit entries) is written after InTx has returned.
//
// # Audit entries that ride along
//
// A statement that opens a session, or issues or revokes a grant, may carry its audit entry, as JSON in the column event. A trigger files
// the entry in audit_events within the same statement, so that neither is stored without the other and the request needs no transaction.
//
// # Secrets
//
// Passwords are stored as the caller hashed them, random secrets as SHA-256 ([Hash]), guessable ones as keyed hashes ([Store.MAC]). Secrets
// that must be readable again are encrypted by the [Keyset], bound to their table, column and row.
package storage
