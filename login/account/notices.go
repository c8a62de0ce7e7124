package account

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// NoticeKind says what a message tells its reader.
type NoticeKind string

// The kinds of messages.
const (
	NoticeInvitation   NoticeKind = "invitation"    // an account was created for the reader; Link is the invitation
	NoticeSignUp       NoticeKind = "registration"  // somebody, probably the reader, asked for an account; Link continues the sign-up
	NoticeAddressTaken NoticeKind = "address_taken" // somebody, probably the reader, asked for an account, but the reader already has one
	NoticeEnrolLink    NoticeKind = "enrol_link"    // Link enrols a first authenticator
	NoticeFactorReset  NoticeKind = "factor_reset"  // an operator removed the authenticators; Link is a new invitation

	NoticeVerifyAddress  NoticeKind = "verify_address"  // Link verifies the reader's e-mail address
	NoticeEmailConfirm   NoticeKind = "email_confirm"   // to the new e-mail address; Link confirms the change
	NoticeEmailAnnounced NoticeKind = "email_announced" // to the old e-mail address: Email is about to replace it
	NoticeEmailChanged   NoticeKind = "email_changed"   // to the old e-mail address: Email has replaced it

	NoticePasswordReset   NoticeKind = "password_reset" // Link is the reset link
	NoticePasswordChanged NoticeKind = "password_changed"

	NoticeExposed      NoticeKind = "exposed"       // somebody else knows the password: Count wrong codes followed it
	NoticeFactorClosed NoticeKind = "factor_closed" // after Count wrong codes in a row

	NoticeRecoveryCodeUsed      NoticeKind = "recovery_code_used" // Count codes are left
	NoticeRecoveryCodesReplaced NoticeKind = "recovery_codes_replaced"
	NoticeAuthenticatorAdded    NoticeKind = "authenticator_added"
	NoticeAuthenticatorReplaced NoticeKind = "authenticator_replaced" // all earlier ones, or the lost ones, were replaced
	NoticeAuthenticatorRemoved  NoticeKind = "authenticator_removed"

	// A sign-in from Browser and Network in a browser that the reader has never used; Link ends it and leads to a new password.
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
	Network string // network that the client IP belongs to; may be empty
}

// Notices tells people what happened to their accounts.
type Notices interface {
	// Send queues one message in the caller's transaction, so that it is sent if, and only if, the transaction commits. Its language is the
	// claim locale of the user. If Send returns an error, the transaction must fail.
	//
	// A message to a user without an e-mail address is never sent, but takes the same work as any other: the response time must not reveal
	// whether there is a recipient.
	Send(ctx context.Context, to storage.User, n Notice, now time.Time) error
}
