package self

import (
	"context"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// The maximum number of grants and audit entries in a person's data; only the newest are included.
const (
	dataGrants   = 1000
	dataActivity = 10_000
	activityPage = 1000
)

// Data is everything that is stored about a person, without secrets. The person downloads its JSON form.
type Data struct {
	WrittenAt         time.Time           `json:"written_at"`
	Account           OwnAccount          `json:"account"`
	PasswordChangedAt time.Time           `json:"password_changed_at,omitzero"`
	Authenticators    []AuthenticatorData `json:"authenticators"`
	RecoveryCodesLeft int                 `json:"recovery_codes_left"`
	Sessions          []SessionData       `json:"sessions"`
	Apps              []AppData           `json:"apps"`
	Grants            []GrantData         `json:"grants"`
	Activity          []ActivityData      `json:"activity"`
}

// OwnAccount is the account itself.
type OwnAccount struct {
	ID            string         `json:"id"`
	Email         string         `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	Username      string         `json:"username,omitempty"`
	Admin         bool           `json:"administrator"`
	Groups        []string       `json:"groups"`
	Claims        map[string]any `json:"claims"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
}

// AuthenticatorData is an authenticator without its key.
type AuthenticatorData struct {
	Name       string    `json:"name"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
}

// SessionData is a browser that is signed in.
type SessionData struct {
	Browser    string    `json:"browser"`
	Address    string    `json:"address"`
	SignedInAt time.Time `json:"signed_in_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

// AppData is an app that has access to the account.
type AppData struct {
	ClientID    string    `json:"client_id"`
	Name        string    `json:"name"`
	Scopes      []string  `json:"scopes"`
	Claims      []string  `json:"claims,omitempty"` // claims requested by name, in addition to those of the scopes
	ConsentedAt time.Time `json:"consented_at,omitzero"`
	UsedAt      time.Time `json:"last_used_at,omitzero"`
}

// GrantData is one grant to an app, without its tokens.
type GrantData struct {
	ClientID  string    `json:"client_id"`
	Scopes    []string  `json:"scopes"`
	Claims    []string  `json:"claims,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	RotatedAt time.Time `json:"last_used_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at"`
}

// ActivityData is an entry of the audit log. It does not name operators.
type ActivityData struct {
	At       time.Time         `json:"at"`
	Name     audit.Name        `json:"name"`
	Actor    audit.Actor       `json:"by"`
	ClientID string            `json:"client_id,omitempty"`
	App      string            `json:"app,omitempty"`
	Address  string            `json:"address,omitempty"`
	Detail   map[string]string `json:"detail,omitempty"`
}

// Data returns a person's own data and records that it was downloaded.
func (s *Service) Data(ctx context.Context, who Fresh, visitor account.Visitor, now time.Time) (Data, error) {
	userID := who.User().ID
	if err := s.cfg.Audit.Record(ctx, visitor.Event(audit.DataDownloaded, userID), now); err != nil {
		return Data{}, err
	}
	profile, err := account.ReadProfile(ctx, s.cfg.Store, userID)
	if err != nil {
		return Data{}, err
	}
	overview, err := s.cfg.Store.Users.Overview(ctx, userID, now)
	if err != nil {
		return Data{}, err
	}
	data := Data{
		WrittenAt: now.UTC(), Account: accountData(profile.User), PasswordChangedAt: overview.PasswordChangedAt.Time,
		Authenticators: []AuthenticatorData{}, RecoveryCodesLeft: profile.RecoveryCodesLeft,
	}
	for _, a := range profile.Authenticators {
		data.Authenticators = append(data.Authenticators, AuthenticatorData{a.Name, a.CreatedAt, a.LastUsedAt})
	}
	if data.Sessions, err = s.sessionData(ctx, userID, now); err != nil {
		return Data{}, err
	}
	if data.Apps, data.Grants, err = s.appData(ctx, userID, now); err != nil {
		return Data{}, err
	}
	data.Activity, err = s.activityData(ctx, userID)
	return data, err
}

func accountData(u storage.User) OwnAccount {
	return OwnAccount{
		ID: u.ID, Email: u.Email, EmailVerified: u.EmailVerified, Username: u.Username, Admin: u.Admin, Groups: u.Groups, Claims: u.Claims,
		CreatedAt: u.CreatedAt.Time, UpdatedAt: u.UpdatedAt.Time,
	}
}

func (s *Service) sessionData(ctx context.Context, userID string, now time.Time) ([]SessionData, error) {
	sessions, err := s.cfg.Store.Sessions.OfUser(ctx, userID, now)
	data := make([]SessionData, len(sessions))
	for i, session := range sessions {
		data[i] = SessionData{
			session.Browser, session.ClientIP, session.CompletedAt.Time, session.LastSeenAt.Time, session.ExpiresAt.Time,
		}
	}
	return data, err
}

func (s *Service) appData(ctx context.Context, userID string, now time.Time) ([]AppData, []GrantData, error) {
	apps, err := s.cfg.Store.Consents.Apps(ctx, userID, now)
	if err != nil {
		return nil, nil, err
	}
	appData := make([]AppData, len(apps))
	for i, app := range apps {
		appData[i] = AppData{app.ClientID, app.Name, app.Scopes, app.Claims, app.ConsentedAt, app.UsedAt}
	}
	grants, err := s.cfg.Store.Grants.OfUser(ctx, userID, dataGrants)
	grantData := make([]GrantData, len(grants))
	for i, g := range grants {
		grantData[i] = GrantData{g.ClientID, g.Scopes, g.Claims, g.CreatedAt.Time, g.RotatedAt.Time, g.RevokedAt.Time, g.ExpiresAt.Time}
	}
	return appData, grantData, err
}

func (s *Service) activityData(ctx context.Context, userID string) ([]ActivityData, error) {
	data, before := []ActivityData{}, ""
	for len(data) < dataActivity {
		entries, more, err := s.Activity(ctx, userID, before, activityPage)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			delete(e.Detail, "operator")
			data = append(data, ActivityData{e.At, e.Name, e.Actor, e.ClientID, e.App, e.Address, e.Detail})
			before = e.ID
		}
		if !more {
			break
		}
	}
	return data, nil
}
