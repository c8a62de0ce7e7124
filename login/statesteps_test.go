package login_test

import (
	"net/http"
	"regexp"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
)

// settled enrols the browser's user, adds an authenticator, and lets the codes that did it pass.
func (w *world) settled(b *browser) known {
	w.t.Helper()
	phone, codes := w.enrolled(b.user)
	user, err := w.store.FindUser(w.t.Context(), b.user)
	require.NoError(w.t, err)
	key := otp.NewKey(otp.Default())
	second := storage.Authenticator{
		ID: storage.NewID(), UserID: user.ID, Name: "Second", Secret: key.Secret, Algorithm: key.Algorithm, Digits: key.Digits,
		Period: key.Period, CreatedAt: time.Now().Add(time.Second),
	}
	require.NoError(w.t, w.store.AddAuthenticator(w.t.Context(), second))
	time.Sleep(time.Minute)
	return known{phone: phone, recovery: codes[0], fields: map[string]string{"id": second.ID, "replaces": second.ID}}
}

// halfWay has typed the password.
func (w *world) halfWay(b *browser) known {
	w.t.Helper()
	k := w.settled(b)
	require.Equal(w.t, "/login/code", b.submit(b.open("/login"), "username", b.user, "password", adaPassword).address.Path)
	return k
}

// complete has signed in a minute ago.
func (w *world) complete(b *browser) known {
	w.t.Helper()
	k := w.halfWay(b)
	require.Equal(w.t, "/account", b.post("/login/code", "code", k.phone.code()).address.Path)
	time.Sleep(time.Minute)
	return k
}

// recovered has signed in with a recovery code.
func (w *world) recovered(b *browser) known {
	w.t.Helper()
	return w.useRecoveryCode(b, w.settled(b))
}

func (w *world) useRecoveryCode(b *browser, k known) known {
	w.t.Helper()
	b.submit(b.open("/login"), "username", b.user, "password", adaPassword)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	require.Equal(w.t, http.StatusSeeOther, b.post("/login/recovery", "recovery_code", k.recovery).status)
	b.client.CheckRedirect = nil
	k.phone = phone{otherKey} // it is lost
	return k
}

// lastCode has signed in with the only recovery code that was left.
func (w *world) lastCode(b *browser) known {
	w.t.Helper()
	k := w.settled(b)
	user, err := w.store.FindUser(w.t.Context(), b.user)
	require.NoError(w.t, err)
	code, err := otp.NormalizeRecovery(k.recovery)
	require.NoError(w.t, err)
	require.NoError(w.t, w.store.ReplaceRecoveryCodes(w.t.Context(), user.ID, []string{code}))
	return w.useRecoveryCode(b, k)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]+)">`)

// hiddenIn returns what a form sends by itself.
func (k known) hiddenIn(p page) known {
	k.fields = map[string]string{"id": k.fields["id"], "replaces": k.fields["replaces"]}
	for _, field := range hidden.FindAllStringSubmatch(p.body, -1) {
		k.fields[field[1]] = field[2]
	}
	return k
}

// adding has the page of a new authenticator open.
func (w *world) adding(b *browser, k known, address string) known {
	w.t.Helper()
	p := b.open(address)
	k.phone = w.scan(p)
	return k.hiddenIn(p)
}

// newCodes has the page of new recovery codes open.
func (w *world) newCodes(b *browser, k known) known {
	w.t.Helper()
	p := b.submit(b.open("/account/codes"))
	require.Equal(w.t, "/account/codes/new", p.address.Path)
	return k.hiddenIn(p)
}

func (w *world) reset(b *browser) {
	w.t.Helper()
	_, _, err := w.account.ResetFactor(w.t.Context(), b.user, account.Operator{}, time.Now())
	require.NoError(w.t, err)
}
