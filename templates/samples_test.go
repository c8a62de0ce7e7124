package templates

import (
	"html/template"
	"maps"
	"net/url"
	"strings"
	"time"
)

// An app as a well-filled registration shows it.
var sampleApp = App{
	Name:      "Harbour Notes",
	PolicyURL: "https://notes.example.com/privacy",
	TermsURL:  "https://notes.example.com/terms",
	BackURL:   "https://notes.example.com/",
	StartURL:  "https://notes.example.com/login?iss=https%3A%2F%2Fid.example.test",
}

var (
	samplePerson = Person{Name: "Ada Example", Email: "ada@example.test"}
	sampleClock  = time.Date(2026, 11, 21, 14, 3, 22, 0, time.UTC)
)

func samplePage() Page {
	return Page{App: sampleApp, FormTargets: []string{"https://notes.example.com/callback"}}
}

// sampleQR is a drawing of the same make as a real one.
func sampleQR() template.HTML {
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="261" height="261" viewBox="0 0 29 29" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h29v29H0z"/><path fill="#000" d="`)
	for y := range 29 {
		for x := range 29 {
			if (x*7+y*13+x*y*3)%5 < 2 {
				b.WriteString("M" + itoa(x) + " " + itoa(y) + "h1v1h-1z")
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String())
}

func itoa(n int) string { return string([]rune{rune('0' + n/10), rune('0' + n%10)}) }

// withError returns the sample page with a form error.
func withError(text Text) Page {
	page := samplePage()
	page.Error = text
	return page
}

func sampleEnroll(page Page) Enroll {
	return Enroll{Page: page, Setup: sampleSetup()}
}

func sampleSetup() Setup {
	return Setup{
		Issuer: "Postern", Account: "ada@example.test", QR: sampleQR(),
		URI:       "otpauth://totp/Postern:ada%40example.test?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Postern",
		Key:       []string{"JBSW", "Y3DP", "EHPK", "3PXP", "JBSW", "Y3DP", "EHPK", "3PXP"},
		Algorithm: "SHA1", Digits: 6, Period: 30,
	}
}

func sampleSheet() Sheet {
	return Sheet{Account: "ada@example.test", MadeAt: sampleClock, Codes: []string{
		"K7QPM-4XWVD", "2HJTR-9CBNS", "W3ZFA-6YKEL", "PD8MV-RQ5XT", "7NGHC-JS2WB",
		"QX4KE-TZ9DM", "5VLRA-HP3YF", "BC6WJ-N8KQS", "MT2XD-F7GVZ", "YR9PE-4HCLA",
	}}
}

// samples is every page in the states that look different, by file name.
func samples() map[string]View {
	enrollError := sampleEnroll(withError(T("login.wrong_code")))
	enrollAgain := sampleEnroll(samplePage())
	enrollAgain.SkipURL = "/oauth2/auth?flow=F"
	enrollLast := sampleEnroll(samplePage())
	enrollLast.Must, enrollLast.SignOutURL = true, "/logout"
	enrollRenew := enrollLast
	enrollRenew.Renews = true
	enrollError.ServerTime, enrollError.AskName, enrollError.Name = sampleClock, true, "Work phone"
	views := map[string]View{
		"signin": SignIn{Page: samplePage(), ResetURL: "/reset", CancelURL: "/login/cancel?flow=F"},
		"signin-error": SignIn{Page: withError(T("login.wrong_credentials")),
			Username: "ada@example.test", OfferRemember: true, Remember: true, ResetURL: "/reset", RegisterURL: "/register"},
		"signin-plain":     SignIn{},
		"signin-again":     SignIn{Username: "ada@example.test", Again: true},
		"signin-throttled": SignIn{Page: withError(WaitMessage(4 * time.Minute)), Username: "ada@example.test"},
		"code": Code{Page: samplePage(), Username: "ada@example.test", Issuer: "Postern", Digits: 6,
			RecoveryURL: "/login/recovery?flow=F", RestartURL: "/login?flow=F", CancelURL: "/login/cancel?flow=F"},
		"code-error": Code{Page: withError(T("login.wrong_code")), Username: "ada@example.test", Authenticators: []Authenticator{{Name: "Work phone"}},
			ServerTime: sampleClock, Digits: 6, RecoveryURL: "/login/recovery?flow=F"},
		"recovery":       Recovery{Page: samplePage(), Username: "ada@example.test", CodeURL: "/login/code?flow=F"},
		"recovery-error": Recovery{Page: withError(T("login.wrong_recovery")), CodeURL: "/login/code"},
		"expired":        Expired{Page: samplePage()},
		"expired-no-app": Expired{},
		"invite":         Invitation{Username: "ada@example.test", MinLength: 8},
		"invite-error":   Invitation{Page: Page{Error: T("password.guessable")}, Username: "ada@example.test", MinLength: 8},
		"enroll":         sampleEnroll(samplePage()),
		"enroll-error":   enrollError,
		"enroll-again":   enrollAgain,
		"enroll-last":    enrollLast,
		"enroll-renew":   enrollRenew,
		"codes":          RecoveryCodes{Page: samplePage(), Sheet: sampleSheet()},
		"codes-error":    RecoveryCodes{Page: withError(T("codes.tick")), Sheet: sampleSheet()},
		"enrollneeded":   EnrollNeeded{Page: samplePage(), RestartURL: "/login?flow=F"},
		"consent":        Consent{Page: samplePage(), Person: samplePerson, SwitchURL: "/login?flow=F", Host: "notes.example.com", Scopes: sampleScopes()},
		"consent-native": Consent{Page: samplePage(), Person: Person{Email: "ada@example.test"}, Scopes: sampleScopes(), Unproven: true},
		"device":         DeviceCode{},
		"device-sent":    DeviceCode{UserCode: "BCDF-GHJK", Sent: true},
		"device-error":   DeviceCode{Page: Page{Error: T("device.wrong")}, UserCode: "BCDF-GHJ"},
		"device-confirm": DeviceConfirm{Page: samplePage(), Person: samplePerson, SwitchURL: "/login?flow=F", Scopes: sampleScopes(), UserCode: "BCDF-GHJK",
			Address: "192.0.2.0/24", Browser: BrowserText("Firefox on Linux"), AskedAt: sampleClock},
		"device-done":    Message{Title: T("device.allowed_title"), Text: T("device.allowed")},
		"signout":        SignOut{Page: samplePage(), Person: samplePerson},
		"signout-no-app": SignOut{Person: samplePerson},
		"signing-out": SigningOut{Page: samplePage(), NextURL: "https://notes.example.com/bye", Frames: []Frame{
			{"Harbour Notes", "http://127.0.0.1:9/logout"}, {"A Wiki with a rather long name for so small a screen", "http://127.0.0.1:9/bye"},
		}},
		"signedout":       SignedOut{Page: samplePage()},
		"signedout-plain": SignedOut{},
		"code-several":    Code{Username: "ada@example.test", Issuer: "Postern", Authenticators: sampleAuthenticators()},
		"formpost":        FormPost{Page: samplePage(), Target: "https://notes.example.com/callback", Fields: url.Values{"code": {"pst_ac_CODE"}, "state": {"S"}}},
		"leaving":         Leaving{Page: samplePage(), NextURL: "https://notes.example.com/callback?error=invalid_scope"},
		"leaving-form":    Leaving{Page: samplePage(), NextURL: "https://notes.example.com/callback", Fields: url.Values{"error": {"invalid_scope"}, "state": {"S"}}},
		"message":         Message{Title: T("invite.over_title"), Text: T("invite.over"), LinkURL: "/login", LinkText: T("common.sign_in")},
		"error":           ErrorPage{Status: 500, Title: T("error.ours_title"), Message: T("error.ours"), SupportCode: "K7QP-4XWV"},
		"error-redirect": ErrorPage{Page: Page{App: sampleApp}, Status: 400, Title: T("error.return_title"),
			Message: T("error.return", "App", "Harbour Notes"),
			Advice:  T("error.ours"),
			Details: []Detail{{T("enroll.service"), "Harbour Notes"}, {T("error.received"), "https://notes.example.com/callback/very/long/path/which/does/not/exist?with=query"}}},
	}
	maps.Copy(views, accountSamples())
	maps.Copy(views, factorSamples())
	maps.Copy(views, arriveSamples())
	maps.Copy(views, lateSamples())
	return views
}

func sampleScopes() []Scope {
	return []Scope{
		{Name: "openid", Words: T("scope.openid")},
		{Name: "profile", Words: T("scope.profile"), Value: "Ada Example"},
		{Name: "email", Words: T("scope.email"), Value: "ada@example.test"},
		{Name: "offline_access", Words: T("scope.offline_access")},
		{Name: "team", Words: T("scope.own", "Claim", "team"), Value: "harbour"},
	}
}
