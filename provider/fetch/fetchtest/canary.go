// Package fetchtest has servers that outgoing requests may reach in tests, and one that they must not reach. [Hosted] serves texts; the
// canary is a listener on this machine that no outgoing request may reach, however its address is spelled.
//
// A package whose code fetches runs its tests through Main, aims every attempt of a test at URLs, and fails if the canary has sung by the end of the
// run. Only tests import it.
package fetchtest

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// Canary listens on the loopback addresses.
type Canary struct {
	port      string
	listeners []net.Listener
	sung      atomic.Int64
}

// NewCanary starts a canary. It listens on 127.0.0.1, and on ::1 where the machine has it, at the same port.
func NewCanary() (*Canary, error) {
	first, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &Canary{listeners: []net.Listener{first}}
	_, c.port, _ = net.SplitHostPort(first.Addr().String())
	if second, err := net.Listen("tcp6", net.JoinHostPort("::1", c.port)); err == nil {
		c.listeners = append(c.listeners, second)
	}
	for _, l := range c.listeners {
		go c.listen(l)
	}
	return c, nil
}

func (c *Canary) listen(l net.Listener) {
	for {
		visitor, err := l.Accept()
		if err != nil {
			return
		}
		c.sung.Add(1)
		visitor.Close()
	}
}

// Sung returns how many connections have reached the canary.
func (c *Canary) Sung() int64 { return c.sung.Load() }

// Close ends the canary.
func (c *Canary) Close() {
	for _, l := range c.listeners {
		l.Close()
	}
}

// hosts are spellings of this machine, and addresses at which a cloud or a private network would answer.
var hosts = []string{
	"127.0.0.1", "localhost", "127.1", "0x7f000001", "0x7f.1", "2130706433", "0177.0.0.1", "0.0.0.0", "127.0.0.1.", "localhost.", "[::1]", "[::]",
	"[::ffff:127.0.0.1]", "[::127.0.0.1]", "[::ffff:0:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
	"169.254.169.254", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.100.100.200", "[fd00:ec2::254]", "[fec0::1]", "[fe80::1]", "224.0.0.1", "255.255.255.255",
}

// URLs returns URLs with the given path that lead to the canary: with each spelling of its host, with https and with http.
func (c *Canary) URLs(path string) (urls []string) {
	for _, host := range hosts {
		urls = append(urls, "https://"+host+":"+c.port+path, "http://"+host+":"+c.port+path)
	}
	return urls
}

// Port returns the port that the canary listens on.
func (c *Canary) Port() string { return c.port }

// Main runs the tests of a package and returns the exit code, which says that the tests failed if one of them has made the canary sing.
func (c *Canary) Main(run func() int) int {
	code := run()
	if sung := c.Sung(); sung > 0 {
		fmt.Fprintf(os.Stderr, "the canary sang: %d outgoing requests reached a loopback address that was not allowed\n", sung)
		return max(code, 1)
	}
	return code
}
