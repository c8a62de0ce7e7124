// Package account owns the life of an account without HTTP: adding, inviting, signing in with password and one-time
// code, enrolling an authenticator, recovering with a recovery code, what people do with their own account, and what operators do to accounts.
//
// # States
//
//	nobody ──Authenticate──▶ half done ──ConfirmCode, UseRecoveryCode──▶ signed in
//	ticket ──SetInvitedPassword──▶ half done with ticket
//	nobody ──Register──▶ registration link ──CompleteRegistration──▶ half done with ticket
//	nobody ──AskReset──▶ reset link ──ResetPassword──▶ nobody, with another password
//	half done, password exposed ──ConfirmCode, UseRecoveryCode──▶ held ──ChooseNewPassword──▶ signed in
//	half done with ticket ──Enrolment──▶ pending ──ConfirmEnrolment──▶ confirmed ──AcknowledgeCodes──▶ signed in
//	signed in with a recovery code ──Enrolment …──▶ signed in, the lost authenticators replaced
//	half done ──UseRecoveryCode, the last; ConfirmCode of a short key──▶ enrolling ──Enrolment …──▶ signed in, the lost authenticators replaced
//	signed in within ten minutes ──NewAuthenticator──▶ pending ──ConfirmAuthenticator──▶ signed in, one more or one replaced
//	signed in within ten minutes ──NewRecoveryCodes──▶ shown ──KeepRecoveryCodes──▶ signed in, the earlier codes dead
//
// Only the arrows into "signed in" make a complete session, and each of them has seen the password and a second factor. A pending or
// confirmed enrolment is not a factor: it becomes one together with its recovery codes, its session and the end of its ticket, in
// one transaction. An Enroller, the permission to enrol, exists only for who holds a good ticket or has just used a recovery code;
// a Changer, the permission to change factors, only for who has shown both within ten minutes. What is pending belongs to the purpose and the
// browser for which it was begun. The last authenticator can be replaced, not removed.
//
// A change of factors ends all other sessions with what apps were given in them, because one of them may be the reason for it. What apps were
// given in the session at hand, what they were given for the time after a session, and device cookies stay, but not when an authenticator is
// replaced: the earlier one may be in other hands, and what was granted with its codes with it.
//
// A right password followed by too many wrong codes, in a browser that is not the owner's, exposes the password: the owner is told, the
// account is marked, and what is completed from then on is held until a new password takes the mark away. What was completed before
// goes on, and nobody is locked out.
//
// # Rules that hold throughout
//
// Whether somebody exists is told to nobody but the owner of the mailbox: Register, AskReset and AskEmailChange do the same work and
// answer alike, for whoever asks.
//
// Passwords are hashed outside transactions. Failures are counted and recorded in statements that commit by themselves, never
// inside a transaction that the refusal rolls back. Whatever arbitrates a race is one conditional statement.
//
// What it leaves to others: pages and cookies to package login, mail texts to login/mail, the arithmetic of codes to login/otp, hashing to
// login/password, counting to login/throttle.
package account
