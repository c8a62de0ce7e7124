package browsertest

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder is a test that is expected to fail.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatal(arguments ...any) {
	r.failure = fmt.Sprint(arguments...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, arguments ...any) {
	r.Fatal(fmt.Sprintf(format, arguments...))
}

// failure returns how act fails the test that it is given.
func failure(t *testing.T, act func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		act(r)
	}()
	<-ended
	require.NotEmpty(t, r.failure, "it does not fail")
	return r.failure
}
