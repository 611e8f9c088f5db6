package saga_test

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/onepool/onepool/app/internal/coordinator"
	"github.com/onepool/onepool/app/internal/coordinator/coordinatortest"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/internal/saga"
)

const takeMethod = "/onepool.test.v1.Branch/Take"

var secret = []byte("a secret of thirty-two bytes and more")

// branch is a center's branch listener: Take records the values it is given and the branches they came by.
type branch struct {
	srv  *grpc.Server
	addr string

	mu     sync.Mutex
	taken  []string
	seen   []saga.Branch
	refuse func(value string) error
}

type taker interface {
	take(context.Context, *wrapperspb.StringValue) (*emptypb.Empty, error)
}

func (b *branch) take(ctx context.Context, v *wrapperspb.StringValue) (*emptypb.Empty, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		if err := b.refuse(v.GetValue()); err != nil {
			return nil, err
		}
	}
	from, _ := saga.BranchFromContext(ctx)
	b.taken, b.seen = append(b.taken, v.GetValue()), append(b.seen, from)
	return &emptypb.Empty{}, nil
}

func (b *branch) values() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.taken...)
}

// listen starts a branch listener on addr ("127.0.0.1:0" for a free port), with the workflows it can resume.
func listen(t *testing.T, addr string, key []byte, handlers map[string]saga.Handler) *branch {
	t.Helper()
	lis, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	verify, err := saga.VerifyBranch(key)
	require.NoError(t, err)
	b := &branch{srv: grpc.NewServer(grpc.UnaryInterceptor(verify)), addr: lis.Addr().String()}
	b.srv.RegisterService(&grpc.ServiceDesc{
		ServiceName: "onepool.test.v1.Branch", HandlerType: (*taker)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Take", Handler: func(s any, ctx context.Context, decode func(any) error, chain grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := decode(in); err != nil {
				return nil, err
			}
			return chain(ctx, in, &grpc.UnaryServerInfo{FullMethod: takeMethod}, func(ctx context.Context, req any) (any, error) {
				return s.(taker).take(ctx, req.(*wrapperspb.StringValue))
			})
		}}},
	}, b)
	require.NoError(t, saga.RegisterExecutor(b.srv, handlers))
	go func() { _ = b.srv.Serve(lis) }()
	t.Cleanup(b.srv.Stop)
	return b
}

func client(t *testing.T, target string) *saga.Coordinator {
	t.Helper()
	c, err := saga.New(saga.Config{Target: target, Secret: secret})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func newGID(kind string) string { return ids.GID(kind, ids.New("tst"), 1) }

func take(center, value string) saga.Call {
	return saga.Call{Center: center, Method: takeMethod, Payload: wrapperspb.String(value)}
}

func statusOf(t *testing.T, c *saga.Coordinator, gid string) saga.Status {
	t.Helper()
	s, err := c.Query(t.Context(), gid)
	require.NoError(t, err)
	return s
}

func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, within, 20*time.Millisecond, what)
}

func TestAMessageIsDeliveredOnceItsCallsAreAnswered(t *testing.T) {
	t.Parallel()
	dtm := coordinatortest.Start(t, coordinator.Config{})
	b := listen(t, "127.0.0.1:0", secret, nil)
	require.NoError(t, dtm.SetBranches(map[string]string{"stock": b.addr}))
	c := client(t, dtm.Addr())
	gid := newGID("ms")
	require.Equal(t, saga.Absent, statusOf(t, c, gid))

	require.NoError(t, c.SubmitMessage(t.Context(), gid, []saga.Call{take("stock", "one"), take("stock", "two"), take("stock", "two")}, false))
	eventually(t, 5*time.Second, "delivered", func() bool { return statusOf(t, c, gid) == saga.Succeeded })
	require.Equal(t, []string{"one", "two", "two"}, b.values())
	require.Equal(t, []saga.Branch{{GID: gid, ID: "01", Op: "action"}, {GID: gid, ID: "02", Op: "action"}, {GID: gid, ID: "03", Op: "action"}}, b.seen)

	t.Run("the same gid again is a success and delivers nothing", func(t *testing.T) {
		require.NoError(t, c.SubmitMessage(t.Context(), gid, []saga.Call{take("stock", "one")}, false))
		time.Sleep(200 * time.Millisecond) // nothing to wait for: a second delivery would be immediate
		require.Len(t, b.values(), 3)
	})
}

