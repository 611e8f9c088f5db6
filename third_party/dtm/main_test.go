package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dtm-labs/dtm/client/dtmgrpc/dtmgpb"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const runMainEnv = "DTM_TEST_RUN_MAIN"

// TestMain lets this test binary be the server: the tests below start it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv(runMainEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// running is a server process.
type running struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	addr  string
	conn  *grpc.ClientConn
	dtm   dtmgpb.DtmClient
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "--data") {
		args = append(args, "--data", t.TempDir())
	}
	if !strings.Contains(strings.Join(args, " "), "--grpc") {
		args = append(args, "--grpc", "127.0.0.1:0")
	}
	r := &running{cmd: exec.Command(os.Args[0], append(args, "--exit-with-stdin")...)}
	r.cmd.Env = append(os.Environ(), runMainEnv+"=1")
	var err error
	r.stdin, err = r.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := r.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, r.cmd.Start())
	t.Cleanup(func() { _ = r.cmd.Process.Kill(); _ = r.cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	var said struct {
		Ready bool
		GRPC  string
	}
	require.NoError(t, json.Unmarshal([]byte(line), &said), line)
	require.True(t, said.Ready)
	r.addr = said.GRPC
	r.conn, err = grpc.NewClient(r.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.conn.Close() })
	r.dtm = dtmgpb.NewDtmClient(r.conn)
	return r
}

func (r *running) status(t *testing.T, gid string) string {
	t.Helper()
	reply := new(dtmgpb.DtmProgressesReply)
	require.NoError(t, r.conn.Invoke(t.Context(), "/onepool.dtm.v1.Transactions/Query", &dtmgpb.DtmRequest{Gid: gid}, reply))
	return reply.Transaction.Status
}

func gid(n int) string { return fmt.Sprintf("ms-%026d-01", n) }

func message(gid string, urls ...string) *dtmgpb.DtmRequest {
	req := &dtmgpb.DtmRequest{Gid: gid, TransType: typeMessage}
	steps := []map[string]string{}
	for _, u := range urls {
		steps = append(steps, map[string]string{"action": u})
		req.BinPayloads = append(req.BinPayloads, []byte{0x0a, 0x01, 'x'})
	}
	b, _ := json.Marshal(steps)
	req.Steps = string(b)
	return req
}

const takeURL = "onepool:///stock/onepool.test.v1.Branch/Take"

type taker interface {
	take(context.Context) (*emptypb.Empty, error)
}

// center is a branch service that counts the calls by their gid and branch.
type center struct {
	addr  string
	calls chan string
	hangs func(gid string) bool // may be nil
}

func (c *center) take(ctx context.Context) (*emptypb.Empty, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if c.hangs != nil && c.hangs(md.Get("dtm-gid")[0]) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c.calls <- md.Get("dtm-gid")[0] + "/" + md.Get("dtm-branch_id")[0]
	return &emptypb.Empty{}, nil
}

func listen(t *testing.T, addr string, hangs ...func(gid string) bool) *center {
	t.Helper()
	lis, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	c := &center{addr: lis.Addr().String(), calls: make(chan string, 1000)}
	if len(hangs) > 0 {
		c.hangs = hangs[0]
	}
	srv := grpc.NewServer()
	srv.RegisterService(&grpc.ServiceDesc{ServiceName: "onepool.test.v1.Branch", HandlerType: (*taker)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Take", Handler: func(s any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			if err := decode(new(wrapperspb.StringValue)); err != nil {
				return nil, err
			}
			return s.(taker).take(ctx)
		}}}}, c)
	go func() { _ = srv.Serve(lis) }()
	t.Cleanup(srv.Stop)
	return c
}

func TestItListensOnOneLoopbackAddressOnly(t *testing.T) {
	r := start(t)
	require.Equal(t, []string{r.addr}, listening(t, r.cmd.Process.Pid))
}

