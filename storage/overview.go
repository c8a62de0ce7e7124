package storage

import (
	"context"
	"time"
)

// Overview counts what hangs on an account, for the first page that its owner sees.
type Overview struct {
	PasswordChangedAt Time `db:"password_changed_at"` // zero: there is no password
	Authenticators    int  `db:"authenticators"`
	RecoveryCodesLeft int  `db:"recovery_codes_left"`
	Sessions          int  `db:"sessions"` // complete and alive
	Apps              int  `db:"apps"`     // as Store.Apps lists them
}

// livingGrant is a condition on a grant g and its user u; it takes the present time twice.
const livingGrant = `g.revoked_at IS NULL AND g.expires_at > ? AND (g.generation = 0 OR g.idle_until > ?) AND g.epoch = u.epoch`

// Overview returns the numbers of a user, or ErrNotFound.
func (s *Store) Overview(ctx context.Context, userID string, now time.Time) (Overview, error) {
	var o Overview
	err := s.get(ctx, &o, `
		SELECT (SELECT p.changed_at FROM passwords p WHERE p.user_id = u.id) AS password_changed_at,
			(SELECT count(*) FROM authenticators a WHERE a.user_id = u.id) AS authenticators,
			(SELECT count(*) FROM recovery_codes r WHERE r.user_id = u.id AND r.used_at IS NULL) AS recovery_codes_left,
			(SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.completed_at IS NOT NULL AND s.expires_at > ?
				AND s.idle_until > ? AND s.epoch = u.epoch AND `+wholeSignIn+`) AS sessions,
			(SELECT count(*) FROM consents c WHERE c.user_id = u.id) +
			(SELECT count(DISTINCT g.client_id) FROM grants g WHERE g.user_id = u.id AND `+livingGrant+`
				AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.user_id = u.id AND c.client_id = g.client_id)) AS apps
		FROM users u WHERE u.id = ?`, At(now), At(now), At(now), At(now), userID)
	return o, err
}

// App is a client with access to something of a user: by a consent, by a grant that is alive, or both.
type App struct {
	ClientID    string
	Name        string
	Access      // of the consent and the living grants together
	Consented   bool
	ConsentedAt time.Time // zero: never asked
	GrantedAt   time.Time // of the oldest grant that is alive; zero: there is none
	UsedAt      time.Time // when the newest grant that is kept was last used; zero: none is kept any more
}

type grantedRow struct {
	ClientID string `db:"client_id"`
	Name     string `db:"name"`
	Access
	GrantedAt Time `db:"granted_at"`
	UsedAt    Time `db:"used_at"`
}

type consentedRow struct {
	ClientID string `db:"client_id"`
	Name     string `db:"name"`
	Access
	CreatedAt Time `db:"created_at"`
}

// Apps returns the clients with access to something of a user: first those with a consent, newest first, then the others.
func (s *Store) Apps(ctx context.Context, userID string, now time.Time) ([]App, error) {
	var consented []consentedRow
	if err := s.list(ctx, &consented, `
		SELECT a.client_id, c.name, a.scopes, a.claims, a.created_at
		FROM consents a JOIN clients c ON c.id = a.client_id
		WHERE a.user_id = ? ORDER BY a.created_at DESC, a.client_id`, userID); err != nil {
		return nil, err
	}
	var granted []grantedRow
	if err := s.list(ctx, &granted, `
		SELECT g.client_id, c.name, g.scopes, g.claims, min(CASE WHEN `+livingGrant+` THEN g.created_at END) AS granted_at,
			max(coalesce(g.rotated_at, g.created_at)) AS used_at
		FROM grants g JOIN clients c ON c.id = g.client_id JOIN users u ON u.id = g.user_id
		WHERE g.user_id = ? GROUP BY g.client_id, c.name, g.scopes, g.claims
		ORDER BY used_at DESC, g.client_id, g.scopes, g.claims`,
		At(now), At(now), userID); err != nil {
		return nil, err
	}
	return joinApps(consented, granted), nil
}

// joinApps makes one App of each client.
func joinApps(consented []consentedRow, granted []grantedRow) []App {
	apps := make([]App, 0, len(consented)+len(granted))
	at := map[string]int{}
	for _, row := range consented {
		at[row.ClientID] = len(apps)
		apps = append(apps, App{
			ClientID: row.ClientID, Name: row.Name, Access: row.Access, Consented: true, ConsentedAt: row.CreatedAt.Time,
		})
	}
	for _, row := range granted {
		i, known := at[row.ClientID]
		if !known && row.GrantedAt.IsZero() {
			continue // nothing of it is alive
		}
		if !known {
			i, at[row.ClientID] = len(apps), len(apps)
			apps = append(apps, App{ClientID: row.ClientID, Name: row.Name})
		}
		apps[i].add(row)
	}
	return apps
}

func (a *App) add(row grantedRow) {
	if row.UsedAt.After(a.UsedAt) {
		a.UsedAt = row.UsedAt.Time
	}
	if row.GrantedAt.IsZero() {
		return
	}
	if a.GrantedAt.IsZero() || row.GrantedAt.Before(a.GrantedAt) {
		a.GrantedAt = row.GrantedAt.Time
	}
	a.Access = a.with(row.Access)
}
