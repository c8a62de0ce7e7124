package logintest

import (
	"net/http"
	"regexp"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Known is everything that the person at the browser knows and has in a state.
type Known struct {
	Phone    Phone  // an enrolled authenticator, or the one being enrolled
	Recovery string // an unused recovery code, or one that was shown and is not in force yet
	Fields   map[string]string
}

// Settled enrols the browser's user, adds a second authenticator, and waits until the codes used for that have expired.
func (w *World) Settled(b *Browser) Known {
	w.T.Helper()
	phone, codes := w.Enrolled(b.User)
	user, err := w.Store.Users.Find(w.T.Context(), b.User)
	require.NoError(w.T, err)
	key := otp.NewKey(otp.Default())
	second := storage.Authenticator{
		ID: storage.NewID(), UserID: user.ID, Kind: storage.KindTOTP, Name: "Second", Secret: key.Secret, Algorithm: key.Algorithm, Digits: key.Digits,
		Period: key.Period, CreatedAt: time.Now().Add(time.Second),
	}
	require.NoError(w.T, w.Store.Authenticators.Add(w.T.Context(), second))
	time.Sleep(time.Minute)
	return Known{Phone: phone, Recovery: codes[0], Fields: map[string]string{"id": second.ID, "replaces": second.ID}}
}

// HalfWay is Settled, and the browser has typed the password.
func (w *World) HalfWay(b *Browser) Known {
	w.T.Helper()
	k := w.Settled(b)
	require.Equal(w.T, "/login/code", b.Submit(b.Open("/login"), "username", b.User, "password", AdaPassword).Address.Path)
	return k
}

// Complete is Settled, and the browser has signed in a minute ago.
func (w *World) Complete(b *Browser) Known {
	w.T.Helper()
	k := w.HalfWay(b)
	require.Equal(w.T, "/account", b.Post("/login/code", "code", k.Phone.Code()).Address.Path)
	time.Sleep(time.Minute)
	return k
}

// Recovered is Settled, and the browser has signed in with a recovery code.
func (w *World) Recovered(b *Browser) Known {
	w.T.Helper()
	return w.useRecoveryCode(b, w.Settled(b))
}

func (w *World) useRecoveryCode(b *Browser, k Known) Known {
	w.T.Helper()
	b.Submit(b.Open("/login"), "username", b.User, "password", AdaPassword)
	b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	require.Equal(w.T, http.StatusSeeOther, b.Post("/login/recovery", "recovery_code", k.Recovery).Status)
	b.Client.CheckRedirect = nil
	k.Phone = Phone{Key: otp.NewKey(otp.Default())} // the phone is lost
	return k
}

// LastCode is Settled, and the browser has signed in with the only recovery code that was left.
func (w *World) LastCode(b *Browser) Known {
	w.T.Helper()
	k := w.Settled(b)
	user, err := w.Store.Users.Find(w.T.Context(), b.User)
	require.NoError(w.T, err)
	code, err := otp.NormalizeRecovery(k.Recovery)
	require.NoError(w.T, err)
	require.NoError(w.T, w.Store.RecoveryCodes.Replace(w.T.Context(), user.ID, []string{code}))
	return w.useRecoveryCode(b, k)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]+)">`)

// HiddenIn adds the hidden fields of a form.
func (k Known) HiddenIn(p Page) Known {
	k.Fields = map[string]string{"id": k.Fields["id"], "replaces": k.Fields["replaces"]}
	for _, field := range hidden.FindAllStringSubmatch(p.Body, -1) {
		k.Fields[field[1]] = field[2]
	}
	return k
}

// Adding opens the page for a new authenticator in a browser that is signed in.
func (w *World) Adding(b *Browser, k Known, address string) Known {
	w.T.Helper()
	p := b.Open(address)
	k.Phone = w.Scan(p)
	return k.HiddenIn(p)
}

// NewCodes opens the page for new recovery codes in a browser that is signed in.
func (w *World) NewCodes(b *Browser, k Known) Known {
	w.T.Helper()
	p := b.Submit(b.Open("/account/codes"))
	require.Equal(w.T, "/account/codes/new", p.Address.Path)
	return k.HiddenIn(p)
}

// Reset resets the factors of the browser's user, as an operator.
func (w *World) Reset(b *Browser) {
	w.T.Helper()
	_, _, err := w.Account.Operate.ResetFactor(w.T.Context(), b.User, audit.Operator(), time.Now())
	require.NoError(w.T, err)
}
