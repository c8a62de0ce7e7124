package provider

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// remembered is a visit of somebody who is signed in since an hour and has granted before what is asked for now.
func remembered(edit func(*visit)) visit {
	v := visit{
		asked: storage.Access{Scopes: storage.Strings{"openid", "profile"}, Claims: storage.Strings{"birthdate", "team"}}, signedIn: true, user: "ada", subject: "ada at this app", authTime: noon.Add(-time.Hour),
		granted: storage.Access{Scopes: storage.Strings{"profile", "openid", "email"}, Claims: storage.Strings{"team"}},
	}
	edit(&v)
	return v
}

func seconds(n int) *time.Duration {
	age := time.Duration(n) * time.Second
	return &age
}

func TestDecide(t *testing.T) {
	before, after := noon.Add(-2*time.Hour), noon.Add(-time.Minute) // a flow that began before, after the sign-in
	for _, tc := range []struct {
		name string
		want verdict
		edit func(*visit)
	}{
		{"signed in, granted before", verdict{issue, "remembered"}, func(v *visit) {}},
		{"refused on a page", verdict{deny, "denied"}, func(v *visit) { v.denied = true }},
		{"refused and signed out", verdict{deny, "denied"}, func(v *visit) { v.denied, v.signedIn = true, false }},
		{"refused after agreeing", verdict{deny, "denied"}, func(v *visit) { v.denied, v.consentedBy = true, "ada" }},

		{"nobody is signed in", verdict{signIn, "no_session"}, func(v *visit) { v.signedIn, v.user = false, "" }},
		{"nobody is signed in, own app", verdict{signIn, "no_session"}, func(v *visit) { v.signedIn, v.user, v.skipAsk = false, "", true }},
		{"nobody is signed in any more, agreed before", verdict{signIn, "no_session"}, func(v *visit) {
			v.signedIn, v.user, v.consentedBy = false, "", "ada"
		}},
		{"another person is meant", verdict{signIn, "id_token_hint"}, func(v *visit) { v.hint = "bob" }},
		{"another person is meant, after a fresh sign-in", verdict{signIn, "id_token_hint"}, func(v *visit) { v.hint, v.startedAt = "bob", before }},
		{"another sector's name of this person", verdict{signIn, "id_token_hint"}, func(v *visit) { v.hint = "ada" }},
		{"this person is meant", verdict{issue, "remembered"}, func(v *visit) { v.hint = "ada at this app" }},

		{"prompt=login at first look", verdict{signIn, "prompt_login"}, func(v *visit) { v.prompt.login = true }},
		{"prompt=login, signed in before the flow", verdict{signIn, "prompt_login"}, func(v *visit) { v.prompt.login, v.startedAt = true, after }},
		{"prompt=login, signed in within the flow", verdict{issue, "remembered"}, func(v *visit) { v.prompt.login, v.startedAt = true, before }},
		{"prompt=login, signed in when the flow began", verdict{signIn, "prompt_login"}, func(v *visit) { v.prompt.login, v.startedAt = true, v.authTime }},
		{"prompt=select_account at first look", verdict{signIn, "prompt_select_account"}, func(v *visit) { v.prompt.selectAccount = true }},
		{"prompt=select_account, signed in within the flow", verdict{issue, "remembered"}, func(v *visit) {
			v.prompt.selectAccount, v.startedAt = true, before
		}},
		{"prompt=select_account and consent, signed in within the flow", verdict{consent, "prompt_consent"}, func(v *visit) {
			v.prompt.selectAccount, v.prompt.consent, v.startedAt = true, true, before
		}},
		{"prompt=login and consent: the sign-in comes first", verdict{signIn, "prompt_login"}, func(v *visit) { v.prompt.login, v.prompt.consent = true, true }},
		{"prompt=login, agreed in the flow, old sign-in", verdict{signIn, "prompt_login"}, func(v *visit) {
			v.prompt.login, v.startedAt, v.consentedBy = true, after, "ada"
		}},

		{"max_age is older than the sign-in", verdict{issue, "remembered"}, func(v *visit) { v.maxAge = seconds(3600) }},
		{"max_age has passed", verdict{signIn, "max_age"}, func(v *visit) { v.maxAge = seconds(3599) }},
		{"max_age has passed, signed in within the flow", verdict{issue, "remembered"}, func(v *visit) { v.maxAge, v.startedAt = seconds(1), before }},
		{"max_age=0", verdict{signIn, "max_age"}, func(v *visit) { v.maxAge, v.authTime = seconds(0), noon }},
		{"max_age=0, signed in within the flow", verdict{issue, "remembered"}, func(v *visit) { v.maxAge, v.startedAt = seconds(0), before }},
		{"max_age=0, signed in before the flow", verdict{signIn, "max_age"}, func(v *visit) { v.maxAge, v.startedAt = seconds(0), after }},

		{"agreed in this flow", verdict{issue, "consented"}, func(v *visit) { v.consentedBy = "ada" }},
		{"agreed in this flow, prompt=consent", verdict{issue, "consented"}, func(v *visit) { v.consentedBy, v.prompt.consent = "ada", true }},
		{"agreed in this flow, native", verdict{issue, "consented"}, func(v *visit) { v.consentedBy, v.unproven = "ada", true }},
		{"agreed in this flow and withdrawn since", verdict{consent, "access_missing"}, func(v *visit) { v.consentedBy, v.granted = "ada", storage.Access{} }},
		{"another person agreed in this flow", verdict{consent, "access_missing"}, func(v *visit) { v.consentedBy, v.granted = "bob", storage.Access{} }},
		{"another person agreed, prompt=consent", verdict{consent, "prompt_consent"}, func(v *visit) { v.consentedBy, v.prompt.consent = "bob", true }},
		{"prompt=consent", verdict{consent, "prompt_consent"}, func(v *visit) { v.prompt.consent = true }},
		{"prompt=consent of an own app", verdict{consent, "prompt_consent"}, func(v *visit) { v.prompt.consent, v.skipAsk = true, true }},
		{"an own app that cannot prove itself", verdict{consent, "client_unproven"}, func(v *visit) { v.skipAsk, v.unproven = true, true }},
		{"an own app", verdict{issue, "consent_not_asked"}, func(v *visit) { v.skipAsk, v.granted = true, storage.Access{} }},
		{"native, granted before", verdict{consent, "client_unproven"}, func(v *visit) { v.unproven = true }},
		{"nothing granted yet", verdict{consent, "access_missing"}, func(v *visit) { v.granted = storage.Access{} }},
		{"a scope more than before", verdict{consent, "access_missing"}, func(v *visit) { v.asked.Scopes = append(v.asked.Scopes, "groups") }},
		{"a claim more than before", verdict{consent, "access_missing"}, func(v *visit) { v.asked.Claims = append(v.asked.Claims, "phone_number") }},
		{"a claim of a scope that was granted", verdict{issue, "remembered"}, func(v *visit) { v.asked.Claims = append(v.asked.Claims, "email") }},
		{"a claim more than was agreed to in this flow", verdict{consent, "access_missing"}, func(v *visit) {
			v.consentedBy, v.asked.Claims = "ada", storage.Strings{"level"}
		}},
		{"a claim more, own app", verdict{issue, "consent_not_asked"}, func(v *visit) { v.skipAsk, v.asked.Claims = true, storage.Strings{"level"} }},
		{"a scope in other letters", verdict{consent, "access_missing"}, func(v *visit) { v.asked.Scopes = storage.Strings{"OPENID"} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, decide(remembered(tc.edit), noon))
		})
	}
}