// listening reads from the kernel where a process listens.
func listening(t *testing.T, pid int) (addrs []string) {
	t.Helper()
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(fds) == 0 {
		t.Skip("no /proc here")
	}
	inodes := map[string]bool{}
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && strings.HasPrefix(target, "socket:[") {
			inodes[strings.Trim(target, "socket:[]")] = true
		}
	}
	for _, family := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, family))
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(b), "\n")[1:] {
			f := strings.Fields(line)
			if len(f) < 10 || !inodes[f[9]] || strings.HasPrefix(family, "tcp") && f[3] != "0A" {
				continue
			}
			host, port, _ := strings.Cut(f[1], ":")
			raw, err := hex.DecodeString(host + port)
			require.NoError(t, err)
			if len(raw) != 6 {
				addrs = append(addrs, family+" "+f[1])
				continue
			}
			addrs = append(addrs, fmt.Sprintf("%d.%d.%d.%d:%d", raw[3], raw[2], raw[1], raw[0], int(raw[4])<<8|int(raw[5])))
		}
	}
	return addrs
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	r := start(t)
	for _, bad := range []string{"", "short", gid(1) + "0", gid(1)[1:], strings.ToUpper(gid(1)), "ms-0000000000000000000000000'-01", "ms-0000000000000000000000000 -01"} {
		_, err := r.dtm.Submit(t.Context(), message(bad, takeURL))
		require.Equal(t, codes.InvalidArgument, status.Code(err), bad)
		_, err = r.dtm.PrepareWorkflow(t.Context(), &dtmgpb.DtmRequest{Gid: bad, TransType: typeWorkflow, QueryPrepared: takeURL, CustomedData: `{"name":"x"}`})
		require.Equal(t, codes.InvalidArgument, status.Code(err), bad)
		err = r.conn.Invoke(t.Context(), "/onepool.dtm.v1.Transactions/Query", &dtmgpb.DtmRequest{Gid: bad}, new(dtmgpb.DtmProgressesReply))
		require.Equal(t, codes.InvalidArgument, status.Code(err), bad)
	}
	for _, bad := range []string{"", "http://127.0.0.1:1/x", "127.0.0.1:1/a.B/C", "topic://x", "onepool:///stock", "onepool:///stock/a.B/../C", "onepool://host/stock/a.B/C", takeURL + "?x=1"} {
		_, err := r.dtm.Submit(t.Context(), message(gid(1), takeURL, bad))
		require.Equal(t, codes.InvalidArgument, status.Code(err), bad)
	}
	for _, other := range []string{"saga", "tcc", "xa", ""} {
		m := message(gid(2), takeURL)
		m.TransType = other
		_, err := r.dtm.Submit(t.Context(), m)
		require.Equal(t, codes.Unimplemented, status.Code(err), other)
	}
	_, err := r.dtm.Subscribe(t.Context(), &dtmgpb.DtmTopicRequest{Topic: "x", URL: takeURL})
	require.Equal(t, codes.Unimplemented, status.Code(err))
	err = r.conn.Invoke(t.Context(), "/onepool.dtm.v1.Transactions/Query", &dtmgpb.DtmRequest{Gid: gid(1)}, new(dtmgpb.DtmProgressesReply))
	require.Equal(t, codes.NotFound, status.Code(err), "nothing of it was stored")
}

func TestATokenIsAskedForWhereOneIsSet(t *testing.T) {
	t.Setenv(tokenEnv, "let me in")
	r := start(t)
	_, err := r.dtm.Submit(t.Context(), message(gid(1), takeURL))
	require.Equal(t, codes.Unauthenticated, status.Code(err))
	_, err = r.dtm.Submit(metadata.AppendToOutgoingContext(t.Context(), tokenKey, "let me in"), message(gid(1), takeURL))
	require.NoError(t, err)
}

func TestAMessageWaitsForItsCenter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "branches")
	data := t.TempDir()
	r := start(t, "--branches-file", file, "--data", data)
	_, err := r.dtm.Submit(t.Context(), message(gid(1), takeURL, takeURL))
	require.NoError(t, err)
	require.Equal(t, "submitted", r.status(t, gid(1)))

	require.NoError(t, r.cmd.Process.Kill())
	_ = r.cmd.Wait()
	c := listen(t, "127.0.0.1:0")
	require.NoError(t, os.WriteFile(file, []byte("# centers\nstock="+c.addr+"\n"), 0o600))
	began := time.Now()
	r = start(t, "--branches-file", file, "--data", data)
	require.Eventually(t, func() bool { return r.status(t, gid(1)) == "succeed" }, 30*time.Second, 20*time.Millisecond)
	t.Logf("delivered %v after the restart", time.Since(began))
	require.Equal(t, gid(1)+"/01", <-c.calls)
	require.Equal(t, gid(1)+"/02", <-c.calls)

	_, err = r.dtm.Submit(t.Context(), message(gid(1), takeURL))
	require.NoError(t, err, "known: nothing to do")
	require.Empty(t, c.calls)
}

// TestAHungCenterDelaysNobodyElse: many messages wait for a center that takes calls and never answers, when a message
// to another center comes to be tried again.
func TestAHungCenterDelaysNobodyElse(t *testing.T) {
	hung, err := net.Listen("tcp", "127.0.0.1:0") // connections are taken, nothing is ever said
	require.NoError(t, err)
	defer hung.Close()
	file, data := filepath.Join(t.TempDir(), "branches"), t.TempDir()
	require.NoError(t, os.WriteFile(file, []byte("member="+hung.Addr().String()+"\n"), 0o600))
	r := start(t, "--branches-file", file, "--data", data)
	const waiting = 200
	for n := range waiting {
		_, err := r.dtm.Submit(t.Context(), message(gid(n), "onepool:///member/onepool.test.v1.Branch/Take"))
		require.NoError(t, err)
	}
	_, err = r.dtm.Submit(t.Context(), message(gid(waiting), takeURL))
	require.NoError(t, err)
	require.NoError(t, r.cmd.Process.Kill())
	_ = r.cmd.Wait()

	c := listen(t, "127.0.0.1:0")
	require.NoError(t, os.WriteFile(file, []byte("member="+hung.Addr().String()+"\nstock="+c.addr+"\n"), 0o600))
	began := time.Now()
	r = start(t, "--branches-file", file, "--data", data)
	require.Eventually(t, func() bool { return r.status(t, gid(waiting)) == "succeed" }, 30*time.Second, 20*time.Millisecond)
	t.Logf("delivered %v after the restart, behind %d that hang", time.Since(began), waiting)
}

