package command

import (
	"context"
	"errors"
	"fmt"
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
	in, err := Begin(ctx, db, c.Spec)
	if err != nil {
		return answer, err
	}
	if in.Done() {
		return Answer[R](in)
	}
	if err := Resume(ctx, in, c.Lease, c.Execute); err != nil {
		return answer, err
	}
	if err := in.Reload(ctx); err != nil {
		return answer, err
	}
	if !in.Done() {
		return answer, ErrInProgress
	}
	return Answer[R](in)
}

// Resume runs execute on the intent under a lease that is extended as long as it runs; the context given to execute ends
// when the lease is lost. ErrInProgress means that another holds it. An intent that was finished meanwhile is no error.
func Resume(ctx context.Context, in *Intent, lease time.Duration, execute func(ctx context.Context, in *Intent) error) (err error) {
	if lease <= 0 {
		lease = DefaultLease
	}
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
	run, cancel := context.WithCancelCause(tenancy.NewContext(ctx, in.Principal))
	var keeper sync.WaitGroup
	keeper.Go(func() { keep(run, cancel, in, lease) })
	err = execute(run, in)
	cancel(nil)
	keeper.Wait()
	if errors.Is(err, ErrFinished) {
		return nil
	}
	if err != nil {
		// The outcome is open: let the next one begin at once, a worker after a while.
		return errors.Join(err, in.Release(context.WithoutCancel(ctx), 0))
	}
	return nil
}

var errLeaseLost = errors.New("command: the lease of the intent was lost")

// keep extends the lease until run ends.
func keep(run context.Context, cancel context.CancelCauseFunc, in *Intent, lease time.Duration) {
	tick := time.NewTicker(lease / leaseParts)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-run.Done():
			return
		case <-tick.C:
		}
		held, err := in.Extend(run, lease)
		switch {
		case err == nil && held:
			last = time.Now()
		case err == nil: // taken over, or finished
			cancel(errLeaseLost)
			return
		case time.Since(last) > lease:
			cancel(fmt.Errorf("%w: %w", errLeaseLost, err))
			return
		}
	}
}
