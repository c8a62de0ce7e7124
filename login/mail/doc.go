// Package mail turns a notice about an account into a message and queues it in the caller's transaction (storage.QueueMail),
// so that it goes out exactly if what it tells has happened.
//
// What it leaves to others: when a notice is due to package account, keeping the message to storage.
package mail
