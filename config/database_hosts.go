package config

import (
	"net/url"
	"strings"
)

// defaultPort is PostgreSQL's default port.
const defaultPort = "5432"

// DriverURL returns the URL of the database in the form that the driver takes. Several hosts with ports
// (HOST1:PORT1,HOST2:PORT2), which libpq allows, become parameters.
//
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
func (d Database) DriverURL() string {
	address := d.URL.Reveal()
	before, list, after := splitHosts(address)
	if !isPostgres(address) || !strings.Contains(list, ",") || !hasPort(list) {
		return address
	}
	var hosts, ports []string
	for _, item := range strings.Split(list, ",") {
		host, port := splitPort(item)
		hosts, ports = append(hosts, strings.Trim(host, "[]")), append(ports, port)
	}
	path, query, _ := strings.Cut(after, "?")
	if query != "" {
		query = "&" + query
	}
	return before + path + "?host=" + url.QueryEscape(strings.Join(hosts, ",")) + "&port=" + url.QueryEscape(strings.Join(ports, ",")) + query
}

// splitHosts splits a URL into its list of hosts and the texts before and after it.
func splitHosts(address string) (before, hosts, after string) {
	begin := strings.Index(address, "://") + len("://")
	end := len(address)
	if i := strings.IndexAny(address[begin:], "/?#"); i >= 0 {
		end = begin + i
	}
	begin += strings.LastIndex(address[begin:end], "@") + 1
	return address[:begin], address[begin:end], address[end:]
}

// hasPort reports whether any host in a list has a port.
func hasPort(list string) bool {
	for _, item := range strings.Split(list, ",") {
		if host, _ := splitPort(item); host != item {
			return true
		}
	}
	return false
}

// splitPort splits HOST:PORT. If there is no port, it returns the default one. An IPv6 address must be in brackets.
func splitPort(item string) (host, port string) {
	if i := strings.LastIndex(item, ":"); i > strings.LastIndex(item, "]") {
		return item[:i], item[i+1:]
	}
	return item, defaultPort
}
