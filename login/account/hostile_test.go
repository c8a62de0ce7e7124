package account_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

const (
	rounds      = 50
	perRound    = 100             // attempts in each of three attacks: 10,000 to sign in, and 5,000 for mail
	roundTime   = 7 * time.Minute // so that some rounds fall into a wait and some do not
	longestWait = time.Hour       // of a stranger
	heapGrown   = 32 << 20        // bytes by which the heap may grow
)

// evaluated returns how many wrong attempts a budget lets through if attempts never pause.
func evaluated(tries int, at func(round int) time.Time) int {
	failures, blocked := 0, time.Time{}
	for round := range rounds {
		for now := at(round); !blocked.After(now); {
			if failures++; failures >= tries {
				blocked = now.Add(min(time.Minute<<min(failures-tries, 10), time.Hour))
			}
		}
	}
	return failures
}

// besieged is Ada's account and everything that an attacker may have.
type besieged struct {
	*office
	t       *testing.T
	owner   *person
	phone   phone
	cookies []string             // cookies of trusted browsers that do not help a stranger
	halves  []account.HalfCookie // of strangers who have the password
	next    atomic.Uint32
	used    atomic.Pointer[string] // the code with which the owner signed in last
}

func besiege(t *testing.T, o *office) *besieged {
	b := &besieged{office: o, t: t}
	old := o.person()
	b.owner, b.phone, _ = o.enrolled()
	old.visitor.TrustCookie = b.owner.visitor.TrustCookie
	_, ticket := o.add("eve@example.test", enrolledAt)
	eve := o.person()
	half, err := eve.invited(ticket, enrolledAt)
	require.NoError(t, err)
	who := eve.enroller(half, enrolledAt)
	eve.confirmed(who, enrolledAt)
	done, err := o.Enrol.AcknowledgeCodes(t.Context(), who, "", eve.visitor, enrolledAt)
	require.NoError(t, err)
	b.cookies = []string{
		"", "forged", done.TrustCookie, // no cookie, a made-up one, another user's
		old.visitor.TrustCookie[:len(old.visitor.TrustCookie)-1] + "A", old.visitor.TrustCookie + "A", // altered
	}
	nothing := ""
	b.used.Store(&nothing)
	// Her cookie is void since she was signed out everywhere; she signs in again and gets a new one.
	_, _, err = o.Operate.SignOut(t.Context(), ada, audit.Operator(), enrolledAt)
	require.NoError(t, err)
	b.cookies = append(b.cookies, b.owner.visitor.TrustCookie)
	b.ownerSignsIn(b.at(-1))
	return b
}

func (b *besieged) at(round int) time.Time { return start.Add(time.Duration(round+1) * roundTime) }

// stranger returns somebody with a client IP of their own.
func (b *besieged) stranger() *person {
	n := b.next.Add(1)
	p := &person{o: b.office, browser: "browser of a stranger", visitor: account.Visitor{Browser: "curl", TrustCookie: b.cookies[int(n)%len(b.cookies)]}}
	p.visitor.ClientIP = netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24|n)))
	return p
}

// ownerSignsIn signs Ada in in her own browser and fails the test if she has to wait.
func (b *besieged) ownerSignsIn(now time.Time) {
	half, err := b.owner.password(now)
	if err == nil {
		err = b.owner.code(half, b.phone.at(now), now)
	}
	used := b.phone.at(now)
	b.used.Store(&used)
	if err != nil {
		b.t.Errorf("the owner at %v: %v", now, err)
	}
}

// refused fails the test unless an attempt was refused, with a wait of at most an hour if there is one.
func (b *besieged) refused(err error, now time.Time) {
	var wait *account.WaitError
	switch {
	case errors.As(err, &wait):
		if left := wait.Until.Sub(now); left > longestWait {
			b.t.Errorf("a wait of %v", left)
		}
	case errors.Is(err, account.ErrCredentials), errors.Is(err, account.ErrCode):
	default:
		b.t.Errorf("not refused: %v", err)
	}
}

// attack makes perRound attempts in each round, 50 at once, while the owner signs in, and cleans up as the server does once a minute.
func (b *besieged) attack(first int, prepare func(now time.Time), attempt func(i int, now time.Time)) {
	for round := first; round < first+rounds; round++ {
		now := b.at(round)
		prepare(now)
		var group sync.WaitGroup
		for worker := range racers {
			group.Go(func() {
				for i := worker; i < perRound; i += racers {
					attempt(i, now)
				}
				if worker == racers/2 && round%5 == 0 {
					b.ownerSignsIn(now)
				}
			})
		}
		group.Wait()
		_, err := b.store.Sweep(context.Background(), now, 500)
		require.NoError(b.t, err)
	}
}