func TestAMessageTooLongForOneColumnIsDelivered(t *testing.T) {
	t.Parallel()
	dtm := coordinatortest.Start(t, coordinator.Config{})
	b := listen(t, "127.0.0.1:0", secret, nil)
	require.NoError(t, dtm.SetBranches(map[string]string{"stock": b.addr}))
	c := client(t, dtm.Addr())
	calls := make([]saga.Call, saga.MaxCalls)
	for i := range calls {
		calls[i] = take("stock", string(make([]byte, 2000)))
	}
	gid := newGID("ms")
	require.NoError(t, c.SubmitMessage(t.Context(), gid, calls, true))
	eventually(t, 10*time.Second, "delivered", func() bool { return statusOf(t, c, gid) == saga.Succeeded })
	require.Len(t, b.values(), saga.MaxCalls)
	require.Error(t, c.SubmitMessage(t.Context(), newGID("ms"), append(calls, calls[0]), true), "more than MaxCalls")
}

func TestAnOutboxMessageIsDelivered(t *testing.T) {
	t.Parallel()
	b := listen(t, "127.0.0.1:0", secret, nil)
	dtm := coordinatortest.Start(t, coordinator.Config{Branches: map[string]string{"stock": b.addr}})
	c := client(t, dtm.Addr())
	call, err := outbox.NewCall("stock", takeMethod, wrapperspb.String("from the outbox"))
	require.NoError(t, err)
	empty, err := outbox.NewCall("stock", takeMethod, wrapperspb.String(""))
	require.NoError(t, err)
	gid := outbox.GID("ob", ids.New("obx"))
	for range 2 {
		require.NoError(t, c.Outbox().SubmitMessage(t.Context(), gid, []outbox.Call{call, empty}))
	}
	eventually(t, 5*time.Second, "delivered", func() bool { return statusOf(t, c, gid) == saga.Succeeded })
	require.ElementsMatch(t, []string{"from the outbox", ""}, b.values())
}

func TestOnlySignedCallsReachABranch(t *testing.T) {
	t.Parallel()
	b := listen(t, "127.0.0.1:0", secret, nil)
	conn, err := grpc.NewClient(b.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	for name, md := range map[string][]string{
		"no metadata":       nil,
		"no signature":      {"dtm-gid", newGID("ms"), "dtm-branch_id", "01", "dtm-op", "action"},
		"a wrong signature": {"dtm-gid", newGID("ms"), "dtm-branch_id", "01", "dtm-op", "action", "x-onepool-mac", "AAAA"},
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), md...)
		err := conn.Invoke(ctx, takeMethod, wrapperspb.String("x"), new(emptypb.Empty))
		require.Equal(t, codes.Unauthenticated, status.Code(err), name)
		err = conn.Invoke(ctx, "/workflow.Workflow/Execute", new(emptypb.Empty), new(emptypb.Empty))
		require.Equal(t, codes.Unauthenticated, status.Code(err), name)
	}
	require.Empty(t, b.values())

	t.Run("another key delivers nothing, the right one later does", func(t *testing.T) {
		dtm := coordinatortest.Start(t, coordinator.Config{Branches: map[string]string{"stock": b.addr}})
		other, err := saga.New(saga.Config{Target: dtm.Addr(), Secret: []byte("another secret, just as long as it must be")})
		require.NoError(t, err)
		t.Cleanup(func() { _ = other.Close() })
		gid := newGID("ms")
		require.NoError(t, other.SubmitMessage(t.Context(), gid, []saga.Call{take("stock", "x")}, false))
		require.Never(t, func() bool { return len(b.values()) > 0 }, time.Second, 50*time.Millisecond)
		require.Equal(t, saga.Submitted, statusOf(t, other, gid))
	})
}

