package storagetest

import (
	"context"
	"database/sql/driver"
	"sync"
)

// Faults makes statements fail on demand. Its zero value lets everything pass.
type Faults struct {
	mu       sync.Mutex
	left     int // statements until the one that fails; 0: no statement fails
	executed bool
	err      error
}

// Fail makes the n-th statement from now on fail with err. The count starts at 1 and includes the beginnings and ends of transactions. If
// executed is set, the database executes the statement first, as if the connection were lost before the answer.
func (f *Faults) Fail(n int, executed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.executed, f.err = n, executed, err
}

// Pending reports whether the statement that is to fail is still to come.
func (f *Faults) Pending() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.left > 0
}

// Intercept is an [Interceptor].
func (f *Faults) Intercept(connector driver.Connector) driver.Connector {
	return intercept(connector, hooks{
		before: func(context.Context, Statement) error { return f.fault(false) },
		after:  func(context.Context, Statement) error { return f.fault(true) },
	})
}

func (f *Faults) fault(executed bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 || f.executed != executed {
		return nil
	}
	if f.left--; f.left > 0 {
		return nil
	}
	return f.err
}
