package provider

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/postern-id/postern/provider/oauth"
)

// reached holds the rules in the log lines of all tests of this package.
var reached sync.Map

// ruleRecorder is a log handler that records which rules were broken.
type ruleRecorder struct{ slog.Handler }

func (h ruleRecorder) Handle(ctx context.Context, record slog.Record) error {
	record.Attrs(func(attr slog.Attr) bool {
		if attr.Key == "rule" {
			reached.Store(oauth.Rule(attr.Value.String()), true)
		}
		return true
	})
	return h.Handler.Handle(ctx, record)
}

// everyRuleWasReached returns 1, and prints why, if no test has broken a rule of the closed list: such a rule is superfluous or not tested. It is
// called when all tests have run.
func everyRuleWasReached() (code int) {
	for _, name := range []string{"test.run", "test.skip", "test.fuzz", "test.list"} {
		if given := flag.Lookup(name); given != nil && given.Value.String() != "" {
			return 0
		}
	}
	for _, rule := range oauth.Rules() {
		if _, found := reached.Load(rule); !found {
			fmt.Fprintln(os.Stderr, "no test breaks the rule", rule)
			code = 1
		}
	}
	return code
}
