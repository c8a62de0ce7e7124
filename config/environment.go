package config

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// variablePrefix begins the name of every environment variable that Postern reads.
const variablePrefix = "POSTERN_"

// serviceLink matches the variables that Kubernetes puts into every container beside a service whose name begins with
// "postern": POSTERN_SERVICE_HOST, POSTERN_DB_PORT_5432_TCP_ADDR and their like.
var serviceLink = regexp.MustCompile(
	`^POSTERN_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$`)

// isForeign says that a variable with our prefix is rightly no setting: the file's own name, variables for tests, and
// service links, of which POSTERN_PORT=tcp://… has no name of its own.
func isForeign(name, value string) bool {
	return name == "POSTERN_CONFIG" ||
		strings.HasPrefix(name, "POSTERN_TEST_") ||
		serviceLink.MatchString(name) ||
		strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

// readEnvironment collects the settings among environ. Keys contain underscores themselves, so variables are looked
// up among the known names and never split.
func readEnvironment(environ []string, settings []Setting, problems *Problems) layer {
	direct, fromFile := map[string]Setting{}, map[string]Setting{}
	var names []string
	for _, s := range settings {
		direct[s.Env] = s
		names = append(names, s.Env)
		if s.EnvFile != "" {
			fromFile[s.EnvFile] = s
			names = append(names, s.EnvFile)
		}
	}

	result := layer{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, variablePrefix) {
			continue
		}
		setting, known := direct[name]
		if s, ok := fromFile[name]; ok {
			setting, known = s, true
			value, ok = readSecret(s, value, problems)
			if !ok {
				continue
			}
		}
		if !known {
			if !isForeign(name, value) {
				problems.add(name, "", "is not a variable that Postern knows", unknownHint(nearest(name, names)))
			}
			continue
		}
		if other, twice := result[setting.Key]; twice && other.where != name {
			problems.add(setting.Key, name, "is given by "+other.where+" as well", "keep one of the two variables")
			continue
		}
		result[setting.Key] = given{origin{source: FromEnvironment, where: name}, value}
	}
	return result
}

// readSecret reads the file that a POSTERN_…_FILE variable names, without the line break at its end. The mode of the
// file is not judged: platforms mount such files readable for all into a folder that only the container sees.
func readSecret(s Setting, path string, problems *Problems) (string, bool) {
	content, err := os.ReadFile(path)
	if err != nil {
		problems.add(s.Key, s.EnvFile, "the file that it names cannot be read: "+cause(err),
			"name an existing file that Postern's user can read")
		return "", false
	}
	return strings.TrimRight(string(content), "\r\n"), true
}

// cause returns what went wrong with a file, without the operation and the path.
func cause(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err.Error()
	}
	return err.Error()
}
