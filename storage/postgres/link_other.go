//go:build !linux

package postgres

import "syscall"

// setUserTimeout does nothing, because the option has no common name outside Linux. Deadlines and keep-alive probes have to suffice.
func setUserTimeout(string, string, syscall.RawConn) error { return nil }
