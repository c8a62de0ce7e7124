// Package mail writes the messages that people get about their accounts, and delivers them to a mail server. A message is queued in the
// caller's transaction (storage.Outbox.Add), so it is sent if and only if that transaction commits.
//
// # Delivery
//
// A page only inserts a row. Courier.Run looks at the outbox every second, takes the lease "mail", claims one message after the other
// and hands them over by SMTP, so one replica at a time sends. What can go wrong:
//
//   - The server does not answer, is not trusted, or refuses us: it is asked again after 5 s to 1 min, with one message only.
//   - It refuses one message for now (4xx): that message waits 10 s to 1 h, others go on.
//   - It refuses one message permanently (5xx): that message is given up, as is one whose link has expired or that is three days old.
//   - We end between claiming and sending: the message is tried again when the claim ends, after five minutes.
//   - We end after the server accepted the message and before that is recorded: the message is sent twice, with the same Message-ID.
//     Nothing can prevent this.
//
// What it leaves to others: when a notice is due to package account, keeping messages and removing old ones to storage.
package mail