// TestHungCallsDelayNoHealthyOneOfTheirKind: the same method never answers for some messages and answers for others, which
// come to be tried again behind them.
func TestHungCallsDelayNoHealthyOneOfTheirKind(t *testing.T) {
	const hung, healthy = 60, 5
	c := listen(t, "127.0.0.1:0", func(g string) bool { return g < gid(hung) })
	file := filepath.Join(t.TempDir(), "branches")
	r := start(t, "--branches-file", file)
	for n := range hung + healthy {
		_, err := r.dtm.Submit(t.Context(), message(gid(n), takeURL))
		require.NoError(t, err)
	}
	began := time.Now()
	require.NoError(t, os.WriteFile(file, []byte("stock="+c.addr+"\n"), 0o600))
	require.Eventually(t, func() bool {
		for n := range healthy {
			if r.status(t, gid(hung+n)) != "succeed" {
				return false
			}
		}
		return true
	}, 30*time.Second, 50*time.Millisecond)
	t.Logf("delivered %v after the center came, among %d that hang", time.Since(began), hung)
}

func TestAWorkflowEndsOnce(t *testing.T) {
	r := start(t)
	w := &dtmgpb.DtmRequest{Gid: gid(1), TransType: typeWorkflow, QueryPrepared: takeURL, CustomedData: `{"name":"x","data":"eA=="}`}
	for range 2 {
		reply, err := r.dtm.PrepareWorkflow(t.Context(), w)
		require.NoError(t, err)
		require.Equal(t, "prepared", reply.Transaction.Status)
	}
	finish := func(end string) error {
		_, err := r.dtm.Submit(t.Context(), &dtmgpb.DtmRequest{Gid: gid(1), TransType: typeWorkflow, ReqExtra: map[string]string{"status": end, "rollback_reason": strings.Repeat("ä", 2000)}})
		return err
	}
	require.Equal(t, codes.InvalidArgument, status.Code(finish("prepared")))
	require.NoError(t, finish("failed"))
	require.NoError(t, finish("failed"))
	require.Equal(t, codes.Aborted, status.Code(finish("succeed")))
	reply, err := r.dtm.PrepareWorkflow(t.Context(), w)
	require.NoError(t, err)
	require.Equal(t, "failed", reply.Transaction.Status)
	require.Equal(t, strings.Repeat("ä", maxReason_bytes/2), reply.Transaction.RollbackReason)
	_, err = r.dtm.Submit(t.Context(), message(gid(1), takeURL))
	require.Equal(t, codes.AlreadyExists, status.Code(err))
}

func TestItEndsInOrder(t *testing.T) {
	for name, end := range map[string]func(r *running) error{
		"on SIGTERM":          func(r *running) error { return r.cmd.Process.Signal(syscall.SIGTERM) },
		"on SIGINT":           func(r *running) error { return r.cmd.Process.Signal(syscall.SIGINT) },
		"when its input ends": func(r *running) error { return r.stdin.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			require.NoError(t, end(r))
			done := make(chan error, 1)
			go func() { done <- r.cmd.Wait() }()
			select {
			case err := <-done:
				require.NoError(t, err)
			case <-time.After(10 * time.Second):
				t.Fatal("still there")
			}
		})
	}
}

func TestASecondServerOnTheSameDataIsRefused(t *testing.T) {
	data := t.TempDir()
	start(t, "--data", data)
	cmd := exec.Command(os.Args[0], "--grpc", "127.0.0.1:0", "--data", data)
	cmd.Env = append(os.Environ(), runMainEnv+"=1")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "open boltdb store")
}

func TestFlagsAreChecked(t *testing.T) {
	for flags, want := range map[string]string{
		"--store redis":                      "--store",
		"--grpc nowhere":                     "--grpc",
		"--retry-loops 0":                    "--retry-loops",
		"--request-timeout 1ms":              "--request-timeout",
		"--store mysql --mysql-database a`b": "--mysql-database",
		"--store mysql --mysql-port 0":       "--mysql-port",
		"more":                               "arguments",
	} {
		_, err := parseOptions(strings.Fields(flags))
		require.ErrorContains(t, err, want, flags)
	}
}
