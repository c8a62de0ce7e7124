package account

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// NoticeKind is what a message tells its reader.
type NoticeKind string

// The kinds of messages.
const (
	NoticeInvitation   NoticeKind = "invitation"    // an account was prepared; Link sets a password and enrols an authenticator
	NoticeSignUp       NoticeKind = "registration"  // somebody, probably the reader, wants an account; Link leads on
	NoticeAddressTaken NoticeKind = "address_taken" // somebody, probably the reader, asked for an account that the reader has
	NoticeEnrolLink    NoticeKind = "enrol_link"    // Link enrols a first authenticator
	NoticeFactorReset  NoticeKind = "factor_reset"  // an operator removed the authenticators; Link is a new invitation

	NoticeVerifyAddress  NoticeKind = "verify_address"  // Link proves that the address is the reader's
	NoticeEmailConfirm   NoticeKind = "email_confirm"   // to the new address; Link makes it the account's
	NoticeEmailAnnounced NoticeKind = "email_announced" // to the old address: Email is going to replace it
	NoticeEmailChanged   NoticeKind = "email_changed"   // to the old address: Email has replaced it

	NoticePasswordReset   NoticeKind = "password_reset" // Link leads to a new password
	NoticePasswordChanged NoticeKind = "password_changed"

	NoticeExposed      NoticeKind = "exposed"       // somebody knows the password: Count wrong codes followed it
	NoticeFactorClosed NoticeKind = "factor_closed" // after Count wrong codes in a row

	NoticeRecoveryCodeUsed      NoticeKind = "recovery_code_used" // Count codes are left
	NoticeRecoveryCodesReplaced NoticeKind = "recovery_codes_replaced"
	NoticeAuthenticatorAdded    NoticeKind = "authenticator_added"
	NoticeAuthenticatorReplaced NoticeKind = "authenticator_replaced" // all earlier ones, or the lost ones
	NoticeAuthenticatorRemoved  NoticeKind = "authenticator_removed"

	// A sign-in from Browser and Network, which this person never used; Link ends it and leads to a new password.
	NoticeNewBrowser NoticeKind = "new_browser"

	NoticeAccountClosed NoticeKind = "account_closed"
)

// NoticeKinds returns all kinds.
func NoticeKinds() []NoticeKind {
	return []NoticeKind{
		NoticeInvitation, NoticeSignUp, NoticeAddressTaken, NoticeEnrolLink, NoticeFactorReset,
		NoticeVerifyAddress, NoticeEmailConfirm, NoticeEmailAnnounced, NoticeEmailChanged,
		NoticePasswordReset, NoticePasswordChanged, NoticeExposed, NoticeFactorClosed,
		NoticeRecoveryCodeUsed, NoticeRecoveryCodesReplaced,
		NoticeAuthenticatorAdded, NoticeAuthenticatorReplaced, NoticeAuthenticatorRemoved, NoticeNewBrowser, NoticeAccountClosed,
	}
}

// Notice is one message. Fields that its kind does not use are zero.
type Notice struct {
	Kind    NoticeKind
	Link    string    // URL of a one-time link
	Expires time.Time // when Link expires
	Count   int
	Email   string // e-mail address that the message names
	Browser string // such as "Firefox on Linux"
	Network string // network of the client IP; may be empty
}

// Notices tells people what happened to their accounts.
type Notices interface {
	// Send queues one message in the caller's transaction, so that it goes out if, and only if, what it reports has happened. Its language
	// is the claim locale of the user. If it returns an error, the operation must fail.
	//
	// A message to a user without an e-mail address is never sent, but costs what any other message costs: nobody learns from the time of an
	// answer whether there is a mailbox to write to.
	Send(ctx context.Context, to storage.User, n Notice, now time.Time) error
}
