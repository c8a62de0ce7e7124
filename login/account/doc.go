// Package account owns what the journeys of an account share, without HTTP: who visits, the two factors, sign-ins, one-time links, attempts and
// what follows from them, and the messages that people get. Each journey is a package of its own below this one:
//
//   - signin: password and one-time code
//   - enrol: the first authenticator, or one in place of all that were lost
//   - recovery: recovery codes, and ending a stranger's sign-in
//   - arrive: sign-up, invitation, verification, password reset
//   - self: what people do with their own account
//   - operate: what operators do to accounts
//   - port: import and export
//
// Package journeys puts them together. No journey imports another one.
//
// # States
//
//	nobody ──Authenticate──▶ half done ──ConfirmCode, UseRecoveryCode──▶ signed in
//	invitation ──SetInvitedPassword──▶ half done with invitation
//	nobody ──AskSignUp──▶ sign-up link ──CompleteSignUp──▶ half done with invitation
//	nobody ──AskReset──▶ reset link ──ResetPassword──▶ nobody, with another password
//	half done, password exposed ──ConfirmCode, UseRecoveryCode──▶ held ──ChooseNewPassword──▶ signed in
//	half done with invitation ──Enrolment──▶ pending ──ConfirmEnrolment──▶ confirmed ──AcknowledgeCodes──▶ signed in
//	signed in with a recovery code ──Enrolment …──▶ signed in, the lost authenticators replaced
//	half done ──UseRecoveryCode, the last; ConfirmCode of a short key──▶ enrolling ──Enrolment …──▶ signed in, the lost authenticators replaced
//	signed in within ten minutes ──NewAuthenticator──▶ pending ──ConfirmAuthenticator──▶ signed in, one more or one replaced
//	signed in within ten minutes ──NewRecoveryCodes──▶ shown ──KeepRecoveryCodes──▶ signed in, the earlier codes void
//
// Only the arrows into "signed in" make a complete session, and each of them requires the password and a second factor. A pending or
// confirmed enrolment is not a factor: it becomes one together with its recovery codes, its session and the end of its link, in one
// transaction. The permission to enrol (enrol.Enroller) takes a valid invitation or a recovery code that was used within ten minutes; the
// permission to change factors (self.Changer) takes both factors within ten minutes. A pending authenticator or set of codes is bound to
// the purpose and the browser for which it was made. The last authenticator can be replaced, not removed.
//
// A right password followed by too many wrong codes, in a browser that is not the owner's, exposes the password: the owner is told, the
// account is marked, and sign-ins completed from then on are held until a new password removes the mark. Earlier sessions continue, and
// nobody is locked out.
//
// # Rules that hold throughout
//
// Only the owner of a mailbox learns whether it has an account.
//
// Passwords are hashed outside transactions. Failures are counted and recorded in statements that commit by themselves, never
// inside a transaction that the refusal rolls back. One conditional statement decides every race.
//
// What it leaves to others: pages and cookies to package login, mail texts to login/mail, the arithmetic of codes to login/otp, hashing to
// login/password, counting to login/throttle.
package account
