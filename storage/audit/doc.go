// Package audit writes what happened, by whom and to whom, in the transaction of what happened, and counts it.
//
// An entry names users by id, clients by client_id and networks by a shortened address. It never holds a password, a code, a token, a
// cookie, a query string or an e-mail address.
//
// Two things make later changes visible. Each entry carries a keyed hash over its text from the moment it is written. Within seconds it is
// also numbered and linked to the entry before it by a keyed hash, and the end of that chain is sealed; Verify finds the first entry
// that was changed, removed or moved. Someone who has the database but not the keyset cannot make these hashes. Verify does not find
// entries that were removed before they were chained, and does not notice that the whole database was put back to an earlier state: compare
// it with an export kept elsewhere.
//
// Storage keeps the rows; what an entry means to a person is for the pages and commands that show it.
package audit
