package device

import (
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// Numbers of wrong user codes that are allowed before a growing wait, and how long they are remembered. It is easy for a guesser to change the
// browser, but not the network.
const (
	guessesOfOne, forgetBrowser     = 5, 10 * time.Minute // of one browser or user
	guessesOfNetwork, forgetNetwork = 30, time.Hour
)

// guessBudgets returns the budgets of a guess. A person who is signed in has a budget of their own, which others in the same network cannot use
// up.
func (e *Endpoint) guessBudgets(r *http.Request, browser []byte) ([]storage.Budget, error) {
	signIn, err := e.cfg.SignIns.Current(r, "")
	if err == nil {
		return []storage.Budget{{Key: "user_code:user:" + signIn.User().ID, Tries: guessesOfOne, Forget: forgetNetwork}}, nil
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return nil, err
	}
	network := hex.EncodeToString(e.cfg.Store.MAC("user codes of a network", storage.ClientNetwork(limit.ClientIP(r)).String()))
	return []storage.Budget{
		{Key: "user_code:browser:" + hex.EncodeToString(browser), Tries: guessesOfOne, Forget: forgetBrowser},
		{Key: "user_code:network:" + network, Tries: guessesOfNetwork, Forget: forgetNetwork},
	}, nil
}

// failGuess counts and records a wrong user code and shows the field again.
func (e *Endpoint) failGuess(c *gin.Context, room storage.Reservation, now time.Time) error {
	ctx := c.Request.Context()
	if err := e.cfg.Store.Attempts.Fail(ctx, room, now); err != nil {
		return err
	}
	if err := e.cfg.Audit.Record(ctx, guessEvent(c, audit.UserCodeRefused), now); err != nil {
		return err
	}
	return e.showCodeError(c, http.StatusUnprocessableEntity, templates.T("device.wrong"))
}

// refuseGuess refuses a user code, right or wrong, after too many wrong ones.
func (e *Endpoint) refuseGuess(c *gin.Context, budgets []storage.Budget, now time.Time) error {
	ctx := c.Request.Context()
	if err := e.cfg.Budget.Record(ctx, guessEvent(c, audit.UserCodeThrottled), now); err != nil {
		return err
	}
	var keys []string
	for _, b := range budgets {
		keys = append(keys, b.Key)
	}
	states, err := e.cfg.Store.Attempts.States(ctx, keys...)
	if err != nil {
		return err
	}
	wait := time.Minute
	for _, state := range states {
		wait = max(wait, state.BlockedUntil.Sub(now))
	}
	c.Header("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	return e.showCodeError(c, http.StatusTooManyRequests, templates.WaitMessage(wait))
}

func guessEvent(c *gin.Context, name audit.Name) audit.Event {
	return audit.Event{Name: name, Actor: audit.ActorUser, Address: c.Request.RemoteAddr}
}
