package account_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/journeys"
	"github.com/postern-id/postern/login/account/operate"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// wide returns a code in full-width digits; arabic returns it in Arabic-Indic digits.
func wide(code string) string {
	return strings.Map(func(r rune) rune { return r - '0' + '\uFF10' }, code)
}

func arabic(code string) string {
	return strings.Map(func(r rune) rune { return r - '0' + '\u0660' }, code)
}

func TestCodeWorksOnceInAnySpelling(t *testing.T) {
	spellings := map[string]func(string) string{
		"same":       func(code string) string { return code },
		"blank":      func(code string) string { return code[:3] + " " + code[3:] },
		"hyphen":     func(code string) string { return code[:3] + "-" + code[3:] },
		"full width": wide,
		"arabic":     arabic,
		"sign":       func(code string) string { return "+" + code },
		"zero width": func(code string) string { return code[:3] + "\u200b" + code[3:] },
		"extra zero": func(code string) string { return "0" + code },
	}
	for name, spell := range spellings {
		t.Run(name, func(t *testing.T) {
			o := openOffice(t, storagetest.SQLite(t))
			_, phone, _ := o.enrolled()
			p := o.person()
			require.NoError(t, p.code(p.half(start), phone.at(start), start))

			half := p.half(start)
			err := p.code(half, spell(phone.at(start)), start)
			require.Equal(t, account.ErrCode, err, "the same error as for a wrong code")
			require.Equal(t, 1, o.events(audit.CodeRefused)+o.events(audit.CodeReplayed), "counted once")

			next := start.Add(30 * time.Second)
			fresh := phone.at(next)
			require.NoError(t, p.code(half, fresh[:3]+" "+fresh[3:], next))
		})
	}
}

func TestCodeOfAnEarlierStepIsRefusedAfterALaterOne(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		p := o.person()
		require.NoError(t, p.code(p.half(start), phone.at(start), start))
		require.ErrorIs(t, p.code(p.half(start), phone.at(start.Add(-30*time.Second)), start), account.ErrCode)
		last := start.Add(59 * time.Second) // of the window in which the code shown at start is accepted
		require.ErrorIs(t, p.code(p.half(last), phone.at(start), last), account.ErrCode)
	})
}

func TestWindow(t *testing.T) {
	// start is the first second of a step.
	for offset, accepted := range map[time.Duration]bool{
		-31 * time.Second: false, -30 * time.Second: true, 0: true, 30 * time.Second: true, 59 * time.Second: true, 60 * time.Second: false,
	} {
		t.Run(offset.String(), func(t *testing.T) {
			o := openOffice(t, storagetest.SQLite(t))
			_, phone, _ := o.enrolled()
			p := o.person()
			err := p.code(p.half(start), phone.at(start.Add(offset)), start)
			if accepted {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, account.ErrCode)
			}
		})
	}
}

func TestConfirmingCodeDoesNotSignIn(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		p := o.person()
		require.ErrorIs(t, p.code(p.half(enrolledAt), phone.at(enrolledAt), enrolledAt), account.ErrCode)
		later := enrolledAt.Add(30 * time.Second)
		require.NoError(t, p.code(p.half(later), phone.at(later), later))
	})
}

func TestClock(t *testing.T) {
	tests := map[time.Duration]bool{
		-10 * time.Minute: true, -4 * time.Minute: true, -60 * time.Second: true, 90 * time.Second: true, 10 * time.Minute: true,
		11 * time.Minute: false, -11 * time.Minute: false,
	}
	for offset, told := range tests {
		t.Run(offset.String(), func(t *testing.T) {
			o := openOffice(t, storagetest.SQLite(t))
			_, phone, _ := o.enrolled()
			p := o.person()
			err := p.code(p.half(start), phone.at(start.Add(offset)), start)
			require.ErrorIs(t, err, account.ErrCode, "never accepted")
			var clock *account.ClockError
			if told {
				require.ErrorAs(t, err, &clock)
				require.Equal(t, offset, clock.Offset)
			} else {
				require.NotErrorAs(t, err, &clock)
			}
			require.Equal(t, 1, o.events(audit.CodeRefused), "and counted")
		})
	}
}

func TestClockSaysNothingAboutUsedCodes(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		_, phone, _ := o.enrolled()
		p := o.person()
		require.NoError(t, p.code(p.half(start), phone.at(start), start))
		later := start.Add(5 * time.Minute)
		require.Equal(t, account.ErrCode, p.code(p.half(later), phone.at(start), later))
	})
}

func TestHalfDoneSignIn(t *testing.T) {
	tests := map[string]struct {
		between func(t *testing.T, o *office)
		after   time.Duration
		browser string
		want    error
	}{
		"in time":         {after: 5*time.Minute - time.Second},
		"too late":        {after: 5 * time.Minute, want: account.ErrStartAgain},
		"another browser": {browser: "another", want: account.ErrStartAgain},
		"disabled":        {want: account.ErrStartAgain, between: operation((*operate.Service).Disable)},
		"deleted":         {want: account.ErrStartAgain, between: operation((*operate.Service).Delete)},
		"enabled again": {want: account.ErrStartAgain, between: func(t *testing.T, o *office) {
			operation((*operate.Service).Disable)(t, o)
			operation((*operate.Service).Enable)(t, o)
		}},
		"signed out everywhere": {want: account.ErrStartAgain, between: func(t *testing.T, o *office) {
			_, _, err := o.Operate.SignOut(t.Context(), ada, audit.Operator(), start)
			require.NoError(t, err)
		}},
		"factor reset": {want: account.ErrStartAgain, between: func(t *testing.T, o *office) {
			_, _, err := o.Operate.ResetFactor(t.Context(), ada, audit.Operator(), start)
			require.NoError(t, err)
		}},
		"password changed": {want: account.ErrStartAgain, between: func(t *testing.T, o *office) {
			user, err := o.store.Users.Find(t.Context(), ada)
			require.NoError(t, err)
			require.NoError(t, o.store.Passwords.Set(t.Context(), user.ID, "other", start))
			require.NoError(t, o.store.Users.RaiseEpoch(t.Context(), user.ID, start))
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				_, phone, codes := o.enrolled()
				p := o.person()
				half := p.half(start)
				if test.between != nil {
					test.between(t, o)
				}
				if test.browser != "" {
					half.Browser = test.browser
				}
				now := start.Add(test.after)
				if test.want != nil {
					require.ErrorIs(t, p.recoveryCode(half, codes[0], now), test.want)
				}
				require.ErrorIs(t, p.code(half, phone.at(now), now), test.want)
			})
		})
	}
}

