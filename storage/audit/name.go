package audit

// Name says what happened. The list is closed: metrics, dashboards and people's filters depend on it.
type Name string

const (
	// PasswordAccepted: the password was right; the second factor is still to come.
	PasswordAccepted Name = "password.accepted"
	// PasswordRefused: a wrong password, or a name that nobody has.
	PasswordRefused Name = "password.refused"
	// PasswordThrottled: a password was not checked because too many before it were wrong.
	PasswordThrottled Name = "password.throttled"
	// PasswordSet: a person chose a password.
	PasswordSet Name = "password.set"
	// PasswordExposed: too many wrong codes followed the right password, so somebody else has it.
	PasswordExposed Name = "password.exposed"
	// PasswordChanged: a person who was signed in chose another password.
	PasswordChanged Name = "password.changed"
	// PasswordResetAsked: somebody asked for a link to a new password.
	PasswordResetAsked Name = "password.reset_asked"
	// PasswordReset: a person chose a new password through a mailed link.
	PasswordReset Name = "password.reset"

	// SignInCompleted: both factors were right and a session began.
	SignInCompleted Name = "sign_in.completed"
	// SignInDisowned: a person said, through a mailed link, that a sign-in was somebody else's, and its session was ended.
	SignInDisowned Name = "sign_in.disowned"
	// SignedOut: a person ended the session of a browser.
	SignedOut Name = "sign_in.ended"
	// SessionsEnded: sessions of a user were ended from elsewhere, by the person or an operator.
	SessionsEnded Name = "sessions.ended"

	// CodeRefused: a wrong one-time code after a right password.
	CodeRefused Name = "one_time_code.refused"
	// CodeReplayed: a one-time code that was right and had been used before.
	CodeReplayed Name = "one_time_code.replayed"
	// CodeThrottled: a one-time code was not checked because too many before it were wrong.
	CodeThrottled Name = "one_time_code.throttled"
	// FactorClosed: so many codes were wrong in a row that only a recovery code or an operator opens the account.
	FactorClosed Name = "one_time_code.closed"
	// RecoveryCodeUsed: a recovery code took the place of the one-time code.
	RecoveryCodeUsed Name = "recovery_code.used"
	// RecoveryCodeRefused: a recovery code that does not exist or was used before.
	RecoveryCodeRefused Name = "recovery_code.refused"

	// EnrolmentStarted: a new authenticator's key was shown.
	EnrolmentStarted Name = "enrolment.started"
	// EnrolmentRefused: a wrong code for an authenticator that is being enrolled.
	EnrolmentRefused Name = "enrolment.refused"
	// EnrolmentConfirmed: the right code was typed and the recovery codes were shown.
	EnrolmentConfirmed Name = "enrolment.confirmed"
	// EnrolmentAcknowledged: the person has saved the recovery codes; the authenticator is a factor from now on.
	EnrolmentAcknowledged Name = "enrolment.acknowledged"

	// AuthenticatorAdded: a person who had an authenticator added another.
	AuthenticatorAdded Name = "authenticator.added"
	// AuthenticatorReplaced: a person replaced an authenticator by a new one.
	AuthenticatorReplaced Name = "authenticator.replaced"
	// AuthenticatorRenamed: a person gave an authenticator another name.
	AuthenticatorRenamed Name = "authenticator.renamed"
	// AuthenticatorRemoved: a person removed an authenticator that was not the last.
	AuthenticatorRemoved Name = "authenticator.removed"
	// RecoveryCodesReplaced: a person made new recovery codes; the earlier ones are not valid any more.
	RecoveryCodesReplaced Name = "recovery_codes.replaced"

	// TicketIssued: a one-time link was made.
	TicketIssued Name = "ticket.issued"
	// TicketUsed: a one-time link was used up.
	TicketUsed Name = "ticket.used"
	// TicketRefused: a one-time link that does not exist, was used before or has expired.
	TicketRefused Name = "ticket.refused"

	// RegistrationAsked: somebody asked for an account; the entry names the user who already has the e-mail address, if there is one.
	RegistrationAsked Name = "registration.asked"
	// MailThrottled: a message that somebody asked for was not sent because there were too many before it.
	MailThrottled Name = "mail.throttled"
	// EmailVerified: a person confirmed the e-mail address of the account.
	EmailVerified Name = "email.verified"
	// EmailChangeAsked: a person named a new e-mail address, which has to be confirmed.
	EmailChangeAsked Name = "email.change_asked"
	// EmailChangeCancelled: a person cancelled the change to a new e-mail address.
	EmailChangeCancelled Name = "email.change_cancelled"
	// EmailChanged: a new e-mail address was confirmed.
	EmailChanged Name = "email.changed"

	// UserRegistered: a person signed up for an account.
	UserRegistered Name = "user.registered"
	// UserAdded: an operator made an account.
	UserAdded Name = "user.added"
	// UserImported: an account was imported from another product's data.
	UserImported Name = "user.imported"
	// UsersExported: the accounts were exported.
	UsersExported Name = "users.exported"
	// UserDisabled: an account was disabled, and everything that was granted ended.
	UserDisabled Name = "user.disabled"
	// UserEnabled: an account was enabled again.
	UserEnabled Name = "user.enabled"
	// UserDeleted: an account was removed.
	UserDeleted Name = "user.deleted"
	// UserUnlocked: an operator cleared the counters of wrong passwords and codes.
	UserUnlocked Name = "user.unlocked"
	// UserFactorReset: an operator removed all authenticators and recovery codes.
	UserFactorReset Name = "user.factor_reset"

	// ProfileChanged: a person changed their profile.
	ProfileChanged Name = "profile.changed"
	// DataDownloaded: a person downloaded what is stored about them.
	DataDownloaded Name = "data.downloaded"

	// ConsentGiven: a person granted scopes to a client.
	ConsentGiven Name = "consent.given"
	// ConsentDenied: a person refused what a client asked for.
	ConsentDenied Name = "consent.denied"
	// ConsentWithdrawn: a person took back what a client had been granted.
	ConsentWithdrawn Name = "consent.withdrawn"

	// AuthorizationIssued: a client was given a grant, for example an authorization code.
	AuthorizationIssued Name = "authorization.issued"
	// AuthorizationCodeReused: an authorization code was presented again; everything issued from it was revoked.
	AuthorizationCodeReused Name = "authorization_code.reused"
	// VerifierGuessed: a code was presented with a wrong code verifier (RFC 7636) too often, and was revoked.
	VerifierGuessed Name = "authorization_code.verifier_guessed"
	// RefreshTokenReused: a refresh token was presented again; its family was revoked.
	RefreshTokenReused Name = "refresh_token.reused"
	// TokenRevoked: a client revoked a token (RFC 7009).
	TokenRevoked Name = "token.revoked"

	// LogoutDelivered: a client accepted the logout notice of a session that was used there (OIDC Back-Channel Logout).
	LogoutDelivered Name = "logout.delivered"
	// LogoutGivenUp: a logout notice could not be delivered to a client.
	LogoutGivenUp Name = "logout.given_up"

	// UserCodeRefused: somebody typed a user code (RFC 8628) that no device shows.
	UserCodeRefused Name = "user_code.refused"
	// UserCodeThrottled: a user code was not checked because too many before it were wrong.
	UserCodeThrottled Name = "user_code.throttled"

	// ClientAdded: a client was registered, by an operator or by itself.
	ClientAdded Name = "client.added"
	// ClientChanged: the metadata of a client were changed.
	ClientChanged Name = "client.changed"
	// ClientDisabled: a client was disabled.
	ClientDisabled Name = "client.disabled"
	// ClientEnabled: a client was enabled again.
	ClientEnabled Name = "client.enabled"
	// ClientRemoved: a client was removed with everything that was granted to it.
	ClientRemoved Name = "client.removed"
	// ClientSecretRotated: a client was given a new secret.
	ClientSecretRotated Name = "client.secret_rotated"
	// ClientRefused: a client failed to authenticate, or presented a wrong token to register or to manage its registration.
	ClientRefused Name = "client.refused"
	// InitialTokenAdded: an operator made an initial access token, with which apps can register themselves.
	InitialTokenAdded Name = "initial_access_token.added"
	// InitialTokenRemoved: an operator removed an initial access token.
	InitialTokenRemoved Name = "initial_access_token.removed"

	// KeyAdded: a signing key was made and published.
	KeyAdded Name = "key.added"
	// KeyRetired: a signing key was retired and does not sign any more.
	KeyRetired Name = "key.retired"
	// SecretsRotated: the stored secrets were encrypted again with a new key.
	SecretsRotated Name = "secrets.rotated"
)

