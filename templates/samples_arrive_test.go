package templates

import "time"

// arriveSamples are the pages about arriving, and about passwords and addresses.
func arriveSamples() map[string]View {
	return map[string]View{
		"enrollneeded-sent": EnrollNeeded{Page: Page{Action: "/login/enroll/link"}, Sent: true, RestartURL: "/login"},
		"enrollneeded-mail": EnrollNeeded{Page: Page{Action: "/login/enroll/link", Error: WaitMessage(time.Minute)}, RestartURL: "/login"},
		"register":          SignUp{SignInURL: "/login"},
		"register-email":    SignUp{Page: Page{Error: T("register.wrong_email")}, Email: "ada", Name: "Ada Example", SignInURL: "/login"},
		"register-name":     SignUp{Page: Page{Error: T("register.wrong_name")}, Email: "ada@example.test", AboutName: true, SignInURL: "/login"},
		"register-sent":     Message{Title: T("register.sent_title"), Text: T("register.sent"), LinkURL: "/login", LinkText: T("common.sign_in")},
		"reset":             Reset{SignInURL: "/login"},
		"reset-error":       Reset{Page: Page{Error: WaitMessage(time.Hour)}, Username: "ada", SignInURL: "/login"},
		"newpassword":       NewPassword{Title: T("reset.new_title"), Lead: T("reset.new_lead"), Username: "ada@example.test", MinLength: 8},
		"newpassword-exposed": NewPassword{Page: withError(T("passwordpage.same")), Title: T("passwordpage.exposed_title"), Lead: T("passwordpage.exposed_lead"),
			Username: "ada@example.test", MinLength: 8, SignOutURL: "/logout"},
		"confirm":          Confirm{Title: T("verify.title"), Text: T("verify.address", "Email", "ada@example.test"), Button: T("verify.button")},
		"account-password": PasswordPage{AccountPage: AccountPage{Person: samplePerson, Section: "password", Done: T("passwordpage.done")}, MinLength: 8},
		"account-password-error": PasswordPage{AccountPage: AccountPage{Page: Page{Error: T("password.common")}, Person: samplePerson, Section: "password"},
			AboutNew: true, MinLength: 8},
		"account-password-wrong": PasswordPage{AccountPage: AccountPage{Page: Page{Error: T("passwordpage.wrong")}, Person: samplePerson, Section: "password"}, MinLength: 8},
		"account-email":          EmailPage{AccountPage: AccountPage{Person: samplePerson, Section: "email"}, Waiting: "countess@example.test", Verified: true},
		"account-email-error":    EmailPage{AccountPage: AccountPage{Page: Page{Error: T("register.wrong_email")}, Person: samplePerson, Section: "email"}, Email: "x"},
		"account-email-sent":     EmailPage{AccountPage: AccountPage{Person: samplePerson, Section: "email", Done: T("emailpage.sent")}},
	}
}
