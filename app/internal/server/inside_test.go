package server

import (
	"context"
	"testing"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type echo interface {
	echo(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error)
}

type echoes struct{ entered chan struct{} }

func (e echoes) echo(ctx context.Context, in *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
	close(e.entered)
	<-ctx.Done()
	return in, nil
}

// A call that comes before the process is open waits, and is refused only when its own time is over; one that comes after the
// end is refused at once.
func TestACallInsideWaitsForTheStartAndIsRefusedAfterTheStop(t *testing.T) {
	in := newInside(nil, time.Minute)
	e := echoes{entered: make(chan struct{})}
	in.RegisterService(&grpc.ServiceDesc{ServiceName: "test.Echo", Methods: []grpc.MethodDesc{{MethodName: "Echo",
		Handler: func(srv any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			got := new(wrapperspb.StringValue)
			if err := dec(got); err != nil {
				return nil, err
			}
			return srv.(echo).echo(ctx, got)
		}}}}, e)
	call := func(ctx context.Context) (string, error) {
		reply := new(wrapperspb.StringValue)
		err := in.call(ctx, "/test.Echo/Echo", nil, wrapperspb.String("here"), reply)
		return reply.GetValue(), err
	}
	hurried, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := call(hurried)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	type outcome struct {
		text string
		err  error
	}
	waiting := make(chan outcome, 1)
	go func() { text, err := call(t.Context()); waiting <- outcome{text, err} }()
	go func() { _ = in.Start(t.Context()) }()
	<-e.entered
	stop, done := context.WithTimeout(t.Context(), time.Millisecond)
	defer done()
	require.ErrorIs(t, in.Stop(stop), context.DeadlineExceeded, "one is running still: it is told to end")
	require.Equal(t, outcome{"here", nil}, <-waiting)
	require.NoError(t, in.Stop(t.Context()))
	_, err = call(t.Context())
	require.Equal(t, "UNAVAILABLE", kerrors.Reason(err))
}
