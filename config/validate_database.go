package config

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sqlitePrefix is the beginning of the URL of an SQLite database. A path follows it.
const sqlitePrefix = "sqlite:"

// sslModes are the modes of PostgreSQL clients, the weakest first.
var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// isPostgres reports whether a database URL is that of a PostgreSQL server.
func isPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// database checks the URL of the database. No message repeats any part of it, because what looks like a host or a port
// may be the end of a password that was not escaped.
func (v *validator) database() {
	const setting = "database.url"
	address := v.c.Database.URL.Reveal()
	if path, sqlite := strings.CutPrefix(address, sqlitePrefix); sqlite {
		if path == "" {
			v.add(setting, "names no file", "write it like sqlite:postern-data/postern.db")
		}
		if strings.ContainsAny(path, "?#") {
			v.add(setting, "has ? or # in the path of the file", "there are no parameters: write it like sqlite:postern-data/postern.db, with the path as it is")
		}
		return
	}
	if !isPostgres(address) {
		v.add(setting, "is neither an SQLite nor a PostgreSQL address",
			"write it like sqlite:postern-data/postern.db or postgres://postern@db.example.com/postern?sslmode=verify-full")
		return
	}
	if v.c.Secrets.KeysetFile == "" && v.c.Secrets.Keyset == "" {
		v.add("secrets.keyset_file", "is missing, and with PostgreSQL no keyset is made automatically",
			"set it, or secrets.keyset, to the same keyset on every replica")
	}
	u, err := url.Parse(v.c.Database.DriverURL())
	if err != nil {
		v.add(setting, "is not a valid URL", "escape special characters of the password (/ is %2F, @ is %40, ? is %3F, # is %23)")
		return
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		v.add(setting, "has parameters that are not valid", "write them like ?sslmode=verify-full&connect_timeout=5")
		return
	}
	hosts := v.databaseHosts(u, query)
	v.databaseTLS(hosts, query)
}

// pool checks how many connections are kept and for how long.
func (v *validator) pool() {
	within(v, "database.max_connections", v.c.Database.MaxConnections, 0, 1000)
	within(v, "database.idle_time", v.c.Database.IdleTime, time.Second, 24*time.Hour)
}

// databaseHosts returns all servers to which the driver could connect.
func (v *validator) databaseHosts(u *url.URL, query url.Values) []string {
	const setting = "database.url"
	host, _, err := net.SplitHostPort(u.Host)
	if err != nil {
		host = strings.Trim(u.Host, "[]")
	}
	if len(query["port"]) > 1 || len(query["port"]) == 1 && u.Port() != "" {
		v.add(setting, "names its ports twice", "keep the ports of the hosts or the parameter port, not both")
	}
	for _, port := range strings.Split(strings.Join(query["port"], ","), ",") {
		if number, err := strconv.ParseUint(port, 10, 16); query.Has("port") && (err != nil || number == 0) {
			v.add(setting, "has a port that is not a number from 1 to 65535", "write it like postgres://USER@HOST1:5432,HOST2:5433/NAME")
			break
		}
	}
	if len(query["host"]) > 1 {
		v.add(setting, "names its host twice", "keep the host before the path or the parameter host, not both")
	}
	if host != "" && query.Has("host") {
		v.add(setting, "names its host twice", "keep the host before the path or the parameter host, not both")
	}
	var hosts []string
	for _, list := range append([]string{host}, append(query["host"], query["hostaddr"]...)...) {
		if list != "" {
			hosts = append(hosts, strings.Split(list, ",")...)
		}
	}
	if len(hosts) == 0 || slices.Contains(hosts, "") {
		v.add(setting, "contains an empty host", "name every host, or the folder of the socket like ?host=/run/postgresql")
	}
	return hosts
}

// databaseTLS requires that the server's certificate is verified if the connection leaves the machine. Otherwise anyone
// on the network path could impersonate the server.
func (v *validator) databaseTLS(hosts []string, query url.Values) {
	const setting = "database.url"
	modes := query["sslmode"]
	if len(modes) != 1 {
		v.add(setting, "does not contain sslmode exactly once", "add ?sslmode=verify-full, or ?sslmode=disable for a server on this machine")
		return
	}
	if !slices.Contains(sslModes, modes[0]) {
		v.add(setting, "has an unknown sslmode", "choose one of "+strings.Join(sslModes, ", "))
		return
	}
	remote := func(host string) bool { return !isLoopback(host) && !strings.HasPrefix(host, "/") }
	if modes[0] != "verify-full" && slices.ContainsFunc(hosts, remote) && !v.c.Database.InsecureTLS {
		v.add(setting, "has sslmode="+modes[0]+" for a server on another machine",
			"use sslmode=verify-full with sslrootcert=FILE; database.insecure_tls: true accepts that others can read and change the data")
	}
}

// hasPassword reports whether a database URL contains a password.
func hasPassword(address string) bool {
	if !isPostgres(address) {
		return false
	}
	u, err := url.Parse(Database{URL: Secret(address)}.DriverURL())
	if err != nil {
		return true
	}
	_, inUser := u.User.Password()
	query := u.Query()
	return inUser || query.Has("password") || query.Has("sslpassword")
}

// address returns the database URL as it is shown: that of an SQLite database unchanged, that of a PostgreSQL server
// without password and parameters.
func (d Database) address() string {
	text := d.URL.Reveal()
	if strings.HasPrefix(text, sqlitePrefix) || text == "" {
		return text
	}
	u, err := url.Parse(d.DriverURL())
	if err != nil || !isPostgres(text) {
		return masked
	}
	_, hosts, _ := splitHosts(text)
	shown := url.URL{Scheme: u.Scheme, Host: hosts, Path: u.Path}
	if user := u.User.Username(); user != "" {
		shown.User = url.User(user)
	}
	return shown.String()
}
