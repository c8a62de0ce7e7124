package storage_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// manyOf fills a table; n is the number of the row, %BYTES% its text as BYTEA, %AT% a time that differs.
var manyOf = []string{
	`INSERT INTO users (id, email, email_key, email_verified, username, username_key, admin, groups, claims, epoch, created_at, updated_at)
		%ROWS% SELECT 'u' || n, 'u' || n || '@x', 'u' || n || '@x', true, 'n' || n, 'n' || n, false, '[]', '{}', 1, %AT%, 0 FROM rows`,
	`INSERT INTO passwords (user_id, hash, changed_at) %ROWS% SELECT 'u' || n, 'h', 0 FROM rows`,
	`INSERT INTO authenticators (id, user_id, name, secret_sealed, algorithm, digits, period, last_step, created_at)
		%ROWS% SELECT 'a' || n, 'u' || n, '', %BYTES%, 'SHA1', 6, 30, 0, 0 FROM rows`,
	`INSERT INTO recovery_codes (user_id, code_mac) %ROWS% SELECT 'u' || n, %BYTES% FROM rows`,
	`INSERT INTO tickets (ticket_hash, kind, user_id, created_at, expires_at) %ROWS% SELECT %BYTES%, 'enrol', 'u' || n, 0, %AT% FROM rows`,
	`INSERT INTO registrations (secret_hash, email, email_key, name, locale, created_at, expires_at)
		%ROWS% SELECT %BYTES%, 'u' || n || '@x', 'u' || n || '@x', '', '', 0, %AT% FROM rows`,
	`INSERT INTO enrolments (user_id, id, secret_sealed, algorithm, digits, period, failures, created_at, expires_at)
		%ROWS% SELECT 'u' || n, 'e' || n, %BYTES%, 'SHA1', 6, 30, 0, 0, %AT% FROM rows`,
	`INSERT INTO code_sheets (user_id, id, holder, codes_sealed, created_at, expires_at)
		%ROWS% SELECT 'u' || n, 'b' || n, '', %BYTES%, 0, %AT% FROM rows`,
	`INSERT INTO sessions (session_hash, sid, user_id, epoch, recovered, remember, amr, browser, address, created_at, completed_at,
			last_seen_at, idle_until, expires_at)
		%ROWS% SELECT %BYTES%, 's' || n, 'u' || n, 1, false, false, '[]', '', '', 0, %AT%, 0, %AT%, %AT% FROM rows`,
	`INSERT INTO clients (id, name, metadata, version, created_at, updated_at) %ROWS% SELECT 'c' || n, '', '{}', 1, %AT%, 0 FROM rows`,
	`INSERT INTO visits (sid, client_id, user_id, next_attempt_at, expires_at)
		%ROWS% SELECT 's' || n, 'c' || n, 'u' || n, CASE WHEN n % 1000 = 0 THEN %AT% END, %AT% FROM rows`,
	`INSERT INTO consents (user_id, client_id, scopes, created_at, updated_at) %ROWS% SELECT 'u' || n, 'c' || n, '[]', 0, 0 FROM rows`,
	`INSERT INTO flows (id, browser_hash, client_id, request, created_at, expires_at) %ROWS% SELECT 'f' || n, %BYTES%, 'c' || n, '', 0, %AT% FROM rows`,
	`INSERT INTO grants (id, user_id, client_id, sid, epoch, scopes, detail, auth_time, created_at, code_hash, code_expires_at, code_failures,
			generation, idle_until, expires_at)
		%ROWS% SELECT 'g' || n, 'u' || n, 'c' || n, 's' || n, 1, '[]', '{}', 0, 0, %BYTES%, %AT%, 0, 1, %AT%, %AT% FROM rows`,
	`INSERT INTO device_requests (id, device_hash, user_code_mac, client_id, scopes, address, browser, interval_seconds, created_at, expires_at)
		%ROWS% SELECT 'd' || n, %BYTES%, %BYTES%, 'c' || n, '[]', '', '', 5, 0, %AT% FROM rows`,
	`INSERT INTO revoked_tokens (id, expires_at) %ROWS% SELECT 't' || n, %AT% FROM rows`,
	`INSERT INTO client_assertions (client_id, jti_hash, expires_at) %ROWS% SELECT 'c' || n, %BYTES%, %AT% FROM rows`,
	`INSERT INTO dpop_proofs (proof_hash, expires_at) %ROWS% SELECT %BYTES%, %AT% FROM rows`,
	`INSERT INTO initial_access_tokens (id, token_hash, uses, uses_left, created_at, expires_at) %ROWS% SELECT 'it' || n, %BYTES%, 1, 1, 0, %AT% FROM rows`,
	`INSERT INTO throttle (key, failures, blocked_until, expires_at) %ROWS% SELECT 'k' || n, 1, 0, %AT% FROM rows`,
	`INSERT INTO audit_events (id, at, name, user_id, body, seq, link)
		%ROWS% SELECT 'i' || n, %AT%, 'x', 'u' || n, '{}', CASE WHEN n % 1000 = 0 THEN NULL ELSE n END, %BYTES% FROM rows`,
	`INSERT INTO outbox (id, recipient, subject, body_sealed, created_at, next_attempt_at)
		%ROWS% SELECT 'm' || n, 'ada@example.test', '', %BYTES%, %AT%, CASE WHEN n % 1000 = 0 THEN %AT% END FROM rows`,
}

