package postgres

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestSystemWatchesConnections(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	var d dialer
	_, err = d.DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	defer d.link.Close()
	raw, err := d.link.Conn.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		for name, tc := range map[string]struct{ level, option, want int }{
			"keep-alive":  {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
			"idle":        {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 3},
			"interval":    {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 1},
			"count":       {unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3},
			"unconfirmed": {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 6000},
		} {
			got, err := unix.GetsockoptInt(int(fd), tc.level, tc.option)
			require.NoError(t, err, name)
			require.Equal(t, tc.want, got, name)
		}
	}))
}
