package account_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// Attempts during a wait are recorded once a minute, with the number of attempts in between.
func TestAttemptsTurnedAwayAreRecordedOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		stranger := o.person()
		for range 10 {
			_, err := stranger.passwordOf(ada, "wrong", start)
			require.ErrorIs(t, err, account.ErrCredentials)
		}
		for i := range 30 {
			now := start.Add(time.Duration(i) * time.Second)
			_, err := stranger.passwordOf(ada, "wrong", now)
			waitsFor(t, err, start, time.Minute)
		}
		require.Equal(t, 1, o.events(audit.PasswordThrottled))

		now := start.Add(time.Minute)
		_, err := stranger.passwordOf(ada, "wrong", now)
		require.ErrorIs(t, err, account.ErrCredentials)
		_, err = stranger.passwordOf(ada, "wrong", now)
		waitsFor(t, err, now, 2*time.Minute)
		require.Equal(t, []string{"29", ""}, o.detail(audit.PasswordThrottled, "more"))
	})
}

// detail returns one detail of every audit entry of a name, newest first.
func (o *office) detail(name audit.Name, key string) (values []string) {
	o.t.Helper()
	events, err := o.store.Events.List(o.t.Context(), storage.EventQuery{Limit: 10000})
	require.NoError(o.t, err)
	for _, e := range events {
		var body struct{ Detail map[string]string }
		require.NoError(o.t, json.Unmarshal([]byte(e.Body), &body))
		if e.Name == string(name) {
			values = append(values, body.Detail[key])
		}
	}
	return values
}

// During a wait, the statements that reach the driver are the same for a right code and a wrong one.
func TestWaitingCostsTheSameForARightCode(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		counter := &storagetest.Counter{}
		o := openOffice(t, db, counter.Intercept)
		_, phone, _ := o.enrolled()
		p := o.person()
		half := p.half(start)
		for range 5 {
			require.ErrorIs(t, p.code(half, phone.wrongAt(start), start), account.ErrCode)
		}
		waitsFor(t, p.code(half, phone.wrongAt(start), start), start, time.Minute)
		work := func(typed string) [3]int {
			counter.Reset()
			waitsFor(t, p.code(half, typed, start), start, time.Minute)
			begun, ended := counter.Transactions()
			return [3]int{counter.Count(), begun, ended}
		}
		require.Equal(t, work(phone.wrongAt(start)), work(phone.at(start)))
	})
}

// Somebody who has only the password can neither fill the table of sessions nor lock out the owner's browser.
func TestHalfDoneSignInsAreLimited(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		stranger := o.person()
		for range 100 {
			stranger.half(start)
		}
		_, err := stranger.password(start)
		waitsFor(t, err, start, 5*time.Minute)
		require.NoError(t, owner.code(owner.half(start), phone.at(start), start))
		stranger.half(start.Add(5 * time.Minute))
	})
}
