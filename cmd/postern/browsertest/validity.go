package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// checkerPatience is how long the HTML checker may take for all pages.
const checkerPatience = 2 * time.Minute

// Validity is what the HTML checker says about one page, a line for each
// message. A page without errors is valid.
type Validity struct {
	Errors, Warnings []string
}

// Validate asks the Nu Html Checker about pages, given by name, in one run. The
// answer has an entry for each page that something is said about. Java has to
// be installed: apt install default-jre-headless. With -short the test is
// skipped.
func Validate(t testing.TB, pages map[string]string) map[string]Validity {
	t.Helper()
	SkipIfShort(t)
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatal("java is not installed: apt install default-jre-headless")
	}
	folder, names := t.TempDir(), map[string]string{}
	for name, page := range pages {
		path := filepath.Join(folder, fmt.Sprintf("%d.html", len(names)))
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatalf("page %s: %v", name, err)
		}
		names["file:"+path] = name
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkerPatience)
	defer cancel()
	checker := exec.CommandContext(ctx, java, "-Xss8m", "-XX:TieredStopAtLevel=1", "-jar", npmPackage(t, "vnu-jar/build/dist/vnu.jar"),
		"--format", "json", "--stdout", "--exit-zero-always", folder)
	var faults strings.Builder
	checker.Stderr = &faults
	said, err := checker.Output()
	if err != nil {
		t.Fatalf("HTML checker: %v: %s", err, faults.String())
	}
	found, err := readValidity(said, names)
	if err != nil {
		t.Fatalf("HTML checker: %v: %s", err, said)
	}
	return found
}

// readValidity reads the checker's answer. names are the pages by address.
func readValidity(said []byte, names map[string]string) (map[string]Validity, error) {
	var answer struct {
		Messages []struct {
			Type, Subtype, URL, Message, Extract string
			LastLine                             int
		}
	}
	if err := json.Unmarshal(said, &answer); err != nil {
		return nil, err
	}
	found := map[string]Validity{}
	for _, m := range answer.Messages {
		name, known := names[m.URL]
		if !known {
			return nil, fmt.Errorf("%s about %q: %s", m.Type, m.URL, m.Message)
		}
		v, line := found[name], fmt.Sprintf("line %d: %s: %s", m.LastLine, m.Message, fold(m.Extract))
		if m.Type == "info" {
			v.Warnings = append(v.Warnings, line)
		} else { // "error", and what keeps the checker from checking
			v.Errors = append(v.Errors, line)
		}
		found[name] = v
	}
	return found, nil
}
