package account_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/enrol"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/account/journeys"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

const (
	ada         = "ada@example.test"
	adaPassword = "violet anchors drift north"
)

// Ada has set up her account at enrolledAt; most tests begin at start, when her session still exists.
var (
	start      = storagetest.Now
	enrolledAt = start.Add(-30 * time.Minute)
)

// office has all journeys on one store, the messages that they sent and what they logged.
type office struct {
	*journeys.Journeys
	t       testing.TB
	store   *storage.Store
	notices *notices
	log     *safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(text)
}

func openOffice(t testing.TB, db *storagetest.Database, interceptors ...storagetest.Interceptor) *office {
	t.Helper()
	return openOfficeWith(t, db, func(*journeys.Config) {}, interceptors...)
}

func openOfficeAs(t testing.TB, db *storagetest.Database, signUp account.SignUp) *office {
	t.Helper()
	return openOfficeWith(t, db, func(c *journeys.Config) { c.SignUp = signUp })
}

func openOfficeWith(t testing.TB, db *storagetest.Database, change func(*journeys.Config), interceptors ...storagetest.Interceptor) *office {
	t.Helper()
	o := &office{t: t, store: db.Open(t, interceptors...), notices: &notices{}, log: &safeBuffer{}}
	hasher, err := password.New(password.Config{Memory: 64, Time: 1, Queue: 200})
	require.NoError(t, err)
	guard, err := throttle.New(o.store, throttle.Config{})
	require.NoError(t, err)
	cfg := journeys.Config{SignUp: account.SignUpOpen, Config: account.Config{
		Store: o.store, Audit: audit.New(o.store), Passwords: hasher, Throttle: guard, Notices: o.notices,
		Log: slog.New(slog.NewTextHandler(o.log, nil)), Issuer: "Example", SiteURL: "https://id.example.test",
	}}
	change(&cfg)
	o.Journeys, err = journeys.New(cfg)
	require.NoError(t, err)
	return o
}

// notices collects the messages.
type notices struct {
	mu   sync.Mutex
	sent []sent
}

type sent struct {
	to string
	account.Notice
}

func (n *notices) Send(_ context.Context, to storage.User, notice account.Notice, _ time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent = append(n.sent, sent{to.Email, notice})
	return nil
}

func (n *notices) count(kind account.NoticeKind) int { return len(n.to(ada, kind)) }

// to returns the messages of a kind to an address, oldest first.
func (n *notices) to(address string, kind account.NoticeKind) (found []account.Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.sent {
		if s.to == address && s.Kind == kind {
			found = append(found, s.Notice)
		}
	}
	return found
}

// person is somebody who uses one browser.
type person struct {
	o       *office
	browser string
	visitor account.Visitor
	session string // cookie
}

func (o *office) person() *person {
	return &person{o: o, browser: rand.Text(), visitor: account.Visitor{
		ClientIP: netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + time.Now().Nanosecond()%250)}), Browser: "Firefox on Linux",
	}}
}

func (p *person) password(now time.Time) (account.HalfCookie, error) {
	return p.passwordOf(ada, adaPassword, now)
}

func (p *person) passwordOf(name, typed string, now time.Time) (account.HalfCookie, error) {
	return p.o.SignIn.Authenticate(p.o.t.Context(), signin.PasswordAttempt{
		Name: name, Password: typed, Browser: p.browser, Visitor: p.visitor,
	}, now)
}

// half begins a sign-in of Ada and returns the cookie of it half done.
func (p *person) half(now time.Time) account.HalfCookie {
	p.o.t.Helper()
	half, err := p.password(now)
	require.NoError(p.o.t, err)
	return half
}

func (p *person) attempt(half account.HalfCookie, typed string) account.CodeAttempt {
	return account.CodeAttempt{Half: half, Typed: typed, Previous: p.session, Visitor: p.visitor}
}

// code types a one-time code, and keeps the cookies of a success.
func (p *person) code(half account.HalfCookie, typed string, now time.Time) error {
	done, err := p.o.SignIn.ConfirmCode(p.o.t.Context(), p.attempt(half, typed), now)
	p.keep(done, err)
	return err
}

func (p *person) recoveryCode(half account.HalfCookie, typed string, now time.Time) error {
	done, err := p.o.Recovery.UseRecoveryCode(p.o.t.Context(), p.attempt(half, typed), now)
	p.keep(done, err)
	return err
}

