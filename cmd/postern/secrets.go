package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/loop"
)

func secretsCommand(t *terminal) *cobra.Command {
	return group("secrets", "The keyset that encrypts secrets at rest", secretsNewCommand(t), secretsRotateCommand(t))
}

func secretsNewCommand(t *terminal) *cobra.Command {
	var ifMissing bool
	cmd := &cobra.Command{
		Use: "new FILE", Short: "Make a keyset for a new database on PostgreSQL", Args: arguments(1), ValidArgsFunction: files,
		Long: "Make a keyset file, to be named in secrets.keyset_file. Anyone who has it and the database can read every secret; without it\n" +
			"the database is useless. Keep a copy, apart from the backups of the database.",
		RunE: func(_ *cobra.Command, args []string) error {
			keyset, err := storage.NewKeyset()
			if err != nil {
				return err
			}
			err = writeKeyset(keyset, args[0], os.Link)
			made := err == nil
			if !made && !errors.Is(err, fs.ErrExist) {
				return err
			}
			if !made && !ifMissing {
				return withHint(fmt.Errorf("%s exists already", args[0]), "name a file that does not exist: a keyset is never overwritten")
			}
			return t.show(map[string]any{"file": args[0], "made": made}, func(w io.Writer) {
				if made {
					fmt.Fprintln(w, "keyset written to", args[0])
				}
			})
		},
	}
	cmd.Flags().BoolVar(&ifMissing, "if-missing", false, "if the file exists, leave it as it is and succeed")
	return cmd
}

// Servers read a changed keyset file every keysetLook; rotation waits longer before it seals with the new key.
const (
	keysetLook  = time.Second
	keysetSpare = 3 * time.Second
	resealBatch = 200
)

func secretsRotateCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "Add a new key and encrypt every stored secret with it", Args: noArguments,
		Long: "Add a new key to the keyset file, wait until running servers have read it, and encrypt every stored secret with it. Older\n" +
			"keys stay in the file: access tokens and backups need them. If a run is interrupted, the next one completes it.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := t.load(nil)
			if err != nil {
				return err
			}
			path := keysetFile(cfg)
			if path == "" {
				return withHint(errors.New("the keyset is not in a file"), "set secrets.keyset_file instead of secrets.keyset")
			}
			t.useDatabase(cfg)
			lock, err := lockKeyset(path)
			if err != nil {
				return err
			}
			defer lock.Close()
			s, err := openServices(cmd.Context(), cfg, t.quietLog(), existing)
			if err != nil {
				return err
			}
			defer s.close()
			progress := t.progress("secrets looked at")
			changed, err := s.rotateSecrets(cmd.Context(), path, progress)
			err = progress.end(err, "the new key is in use beside the earlier ones; run it again to encrypt the rest")
			if err != nil {
				return err
			}
			return t.show(map[string]int{"encrypted": changed}, func(w io.Writer) {
				fmt.Fprintf(w, "new key in %s; %d secrets encrypted with it\n", path, changed)
			})
		},
	}
}

func (s *services) rotateSecrets(ctx context.Context, path string, progress *progress) (int, error) {
	rotated, err := s.store.Keyset().Rotated()
	if err != nil {
		return 0, err
	}
	if err := writeKeyset(rotated, path, os.Rename); err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(keysetSpare):
	}
	s.store.Keyset().Replace(rotated)
	if err := s.audit.Record(ctx, operator.Action(audit.SecretsRotated, nil), time.Now()); err != nil {
		return 0, err
	}
	return s.store.Reseal(ctx, resealBatch, progress.at)
}

// followKeyset loads the keyset file whenever it differs from the keyset in use, until ctx is done. If the file cannot be read, the keys in use
// stay.
func followKeyset(ctx context.Context, keyset *storage.Keyset, path string, log *slog.Logger) error {
	var seen []byte // time of the file, which may have changed since the keyset was loaded
	loop.Every(ctx, keysetLook, func(ctx context.Context) error {
		if text, err := os.ReadFile(path); err == nil && !bytes.Equal(text, seen) {
			seen = text
			replaceKeyset(ctx, keyset, text, log)
		}
		return nil
	}, nil)
	return nil
}

func replaceKeyset(ctx context.Context, keyset *storage.Keyset, text []byte, log *slog.Logger) {
	fresh, err := storage.ReadKeyset(text)
	if err != nil {
		log.ErrorContext(ctx, "the new keyset file cannot be used; the old keys stay in use", "cause", err)
		return
	}
	if !keyset.Same(fresh) {
		keyset.Replace(fresh)
		log.InfoContext(ctx, "keyset read again")
	}
}

// lockKeyset keeps other rotations away from the file until the lock is closed: the later of two at once would take the key of the earlier one out of
// the file, and with it everything that was encrypted with that key.
func lockKeyset(path string) (lock io.Closer, err error) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("lock the keyset: %w", err)
	}
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(withHint(fmt.Errorf("another rotation of %s is running", path), "wait until it is done"), folder.Close())
	}
	return folder, nil
}
