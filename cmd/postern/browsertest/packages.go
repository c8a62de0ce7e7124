package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// installPatience is how long npm may take to fetch what testdata/npm names.
const installPatience = 5 * time.Minute

// npmPackage returns the path of a file in a package that testdata/npm names,
// as InstallPackages installs it.
func npmPackage(t testing.TB, file string) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatalf("npm packages: %v", err)
	}
	folder := filepath.Join(root, "cmd", "postern", "browsertest", "testdata", "npm")
	return filepath.Join(InstallPackages(t, folder), filepath.FromSlash(file))
}

// InstallPackages returns the folder node_modules with what package-lock.json
// of folder names. When the packages are not there, or are not those, npm
// installs them; tests of other processes wait meanwhile. npm has to be
// installed: apt install nodejs npm. With -short the test is skipped.
func InstallPackages(t testing.TB, folder string) string {
	t.Helper()
	SkipIfShort(t)
	if err := installPackages(folder); err != nil {
		t.Fatalf("npm packages of %s: %v", folder, err)
	}
	return filepath.Join(folder, "node_modules")
}

func installPackages(folder string) error {
	handle, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer handle.Close() // and the lock with it
	if err := syscall.Flock(int(handle.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	wanted, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	stamp := filepath.Join(folder, "node_modules", "installed.json") // the lock file that npm has completed
	if there, err := os.ReadFile(stamp); err == nil && bytes.Equal(there, wanted) {
		return nil
	}
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%s is not installed: apt install nodejs npm", name)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), installPatience)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = folder
	if said, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, said)
	}
	return os.WriteFile(stamp, wanted, 0o644)
}

// moduleRoot returns the folder of go.mod, seen from the folder of the test.
func moduleRoot() (string, error) {
	folder, err := os.Getwd() // of a test: its package's
	if err != nil {
		return "", err
	}
	for at := folder; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
	}
	return "", fmt.Errorf("no go.mod above %s", folder)
}