func (p *person) keep(done account.Done, err error) {
	if err == nil {
		p.session, p.visitor.TrustCookie = done.Session, done.TrustCookie
	}
}

// signIn returns the complete sign-in of the browser.
func (p *person) signIn(now time.Time) (storage.SignIn, error) {
	return p.o.store.Sessions.SignIn(p.o.t.Context(), storage.Hash(p.session), "", now)
}

// phone is an authenticator app.
type phone struct{ key otp.Key }

func (p phone) at(at time.Time) string {
	code, err := p.key.CodeAt(at)
	if err != nil {
		panic(err)
	}
	return code
}

// wrongAt returns a code that is not valid around a moment.
func (p phone) wrongAt(now time.Time) string {
	for guess := 0; ; guess++ {
		code := string([]byte{byte('0' + guess/100%10), byte('0' + guess/10%10), byte('0' + guess%10)}) + "000"
		if _, ok := p.key.Drift(code, now, time.Hour); !ok {
			return code
		}
	}
}

func (o *office) add(email string, now time.Time) (storage.User, string) {
	o.t.Helper()
	user, invitation, err := o.Operate.Add(o.t.Context(), identity.NewUser{Email: email, Name: "Ada Example"}, audit.Operator(), now)
	require.NoError(o.t, err)
	return user, ticketOf(o.t, invitation)
}

func ticketOf(t testing.TB, invitation account.Link) string {
	link, err := url.Parse(invitation.URL)
	require.NoError(t, err)
	return link.Query().Get("ticket")
}

// invited sets the password of an invited person through the link.
func (p *person) invited(ticket string, now time.Time) (account.HalfCookie, error) {
	return p.o.Arrive.SetInvitedPassword(p.o.t.Context(), arrive.InvitedPassword{
		Secret: ticket, Password: adaPassword, Browser: p.browser, Visitor: p.visitor,
	}, now)
}

// enroller returns the permission to enrol that a half-done sign-in gives.
func (p *person) enroller(half account.HalfCookie, now time.Time) enrol.Enroller {
	p.o.t.Helper()
	who, err := p.o.Enrol.InvitedEnroller(p.o.t.Context(), half, now)
	require.NoError(p.o.t, err)
	return who
}

// confirmed brings an enrolment to the point where its recovery codes are shown.
func (p *person) confirmed(who enrol.Enroller, now time.Time) (phone, []string) {
	p.o.t.Helper()
	shown, err := p.o.Enrol.Enrolment(p.o.t.Context(), who, p.visitor, now)
	require.NoError(p.o.t, err)
	phone := phone{shown.Key}
	require.NoError(p.o.t, p.o.Enrol.ConfirmEnrolment(p.o.t.Context(), who, phone.at(now), p.visitor, now))
	shown, err = p.o.Enrol.Enrolment(p.o.t.Context(), who, p.visitor, now)
	require.NoError(p.o.t, err)
	require.Len(p.o.t, shown.RecoveryCodes, 10)
	return phone, shown.RecoveryCodes
}

// enrolled adds Ada, who sets up her account at enrolledAt in a browser of her own.
func (o *office) enrolled() (*person, phone, []string) {
	o.t.Helper()
	_, ticket := o.add(ada, enrolledAt)
	owner := o.person()
	half, err := owner.invited(ticket, enrolledAt)
	require.NoError(o.t, err)
	who := owner.enroller(half, enrolledAt)
	phone, codes := owner.confirmed(who, enrolledAt)
	done, err := o.Enrol.AcknowledgeCodes(o.t.Context(), who, "", owner.visitor, enrolledAt)
	require.NoError(o.t, err)
	owner.keep(done, nil)
	return owner, phone, codes
}

// events returns how many audit entries have a name.
func (o *office) events(name audit.Name) int {
	o.t.Helper()
	events, err := o.store.Events.List(o.t.Context(), storage.EventQuery{Limit: 10000})
	require.NoError(o.t, err)
	count := 0
	for _, e := range events {
		if e.Name == string(name) {
			count++
		}
	}
	return count
}

// each runs body with an office on each kind of database.
func each(t *testing.T, body func(t *testing.T, o *office)) {
	t.Helper()
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) { body(t, openOffice(t, db)) })
}
