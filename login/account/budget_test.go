package account_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage/storagetest"
)

// The budgets count the statements that reach the driver, without BEGIN and COMMIT.
func TestStatementBudgets(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		counter := &storagetest.Counter{}
		o := openOffice(t, db, counter.Intercept)
		_, phone, _ := o.enrolled()
		p := o.person()

		counter.Reset()
		half := p.half(start)
		require.LessOrEqual(t, counter.Count(), 4, "%q", counter.Texts())

		counter.Reset()
		require.NoError(t, p.code(half, phone.at(start), start))
		require.LessOrEqual(t, counter.Count(), 4, "%q", counter.Texts())

		statements := map[string]int{}
		for _, name := range []string{ada, "nobody@example.test"} {
			counter.Reset()
			_, err := p.passwordOf(name, "wrong", start)
			require.ErrorIs(t, err, account.ErrCredentials)
			statements[name] = counter.Count()
		}
		require.Equal(t, statements[ada], statements["nobody@example.test"], "an unknown name takes as many statements")
	})
}
