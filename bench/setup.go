package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/postern-id/postern/storage"
)

// serverPackage is the package that is built if no binary is given.
const serverPackage = "github.com/postern-id/postern/cmd/postern"

// setup has everything that is needed before the first measurement.
type setup struct {
	folder   string
	private  *postgres // nil: the run uses no private server
	database database
	instance instance
	target   *target
}

// prepare builds the server, makes its database, and adds users and clients. The caller must call remove, even after an error.
func prepare(ctx context.Context, o options, progress io.Writer) (s *setup, err error) {
	s = &setup{}
	if s.folder, err = os.MkdirTemp(o.dir, "postern-bench-"); err != nil {
		return s, err
	}
	if err := s.openDatabase(ctx, o); err != nil {
		return s, err
	}
	binary := o.binary
	if binary == "" {
		fmt.Fprintln(progress, "building", serverPackage)
		binary = filepath.Join(s.folder, "postern")
		build := exec.CommandContext(ctx, "go", "build", "-tags", "nomsgpack", "-trimpath", "-ldflags=-s -w", "-o", binary, serverPackage)
		if output, err := build.CombinedOutput(); err != nil {
			return s, fmt.Errorf("build the server: %w\n%s", err, output)
		}
	}
	if s.instance, err = newInstance(s.folder, binary, s.database.url); err != nil {
		return s, err
	}
	return s, s.fill(ctx, o, progress)
}

func (s *setup) openDatabase(ctx context.Context, o options) (err error) {
	switch o.database {
	case "sqlite":
		s.database = databaseOf(sqlitePrefix + filepath.Join(s.folder, "postern.db"))
	case "postgres":
		if s.private, err = startPostgres(ctx, o.dir, o.postgresBin); err != nil {
			return err
		}
		s.database = databaseOf(s.private.url())
	default:
		s.database = databaseOf(o.database)
	}
	return nil
}

// remove stops the processes that prepare started and deletes the files that it wrote.
func (s *setup) remove() error {
	var err error
	if s.private != nil {
		err = s.private.stop()
	}
	if s.folder != "" {
		err = errors.Join(err, os.RemoveAll(s.folder))
	}
	return err
}

// newInstance returns a server on free ports of the loopback interface, with a new keyset. All other settings are Postern's
// defaults.
func newInstance(folder, binary, databaseURL string) (instance, error) {
	public, err := freeAddress()
	if err != nil {
		return instance{}, err
	}
	ops, err := freeAddress()
	if err != nil {
		return instance{}, err
	}
	keyset, err := storage.NewKeyset()
	if err != nil {
		return instance{}, err
	}
	text, err := keyset.JSON()
	if err != nil {
		return instance{}, err
	}
	keysetFile := filepath.Join(folder, "keyset.json")
	if err := os.WriteFile(keysetFile, text, 0o600); err != nil {
		return instance{}, err
	}
	environ := slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "POSTERN_") })
	environ = append(environ,
		"POSTERN_ISSUER=http://"+public, "POSTERN_LISTEN="+public, "POSTERN_OPS_LISTEN="+ops,
		"POSTERN_DATABASE_URL="+databaseURL, "POSTERN_SECRETS_KEYSET_FILE="+keysetFile,
		"POSTERN_SHUTDOWN_DRAIN=0s", // no load balancer is to be told
	)
	return instance{binary: binary, environ: environ, address: public, log: filepath.Join(folder, "server.log")}, nil
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// fill migrates the database and adds users and clients, with Postern's own commands.
func (s *setup) fill(ctx context.Context, o options, progress io.Writer) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	fmt.Fprintln(progress, "importing", o.users, "users")
	s.target = &target{address: s.instance.address, issuer: "http://" + s.instance.address, people: newPeople(o.users)}
	if err := s.importPeople(ctx); err != nil {
		return err
	}
	var err error
	if s.target.es256, err = s.addWebClient(ctx, "ES256"); err != nil {
		return err
	}
	if s.target.rs256, err = s.addWebClient(ctx, "RS256"); err != nil {
		return err
	}
	s.target.service, err = s.addClient(ctx, "bench-service", "--type", "service")
	return err
}

// migrate makes the tables. On SQLite only the first start of the server does that.
func (s *setup) migrate(ctx context.Context) error {
	if s.database.sqlite {
		_, err := startOnce(ctx, s.instance)
		return err
	}
	_, err := s.instance.command(ctx, "migrate", "up")
	return err
}

func (s *setup) importPeople(ctx context.Context) error {
	path := filepath.Join(s.folder, "users.jsonl")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(s.target.people.writeImport(file), file.Close()); err != nil {
		return err
	}
	_, err = s.instance.command(ctx, "user", "import", "-f", path)
	return err
}

// addWebClient registers a client that skips consent, like an operator's own app, and whose ID tokens are signed with that
// algorithm.
func (s *setup) addWebClient(ctx context.Context, algorithm string) (webClient, error) {
	args := []string{"--type", "web", "--redirect-uri", redirectURI, "--consent", "skip", "--id-token-alg", algorithm}
	for scope := range strings.FieldsSeq(scopes) {
		args = append(args, "--scope", scope)
	}
	c, err := s.addClient(ctx, "bench-"+strings.ToLower(algorithm), args...)
	c.algorithm = algorithm
	return c, err
}

func (s *setup) addClient(ctx context.Context, id string, args ...string) (webClient, error) {
	output, err := s.instance.command(ctx, append([]string{"client", "add", "--json", "--id", id, "--name", id}, args...)...)
	if err != nil {
		return webClient{}, err
	}
	var added struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(output, &added); err != nil {
		return webClient{}, fmt.Errorf("read the added client: %w", err)
	}
	return webClient{id: added.ID, secret: added.Secret}, nil
}
