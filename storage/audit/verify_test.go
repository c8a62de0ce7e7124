package audit_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// Six entries are chained and two are not. Then somebody who has the database but not the keyset damages them.
func TestVerifyFindsTheFirstDamage(t *testing.T) {
	const otherMAC = `AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`
	for _, c := range []struct {
		name   string
		damage []string
		fault  *audit.Fault // without the id
	}{
		{"nothing", nil, nil},
		{"text changed", []string{`UPDATE audit_events SET body = replace(body, 'u1', 'u2') WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Changed}},
		{"space added", []string{`UPDATE audit_events SET body = body || ' ' WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Changed}},
		{"member added", []string{`UPDATE audit_events SET body = replace(body, '"actor"', '"x":1,"actor"') WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Changed}},
		{"text emptied", []string{`UPDATE audit_events SET body = '{}' WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Changed}},
		{"hash of the text changed", []string{`UPDATE audit_events SET body = substr(body, 1, length(body) - 45) || '` + otherMAC + `"}' WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Changed}},
		{"user changed", []string{`UPDATE audit_events SET user_id = 'u2' WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Changed}},
		{"name changed", []string{`UPDATE audit_events SET name = 'x' WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Changed}},
		{"time changed", []string{`UPDATE audit_events SET at = at + 1 WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Changed}},
		{"id changed", []string{`UPDATE audit_events SET id = 'x' WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Changed}},
		{"link changed", []string{`UPDATE audit_events SET link = (SELECT x.link FROM audit_events x WHERE x.seq = 4) WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Moved}},
		{"two places exchanged", []string{
			`UPDATE audit_events SET seq = 99 WHERE seq = 3`, `UPDATE audit_events SET seq = 3 WHERE seq = 5`, `UPDATE audit_events SET seq = 5 WHERE seq = 99`,
		}, &audit.Fault{Seq: 3, Damage: audit.Moved}},
		{"one removed", []string{`DELETE FROM audit_events WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Removed}},
		{"first removed", []string{`DELETE FROM audit_events WHERE seq = 1`}, &audit.Fault{Seq: 1, Damage: audit.Removed}},
		{"one removed and the gap closed", []string{
			`DELETE FROM audit_events WHERE seq = 3`, `UPDATE audit_events SET seq = 3 WHERE seq = 4`, `UPDATE audit_events SET seq = 4 WHERE seq = 5`,
			`UPDATE audit_events SET seq = 5 WHERE seq = 6`,
		}, &audit.Fault{Seq: 3, Damage: audit.Moved}},
		{"one made unchained", []string{`UPDATE audit_events SET seq = NULL, link = NULL WHERE seq = 3`}, &audit.Fault{Seq: 3, Damage: audit.Removed}},
		{"newest removed", []string{`DELETE FROM audit_events WHERE seq > 4`}, &audit.Fault{Seq: 5, Damage: audit.Removed}},
		{"newest removed and the end set back", []string{
			`DELETE FROM audit_events WHERE seq > 4`, `UPDATE audit_head SET seq = 4`,
		}, &audit.Fault{Seq: 5, Damage: audit.Removed}},
		{"newest removed and the end made from the last link", []string{
			`DELETE FROM audit_events WHERE seq > 4`, `UPDATE audit_head SET seq = 4, link = (SELECT link FROM audit_events WHERE seq = 4)`,
		}, &audit.Fault{Seq: 5, Damage: audit.Removed}},
		{"all removed", []string{`DELETE FROM audit_events`}, &audit.Fault{Seq: 1, Damage: audit.Removed}},
		{"end removed", []string{`DELETE FROM audit_head`}, &audit.Fault{Seq: 7, Damage: audit.Removed}},
		{"end set to nothing", []string{`UPDATE audit_head SET seq = 0`}, &audit.Fault{Seq: 7, Damage: audit.Removed}},
		{"unchained text changed", []string{`UPDATE audit_events SET body = replace(body, 'u1', 'u2') WHERE seq IS NULL`}, &audit.Fault{Damage: audit.Changed}},
		{"unchained column changed", []string{`UPDATE audit_events SET user_id = '' WHERE seq IS NULL`}, &audit.Fault{Damage: audit.Changed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
				log := audit.New(db.Open(t))
				record(t, log, 6)
				_, err := log.Chain(t.Context())
				require.NoError(t, err)
				record(t, log, 2)
				raw := db.SQL(t)
				for _, statement := range c.damage {
					_, err := raw.Exec(statement)
					require.NoError(t, err)
				}
				requireFault(t, log, c.fault)
				if c.fault == nil || c.fault.Seq == 0 {
					return
				}
				_, err = log.Chain(t.Context()) // chaining goes on and does not hide the damage
				require.NoError(t, err)
				requireFault(t, log, c.fault)
			})
		})
	}
}

func requireFault(t *testing.T, log *audit.Log, want *audit.Fault) {
	t.Helper()
	report, err := log.Verify(t.Context())
	require.NoError(t, err)
	if want == nil {
		require.Nil(t, report.Fault)
		require.Equal(t, int64(8), report.Chained+report.Unchained)
		return
	}
	require.NotNil(t, report.Fault)
	require.Equal(t, want.Seq, report.Fault.Seq)
	require.Equal(t, want.Damage, report.Fault.Damage)
	require.Equal(t, want.Damage == audit.Removed, report.Fault.ID == "")
	require.Contains(t, report.Fault.String(), string(want.Damage))
}

func TestVerifyWithoutEntries(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		report, err := audit.New(db.Open(t)).Verify(t.Context())
		require.NoError(t, err)
		require.Equal(t, audit.Report{}, report)
	})
}

func TestVerifyWhileEntriesAreWritten(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		writer, reader := audit.New(db.Open(t)), audit.New(db.Open(t))
		stop := make(chan struct{})
		failed := make(chan error, 2)
		var wg sync.WaitGroup
		for _, step := range []func() error{
			func() error { return writer.Record(t.Context(), example, now) },
			func() error { _, err := writer.Chain(t.Context()); return err },
		} {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if err := step(); err != nil {
						failed <- err
						return
					}
				}
			})
		}
		for seen := int64(0); seen < 30; {
			report, err := reader.Verify(t.Context())
			require.NoError(t, err)
			require.Nil(t, report.Fault)
			require.GreaterOrEqual(t, report.Chained+report.Unchained, seen, "entries from before are included")
			seen = report.Chained + report.Unchained
		}
		close(stop)
		wg.Wait()
		require.Empty(t, failed)
	})
}

func TestFaultReadsAsASentence(t *testing.T) {
	require.Equal(t, "entry 7 (X) was changed", audit.Fault{Seq: 7, ID: "X", Damage: audit.Changed}.String())
	require.Equal(t, "entry 7 was removed", audit.Fault{Seq: 7, Damage: audit.Removed}.String())
	require.Equal(t, "entry X, not chained yet, was changed", audit.Fault{ID: "X", Damage: audit.Changed}.String())
}
