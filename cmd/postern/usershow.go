package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/login/account/operate"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

func userShowCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "show USER", Short: "Show whether a person can sign in, if not why and until when, and everything about the account", Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				desk, err := s.accounts.Operate.Helpdesk(ctx, args[0], time.Now())
				if err != nil {
					return s.missing(ctx, err, "user", args[0])
				}
				return t.showHelpdesk(desk)
			})
		},
	}
}

// shownHelpdesk is an account as postern user show prints it.
type shownHelpdesk struct {
	shownUser
	State          operate.State        `json:"state"`
	Why            []string             `json:"why,omitempty"`
	Waits          []shownWait          `json:"waits"`
	HasPassword    bool                 `json:"has_password"`
	Authenticators []shownAuthenticator `json:"authenticators"`
	RecoveryCodes  int                  `json:"recovery_codes_left"`
	ExposedAt      time.Time            `json:"password_exposed_at,omitzero"` // somebody else has the password
	NewEmail       string               `json:"new_email,omitempty"`          // new e-mail address that is not yet confirmed
	Invitation     *shownInvitation     `json:"invitation,omitempty"`         // that can be used
	Sessions       []shownSession       `json:"sessions"`
	Apps           []shownApp           `json:"apps"`
	LastSignIn     *shownEntry          `json:"last_sign_in,omitempty"`
	LastRefusal    *shownEntry          `json:"last_refusal,omitempty"`
}

type shownWait struct {
	For      string    `json:"for"` // password, code or recovery
	Failures int       `json:"failures"`
	Until    time.Time `json:"until,omitzero"` // absent if waiting does not help
}

// shownAuthenticator is an authenticator without its key.
type shownAuthenticator struct {
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
}