func (b *besieged) nothing(time.Time) {}

// begin begins half-done sign-ins of strangers who have the password.
func (b *besieged) begin(now time.Time) {
	b.halves = nil
	for range 20 {
		p := b.stranger()
		b.halves = append(b.halves, p.half(now))
	}
}

func (b *besieged) guessPassword(i int, now time.Time) {
	_, err := b.stranger().passwordOf(ada, "wrong", now)
	b.refused(err, now)
}

// guessCode is an attempt by somebody who has the password: a wrong code, a used code or a recovery code.
func (b *besieged) guessCode(i int, now time.Time) {
	p, half := b.stranger(), b.halves[i%len(b.halves)]
	switch i % 5 {
	case 0:
		if _, err := p.password(now); err != nil {
			b.refused(err, now)
		}
	case 1:
		b.refused(p.code(half, *b.used.Load(), now), now)
	case 2:
		b.refused(p.recoveryCode(half, "00000-00000", now), now)
	default:
		b.refused(p.code(half, b.phone.wrongAt(now), now), now)
	}
}

// askForMail is an attempt to flood Ada's mailbox.
func (b *besieged) askForMail(i int, now time.Time) {
	visitor, err := b.stranger().visitor, error(nil)
	if i%2 == 0 {
		err = b.Arrive.AskReset(context.Background(), ada, visitor, now)
	} else {
		err = b.Arrive.AskSignUp(context.Background(), arrive.SignUpForm{Email: ada, Name: "Somebody", Visitor: visitor}, now)
	}
	if err != nil {
		b.t.Errorf("the result differs from the usual one: %v", err)
	}
}

// 10,000 attempts at one account from 10,000 IP addresses, by strangers with and without its password: no more are checked than the budgets
// allow, the owner never waits, and neither the tables nor the heap grow.
func TestTenThousandHostileAttempts(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		o := openOffice(t, db)
		b := besiege(t, o)
		heap := heapInUse()

		b.attack(0, b.nothing, b.guessPassword)
		require.Equal(t, evaluated(10, b.at), o.events(audit.PasswordRefused), "wrong passwords")

		withPassword := rounds + int(longestWait/roundTime) + 1
		b.attack(withPassword, b.begin, b.guessCode)
		require.Equal(t, evaluated(5, b.at), o.events(audit.CodeRefused)+o.events(audit.CodeReplayed), "wrong codes")
		require.Equal(t, evaluated(5, b.at), o.events(audit.RecoveryCodeRefused), "wrong recovery codes")
		require.Equal(t, evaluated(10, b.at), o.events(audit.PasswordRefused), "no further wrong passwords")

		require.Equal(t, 1, o.notices.count(account.NoticeExposed), "one message tells her that somebody else has the password")
		require.LessOrEqual(t, o.events(audit.PasswordThrottled), 3*rounds, "one entry a minute for each counter that turns attempts away")
		require.LessOrEqual(t, o.events(audit.CodeThrottled), 2*rounds, "one a minute for each kind of code")

		overflow := withPassword + 2*rounds
		b.attack(overflow, b.nothing, b.askForMail)
		hours := int(rounds*roundTime/time.Hour) + 1
		require.LessOrEqual(t, o.notices.count(account.NoticePasswordReset), 3*hours)
		require.LessOrEqual(t, o.notices.count(account.NoticeAddressTaken), 3*hours)
		require.LessOrEqual(t, o.events(audit.MailThrottled), 2*rounds, "one a minute for each kind of mail")
		most := map[string]int{
			"registrations": 3 * hours, "tickets": 10,
			"sessions": perRound + rounds, "throttle": 10 * perRound, // half-done ones of five minutes; addresses of an hour
			"audit_events": rounds*perRound + 10*rounds, // each right password is one, and a few are not
		}
		for table, most := range most {
			require.LessOrEqual(t, rows(t, db, table), most, table)
		}
		_, err := o.store.Sweep(t.Context(), b.at(overflow+rounds).Add(24*time.Hour), 500)
		require.NoError(t, err)
		require.LessOrEqual(t, rows(t, db, "throttle"), 10, "a day later")
		require.Zero(t, rows(t, db, "sessions"), "a day later")
		require.Less(t, heapInUse(), heap+heapGrown)
	})
}

func rows(t *testing.T, db *storagetest.Database, table string) (count int) {
	t.Helper()
	require.NoError(t, db.SQL(t).QueryRow(`SELECT count(*) FROM `+table).Scan(&count))
	return count
}

// heapInUse returns the size of all reachable objects in bytes.
func heapInUse() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
