package account_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
)

const (
	guessed  = 20 // accounts
	guessers = 3  // simultaneous clients for each account
	siege    = 6 * 30 * 24 * time.Hour
)

// mostWithin returns the largest number of moments within any period of the given length.
func mostWithin(moments []time.Time, span time.Duration) (most int) {
	for i, first := range moments {
		in := slices.IndexFunc(moments[i:], func(at time.Time) bool { return at.Sub(first) >= span })
		if in < 0 {
			in = len(moments) - i
		}
		most = max(most, in)
	}
	return most
}

// guess makes random guesses at one account's code for half a year, several at once whenever a wait is over. It returns when the wrong
// codes were checked and whether one was right. Nobody who has the password can do better.
func guess(t *testing.T, o *office, name string) (looked []time.Time, hit bool) {
	var mu sync.Mutex
	for now := start; now.Before(start.Add(siege)) && !hit; {
		next := now.Add(7 * 24 * time.Hour) // a closed factor stays closed, so few attempts are enough
		p := o.person()
		half, err := p.passwordOf(name, adaPassword, now)
		require.NoError(t, err)
		var group sync.WaitGroup
		for range guessers {
			group.Go(func() {
				_, err := o.SignIn.ConfirmCode(context.Background(), p.attempt(half, fmt.Sprintf("%06d", rand.IntN(1e6))), now)
				mu.Lock()
				defer mu.Unlock()
				var wait *account.WaitError
				switch {
				case err == nil:
					hit = true
				case errors.As(err, &wait) && !wait.Closed() && wait.Until.Before(next):
					next = wait.Until
				case errors.As(err, &wait):
				case errors.Is(err, account.ErrCode):
					looked = append(looked, now)
					if len(looked) < 5 {
						next = now
					}
				default:
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		group.Wait()
		now = next
	}
	return looked, hit
}

// In half a year of guessing no more than 100 wrong codes are checked: 8 in the first quarter of an hour (5 at once, then after 1, 2 and 4
// minutes), and then one an hour until the factor is closed.
func TestArithmeticOfGuessing(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		hits := 0
		for i := range guessed {
			name := fmt.Sprintf("person%d@example.test", i)
			_, err := imports(o, fmt.Sprintf(`{"email":%q,"password":%q,"totp":[%q]}`, name, adaPassword, secretURI))
			require.NoError(t, err)
			looked, hit := guess(t, o, name)
			if hit {
				hits++
				continue
			}
			require.Len(t, looked, 100)
			require.LessOrEqual(t, mostWithin(looked, 15*time.Minute), 8)
			require.LessOrEqual(t, mostWithin(looked[8:], 15*time.Minute), 1)
			require.LessOrEqual(t, mostWithin(looked[10:], time.Hour), 1)
		}
		require.LessOrEqual(t, hits, 1, "the chance is 3 in 10,000 for each account")
	})
}
