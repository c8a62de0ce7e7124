package storage

import "context"

// The names of what replicas cache in memory.
const (
	VersionClients     = "clients"
	VersionSigningKeys = "signing_keys"
)

// Versions returns the current version of everything that replicas cache, by name. A replica reads anything again whose version differs
// from that in its cache.
func (s *Store) Versions(ctx context.Context) (map[string]int64, error) {
	var rows []struct {
		Name    string `db:"name"`
		Version int64  `db:"version"`
	}
	if err := s.list(ctx, &rows, `SELECT name, version FROM versions`); err != nil {
		return nil, err
	}
	versions := make(map[string]int64, len(rows))
	for _, row := range rows {
		versions[row.Name] = row.Version
	}
	return versions, nil
}

func (s *database) raiseVersion(ctx context.Context, name string) error {
	_, err := s.exec(ctx, `UPDATE versions SET version = version + 1 WHERE name = ?`, name)
	return err
}
