package storage

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Access is the access to a user's data that a client has or requests: scopes, and claims by name (OIDC Core section 5.5) beyond those that
// the scopes bring.
type Access struct {
	Scopes Strings `db:"scopes"`
	Claims Strings `db:"claims"`
}

// FormKey returns the [Store.FormKey] of the page that asks whether the client of a flow may have access a.
func (a Access) FormKey(s *Store, signIn SignIn, flow Flow) string {
	return s.FormKey(signIn.ID(), "access", flow.ID, strings.Join(a.Scopes, " "), strings.Join(a.Claims, " "))
}

// with returns the union of a and b.
func (a Access) with(b Access) Access {
	return Access{Scopes: joined(a.Scopes, b.Scopes), Claims: joined(a.Claims, b.Claims)}
}

// joined returns the union of both lists, sorted.
func joined(a, b Strings) Strings {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// Consents are what people have granted to clients.
type Consents struct{ *database }

// Consent is what a user has granted to a client until it is withdrawn.
type Consent struct {
	UserID    string `db:"user_id"`
	ClientID  string `db:"client_id"`
	Access           // everything that was granted since CreatedAt
	CreatedAt Time   `db:"created_at"`
	UpdatedAt Time   `db:"updated_at"`
}

// Add adds access to what the user has granted to the client. The row is locked from the read to the write, so that simultaneous answers
// are all kept and a withdrawn consent does not come back. It returns ErrNotFound if the user or the client is gone.
func (s *Consents) Add(ctx context.Context, userID, clientID string, access Access, now time.Time) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		var granted Access
		if err := s.getFresh(ctx, &granted, `
			INSERT INTO consents (user_id, client_id, scopes, claims, created_at, updated_at) VALUES (?, ?, '[]', '[]', ?, ?)
			ON CONFLICT (user_id, client_id) DO UPDATE SET updated_at = excluded.updated_at
			RETURNING scopes, claims`, userID, clientID, At(now), At(now)); err != nil {
			return err
		}
		granted = granted.with(access)
		return s.execOne(ctx, ErrNotFound, `UPDATE consents SET scopes = ?, claims = ? WHERE user_id = ? AND client_id = ?`,
			granted.Scopes, granted.Claims, userID, clientID)
	})
}

// OfUser returns what a user has granted, newest first.
func (s *Consents) OfUser(ctx context.Context, userID string) ([]Consent, error) {
	var consents []Consent
	err := s.list(ctx, &consents, `
		SELECT user_id, client_id, scopes, claims, created_at, updated_at FROM consents
		WHERE user_id = ? ORDER BY updated_at DESC, client_id LIMIT 1000`, userID)
	return consents, err
}

// Withdraw removes a consent and revokes every grant of the user to the client, including grants without a consent. It returns ErrNotFound
// if there was neither a consent nor a grant.
func (s *Consents) Withdraw(ctx context.Context, userID, clientID string, now time.Time) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		consents, err := s.exec(ctx, `DELETE FROM consents WHERE user_id = ? AND client_id = ?`, userID, clientID)
		if err != nil {
			return err
		}
		grants, err := s.exec(ctx, `
			UPDATE grants SET revoked_at = ? WHERE user_id = ? AND client_id = ? AND revoked_at IS NULL AND expires_at > ?`,
			At(now), userID, clientID, At(now))
		if err == nil && consents+grants == 0 {
			return ErrNotFound
		}
		return err
	})
}

// livingGrant is a condition on a grant g and its user u. Its two arguments are both the current time.
const livingGrant = `g.revoked_at IS NULL AND g.expires_at > ? AND (g.generation = 0 OR g.idle_until > ?) AND g.epoch = u.epoch`

// App is a client that has access to a user's data, by a consent, by a living grant, or both.
type App struct {
	ClientID    string
	Name        string
	Access      // of the consent and the living grants together
	Consented   bool
	ConsentedAt time.Time // zero: there is no consent
	GrantedAt   time.Time // of the oldest living grant; zero: there is no such grant
	UsedAt      time.Time // when the newest stored grant was last used; zero: no grant is stored any more
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

// Apps returns the clients that have access to a user's data: first those with a consent, newest first, then the others.
func (s *Consents) Apps(ctx context.Context, userID string, now time.Time) ([]App, error) {
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

// joinApps returns one App for each client.
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
			continue // no grant is alive
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