func fill(t *testing.T, db *storagetest.Database, raw *sql.DB) {
	t.Helper()
	bytes := `CAST('u' || n AS BLOB)`
	if db.Postgres() {
		bytes = `convert_to('u' || n, 'UTF8')`
	}
	dialect := strings.NewReplacer(
		"%ROWS%", fmt.Sprintf(`WITH RECURSIVE rows (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < %d)`, manyRows),
		"%BYTES%", bytes,
		"%AT%", fmt.Sprintf(`(%d + n * CAST(1000000 AS BIGINT))`, now.UnixMicro()),
	)
	for _, text := range manyOf {
		_, err := raw.Exec(dialect.Replace(text))
		require.NoError(t, err, text)
	}
	if db.Postgres() { // it looks after its statistics by itself; nobody makes any on SQLite
		_, err := raw.Exec(`VACUUM ANALYZE`)
		require.NoError(t, err)
	}
}

// lookUps is everything that a request, a page of a list or a loop asks of tables that grow. What it finds is of no interest here.
func lookUps(ctx context.Context, s *storage.Store) map[string]func() {
	hash, budget := []byte("u77"), storage.Budget{Key: "k77", Tries: 5, CloseAfter: 100}
	room, _, _ := s.ReserveAttempt(ctx, now, budget)
	half := storage.HalfSignIn{TokenHash: []byte("new"), User: storage.User{ID: "u77"}, CreatedAt: now, ExpiresAt: now}
	visit := storage.Visit{SID: "s77", ClientID: "c77"}
	after := storage.Event{ID: lastID("i"), At: storage.At(now.Add(manyRows / 2 * time.Second))}
	return map[string]func(){
		"User":                func() { s.User(ctx, "u77") },
		"TicketOf":            func() { s.TicketOf(ctx, "u77", storage.TicketEnrol) },
		"DropTickets":         func() { s.DropTickets(ctx, "u78", storage.TicketEnrol) },
		"Registration":        func() { s.Registration(ctx, hash, now) },
		"SpendRegistration":   func() { s.SpendRegistration(ctx, hash, now) },
		"DropRegistrations":   func() { s.DropRegistrations(ctx, "u79@x") },
		"ExposePassword":      func() { s.ExposePassword(ctx, "u76", 1, now) },
		"HeldSignIn":          func() { s.HeldSignIn(ctx, hash, now) },
		"EnrollingSignIn":     func() { s.EnrollingSignIn(ctx, hash, now) },
		"RenewSession":        func() { s.RenewSession(ctx, hash, []byte("newer"), storage.User{ID: "u77", Epoch: 2}, "", now) },
		"EndOldSessions":      func() { s.EndOldSessions(ctx, storage.User{ID: "u75", Epoch: 2}) },
		"ChangeEmail":         func() { s.ChangeEmail(ctx, "u77", "x@x", now) },
		"CountEvent":          func() { s.CountEvent(ctx, "k76", 3, time.Hour, now) },
		"FindUser":            func() { s.FindUser(ctx, "u77@x") },
		"Users, first page":   func() { s.Users(ctx, "", 100) },
		"Users, later page":   func() { s.Users(ctx, lastID("u"), 100) },
		"RaiseEpoch":          func() { s.RaiseEpoch(ctx, "u77", now) },
		"PasswordLogin":       func() { s.PasswordLogin(ctx, "n77") },
		"Authenticators":      func() { s.Authenticators(ctx, "u77") },
		"BurnSteps":           func() { s.BurnSteps(ctx, map[string]int64{"a77": 5}, now) },
		"BurnSteps of two":    func() { s.BurnSteps(ctx, map[string]int64{"a77": 5, "a78": 5}, now) },
		"RemoveFactors":       func() { s.RemoveFactors(ctx, "u78") },
		"SpendRecoveryCode":   func() { s.SpendRecoveryCode(ctx, "u77", "x", now) },
		"RecoveryCodesLeft":   func() { s.RecoveryCodesLeft(ctx, "u77") },
		"Ticket":              func() { s.Ticket(ctx, hash, storage.TicketEnrol) },
		"SpendTicket":         func() { s.SpendTicket(ctx, hash, storage.TicketEnrol, now) },
		"Enrolment":           func() { s.Enrolment(ctx, storage.Purpose{UserID: "u77", Kind: storage.EnrolFirst}, now) },
		"DropEnrolment":       func() { s.DropEnrolment(ctx, "u79") },
		"CodeSheet":           func() { s.CodeSheet(ctx, "u77", "", now) },
		"KeepCodeSheet":       func() { s.KeepCodeSheet(ctx, "b77", now) },
		"CodeSheetKept":       func() { s.CodeSheetKept(ctx, "u77", "b77") },
		"CountAuthenticators": func() { s.CountAuthenticators(ctx, "u77") },
		"RenameAuthenticator": func() { s.RenameAuthenticator(ctx, "u77", "a77", "x") },
		"RemoveAuthenticator": func() { s.RemoveAuthenticator(ctx, "u77", "a77") },
		"HoldUser":            func() { s.HoldUser(ctx, storage.User{ID: "u77", Epoch: 1}) },
		"KeepOnlySession":     func() { s.KeepOnlySession(ctx, storage.User{ID: "u77"}, "s77", now) },
		"EndCompleteSessions": func() { s.EndCompleteSessions(ctx, "u77", now) },
		"ConfirmEnrolment":    func() { s.ConfirmEnrolment(ctx, "e77", 1, nil, now) },
		"EndEnrolment":        func() { s.EndEnrolment(ctx, "e77") },
		"CountAttempt":        func() { s.CountAttempt(ctx, now, budget, storage.Budget{Key: "k78", Tries: 5}) },
		"PassAttempt":         func() { s.PassAttempt(ctx, now, budget) },
		"ClearAttempts":       func() { s.ClearAttempts(ctx, "k77") },
		"HoldAttempts":        func() { s.HoldAttempts(ctx, "k77") },
		"ReserveAttempt":      func() { room, _, _ = s.ReserveAttempt(ctx, now, budget, storage.Budget{Key: "k78", Tries: 5}) },
		"FailAttempt":         func() { s.FailAttempt(ctx, room, now) },
		"SucceedAttempt":      func() { s.SucceedAttempt(ctx, room, "k77") },
		"ReleaseAttempt":      func() { s.ReleaseAttempt(ctx, room) },
		"Attempts":            func() { s.Attempts(ctx, "k77", "k78") },
		"BeginSignIn":         func() { s.BeginSignIn(ctx, half, "") },
		"HalfSignIn":          func() { s.HalfSignIn(ctx, hash, now) },
		"CompleteSignIn":      func() { s.CompleteSignIn(ctx, hash, storage.Completion{TokenHash: []byte("x")}, now) },
		"SignIn":              func() { s.SignIn(ctx, hash, "c77", now) },
		"TouchSession":        func() { s.TouchSession(ctx, "s77", now, now) },
		"Sessions":            func() { s.Sessions(ctx, "u77", now) },
		"EndSession":          func() { s.EndSession(ctx, hash) },
		"EndSessionOf":        func() { s.EndSessionOf(ctx, "u77", "s77") },
		"EndSessions":         func() { s.EndSessions(ctx, "u77") },
		"EndOtherSessions":    func() { s.EndOtherSessions(ctx, "u79", "s79", now) },
		"Overview":            func() { s.Overview(ctx, "u77", now) },
		"Apps":                func() { s.Apps(ctx, "u77", now) },
		"ReplaceClaims":       func() { s.ReplaceClaims(ctx, "u77", nil, now, now) },
		"DeleteUserButLast":   func() { s.DeleteUserButLastAdmin(ctx, "u80") },
		"GrantsOf":            func() { s.GrantsOf(ctx, "u77", 50) },
		"RevokeOfSession":     func() { s.RevokeGrantsOfSession(ctx, "u77", "s77", now) },
		"Client":              func() { s.Client(ctx, "c77") },
		"InitialToken":        func() { s.InitialToken(ctx, hash, now) },
		"SpendInitialToken":   func() { s.SpendInitialToken(ctx, hash, now) },
		"InitialTokens":       func() { s.InitialTokens(ctx, lastID("it"), 100) },
		"DeleteInitialToken":  func() { s.DeleteInitialToken(ctx, "it78") },
		"SelfRegistered":      func() { s.SelfRegistered(ctx, 1000) },
		"Clients, later":      func() { s.Clients(ctx, lastID("c"), 100) },
		"Consents":            func() { s.Consents(ctx, "u77") },
		"WithdrawConsent":     func() { s.WithdrawConsent(ctx, "u77", "c77", now) },
		"Flow":                func() { s.Flow(ctx, "f77", hash, now) },
		"ConsentToFlow":       func() { s.ConsentToFlow(ctx, "f77", "u77", now) },
		"EndFlow":             func() { s.EndFlow(ctx, "f77") },
		"GrantByCode":         func() { s.GrantByCode(ctx, hash) },
		"Grant":               func() { s.Grant(ctx, "g77", "t77") },
		"RedeemCode":          func() { s.RedeemCode(ctx, "g77", redemption, now) },
		"RotateRefreshToken":  func() { s.RotateRefreshToken(ctx, "g77", 1, "", now, now) },
		"RevokeGrant":         func() { s.RevokeGrant(ctx, "g77", "", now) },
		"CountCodeFailure":    func() { s.CountCodeFailure(ctx, "g77") },
		"TokenRevoked":        func() { s.TokenRevoked(ctx, "t77") },
		"SpendProof":          func() { s.SpendProof(ctx, "k77", "jti", now) },
		"SpendAssertion":      func() { s.SpendAssertion(ctx, "c77", "jti", now) },
		"Events":              func() { s.Events(ctx, storage.EventQuery{Limit: 50}) },
		"Events of a user":    func() { s.Events(ctx, storage.EventQuery{UserID: "u77", Limit: 50, Before: lastID("i")}) },
		"Events of a user by name": func() {
			s.Events(ctx, storage.EventQuery{UserID: "u77", Names: []string{"a", "b"}, Limit: 1})
		},
		"Events since": func() {
			s.Events(ctx, storage.EventQuery{Since: now.Add(manyRows * 99 / 100 * time.Second), Before: lastID("i"), Limit: 50})
		},
		"ChainedEvents":   func() { s.ChainedEvents(ctx, manyRows/2, 100) },
		"UnchainedEvents": func() { s.UnchainedEvents(ctx, after, 100) },
		"ChainEvents":     func() { s.ChainEvents(ctx, 1, chain) },
		"Mails":           func() { s.Mails(ctx, 50) },
		"WaitingMail":     func() { s.WaitingMail(ctx) },
		"ClaimMail":       func() { s.ClaimMail(ctx, now, now.Add(manyRows*time.Second)) },
		"DeferMail":       func() { s.DeferMail(ctx, storage.Mail{ID: "m77"}, storage.Mail{}) },
		"SentMail":        func() { s.SentMail(ctx, "m77", now) },
		"GiveUpMail":      func() { s.GiveUpMail(ctx, storage.Mail{ID: "m78"}, "", now) },
		"Visits":          func() { s.Visits(ctx, "s77") },
		"WaitingVisits":   func() { s.WaitingVisits(ctx) },
		"ClaimVisit":      func() { s.ClaimVisit(ctx, now, now.Add(manyRows*time.Second)) },
		"DeferVisit":      func() { s.DeferVisit(ctx, visit, visit) },
		"DeliverVisit":    func() { s.DeliverVisit(ctx, visit, now) },
		"GiveUpVisit":     func() { s.GiveUpVisit(ctx, visit, "", now) },
		"DropVisit":       func() { s.DropVisit(ctx, visit) },
		"Sweep":           func() { s.Sweep(ctx, now.Add(100*time.Second), 50) },
	}
}

