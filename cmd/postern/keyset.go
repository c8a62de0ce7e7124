package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/storage"
)

// keysetFile returns the path of the keyset: from the settings, or beside the SQLite file. It is empty when the keyset is not in a file.
func keysetFile(cfg config.Config) string {
	switch {
	case cfg.Secrets.KeysetFile != "":
		return cfg.Secrets.KeysetFile
	case cfg.Secrets.Keyset != "" || !onSQLite(cfg):
		return ""
	}
	return filepath.Join(filepath.Dir(sqliteFile(cfg)), "keyset.json")
}

// loadKeyset reads the keyset. If the database is on SQLite and does not exist yet, it makes a keyset.
func loadKeyset(cfg config.Config, how opening) (*storage.Keyset, error) {
	if text := cfg.Secrets.Keyset.Reveal(); text != "" {
		return storage.ReadKeyset([]byte(text))
	}
	path := keysetFile(cfg)
	keyset, err := readKeyset(path)
	if errors.Is(err, fs.ErrNotExist) && cfg.Secrets.KeysetFile == "" && onSQLite(cfg) {
		return makeKeyset(cfg, path, how)
	}
	return keyset, err
}

func readKeyset(path string) (*storage.Keyset, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the keyset: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the keyset: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, withHint(fmt.Errorf("everybody on this machine can read the keyset %s", path), "run: chmod 600 "+path)
	}
	keyset, err := storage.ReadKeyset(text)
	if err != nil {
		return nil, withHint(fmt.Errorf("%s: %w", path, err), "put back the file that was made together with the database; postern secrets new makes one for a new database")
	}
	return keyset, nil
}

// makeKeyset writes a new keyset, but never for a database that exists: its secrets would be lost. Of several processes that
// start in one empty folder, one makes the keyset that all of them use, because it is written before the database.
func makeKeyset(cfg config.Config, path string, how opening) (*storage.Keyset, error) {
	if how == existing || findDatabase(cfg) == nil {
		keyset, err := readKeyset(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, withHint(fmt.Errorf("there is a database but not its keyset %s", path),
				"put back the keyset file that was made together with the database")
		}
		return keyset, err
	}
	keyset, err := storage.NewKeyset()
	if err != nil {
		return nil, err
	}
	err = writeKeyset(keyset, path, os.Link)
	if errors.Is(err, fs.ErrExist) {
		return readKeyset(path)
	}
	return keyset, err
}

// writeKeyset writes the file in one step, readable for its owner only: put is os.Rename, which replaces an existing file, or os.Link,
// which fails with fs.ErrExist if there is one.
func writeKeyset(keyset *storage.Keyset, path string, put func(from, to string) error) error {
	text, err := keyset.JSON()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write the keyset: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".keyset-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("write the keyset: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = put(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the keyset: %w", err)
	}
	return nil
}
