package command

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	// DefaultLease is how long a run holds its intent between two extensions.
	DefaultLease = 15 * time.Second
	// extensions of the lease that fit into its time: two may fail.
	leaseParts = 3
	// releaseTimeout bounds the courtesy of giving a lease back before its end.
	releaseTimeout = 2 * time.Second
)

// Distributed is a command that spans centers. The intent is committed first; Execute then runs the steps and, in one
// local transaction, the effect together with Intent.Finish. Whoever repeats the request, or the worker, resumes an
// intent whose run ended early: Execute must therefore take up from what the centers' own rows say.
type Distributed[R proto.Message] struct {
	Spec
	Execute func(ctx context.Context, in *Intent) error
	// Lease is how long a run may be silent before another takes over; 0 means DefaultLease.
	Lease time.Duration
}

// Run executes the command, resumes it, or gives the answer that it has already. It returns ErrInProgress while another
// runs it, and when the outcome is open.
func (c Distributed[R]) Run(ctx context.Context, db *database.DB) (answer R, err error) {
	lease := c.Lease
	if lease <= 0 {
		lease = DefaultLease
	}
	asked := time.Now()
	in, err := begin(ctx, db, c.Spec, lease)
	if err != nil {
		return answer, err
	}
	if in.Done() {
		return Answer[R](in)
	}
	if in.owner != "" { // made, and leased, by this call
		err = hold(ctx, in, lease, asked, c.Execute)
	} else {
		err = Resume(ctx, in, lease, c.Execute)
	}
	if err != nil {
		return answer, err
	}
	if !in.Done() { // by this run, that is: it may be by another
		if err := in.Reload(ctx); err != nil {
			return answer, err
		}
	}
	if !in.Done() {
		return answer, ErrInProgress
	}
	return Answer[R](in)
}

// Resume runs execute on the intent under a lease that is extended as long as it runs; the context given to execute ends
// when the lease is lost. ErrInProgress means that another holds it. An intent that was finished meanwhile is no error.
func Resume(ctx context.Context, in *Intent, lease time.Duration, execute func(ctx context.Context, in *Intent) error) error {
	if lease <= 0 {
		lease = DefaultLease
	}
	asked := time.Now()
	got, err := in.TryLease(ctx, ids.New("run"), lease)
	if err != nil {
		return err
	}
	if !got {
		if err := in.Reload(ctx); err != nil {
			return err
		}
		if in.Done() {
			return nil
		}
		return ErrInProgress
	}
	return hold(ctx, in, lease, asked, execute)
}

// hold runs execute under a lease that this call has had since asked.
func hold(ctx context.Context, in *Intent, lease time.Duration, asked time.Time, execute func(ctx context.Context, in *Intent) error) error {
	run, cancel := context.WithCancelCause(tenancy.NewContext(ctx, in.Principal))
	var keeper sync.WaitGroup
	keeper.Go(func() { keep(run, cancel, in, lease, asked) })
	err := execute(run, in)
	cancel(nil)
	keeper.Wait()
	if errors.Is(err, ErrFinished) {
		return nil
	}
	if err != nil {
		// The outcome is open: let the next one begin at once, a worker after a while.
		release, stop := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		defer stop()
		return errors.Join(err, in.Release(release, 0))
	}
	return nil
}

var errLeaseLost = errors.New("command: the lease of the intent was lost")

// keep extends the lease, asked for at that time, until run ends. It gives up while the lease still lasts for the others:
// also when the database neither takes nor refuses the extension.
func keep(run context.Context, cancel context.CancelCauseFunc, in *Intent, lease time.Duration, asked time.Time) {
	tick := time.NewTicker(lease / leaseParts)
	defer tick.Stop()
	safe := lease - lease/(2*leaseParts)
	end := time.NewTimer(time.Until(asked.Add(safe)))
	defer end.Stop()
	var failure error
	for {
		select {
		case <-run.Done():
			return
		case <-end.C:
			cancel(errors.Join(errLeaseLost, failure))
			return
		case <-tick.C:
		}
		now := time.Now()
		attempt, stop := context.WithDeadline(run, asked.Add(safe))
		held, err := in.Extend(attempt, lease)
		stop()
		switch {
		case err == nil && held:
			asked, failure = now, nil
			end.Reset(time.Until(asked.Add(safe)))
		case err == nil: // taken over, or finished
			cancel(errLeaseLost)
			return
		default:
			failure = err
		}
	}
}
