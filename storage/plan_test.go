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

// manyOf are statements that fill the tables. n is the number of the row, %BYTES% its text as BYTEA, and %AT% a time that differs between
// rows.
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
	if db.Postgres() { // PostgreSQL updates its statistics by itself; on SQLite there are none
		_, err := raw.Exec(`VACUUM ANALYZE`)
		require.NoError(t, err)
	}
}

// lookUps returns all calls by which a request, a page of a list or a loop reads tables that grow, by name. Their results do not matter
// here.
func lookUps(ctx context.Context, s *storage.Store) map[string]func() {
	hash, budget := []byte("u77"), storage.Budget{Key: "k77", Tries: 5, CloseAfter: 100}
	room, _, _ := s.Attempts.Reserve(ctx, now, budget)
	half := storage.HalfSignIn{TokenHash: []byte("new"), User: storage.User{ID: "u77"}, CreatedAt: now, ExpiresAt: now}
	clientSession := storage.ClientSession{SID: "s77", ClientID: "c77"}
	after := storage.Event{ID: lastID("i"), At: storage.At(now.Add(manyRows / 2 * time.Second))}
	return map[string]func(){
		"Users.ByID":                       func() { s.Users.ByID(ctx, "u77") },
		"Links.OfUser":                     func() { s.Links.OfUser(ctx, "u77", storage.LinkEnrol) },
		"Links.Delete":                     func() { s.Links.Delete(ctx, "u78", storage.LinkEnrol) },
		"SignUps.ByHash":                   func() { s.SignUps.ByHash(ctx, hash, now) },
		"SignUps.Spend":                    func() { s.SignUps.Spend(ctx, hash, now) },
		"SignUps.DeleteByEmail":            func() { s.SignUps.DeleteByEmail(ctx, "u79@x") },
		"Passwords.MarkExposed":            func() { s.Passwords.MarkExposed(ctx, "u76", 1, now) },
		"Sessions.HeldSignIn":              func() { s.Sessions.HeldSignIn(ctx, hash, now) },
		"Sessions.EnrollingSignIn":         func() { s.Sessions.EnrollingSignIn(ctx, hash, now) },
		"Sessions.Renew":                   func() { s.Sessions.Renew(ctx, hash, []byte("newer"), storage.User{ID: "u77", Epoch: 2}, "", now) },
		"Sessions.EndOtherEpochs":          func() { s.Sessions.EndOtherEpochs(ctx, storage.User{ID: "u75", Epoch: 2}) },
		"Users.ChangeEmail":                func() { s.Users.ChangeEmail(ctx, "u77", "x@x", now) },
		"Attempts.Allow":                   func() { s.Attempts.Allow(ctx, "k76", 3, time.Hour, now) },
		"Users.Find":                       func() { s.Users.Find(ctx, "u77@x") },
		"Users.List, first page":           func() { s.Users.List(ctx, "", 100) },
		"Users.List, later page":           func() { s.Users.List(ctx, lastID("u"), 100) },
		"Users.RaiseEpoch":                 func() { s.Users.RaiseEpoch(ctx, "u77", now) },
		"Passwords.ByLogin":                func() { s.Passwords.ByLogin(ctx, "n77") },
		"Authenticators.OfUser":            func() { s.Authenticators.OfUser(ctx, "u77") },
		"Authenticators.SpendSteps":        func() { s.Authenticators.SpendSteps(ctx, map[string]int64{"a77": 5}, now) },
		"Authenticators.SpendSteps of two": func() { s.Authenticators.SpendSteps(ctx, map[string]int64{"a77": 5, "a78": 5}, now) },
		"Users.RemoveFactors":              func() { s.Users.RemoveFactors(ctx, "u78") },
		"RecoveryCodes.Spend":              func() { s.RecoveryCodes.Spend(ctx, "u77", "x", now) },
		"RecoveryCodes.CountUnused":        func() { s.RecoveryCodes.CountUnused(ctx, "u77") },
		"Links.ByHash":                     func() { s.Links.ByHash(ctx, hash, storage.LinkEnrol) },
		"Links.Spend":                      func() { s.Links.Spend(ctx, hash, storage.LinkEnrol, now) },
		"Enrolments.ByPurpose":             func() { s.Enrolments.ByPurpose(ctx, storage.Purpose{UserID: "u77", Kind: storage.EnrolFirst}, now) },
		"Enrolments.EndOfUser":             func() { s.Enrolments.EndOfUser(ctx, "u79") },
		"RecoveryCodes.Sheet":              func() { s.RecoveryCodes.Sheet(ctx, "u77", "", now) },
		"RecoveryCodes.KeepSheet":          func() { s.RecoveryCodes.KeepSheet(ctx, "b77", now) },
		"RecoveryCodes.SheetKept":          func() { s.RecoveryCodes.SheetKept(ctx, "u77", "b77") },
		"Authenticators.Count":             func() { s.Authenticators.Count(ctx, "u77") },
		"Authenticators.Rename":            func() { s.Authenticators.Rename(ctx, "u77", "a77", "x") },
		"Authenticators.Remove":            func() { s.Authenticators.Remove(ctx, "u77", "a77") },
		"Users.Lock":                       func() { s.Users.Lock(ctx, storage.User{ID: "u77", Epoch: 1}) },
		"Sessions.KeepOnly":                func() { s.Sessions.KeepOnly(ctx, storage.User{ID: "u77"}, "s77", now) },
		"Sessions.EndComplete":             func() { s.Sessions.EndComplete(ctx, "u77", now) },
		"Enrolments.Confirm":               func() { s.Enrolments.Confirm(ctx, "e77", 1, nil, now) },
		"Enrolments.End":                   func() { s.Enrolments.End(ctx, "e77") },
		"Attempts.Count":                   func() { s.Attempts.Count(ctx, now, budget, storage.Budget{Key: "k78", Tries: 5}) },
		"Attempts.ClearUnlessBlocked":      func() { s.Attempts.ClearUnlessBlocked(ctx, now, budget) },
		"Attempts.Clear":                   func() { s.Attempts.Clear(ctx, "k77") },
		"Attempts.Lock":                    func() { s.Attempts.Lock(ctx, "k77") },
		"Attempts.Reserve":                 func() { room, _, _ = s.Attempts.Reserve(ctx, now, budget, storage.Budget{Key: "k78", Tries: 5}) },
		"Attempts.Fail":                    func() { s.Attempts.Fail(ctx, room, now) },
		"Attempts.Succeed":                 func() { s.Attempts.Succeed(ctx, room, "k77") },
		"Attempts.Release":                 func() { s.Attempts.Release(ctx, room) },
		"Attempts.States":                  func() { s.Attempts.States(ctx, "k77", "k78") },
		"Sessions.BeginSignIn":             func() { s.Sessions.BeginSignIn(ctx, half, "") },
		"Sessions.HalfSignIn":              func() { s.Sessions.HalfSignIn(ctx, hash, now) },
		"Sessions.CompleteSignIn":          func() { s.Sessions.CompleteSignIn(ctx, hash, storage.Completion{TokenHash: []byte("x")}, now) },
		"Sessions.SignIn":                  func() { s.Sessions.SignIn(ctx, hash, "c77", now) },
		"Sessions.Touch":                   func() { s.Sessions.Touch(ctx, "s77", now, now) },
		"Sessions.OfUser":                  func() { s.Sessions.OfUser(ctx, "u77", now) },
		"Sessions.End":                     func() { s.Sessions.End(ctx, hash) },
		"Sessions.EndByID":                 func() { s.Sessions.EndByID(ctx, "u77", "s77") },
		"Sessions.EndAll":                  func() { s.Sessions.EndAll(ctx, "u77") },
		"Sessions.EndOthers":               func() { s.Sessions.EndOthers(ctx, "u79", "s79", now) },
		"Users.Overview":                   func() { s.Users.Overview(ctx, "u77", now) },
		"Consents.Apps":                    func() { s.Consents.Apps(ctx, "u77", now) },
		"Users.ReplaceClaims":              func() { s.Users.ReplaceClaims(ctx, "u77", nil, now, now) },
		"Users.DeleteUnlessLastAdmin":      func() { s.Users.DeleteUnlessLastAdmin(ctx, "u80") },
		"Grants.OfUser":                    func() { s.Grants.OfUser(ctx, "u77", 50) },
		"Grants.RevokeOfSession":           func() { s.Grants.RevokeOfSession(ctx, "u77", "s77", now) },
		"Clients.ByID":                     func() { s.Clients.ByID(ctx, "c77") },
		"InitialTokens.ByHash":             func() { s.InitialTokens.ByHash(ctx, hash, now) },
		"InitialTokens.Spend":              func() { s.InitialTokens.Spend(ctx, hash, now) },
		"InitialTokens.List":               func() { s.InitialTokens.List(ctx, lastID("it"), 100) },
		"InitialTokens.Delete":             func() { s.InitialTokens.Delete(ctx, "it78") },
		"Clients.CountSelfRegistered":      func() { s.Clients.CountSelfRegistered(ctx, 1000) },
		"Clients.List, later":              func() { s.Clients.List(ctx, lastID("c"), 100) },
		"Consents.OfUser":                  func() { s.Consents.OfUser(ctx, "u77") },
		"Consents.Withdraw":                func() { s.Consents.Withdraw(ctx, "u77", "c77", now) },
		"Flows.ByID":                       func() { s.Flows.ByID(ctx, "f77", hash, now) },
		"Flows.Consent":                    func() { s.Flows.Consent(ctx, "f77", "u77", now) },
		"Flows.End":                        func() { s.Flows.End(ctx, "f77") },
		"Grants.ByCode":                    func() { s.Grants.ByCode(ctx, hash) },
		"Grants.ByID":                      func() { s.Grants.ByID(ctx, "g77", "t77") },
		"Grants.RedeemCode":                func() { s.Grants.RedeemCode(ctx, "g77", redemption, now) },
		"Grants.RotateRefreshToken":        func() { s.Grants.RotateRefreshToken(ctx, "g77", 1, "", now, now) },
		"Grants.Revoke":                    func() { s.Grants.Revoke(ctx, "g77", "", now) },
		"Grants.CountCodeFailure":          func() { s.Grants.CountCodeFailure(ctx, "g77") },
		"Grants.AccessTokenRevoked":        func() { s.Grants.AccessTokenRevoked(ctx, "t77") },
		"JTIs.SpendProof":                  func() { s.JTIs.SpendProof(ctx, "k77", "jti", now) },
		"JTIs.SpendAssertion":              func() { s.JTIs.SpendAssertion(ctx, "c77", "jti", now) },
		"Events.List":                      func() { s.Events.List(ctx, storage.EventQuery{Limit: 50}) },
		"Events.List of a user":            func() { s.Events.List(ctx, storage.EventQuery{UserID: "u77", Limit: 50, Before: lastID("i")}) },
		"Events.List of a user by name": func() {
			s.Events.List(ctx, storage.EventQuery{UserID: "u77", Names: []string{"a", "b"}, Limit: 1})
		},
		"Events.List since": func() {
			s.Events.List(ctx, storage.EventQuery{Since: now.Add(manyRows * 99 / 100 * time.Second), Before: lastID("i"), Limit: 50})
		},
		"Events.Chained":           func() { s.Events.Chained(ctx, manyRows/2, 100) },
		"Events.Unchained":         func() { s.Events.Unchained(ctx, after, 100) },
		"Events.Chain":             func() { s.Events.Chain(ctx, 1, chain) },
		"Outbox.List":              func() { s.Outbox.List(ctx, 50) },
		"Outbox.Waiting":           func() { s.Outbox.Waiting(ctx) },
		"Outbox.Claim":             func() { s.Outbox.Claim(ctx, now, now.Add(manyRows*time.Second)) },
		"Outbox.Defer":             func() { s.Outbox.Defer(ctx, storage.Mail{ID: "m77"}, storage.Delivery{}) },
		"Outbox.Done":              func() { s.Outbox.Done(ctx, storage.Mail{ID: "m77"}, now) },
		"Outbox.GiveUp":            func() { s.Outbox.GiveUp(ctx, storage.Mail{ID: "m78"}, "", now) },
		"ClientSessions.OfSession": func() { s.ClientSessions.OfSession(ctx, "s77") },
		"ClientSessions.Waiting":   func() { s.ClientSessions.Waiting(ctx) },
		"ClientSessions.Claim":     func() { s.ClientSessions.Claim(ctx, now, now.Add(manyRows*time.Second)) },
		"ClientSessions.Defer":     func() { s.ClientSessions.Defer(ctx, clientSession, storage.Delivery{}) },
		"ClientSessions.Done":      func() { s.ClientSessions.Done(ctx, clientSession, now) },
		"ClientSessions.GiveUp":    func() { s.ClientSessions.GiveUp(ctx, clientSession, "", now) },
		"ClientSessions.Drop":      func() { s.ClientSessions.Drop(ctx, clientSession) },
		"Sweep":                    func() { s.Sweep(ctx, now.Add(100*time.Second), 50) },
	}
}

// lastID returns the id of a row near the end of a table.
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
		require.Regexp(t, readsAll, plan(t, db, raw, unindexed)[0], "the check recognizes a scan")
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

// readsAll matches the words of both databases for a scan of a whole table. It does not match scans in the order of an index, which pages
// of lists use, or of small tables, which are always scanned.
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