// Names returns every event name.
func Names() []Name {
	return []Name{
		PasswordAccepted, PasswordRefused, PasswordThrottled, PasswordSet,
		PasswordExposed, PasswordChanged, PasswordResetAsked, PasswordReset,
		SignInCompleted, SignInDisowned, SignedOut, SessionsEnded,
		CodeRefused, CodeReplayed, CodeThrottled, FactorClosed, RecoveryCodeUsed, RecoveryCodeRefused,
		EnrolmentStarted, EnrolmentRefused, EnrolmentConfirmed, EnrolmentAcknowledged,
		AuthenticatorAdded, AuthenticatorReplaced, AuthenticatorRenamed, AuthenticatorRemoved, RecoveryCodesReplaced,
		TicketIssued, TicketUsed, TicketRefused,
		RegistrationAsked, MailThrottled, EmailVerified, EmailChangeAsked, EmailChangeCancelled, EmailChanged,
		UserRegistered, UserAdded, UserImported, UsersExported, UserDisabled, UserEnabled, UserDeleted, UserUnlocked, UserFactorReset,
		ProfileChanged, DataDownloaded,
		ConsentGiven, ConsentDenied, ConsentWithdrawn,
		AuthorizationIssued, AuthorizationCodeReused, VerifierGuessed, RefreshTokenReused, TokenRevoked,
		LogoutDelivered, LogoutGivenUp,
		UserCodeRefused, UserCodeThrottled,
		ClientAdded, ClientChanged, ClientDisabled, ClientEnabled, ClientRemoved, ClientSecretRotated, ClientRefused,
		InitialTokenAdded, InitialTokenRemoved,
		KeyAdded, KeyRetired, SecretsRotated,
	}
}
