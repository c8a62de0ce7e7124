//go:build !linux

package postgres

import "syscall"

// setUserTimeout does nothing: the option has no common name outside of Linux. Deadlines and keep-alive probes do their work alone.
func setUserTimeout(string, string, syscall.RawConn) error { return nil }
