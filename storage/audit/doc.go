// Package audit records what happened, who did it and whom it concerns, in the same transaction as the change itself, and counts it.
//
// An entry names users by id, clients by client_id and networks by a shortened IP address. It never contains a password, a code, a token, a
// cookie, a query string or an e-mail address.
//
// Two things make later changes visible. Each entry carries a keyed hash over its text from the moment it is written. Within seconds it is
// also numbered and linked to the entry before it by a keyed hash, and the end of that chain is sealed; Verify finds the first entry that
// was changed, removed or moved. Someone who has the database but not the keyset cannot make these hashes. Verify does not find entries
// that were removed before they were chained, and does not notice if the whole database was restored to an earlier state; to find that,
// compare it with an export kept elsewhere.
//
// Package storage has the rows. The pages and commands that show an entry say in words what it means.
package audit
