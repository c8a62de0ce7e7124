package account

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// NoticeKind is what a message tells its reader.
type NoticeKind string

// Every kind of message. Those that bring a link say so.
const (
	NoticeInvitation   NoticeKind = "invitation"    // an account was prepared; Link sets a password and enrols an authenticator
	NoticeRegistration NoticeKind = "registration"  // somebody, probably the reader, wants an account; Link goes on
	NoticeAddressTaken NoticeKind = "address_taken" // somebody, probably the reader, asked for an account that the reader has
	NoticeEnrolLink    NoticeKind = "enrol_link"    // Link enrols a first authenticator
	NoticeFactorReset  NoticeKind = "factor_reset"  // an operator removed the authenticators; Link is a new invitation

	NoticeVerifyAddress  NoticeKind = "verify_address"  // Link proves that the address is the reader's
	NoticeEmailConfirm   NoticeKind = "email_confirm"   // to the new address; Link makes it the account's
	NoticeEmailAnnounced NoticeKind = "email_announced" // to the old address: Address is to take its place
	NoticeEmailChanged   NoticeKind = "email_changed"   // to the old address: Address has taken its place

	NoticePasswordReset   NoticeKind = "password_reset" // Link leads to a new password
	NoticePasswordChanged NoticeKind = "password_changed"

	NoticeExposed      NoticeKind = "exposed"       // somebody knows the password: Count wrong codes followed it
	NoticeFactorClosed NoticeKind = "factor_closed" // after Count wrong codes in a row

	NoticeRecoveryCodeUsed      NoticeKind = "recovery_code_used" // Count are left
	NoticeRecoveryCodesReplaced NoticeKind = "recovery_codes_replaced"
	NoticeAuthenticatorAdded    NoticeKind = "authenticator_added"
	NoticeAuthenticatorReplaced NoticeKind = "authenticator_replaced" // all earlier ones, or the lost ones
	NoticeAuthenticatorRemoved  NoticeKind = "authenticator_removed"

	// A sign-in from Browser and Network, which this person never used; Link ends it and leads to a new password.
	NoticeNewBrowser NoticeKind = "new_browser"

	NoticeAccountClosed NoticeKind = "account_closed"
)

// NoticeKinds lists all of them.
func NoticeKinds() []NoticeKind {
	return []NoticeKind{
		NoticeInvitation, NoticeRegistration, NoticeAddressTaken, NoticeEnrolLink, NoticeFactorReset,
		NoticeVerifyAddress, NoticeEmailConfirm, NoticeEmailAnnounced, NoticeEmailChanged,
		NoticePasswordReset, NoticePasswordChanged, NoticeExposed, NoticeFactorClosed,
		NoticeRecoveryCodeUsed, NoticeRecoveryCodesReplaced,
		NoticeAuthenticatorAdded, NoticeAuthenticatorReplaced, NoticeAuthenticatorRemoved, NoticeNewBrowser, NoticeAccountClosed,
	}
}

// Notice is one message. Fields that its kind has no use for are zero.
type Notice struct {
	Kind    NoticeKind
	Link    string    // one-time address
	Expires time.Time // when Link does
	Count   int
	Address string // e-mail address that the message speaks of
	Browser string // such as "Firefox on Linux"
	Network string // shortened client address; may be empty
}

// Notices tells people what happened to their accounts.
type Notices interface {
	// Send queues one message in the caller's transaction, so that it goes out exactly if what it tells has happened. Its language
	// is the claim locale of the user. An error means that the operation must fail.
	//
	// A message to a user without an e-mail address is never sent, but costs what any other does: nobody learns from the time an
	// answer takes whether there is somebody to write to.
	Send(ctx context.Context, to storage.User, n Notice, now time.Time) error
}
