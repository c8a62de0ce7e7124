package templates

import (
	"html/template"
	"strings"
	"time"
)

// An app as a well-filled registration shows it.
var sampleApp = App{
	Name:      "Harbour Notes",
	PolicyURL: "https://notes.example.com/privacy",
	TermsURL:  "https://notes.example.com/terms",
	BackURL:   "https://notes.example.com/",
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
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h29v29H0z"/><path fill="#000" d="`)
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
func withError(text string) Page {
	page := samplePage()
	page.Error = text
	return page
}

func sampleEnroll(page Page) Enroll {
	return Enroll{
		Page: page, Issuer: "Postern", Account: "ada@example.test", QR: sampleQR(),
		URI:       "otpauth://totp/Postern:ada%40example.test?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Postern",
		Key:       []string{"JBSW", "Y3DP", "EHPK", "3PXP", "JBSW", "Y3DP", "EHPK", "3PXP"},
		Algorithm: "SHA1", Digits: 6, Period: 30,
	}
}

// samples is every page in the states that look different, by file name.
func samples() map[string]View {
	enrollError := sampleEnroll(withError("That code does not match."))
	enrollAgain := sampleEnroll(samplePage())
	enrollAgain.SkipURL = "/oauth2/auth?flow=F"
	enrollError.ServerTime, enrollError.AskName, enrollError.Name = sampleClock, true, "Work phone"
	codes := []string{"K7QPM-4XWVD", "2HJTR-9CBNS", "W3ZFA-6YKEL", "PD8MV-RQ5XT", "7NGHC-JS2WB",
		"QX4KE-TZ9DM", "5VLRA-HP3YF", "BC6WJ-N8KQS", "MT2XD-F7GVZ", "YR9PE-4HCLA"}
	return map[string]View{
		"signin": SignIn{Page: samplePage(), ResetURL: "/reset", CancelURL: "/login/cancel?flow=F"},
		"signin-error": SignIn{Page: withError("That user name or password is not right."),
			Username: "ada@example.test", OfferRemember: true, Remember: true, ResetURL: "/reset", RegisterURL: "/register"},
		"signin-plain":     SignIn{},
		"signin-throttled": SignIn{Page: withError(WaitMessage(4 * time.Minute)), Username: "ada@example.test"},
		"code": Code{Page: samplePage(), Username: "ada@example.test", Issuer: "Postern", Digits: 6,
			RecoveryURL: "/login/recovery?flow=F", RestartURL: "/login?flow=F", CancelURL: "/login/cancel?flow=F"},
		"code-error": Code{Page: withError("That code did not work."), Username: "ada@example.test", Authenticator: "Work phone",
			ServerTime: sampleClock, Digits: 6, RecoveryURL: "/login/recovery?flow=F"},
		"recovery":        Recovery{Page: samplePage(), Username: "ada@example.test", CodeURL: "/login/code?flow=F"},
		"recovery-error":  Recovery{Page: withError("That recovery code did not work. It may have been used already."), CodeURL: "/login/code"},
		"expired":         Expired{Page: samplePage()},
		"expired-no-app":  Expired{},
		"invite":          Invitation{Username: "ada@example.test", MinLength: 8},
		"invite-error":    Invitation{Page: Page{Error: "This password is too easy to guess."}, Username: "ada@example.test", MinLength: 8, Advice: []string{"It is among the passwords that attackers try first.", "Add another word or two."}},
		"enroll":          sampleEnroll(samplePage()),
		"enroll-error":    enrollError,
		"enroll-again":    enrollAgain,
		"codes":           RecoveryCodes{Page: samplePage(), Account: "ada@example.test", Codes: codes},
		"codes-error":     RecoveryCodes{Page: withError("Please tick the box once you have saved the codes."), Account: "ada@example.test", Codes: codes},
		"enrollneeded":    EnrollNeeded{Page: samplePage(), RestartURL: "/login?flow=F"},
		"consent":         Consent{Page: samplePage(), Person: samplePerson, SwitchURL: "/login?flow=F", Host: "notes.example.com", Scopes: sampleScopes()},
		"consent-native":  Consent{Page: samplePage(), Person: Person{Email: "ada@example.test"}, Scopes: sampleScopes(), Unproven: true},
		"signout":         SignOut{Page: samplePage(), Person: samplePerson},
		"signout-no-app":  SignOut{Person: samplePerson},
		"signedout":       SignedOut{Page: samplePage()},
		"signedout-plain": SignedOut{},
		"home":            Home{Person: samplePerson, Authenticators: 2, RecoveryCodesLeft: 10},
		"home-warning":    Home{Person: samplePerson, Authenticators: 1, RecoveryCodesLeft: 1},
		"message":         Message{Title: "This link has expired", Text: "Links in our mails work once, for three days. Ask for a new one.", LinkURL: "/reset", LinkText: "Ask for a new link"},
		"error":           ErrorPage{Status: 500, Title: "Something went wrong", Message: "The fault is ours, not yours. Please try again in a moment.", SupportCode: "K7QP-4XWV"},
		"error-redirect": ErrorPage{Page: Page{App: sampleApp}, Status: 400, Title: "Harbour Notes has to be put right",
			Message: "Harbour Notes asked to send you back to an address that is not registered for it, so we stopped.",
			Advice:  "You cannot mend this yourself. Send the people who run Harbour Notes the lines below.",
			Details: []Detail{{"App", "Harbour Notes"}, {"Address received", "https://notes.example.com/callback/very/long/path/which/does/not/exist?with=query"}}},
	}
}

func sampleScopes() []Scope {
	return []Scope{
		DescribeScope("openid", ""),
		DescribeScope("profile", "Ada Example"),
		DescribeScope("email", "ada@example.test"),
		DescribeScope("offline_access", ""),
	}
}
