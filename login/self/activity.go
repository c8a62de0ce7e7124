package self

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// activityPage is how many entries one page shows.
const activityPage = 25

// alarming are the events that somebody other than the owner may have caused.
var alarming = []audit.Name{
	audit.PasswordRefused, audit.PasswordThrottled, audit.CodeRefused, audit.CodeReplayed, audit.CodeThrottled, audit.FactorClosed,
	audit.PasswordExposed, audit.RecoveryCodeRefused, audit.TicketRefused, audit.AuthorizationCodeReused, audit.VerifierGuessed, audit.RefreshTokenReused,
}

// showActivity is GET /account/activity. Parameter before names an entry: the page shows older ones.
func (p *Pages) showActivity(c *gin.Context) error {
	signIn, err := p.signedIn(c, "activity")
	if err != nil {
		return err
	}
	before := c.Query("before")
	if before != "" && !storage.IsID(before) {
		return errNotFound
	}
	entries, more, err := p.cfg.Account.Activity(c.Request.Context(), signIn.User().ID, before, activityPage)
	if err != nil {
		return err
	}
	view, here := templates.Activity{AccountPage: p.accountPage(c, signIn, "activity")}, p.at("/account/activity")
	for _, e := range entries {
		view.Entries = append(view.Entries, activityEntry(e))
	}
	if before != "" {
		view.NewestURL = here
	}
	if more {
		view.OlderURL = here + "?" + url.Values{"before": {entries[len(entries)-1].ID}}.Encode()
	}
	return p.cfg.Pages.Render(c, http.StatusOK, view)
}

func activityEntry(e self.ActivityEntry) templates.ActivityEntry {
	return templates.ActivityEntry{
		At: e.At, What: eventText(e.Name), App: e.App, Address: e.Address, Browser: templates.BrowserText(e.Detail["browser"]),
		Alarm: slices.Contains(alarming, e.Name), ByOperator: e.Actor == audit.ActorOperator,
	}
}

// eventText returns the words for an audit event.
func eventText(name audit.Name) templates.Text {
	return templates.T("event." + strings.ReplaceAll(string(name), ".", "_"))
}
