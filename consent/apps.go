package consent

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Apps returns the apps that have access to a user's data, as the account pages list them.
func (p *Consent) Apps(ctx context.Context, userID string, now time.Time) ([]templates.AppAccess, error) {
	apps, err := p.cfg.Store.Consents.Apps(ctx, userID, now)
	if err != nil {
		return nil, err
	}
	var list []templates.AppAccess
	for _, app := range apps {
		shown, err := p.cfg.Provider.Client(ctx, app.ClientID)
		if errors.Is(err, storage.ErrNotFound) {
			continue // the client was removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		list = append(list, p.access(app, shown))
	}
	return list, nil
}

func (p *Consent) access(app storage.App, shown App) templates.AppAccess {
	view := templates.AppAccess{
		App: shown.App, ClientID: app.ClientID, Since: app.ConsentedAt, UsedAt: app.UsedAt, Unasked: shown.Unasked && !app.Consented,
		Scopes: p.cfg.Provider.Words(app.Access, storage.User{}),
	}
	if !app.Consented {
		view.Since = app.GrantedAt
	}
	return view
}

// Withdraw takes back everything that a user has granted to a client, with or without a consent. It returns [storage.ErrNotFound] if there
// is nothing to take back.
func (p *Consent) Withdraw(ctx context.Context, userID, clientID, clientIP string, now time.Time) error {
	return p.ledger.withdraw(ctx, userID, clientID, clientIP, now)
}
