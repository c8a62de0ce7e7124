package templates

import "time"

var accessViews = []View{Sessions{}, Apps{}, Activity{}}

// Sessions lists where a person is signed in. A form ends one, "session" being
// its id; another ends all but this one, with "others" (value "yes").
type Sessions struct {
	AccountPage
	Sessions []Session
}

func (Sessions) template() string { return "account/sessions.html" }

// Others reports whether there are sessions besides this one.
func (s Sessions) Others() bool { return len(s.Sessions) > 1 }

// Session is one browser that is signed in.
type Session struct {
	ID         string
	Browser    Text
	Address    string // shortened; may be empty
	SignedInAt time.Time
	LastSeenAt time.Time
	Here       bool // it is the browser that shows the page
}

// Apps lists which apps have access. A form ends the access of one, "client"
// being its id.
type Apps struct {
	AccountPage
	Apps []AppAccess
}

func (Apps) template() string { return "account/apps.html" }

func (a Apps) page() Page {
	page := a.Page
	for _, app := range a.Apps {
		page.logos = append(page.logos, app.App.SafeLogo())
	}
	return page
}

// AppAccess is an app that has access, and what it may do.
type AppAccess struct {
	App      App
	ClientID string
	Scopes   []Scope
	Since    time.Time
	UsedAt   time.Time // zero: no longer known
	Unasked  bool      // it is one of the operator's own apps, for which people are not asked
}

// Activity is a page of what happened to an account, newest first.
type Activity struct {
	AccountPage
	Entries []ActivityEntry
	// OlderURL leads to the next page, empty on the last; NewestURL to the
	// first, empty on the first.
	OlderURL, NewestURL string
}

func (Activity) template() string { return "account/activity.html" }

// ActivityEntry is one event of an account.
type ActivityEntry struct {
	At         time.Time
	What       Text
	App        string // name of the app that it is about; may be empty
	Address    string // shortened; may be empty
	Browser    Text   // zero: not known
	Alarm      bool   // somebody else may have caused it
	ByOperator bool
}
