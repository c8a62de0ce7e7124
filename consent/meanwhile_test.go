package consent_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/consent"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// requireAskedAnew asserts that the answer did not count and the page is shown again, with the request as it is now.
func (w *world) requireAskedAnew(a *httptest.ResponseRecorder) {
	w.t.Helper()
	require.Equal(w.t, http.StatusUnprocessableEntity, a.Code, a.Body)
	require.Contains(w.t, a.Body.String(), "Please look at this once more")
	require.Contains(w.t, a.Body.String(), w.user.Email)
	require.Nil(w.t, w.granted())
	require.True(w.t, w.stored().ConsentedAt.IsZero())
	require.True(w.t, w.stored().DeniedAt.IsZero())
	require.Zero(w.t, w.events(audit.ConsentGiven)+w.events(audit.ConsentDenied))
}

// The page is shown to one person, and then another signs in with the same browser.
func TestAFormBelongsToTheSignInThatItWasShownTo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.user
		form := w.form(w.get())
		w.user = storagetest.User(t, w.store)
		w.visitor.session = storagetest.SignIn(t, w.store, w.user)
		for _, decision := range []string{"decision=allow", "decision=deny"} {
			w.requireAskedAnew(w.send(form, decision))
			w.requireAskedAnew(w.post(decision))
		}
		w.goesOn(w.answer("allow"))
		require.Equal(t, []string{"email", "openid"}, w.granted())
		require.Equal(t, w.user.ID, w.stored().ConsentedBy)
		w.user = ada
		require.Nil(t, w.granted())
	})
}

// The form of one request does not answer another.
func TestAFormBelongsToItsRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		form, asked := w.form(w.get()), w.flow
		w.begin()
		w.requireAskedAnew(w.send(strings.Replace(form, asked, w.flow, 1), "decision=allow"))
	})
}

// After the page was shown, the operator changes what the client may ask for.
func TestAskedForSomethingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, asked := range []storage.Access{
			{Scopes: []string{"openid"}}, {Scopes: []string{"openid", "email"}, Claims: []string{"team"}}, {Scopes: []string{"openid", "email", "team"}},
		} {
			form := w.form(w.get())
			w.request.Asked = asked
			w.requireAskedAnew(w.send(form, "decision=allow"))
		}
		w.goesOn(w.answer("allow"))
		require.Equal(t, []string{"email", "openid", "team"}, w.granted())
	})
}

// If nothing is left to ask, or the client is gone, the provider decides what comes next.
func TestNothingIsLeftToAsk(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		form := w.form(w.get())
		w.request.Asked = storage.Access{}
		w.goesOn(w.get())
		w.goesOn(w.send(form, "decision=allow"))
		w.gone = storage.ErrNotFound
		w.goesOn(w.get())
		w.goesOn(w.send(form, "decision=allow"))
		require.Nil(t, w.granted())
	})
}

func TestWithdrawnBetweenPageAndAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NoError(t, w.store.Consents.Add(t.Context(), w.user.ID, w.client.ID, storage.Access{
			Scopes: []string{"openid", "phone"}, Claims: []string{"birthdate"},
		}, time.Now()))
		form := w.form(w.get())
		require.NoError(t, w.withdraw(w.client.ID))
		w.goesOn(w.send(form, "decision=allow"))
		require.Equal(t, []string{"email", "openid"}, w.granted(), "only what the page showed")
		consents, err := w.store.Consents.OfUser(t.Context(), w.user.ID)
		require.NoError(t, err)
		require.Empty(t, consents[0].Claims)
	})
}

// A person agrees to fifty requests in fifty tabs at once, and all answers are kept. If the access is withdrawn in between, what was
// granted before that is taken back.
func TestRaceOfTabs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const tabs = 50
		require.NoError(t, w.store.Consents.Add(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"before"}}, time.Now()))
		w.requests = map[string]consent.Request{}
		var forms [tabs]string
		for i := range tabs {
			w.begin()
			w.requests[w.flow] = consent.Request{
				App: w.request.App, RedirectURI: w.request.RedirectURI, Asked: storage.Access{Scopes: []string{fmt.Sprint("scope", i)}},
			}
			forms[i] = w.form(w.get())
		}
		agree := func(withdraw bool) {
			var group sync.WaitGroup
			for i := range tabs {
				group.Go(func() { require.Equal(t, http.StatusSeeOther, w.send(forms[i], "decision=allow").Code) })
			}
			if withdraw {
				group.Go(func() { require.NoError(t, w.withdraw(w.client.ID)) })
			}
			group.Wait()
		}
		agree(false)
		require.Len(t, w.granted(), tabs+1)
		require.NoError(t, w.store.Consents.Withdraw(t.Context(), w.user.ID, w.client.ID, time.Now()))
		require.NoError(t, w.store.Consents.Add(t.Context(), w.user.ID, w.client.ID, storage.Access{Scopes: []string{"before"}}, time.Now()))
		agree(true)
		require.NotContains(t, w.granted(), "before")
	})
}

func TestNothingIsGrantedUnrecorded(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w := newWorld(t, db)
		form := w.form(w.get())
		refuse := `CREATE TRIGGER full BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'full'); END`
		if db.Postgres() {
			refuse = `ALTER TABLE audit_events ADD CONSTRAINT full_up CHECK (false) NOT VALID`
		}
		_, err := db.SQL(t).Exec(refuse)
		require.NoError(t, err)
		require.Equal(t, http.StatusInternalServerError, w.send(form, "decision=allow").Code)
		require.Nil(t, w.granted())
		require.True(t, w.stored().ConsentedAt.IsZero())
	})
}

func TestOutage(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		faults := &storagetest.Faults{}
		w := newWorld(t, db, faults.Intercept)
		faults.Fail(1, false, io.ErrUnexpectedEOF)
		answer := w.post("decision=allow")
		require.Equal(t, http.StatusServiceUnavailable, answer.Code)
		require.NotEmpty(t, answer.Header().Get("Retry-After"))
	})
}
