package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the options of the command line.
type options struct {
	binary      string // path of the server; empty: it is built from the source
	against     string // path of another server to compare with; empty: there is none
	database    string // sqlite, postgres (a private server) or a postgres:// address
	postgresBin string // folder of initdb and postgres; empty: the newest in /usr/lib/postgresql
	dir         string // folder for databases; empty: the system's folder for temporary files
	connections []int
	plan        plan
	scenarios   []string
	users       int
	rate        int // of additional open-loop measurements; 0: there are none
	seedUsers   int
	seedGrants  int
	json        bool
}

// The limits of everything that costs time or memory.
const (
	maxConnections = 256
	maxDuration    = time.Minute
	maxUsers       = 100_000
	maxRate        = 100_000
	maxSeedUsers   = 10_000_000
	maxSeedGrants  = 50_000_000
)

func parseOptions(args []string, output io.Writer) (options, error) {
	var o options
	var connections, scenarios string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(output)
	flags.StringVar(&o.binary, "binary", "", "the `file` of the server; by default it is built from ./cmd/postern")
	flags.StringVar(&o.against, "against", "", "the `file` of another server; both are measured in turns and compared, and nothing else is measured")
	flags.StringVar(&o.database, "database", "sqlite", "sqlite, postgres (starts a private server) or the `URL` of an empty database, postgres://…")
	flags.StringVar(&o.postgresBin, "postgres-bin", "", "the `folder` of initdb and postgres; by default the newest below /usr/lib/postgresql")
	flags.StringVar(&o.dir, "dir", "", "the `folder` for databases; its disk limits the rate of commits")
	flags.StringVar(&connections, "connections", "1,8,32", "the `numbers` of connections to measure with")
	flags.DurationVar(&o.plan.duration, "duration", 5*time.Second, "how long one measurement takes")
	flags.DurationVar(&o.plan.warmup, "warmup", time.Second, "how long the load runs before it counts")
	flags.StringVar(&scenarios, "scenarios", strings.Join(scenarioNames(), ","), "the scenarios to run")
	flags.IntVar(&o.users, "users", 5000, "how many users sign in; a one-time code works once, so sign-ins need many")
	flags.IntVar(&o.rate, "rate", 0, "also measure every scenario but sign_in with this many requests a second")
	flags.IntVar(&o.seedUsers, "seed-users", 0, "measure again after adding this many users to the database")
	flags.IntVar(&o.seedGrants, "seed-grants", 0, "and this many refresh tokens")
	flags.BoolVar(&o.json, "json", false, "print JSON; the table goes to standard error")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	var numbersErr error
	o.connections, numbersErr = parseNumbers(connections)
	o.scenarios = strings.Split(scenarios, ",")
	return o, errors.Join(numbersErr, o.check())
}

func parseNumbers(list string) ([]int, error) {
	var numbers []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxConnections {
			return nil, fmt.Errorf("--connections: %q is not a number from 1 to %d", text, maxConnections)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

func (o options) check() error {
	for _, name := range o.scenarios {
		if !slices.Contains(scenarioNames(), name) {
			return fmt.Errorf("--scenarios: %q is not one of %s", name, strings.Join(scenarioNames(), ", "))
		}
	}
	within := func(name string, value, least, most int) error {
		if value < least || value > most {
			return fmt.Errorf("--%s must be %d to %d", name, least, most)
		}
		return nil
	}
	if o.plan.duration <= 0 || o.plan.duration > maxDuration || o.plan.warmup < 0 || o.plan.warmup > maxDuration {
		return fmt.Errorf("--duration and --warmup must be at most %v", maxDuration)
	}
	if o.database != "sqlite" && o.database != "postgres" && !strings.HasPrefix(o.database, "postgres://") {
		return errors.New("--database must be sqlite, postgres or begin with postgres://")
	}
	if o.against != "" && o.database != "sqlite" && o.database != "postgres" {
		return errors.New("--against needs two databases: --database must be sqlite or postgres")
	}
	return errors.Join(
		within("users", o.users, maxConnections, maxUsers), within("rate", o.rate, 0, maxRate),
		within("seed-users", o.seedUsers, min(o.seedGrants, 1), maxSeedUsers), within("seed-grants", o.seedGrants, 0, maxSeedGrants),
	)
}
