package decision

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// remembered returns a request of a person who has been signed in for an hour and has granted the requested access before.
func remembered(edit func(*Request)) Request {
	v := Request{
		Asked: storage.Access{Scopes: storage.Strings{"openid", "profile"}, Claims: storage.Strings{"birthdate", "team"}}, SignedIn: true, User: "ada", Subject: "ada at this app", AuthTime: noon.Add(-time.Hour),
		Granted: storage.Access{Scopes: storage.Strings{"profile", "openid", "email"}, Claims: storage.Strings{"team"}},
	}
	edit(&v)
	return v
}

func seconds(n int) *time.Duration {
	age := time.Duration(n) * time.Second
	return &age
}

func TestDecide(t *testing.T) {
	before, after := noon.Add(-2*time.Hour), noon.Add(-time.Minute) // when a flow began: before or after the sign-in
	for _, tc := range []struct {
		name string
		want Verdict
		edit func(*Request)
	}{
		{"signed in, granted before", Verdict{Issue, "remembered"}, func(v *Request) {}},
		{"refused on a page", Verdict{Deny, "denied"}, func(v *Request) { v.Denied = true }},
		{"refused and signed out", Verdict{Deny, "denied"}, func(v *Request) { v.Denied, v.SignedIn = true, false }},
		{"refused after agreeing", Verdict{Deny, "denied"}, func(v *Request) { v.Denied, v.ConsentedBy = true, "ada" }},

		{"nobody is signed in", Verdict{SignIn, "no_session"}, func(v *Request) { v.SignedIn, v.User = false, "" }},
		{"nobody is signed in, own app", Verdict{SignIn, "no_session"}, func(v *Request) { v.SignedIn, v.User, v.SkipAsk = false, "", true }},
		{"nobody is signed in any more, agreed before", Verdict{SignIn, "no_session"}, func(v *Request) {
			v.SignedIn, v.User, v.ConsentedBy = false, "", "ada"
		}},
		{"another person is meant", Verdict{SignIn, "id_token_hint"}, func(v *Request) { v.Hint = "bob" }},
		{"another person is meant, after a fresh sign-in", Verdict{SignIn, "id_token_hint"}, func(v *Request) { v.Hint, v.StartedAt = "bob", before }},
		{"another sector's name of this person", Verdict{SignIn, "id_token_hint"}, func(v *Request) { v.Hint = "ada" }},
		{"this person is meant", Verdict{Issue, "remembered"}, func(v *Request) { v.Hint = "ada at this app" }},

		{"prompt=login at first look", Verdict{SignIn, "prompt_login"}, func(v *Request) { v.Prompt.Login = true }},
		{"prompt=login, signed in before the flow", Verdict{SignIn, "prompt_login"}, func(v *Request) { v.Prompt.Login, v.StartedAt = true, after }},
		{"prompt=login, signed in within the flow", Verdict{Issue, "remembered"}, func(v *Request) { v.Prompt.Login, v.StartedAt = true, before }},
		{"prompt=login, signed in when the flow began", Verdict{SignIn, "prompt_login"}, func(v *Request) { v.Prompt.Login, v.StartedAt = true, v.AuthTime }},
		{"prompt=select_account at first look", Verdict{SignIn, "prompt_select_account"}, func(v *Request) { v.Prompt.SelectAccount = true }},
		{"prompt=select_account, signed in within the flow", Verdict{Issue, "remembered"}, func(v *Request) {
			v.Prompt.SelectAccount, v.StartedAt = true, before
		}},
		{"prompt=select_account and consent, signed in within the flow", Verdict{Consent, "prompt_consent"}, func(v *Request) {
			v.Prompt.SelectAccount, v.Prompt.Consent, v.StartedAt = true, true, before
		}},
		{"prompt=login and consent: the sign-in comes first", Verdict{SignIn, "prompt_login"}, func(v *Request) { v.Prompt.Login, v.Prompt.Consent = true, true }},
		{"prompt=login, agreed in the flow, old sign-in", Verdict{SignIn, "prompt_login"}, func(v *Request) {
			v.Prompt.Login, v.StartedAt, v.ConsentedBy = true, after, "ada"
		}},

		{"max_age is older than the sign-in", Verdict{Issue, "remembered"}, func(v *Request) { v.MaxAge = seconds(3600) }},
		{"max_age has passed", Verdict{SignIn, "max_age"}, func(v *Request) { v.MaxAge = seconds(3599) }},
		{"max_age has passed, signed in within the flow", Verdict{Issue, "remembered"}, func(v *Request) { v.MaxAge, v.StartedAt = seconds(1), before }},
		{"max_age=0", Verdict{SignIn, "max_age"}, func(v *Request) { v.MaxAge, v.AuthTime = seconds(0), noon }},
		{"max_age=0, signed in within the flow", Verdict{Issue, "remembered"}, func(v *Request) { v.MaxAge, v.StartedAt = seconds(0), before }},
		{"max_age=0, signed in before the flow", Verdict{SignIn, "max_age"}, func(v *Request) { v.MaxAge, v.StartedAt = seconds(0), after }},

		{"agreed in this flow", Verdict{Issue, "consented"}, func(v *Request) { v.ConsentedBy = "ada" }},
		{"agreed in this flow, prompt=consent", Verdict{Issue, "consented"}, func(v *Request) { v.ConsentedBy, v.Prompt.Consent = "ada", true }},
		{"agreed in this flow, native", Verdict{Issue, "consented"}, func(v *Request) { v.ConsentedBy, v.Unproven = "ada", true }},
		{"agreed in this flow and withdrawn since", Verdict{Consent, "access_missing"}, func(v *Request) { v.ConsentedBy, v.Granted = "ada", storage.Access{} }},
		{"another person agreed in this flow", Verdict{Consent, "access_missing"}, func(v *Request) { v.ConsentedBy, v.Granted = "bob", storage.Access{} }},
		{"another person agreed, prompt=consent", Verdict{Consent, "prompt_consent"}, func(v *Request) { v.ConsentedBy, v.Prompt.Consent = "bob", true }},
		{"prompt=consent", Verdict{Consent, "prompt_consent"}, func(v *Request) { v.Prompt.Consent = true }},
		{"prompt=consent of an own app", Verdict{Consent, "prompt_consent"}, func(v *Request) { v.Prompt.Consent, v.SkipAsk = true, true }},
		{"an own app that cannot prove itself", Verdict{Consent, "client_unproven"}, func(v *Request) { v.SkipAsk, v.Unproven = true, true }},
		{"an own app", Verdict{Issue, "consent_not_asked"}, func(v *Request) { v.SkipAsk, v.Granted = true, storage.Access{} }},
		{"native, granted before", Verdict{Consent, "client_unproven"}, func(v *Request) { v.Unproven = true }},
		{"nothing granted yet", Verdict{Consent, "access_missing"}, func(v *Request) { v.Granted = storage.Access{} }},
		{"a scope more than before", Verdict{Consent, "access_missing"}, func(v *Request) { v.Asked.Scopes = append(v.Asked.Scopes, "groups") }},
		{"a claim more than before", Verdict{Consent, "access_missing"}, func(v *Request) { v.Asked.Claims = append(v.Asked.Claims, "phone_number") }},
		{"a claim of a scope that was granted", Verdict{Issue, "remembered"}, func(v *Request) { v.Asked.Claims = append(v.Asked.Claims, "email") }},
		{"a claim more than was agreed to in this flow", Verdict{Consent, "access_missing"}, func(v *Request) {
			v.ConsentedBy, v.Asked.Claims = "ada", storage.Strings{"level"}
		}},
		{"a claim more, own app", Verdict{Issue, "consent_not_asked"}, func(v *Request) { v.SkipAsk, v.Asked.Claims = true, storage.Strings{"level"} }},
		{"a scope in other letters", Verdict{Consent, "access_missing"}, func(v *Request) { v.Asked.Scopes = storage.Strings{"OPENID"} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, Decide(remembered(tc.edit), noon))
		})
	}
}

