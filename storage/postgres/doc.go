// Package postgres connects to PostgreSQL and classifies its errors. It adds to lib/pq what is needed when the network fails:
//
//   - Every exchange with the server ends by its deadline, whatever the network does. The deadline is set on the network connection,
//     which is closed when it passes. No cancel request is ever sent: one that reaches a commit makes PostgreSQL
//     confirm what its synchronous standby does not have.
//   - Once a byte of a statement was sent, the statement is never run again, because its outcome is unknown. database/sql repeats
//     only what was certainly not sent.
//   - A commit that the server confirms without its synchronous standby counts as a failure.
//   - A server that falls silent is noticed within seconds, by waiting statements as well as on idle connections, and the next host of
//     the URL is tried.
//
// The statements are in package storage.
package postgres
