package storagetest

import (
	"context"
	"database/sql/driver"
	"slices"
	"sync"
	"time"
)

// Counter records the statements that reach the driver. Its zero value is ready for use, and it may observe several stores.
type Counter struct {
	mu         sync.Mutex
	statements []Statement
	begins     int
	ends       int
}

// Intercept is an [Interceptor].
func (c *Counter) Intercept(connector driver.Connector) driver.Connector {
	return intercept(connector, hooks{before: func(_ context.Context, s Statement) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch s.Kind {
		case Begin:
			c.begins++
		case Commit, Rollback:
			c.ends++
		default:
			s.Args = slices.Clone(s.Args)
			c.statements = append(c.statements, s)
		}
		return nil
	}})
}

// Reset forgets all statements so far.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statements, c.begins, c.ends = nil, 0, 0
}

// Count returns how many queries and commands there were, not counting the beginnings and ends of transactions.
func (c *Counter) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.statements)
}

// Transactions returns how many transactions began and how many ended.
func (c *Counter) Transactions() (begun, ended int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begins, c.ends
}

// Statements returns the queries and commands in order.
func (c *Counter) Statements() []Statement {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.statements)
}

// Texts returns the texts of the queries and commands in order.
func (c *Counter) Texts() []string {
	statements := c.Statements()
	texts := make([]string, len(statements))
	for i, s := range statements {
		texts[i] = s.Text
	}
	return texts
}

// Delay returns an [Interceptor] that waits after each query before it returns the rows, so that what was read may have changed by the time
// something is written.
func Delay(d time.Duration) Interceptor {
	return func(connector driver.Connector) driver.Connector {
		return intercept(connector, hooks{after: func(ctx context.Context, s Statement) error {
			if s.Kind != Query {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(d):
				return nil
			}
		}})
	}
}