func operation(do func(*operate.Service, context.Context, string, audit.By, time.Time) (storage.User, error)) func(*testing.T, *office) {
	return func(t *testing.T, o *office) {
		_, err := do(o.Operate, t.Context(), ada, audit.Operator(), start)
		require.NoError(t, err)
	}
}

func TestCompletingEndsTheEarlierSessionOfTheBrowser(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		owner, phone, _ := o.enrolled()
		earlier := owner.session
		_, err := owner.signIn(start)
		require.NoError(t, err)
		require.NoError(t, owner.code(owner.half(start), phone.at(start), start))
		require.NotEqual(t, earlier, owner.session)
		_, err = owner.signIn(start)
		require.NoError(t, err)
		owner.session = earlier
		_, err = owner.signIn(start)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}

func TestSessionLifetimes(t *testing.T) {
	lifetimes := account.Lifetimes{Remember: 30 * 24 * time.Hour}
	tests := map[string]struct {
		remember bool
		after    time.Duration
		alive    bool
	}{
		"within an hour":          {after: 59 * time.Minute, alive: true},
		"idle for an hour":        {after: time.Hour},
		"remembered":              {remember: true, after: 29 * 24 * time.Hour, alive: true},
		"remembered for too long": {remember: true, after: 30 * 24 * time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := openOfficeWith(t, storagetest.SQLite(t), func(c *journeys.Config) { c.Lifetimes = lifetimes })
			_, phone, _ := o.enrolled()
			p := o.person()
			half, err := o.SignIn.Authenticate(t.Context(), signin.PasswordAttempt{
				Name: ada, Password: adaPassword, Remember: test.remember, Browser: p.browser, Visitor: p.visitor,
			}, start)
			require.NoError(t, err)
			done, err := o.SignIn.ConfirmCode(t.Context(), p.attempt(half, phone.at(start)), start)
			require.NoError(t, err)
			require.Equal(t, test.remember, done.Remember)
			p.keep(done, nil)
			_, err = p.signIn(start.Add(test.after))
			require.Equal(t, test.alive, err == nil, "%v", err)
		})
	}
}

// An authenticator with an empty key, whose codes anybody can compute, signs nobody in.
func TestDamagedAuthenticator(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		user, err := o.store.Users.Find(t.Context(), ada)
		require.NoError(t, err)
		require.NoError(t, o.store.Users.RemoveFactors(t.Context(), user.ID))
		require.NoError(t, o.store.Authenticators.Add(t.Context(), storage.Authenticator{
			ID: storage.NewID(), UserID: user.ID, Kind: storage.KindTOTP, Name: "Phone", Algorithm: "SHA1", Digits: 6, Period: 30, CreatedAt: start,
		}))
		p := o.person()
		require.ErrorIs(t, p.code(p.half(start), codeOfEmptySecret(start), start), account.ErrCode)
		require.Contains(t, o.log.String(), "stored authenticator is damaged")
	})
}

// copyAuthenticator gives Ada another authenticator with the secret of her first.
func (o *office) copyAuthenticator(digits, period int) phone {
	o.t.Helper()
	user, err := o.store.Users.Find(o.t.Context(), ada)
	require.NoError(o.t, err)
	present, err := o.store.Authenticators.OfUser(o.t.Context(), user.ID)
	require.NoError(o.t, err)
	twin := present[0]
	twin.ID, twin.Digits, twin.Period, twin.CreatedAt, twin.LastStep = storage.NewID(), digits, period, start, 0
	require.NoError(o.t, o.store.Authenticators.Add(o.t.Context(), twin))
	return phone{otp.Key{Secret: twin.Secret, Parameters: otp.Parameters{Algorithm: twin.Algorithm, Digits: digits, Period: period}}}
}

// Authenticators that share a secret show the same codes, or codes from which the others follow: a code that is accepted for one is used up
// for all.
func TestSharedSecretSignsInOnce(t *testing.T) {
	for name, digits := range map[string]int{"same digits": 6, "more digits": 8} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				_, phone, _ := o.enrolled()
				twin := o.copyAuthenticator(digits, 30)
				p := o.person()
				require.NoError(t, p.code(p.half(start), twin.at(start), start))
				require.ErrorIs(t, p.code(p.half(start), phone.at(start), start), account.ErrCode)
				require.ErrorIs(t, p.code(p.half(start), twin.at(start), start), account.ErrCode)
				require.Equal(t, 2, o.events(audit.CodeReplayed))
				require.NoError(t, p.code(p.half(start), phone.at(start.Add(30*time.Second)), start.Add(30*time.Second)))
			})
		})
	}
}

// codeOfEmptySecret is RFC 4226 section 5.3 over a key of no bytes.
func codeOfEmptySecret(at time.Time) string {
	mac := hmac.New(sha1.New, nil)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:offset+4])&0x7fffffff%1_000_000)
}