type shownInvitation struct {
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type shownApp struct {
	ClientID string    `json:"client_id"`
	Name     string    `json:"name"`
	Scopes   []string  `json:"scopes"`
	Since    time.Time `json:"since"`
	UsedAt   time.Time `json:"used_at,omitzero"`
}

type shownEntry struct {
	At      time.Time `json:"at"`
	Event   string    `json:"event"`
	Address string    `json:"address,omitempty"`
}

func shownHelpdeskOf(h operate.Helpdesk) shownHelpdesk {
	shown := shownHelpdesk{
		shownUser: shownUserOf(h.User, ""), State: h.State, Why: reasons(h), Waits: []shownWait{}, HasPassword: h.HasPassword,
		Authenticators: []shownAuthenticator{}, RecoveryCodes: h.RecoveryCodesLeft, ExposedAt: h.User.ExposedAt.Time, NewEmail: h.NewEmail,
		Sessions: shownSessionsOf(h.Sessions), Apps: []shownApp{}, LastSignIn: shownEntryOf(h.LastSignIn), LastRefusal: shownEntryOf(h.LastRefusal),
	}
	for _, wait := range h.Waits {
		one := shownWait{For: wait.For, Failures: wait.Failures}
		if !wait.Closed {
			one.Until = wait.Until
		}
		shown.Waits = append(shown.Waits, one)
	}
	for _, a := range h.Authenticators {
		shown.Authenticators = append(shown.Authenticators, shownAuthenticator{cmp.Or(a.Name, "Authenticator app"), a.CreatedAt, a.LastUsedAt})
	}
	if !h.Invitation.ExpiresAt.IsZero() {
		shown.Invitation = &shownInvitation{h.Invitation.CreatedAt.Time, h.Invitation.ExpiresAt.Time}
	}
	for _, app := range h.Apps {
		since := app.ConsentedAt
		if since.IsZero() {
			since = app.GrantedAt
		}
		shown.Apps = append(shown.Apps, shownApp{app.ClientID, app.Name, app.Scopes, since, app.UsedAt})
	}
	return shown
}

func shownEntryOf(e audit.Entry) *shownEntry {
	if e.ID == "" {
		return nil
	}
	return &shownEntry{e.At, string(e.Name), e.Address}
}

// reasons returns why somebody cannot sign in, until when, and which command changes that. It is empty if the person can sign in.
func reasons(h operate.Helpdesk) (why []string) {
	switch h.State {
	case operate.StateEnabled:
		return nil
	case operate.StateDisabled:
		return []string{"since " + stamp(h.User.DisabledAt.Time) + "; postern user enable enables the account again"}
	case operate.StateNotSetUp:
		return []string{"there is no " + strings.Join(lacking(h), " and no ") + "; postern user invite makes an invitation"}
	}
	for _, wait := range h.Waits {
		failed := fmt.Sprintf("%d wrong %s in a row", wait.Failures, map[string]string{
			"password": "passwords", string(throttle.Code): "codes", string(throttle.RecoveryCode): "recovery codes",
		}[wait.For])
		if wait.Closed {
			why = append(why, failed+"; postern user unlock opens it")
		} else {
			why = append(why, failed+", until "+stamp(wait.Until)+"; postern user unlock ends the wait")
		}
	}
	if !h.AheadUntil.IsZero() {
		why = append(why, "codes are refused until "+stamp(h.AheadUntil)+": the last one was accepted while the clock ran ahead; postern user unlock ends it")
	}
	return why
}

func lacking(h operate.Helpdesk) (parts []string) {
	if !h.HasPassword {
		parts = append(parts, "password")
	}
	if len(h.Authenticators) == 0 {
		parts = append(parts, "second factor")
	}
	return parts
}

// showHelpdesk shows an account in the order of the usual questions: can this person sign in, why not, with what, and what happened last.
func (t *terminal) showHelpdesk(h operate.Helpdesk) error {
	shown := shownHelpdeskOf(h)
	return t.show(shown, func(w io.Writer) {
		rows := [][]string{
			{"id", shown.ID}, {"e-mail", shown.Email}, {"verified", yesNo(shown.EmailVerified)}, {"username", shown.Username},
			{"groups", strings.Join(shown.Groups, ", ")}, {"administrator", yesNo(shown.Admin)}, {"added", stamp(shown.CreatedAt)},
			append([]string{"state", string(shown.State)}, shown.Why...),
			{"password", yesNo(shown.HasPassword)},
		}
		if h.User.Exposed() {
			rows = append(rows, []string{"password exposed", stamp(shown.ExposedAt) + ": somebody else knows it; a new one is required at the next sign-in"})
		}
		if shown.NewEmail != "" {
			rows = append(rows, []string{"new e-mail", shown.NewEmail + ", not confirmed yet"})
		}
		for _, a := range shown.Authenticators {
			rows = append(rows, []string{"authenticator", fmt.Sprintf("%s, added %s, last used %s", a.Name, stamp(a.CreatedAt), stamp(a.LastUsedAt))})
		}
		rows = append(rows, []string{"recovery codes left", strconv.Itoa(shown.RecoveryCodes)}, []string{"invitation", invitationState(h.Invitation, h.State)})
		for _, s := range shown.Sessions {
			rows = append(rows, []string{"session", fmt.Sprintf("%s, %s, signed in %s, last seen %s", s.Browser, s.Address, stamp(s.SignedInAt), stamp(s.LastSeenAt))})
		}
		for _, app := range shown.Apps {
			rows = append(rows, []string{"app", fmt.Sprintf("%s (%s), since %s, last used %s", app.Name, app.ClientID, stamp(app.Since), stamp(app.UsedAt))})
		}
		rows = append(rows, []string{"last sign-in", entryLine(shown.LastSignIn, false)}, []string{"last refusal", entryLine(shown.LastRefusal, true)})
		lines(w, rows)
	})
}

// invitationState returns the state of the invitation, or "" if the account does not need one any more.
func invitationState(open storage.Link, state operate.State) string {
	switch {
	case !open.ExpiresAt.IsZero():
		return "made " + stamp(open.CreatedAt.Time) + ", valid until " + stamp(open.ExpiresAt.Time)
	case state == operate.StateNotSetUp:
		return "used up or expired"
	}
	return ""
}

func entryLine(e *shownEntry, named bool) string {
	if e == nil {
		return "-"
	}
	line := stamp(e.At)
	if named {
		line += " " + e.Event
	}
	if e.Address != "" {
		line += " from " + e.Address
	}
	return line
}
