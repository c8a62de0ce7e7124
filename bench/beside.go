package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

const (
	besideConnections = 32
	besideRate        = 200 // refreshes a second
)

// compareBeside measures the token endpoint at a fixed rate of refreshes, alone and while 32 people at a time sign in, because
// the password hashes of sign-ins could take all cores.
func (r *run) compareBeside(ctx context.Context) (*comparison, error) {
	fmt.Fprintf(r.progress, "%d refreshes a second, without and with %d sign-ins\n", besideRate, besideConnections)
	prepare := refresh(func(t *target) webClient { return t.es256 })
	var c comparison
	refreshes, err := prepare(r.target, besideConnections)
	if err != nil {
		return nil, err
	}
	alone, err := openLoop(ctx, refreshes, besideRate, r.plan)
	if err != nil {
		return nil, err
	}
	signIns, err := signIn(r.target, besideConnections)
	if err != nil {
		return nil, err
	}
	var beside, signedIn sample
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		beside, err = openLoop(ctx, refreshes, besideRate, r.plan)
		return err
	})
	group.Go(func() (err error) {
		signedIn, err = closedLoop(ctx, signIns, r.plan)
		return err
	})
	if err := errors.Join(group.Wait(), r.target.hangUp()); err != nil {
		return nil, err
	}
	c.Alone = newMeasurement("refresh alone", opened, besideConnections, alone)
	c.Beside = newMeasurement("refresh beside sign-ins", opened, besideConnections, beside)
	c.SignIns = newMeasurement("sign-ins", closed, besideConnections, signedIn)
	c.P99 = ratio(c.Beside.P99, c.Alone.P99)
	return &c, nil
}