func TestAMessageOutlivesTheCoordinatorAndADeadCenter(t *testing.T) {
	t.Parallel()
	dead := listen(t, "127.0.0.1:0", secret, nil)
	dead.srv.Stop()
	alive := listen(t, "127.0.0.1:0", secret, nil)
	dtm := coordinatortest.Start(t, coordinator.Config{Branches: map[string]string{"stock": dead.addr, "member": alive.addr}})
	c := client(t, dtm.Addr())
	sequential, side := newGID("ms"), newGID("mc")
	require.NoError(t, c.SubmitMessage(t.Context(), sequential, []saga.Call{take("stock", "s1"), take("member", "s2")}, false))
	require.NoError(t, c.SubmitMessage(t.Context(), side, []saga.Call{take("stock", "c1"), take("member", "c2")}, true))
	eventually(t, 5*time.Second, "the living center does not wait in a concurrent message", func() bool { return len(alive.values()) == 1 })
	require.Equal(t, []string{"c2"}, alive.values())

	addr, pid := dtm.Addr(), dtm.PID()
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	eventually(t, 10*time.Second, "restarted", func() bool { return dtm.Restarts() == 1 })
	require.Equal(t, addr, dtm.Addr())
	require.NotEqual(t, pid, dtm.PID())
	require.Equal(t, saga.Submitted, statusOf(t, c, sequential))

	began := time.Now()
	back := listen(t, "127.0.0.1:0", secret, nil) // on another port
	require.NoError(t, dtm.SetBranches(map[string]string{"stock": back.addr, "member": alive.addr}))
	for _, gid := range []string{sequential, side} { // at once: new addresses are tried without waiting for the interval
		eventually(t, 8*time.Second, "final", func() bool { return statusOf(t, c, gid) == saga.Succeeded })
	}
	t.Logf("delivered %v after the center was back", time.Since(began))
	require.ElementsMatch(t, []string{"s1", "c1"}, back.values())
	require.Contains(t, alive.values(), "s2")
}

func TestManyWritersAndAKilledCoordinatorLoseNothing(t *testing.T) {
	t.Parallel()
	const writers, each, kills = 8, 50, 3
	b := listen(t, "127.0.0.1:0", secret, nil)
	dtm := coordinatortest.Start(t, coordinator.Config{Branches: map[string]string{"stock": b.addr}})
	c := client(t, dtm.Addr())
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				gid := newGID("ms")
				for c.SubmitMessage(context.Background(), gid, []saga.Call{take("stock", gid)}, false) != nil { // as a relay does
				}
			}
		})
	}
	wg.Go(func() {
		for n := range kills {
			for len(b.values()) < (n+1)*writers*each/(kills+2) {
				time.Sleep(time.Millisecond)
			}
			_ = syscall.Kill(dtm.PID(), syscall.SIGKILL)
			for dtm.Restarts() <= n {
				time.Sleep(time.Millisecond)
			}
		}
	})
	wg.Wait()
	eventually(t, 40*time.Second, "each is delivered at least once", func() bool {
		distinct := map[string]bool{}
		for _, v := range b.values() {
			distinct[v] = true
		}
		return len(distinct) == writers*each
	})
	require.Equal(t, kills, dtm.Restarts())
	t.Logf("%d deliveries of %d messages, %d restarts", len(b.values()), writers*each, dtm.Restarts())
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := saga.New(saga.Config{Target: "127.0.0.1:1", Secret: []byte("short")})
	require.ErrorContains(t, err, "32 bytes")
	_, err = saga.New(saga.Config{Secret: secret})
	require.ErrorContains(t, err, "address")
	c := client(t, "127.0.0.1:1")
	require.ErrorContains(t, c.SubmitMessage(t.Context(), "short", []saga.Call{take("stock", "x")}, false), "no gid")
	require.ErrorContains(t, c.SubmitMessage(t.Context(), newGID("ms"), []saga.Call{{Center: "stock", Method: "Take"}}, false), "full gRPC method")
	var nothing proto.Message
	_, err = c.Prepare(t.Context(), newGID("wf"), saga.Call{Center: "stock", Method: "/Place", Payload: nothing})
	require.ErrorContains(t, err, "workflow name")
}
