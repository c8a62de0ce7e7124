// Package postgres connects to PostgreSQL and says what its errors mean. It adds to lib/pq what a network that fails needs:
//
//   - Every exchange with the server ends by its deadline, whatever the network does. The deadline is set on the connection itself, and
//     what passes it loses the connection. No cancel request is ever sent: PostgreSQL answers one that meets a commit by
//     confirming what its synchronous standby does not have.
//   - A statement of which a byte was sent is never run again. Its outcome is unknown, and database/sql repeats only what was surely
//     not sent.
//   - A commit that the server confirms without its synchronous standby counts as a failure.
//   - A server that falls silent is noticed within seconds, at waiting statements as well as at idle connections, and the next host of the
//     address is tried.
//
// What the statements say is the business of package storage.
package postgres