// Whatever else is true: without a sign-in there is no code, and without the person's or the operator's word neither.
func TestDecideNeverIssuesUnasked(t *testing.T) {
	for bits := range 1 << 12 {
		bit := func(n int) bool { return bits>>n&1 == 1 }
		v := remembered(func(v *visit) {
			v.prompt = prompts{none: bit(0), login: bit(1), consent: bit(2), selectAccount: bit(3)}
			v.signedIn, v.denied, v.skipAsk, v.unproven = bit(4), bit(5), bit(6), bit(7)
			if bit(8) {
				v.hint = "bob"
			}
			if bit(9) {
				v.granted = storage.Access{}
			}
			if bit(10) {
				v.consentedBy = "ada"
			}
			if bit(11) {
				v.startedAt = noon.Add(-time.Minute)
			}
		})
		got := decide(v, noon)
		require.NotEmpty(t, got.reason)
		if got.action != issue {
			continue
		}
		require.True(t, v.signedIn && !v.denied && v.hint == "" && !v.prompt.login && !v.prompt.selectAccount, "%+v", v)
		require.True(t, v.skipAsk || len(v.granted.Scopes) > 0, "%+v", v)
		require.True(t, v.consentedBy == "ada" || !v.prompt.consent, "%+v", v)
	}
}