// No code is issued without a sign-in, or without the person's consent unless the operator has waived it, whatever else is true.
func TestDecideNeverIssuesUnasked(t *testing.T) {
	for bits := range 1 << 12 {
		bit := func(n int) bool { return bits>>n&1 == 1 }
		v := remembered(func(v *Request) {
			v.Prompt = Prompts{None: bit(0), Login: bit(1), Consent: bit(2), SelectAccount: bit(3)}
			v.SignedIn, v.Denied, v.SkipAsk, v.Unproven = bit(4), bit(5), bit(6), bit(7)
			if bit(8) {
				v.Hint = "bob"
			}
			if bit(9) {
				v.Granted = storage.Access{}
			}
			if bit(10) {
				v.ConsentedBy = "ada"
			}
			if bit(11) {
				v.StartedAt = noon.Add(-time.Minute)
			}
		})
		got := Decide(v, noon)
		require.NotEmpty(t, got.Reason)
		if got.Action != Issue {
			continue
		}
		require.True(t, v.SignedIn && !v.Denied && v.Hint == "" && !v.Prompt.Login && !v.Prompt.SelectAccount, "%+v", v)
		require.True(t, v.SkipAsk || len(v.Granted.Scopes) > 0, "%+v", v)
		require.True(t, v.ConsentedBy == "ada" || !v.Prompt.Consent, "%+v", v)
	}
}
