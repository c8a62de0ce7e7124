package storage

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestStepsForOneDatabaseNeedBothTexts(t *testing.T) {
	files := fstest.MapFS{"0001_init.sql": {}, "0002_x.sqlite.sql": {}, "0002_x.postgres.sql": {}}
	others, err := otherDialects(files, "sqlite")
	require.NoError(t, err)
	require.Equal(t, []string{"0002_x.postgres.sql"}, others)
	others, err = otherDialects(files, "postgres")
	require.NoError(t, err)
	require.Equal(t, []string{"0002_x.sqlite.sql"}, others)

	delete(files, "0002_x.sqlite.sql")
	_, err = otherDialects(files, "sqlite")
	require.ErrorContains(t, err, "0002_x.postgres.sql")
}
