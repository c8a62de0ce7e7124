package postgres

import (
	"database/sql/driver"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnswerLimit(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10s": 10 * time.Second, "1500": 1500 * time.Millisecond, " 2 min ": 2 * time.Minute, "0.5h": 30 * time.Minute, "250ms": 250 * time.Millisecond,
	} {
		got, err := answerLimit(text)
		require.NoError(t, err, text)
		require.Equal(t, want+answerGrace, got, text)
	}
	got, err := answerLimit("0")
	require.NoError(t, err)
	require.Greater(t, got, 24*time.Hour, "no limit")
	for _, text := range []string{"", "-1", "ten", "10 parsecs", "1s1ms"} {
		_, err := answerLimit(text)
		require.Error(t, err, text)
	}
	_, err = NewConnector("postgres://localhost/x?statement_timeout=soon")
	require.ErrorContains(t, err, "statement_timeout")
}

func TestConnectingBeginsWithTheHostThatAnswered(t *testing.T) {
	for address, tc := range map[string]struct{ hosts, first, then string }{
		"":                {"host=a,/tmp,b&port=1,2,3", "a", "b"},
		"a:1":             {"host=a,/tmp,b&port=1,2,3", "a", "b"},
		"/tmp/.s.PGSQL.2": {"host=a,/tmp,b&port=1,2,3", "/tmp", "a"},
		"b:3":             {"host=a,/tmp,b&port=1,2,3", "b", "/tmp"},
		"192.0.2.2:2":     {"host=a,b&hostaddr=192.0.2.1,192.0.2.2&port=1,2", "b", "a"},
		"gone:1":          {"host=a,/tmp,b&port=1,2,3", "a", "b"},
	} {
		c, err := NewConnector("postgres:///x?sslmode=disable&" + tc.hosts)
		require.NoError(t, err)
		if address != "" {
			c.first.Store(&address)
		}
		cfg := c.config()
		require.Equal(t, tc.first, cfg.Host, address)
		require.Equal(t, tc.then, cfg.Multi[len(cfg.Multi)-1].Host, address)
	}
}

func TestConnectingLeavesAHostThatFellSilent(t *testing.T) {
	c, err := NewConnector("postgres:///x?sslmode=disable&host=a,/tmp,b&port=1,2,3")
	require.NoError(t, err)
	first := "b:3"
	c.first.Store(&first)
	c.fellSilent("a:1", time.Now())
	require.Equal(t, "b", c.config().Host, "another host comes first")
	c.fellSilent("b:3", time.Now())
	require.Equal(t, "a", c.config().Host)
	c.fellSilent("a:1", time.Now())
	require.Equal(t, "/tmp", c.config().Host)
	require.NotZero(t, c.silence.Load())
}

// unaware is a driver's connection that has not noticed that the network is gone.
type unaware struct{ driver.Conn }

func (unaware) IsValid() bool { return true }

func TestClosedLinkIsNotUsed(t *testing.T) {
	c := &conn{Conn: unaware{}, link: &link{err: net.ErrClosed}, connector: &Connector{}}
	require.False(t, c.IsValid())
	require.ErrorIs(t, c.ResetSession(t.Context()), driver.ErrBadConn)
	_, err := exchange(c, time.Now().Add(time.Minute), func() (struct{}, error) {
		t.Error("something was sent")
		return struct{}{}, nil
	})
	require.ErrorIs(t, err, driver.ErrBadConn)
}