// lastID is the id of a row near the end of a table.
func lastID(prefix string) string { return prefix + strconv.Itoa(manyRows-10) }

var chain = storage.Chain{
	Link: func([]byte, int64, string) []byte { return []byte("link") },
	Seal: func(int64, []byte) []byte { return []byte("seal") },
}

func TestLookUpsUseAnIndex(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		var counter storagetest.Counter
		s := db.Open(t, counter.Intercept)
		raw := db.SQL(t)
		fill(t, db, raw)
		unindexed := storagetest.Statement{Text: `SELECT id FROM users WHERE email = 'x'`}
		require.Regexp(t, readsAll, plan(t, db, raw, unindexed)[0], "the check sees a scan")
		for name, ask := range lookUps(t.Context(), s) {
			t.Run(name, func(t *testing.T) {
				counter.Reset()
				ask()
				require.NotZero(t, counter.Count())
				for _, statement := range counter.Statements() {
					for _, step := range plan(t, db, raw, statement) {
						require.NotRegexp(t, readsAll, step, statement.Text)
					}
				}
			})
		}
	})
}

// readsAll is how both databases say that they read a table from one end to the other. A scan in the order of an index is how a page
// of a list begins; small tables are always scanned.
var readsAll = regexp.MustCompile(`(Seq Scan on|^SCAN) (users|passwords|authenticators|recovery_codes|tickets|registrations|enrolments|code_sheets|sessions|visits|consents|clients|flows|` +
	`grants|revoked_tokens|client_assertions|dpop_proofs|initial_access_tokens|throttle|audit_events|outbox|[a-uw-z])\b( [a-z])?($|  \()`)

func plan(t *testing.T, db *storagetest.Database, raw *sql.DB, statement storagetest.Statement) []string {
	t.Helper()
	prefix := "EXPLAIN QUERY PLAN "
	if db.Postgres() {
		prefix = "EXPLAIN "
	}
	args := make([]any, len(statement.Args))
	for i, arg := range statement.Args {
		args[i] = arg.Value
	}
	rows, err := raw.Query(prefix+statement.Text, args...)
	require.NoError(t, err, statement.Text)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var steps []string
	for rows.Next() {
		var skip any
		var step string
		dest := []any{&skip, &skip, &skip, &step}
		require.NoError(t, rows.Scan(dest[len(dest)-len(columns):]...))
		steps = append(steps, step)
	}
	require.NoError(t, rows.Err())
	return steps
}
