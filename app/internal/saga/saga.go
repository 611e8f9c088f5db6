// Package saga is the client side of distributed transactions: messages that must be delivered, and workflows that
// must end as one thing or the other, both kept by the transaction coordinator (DTM, third_party/dtm).
//
// Always true:
//   - A gid has one fixed length (ids.GIDLen) and is derived from a business id, so that a repeat finds the first.
//   - Whether a transaction exists and how it ended is asked of the coordinator (Query), never read out of an error text.
//   - Every call that the coordinator makes carries a keyed MAC over gid, branch, operation, method and payload. It does
//     not expire, because a call may be delivered days later, and it says nothing about persons. VerifyBranch lets
//     nothing else through.
//   - Delivery is at least once, also after success, and in any order between transactions. Receivers use package barrier.
//   - There is no global state: a Coordinator has one connection, which Close ends.
package saga

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dtm-labs/client/dtmgrpc/dtmgpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/onepool/onepool/app/internal/ids"
)

const (
	// MaxCalls is how many calls one message carries.
	MaxCalls = 64
	// MinSecretLen is the least length of the MAC's key.
	MinSecretLen = 32

	callTimeout      = 5 * time.Second
	submitAttempts   = 3
	reconnectBackoff = time.Second
	// workflowTimeoutS bounds one call back. It is shorter than the coordinator's retry interval of 10 s, so that a
	// workflow is not called back while the last call is still waited for.
	workflowTimeoutS = 9

	typeMessage  = "msg"
	typeWorkflow = "workflow"
	opAction     = "action"

	submitMethod  = "/dtmgimp.Dtm/Submit"
	prepareMethod = "/dtmgimp.Dtm/PrepareWorkflow"
	queryMethod   = "/onepool.dtm.v1.Transactions/Query"
	tokenKey      = "x-onepool-dtm-token"
)

// Status is how a transaction stands with the coordinator.
type Status string

const (
	// Absent is the status of a transaction that the coordinator does not know.
	Absent Status = ""
	// Prepared workflows have not ended.
	Prepared Status = "prepared"
	// Submitted messages are being delivered.
	Submitted Status = "submitted"
	// Succeeded is final: delivered, or committed.
	Succeeded Status = "succeed"
	// Failed is final: rolled back.
	Failed Status = "failed"
)

var (
	// ErrUnknown wraps every error after which the outcome is open: the coordinator calls back until it is not.
	ErrUnknown = errors.New("outcome not known yet")
	// ErrRunning is returned when this process is running the same workflow right now. It is an ErrUnknown.
	ErrRunning = fmt.Errorf("workflow is being run: %w", ErrUnknown)
	// ErrCommitted is what a workflow's Abandon returns when Final was faster.
	ErrCommitted = errors.New("workflow is committed")
	// ErrEnded is returned by Finish when the workflow has ended the other way.
	ErrEnded = errors.New("workflow has ended the other way")
)

// Call is one call that the coordinator makes: Method is a full gRPC method ("/onepool.inventory.v1.Branch/Confirm") of
// the center's branch service, or the name of a workflow where a Call says how to resume one.
type Call struct {
	Center  string
	Method  string
	Payload proto.Message
}

// Config says where the coordinator is and who we are.
type Config struct {
	// Target is the coordinator's gRPC address, host:port or a resolver's URL.
	Target string
	// Secret is the key of the MAC, the same in all centers. OldSecrets are accepted, not used: to change the key,
	// first add the new one as old everywhere, then make it the secret, and drop the former when nothing waits.
	Secret     []byte
	OldSecrets [][]byte
	// Token is the shared token of a coordinator that asks for one.
	Token string
	// BranchURL is where the coordinator reaches a center; nil is onepool:///<center>, resolved by the coordinator.
	BranchURL func(center string) string
	// DialOptions are added to the connection's (metrics, tracing).
	DialOptions []grpc.DialOption
}

// Coordinator talks to the transaction coordinator. It is safe for concurrent use.
type Coordinator struct {
	conn      *grpc.ClientConn
	signer    signer
	branchURL func(center string) string

	mu      sync.Mutex
	running map[string]struct{}
}

// New checks the configuration; it does not wait for the coordinator.
func New(cfg Config) (*Coordinator, error) {
	if cfg.Target == "" {
		return nil, errors.New("saga: no coordinator address")
	}
	s, err := newSigner(cfg.Secret, cfg.OldSecrets)
	if err != nil {
		return nil, err
	}
	opts := append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: reconnectBackoff / 5, Multiplier: 1.6, Jitter: 0.2, MaxDelay: reconnectBackoff},
			MinConnectTimeout: callTimeout,
		}),
		// A coordinator whose machine vanished says nothing.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: callTimeout}),
		// A coordinator that is restarting is back in a second: calls wait for it, within their deadline.
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithChainUnaryInterceptor(withToken(cfg.Token)),
	}, cfg.DialOptions...)
	conn, err := grpc.NewClient(cfg.Target, opts...)
	if err != nil {
		return nil, fmt.Errorf("saga: coordinator %q: %w", cfg.Target, err)
	}
	c := &Coordinator{conn: conn, signer: s, branchURL: cfg.BranchURL, running: map[string]struct{}{}}
	if c.branchURL == nil {
		c.branchURL = func(center string) string { return "onepool:///" + center }
	}
	return c, nil
}

// Close ends the connection.
func (c *Coordinator) Close() error { return c.conn.Close() }

// Query asks how a transaction stands; Absent if the coordinator does not know it.
func (c *Coordinator) Query(ctx context.Context, gid string) (Status, error) {
	t, err := c.query(ctx, gid)
	return Status(t.GetStatus()), err
}

func (c *Coordinator) query(ctx context.Context, gid string) (*dtmgpb.DtmTransaction, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	reply := new(dtmgpb.DtmProgressesReply)
	err := c.conn.Invoke(ctx, queryMethod, &dtmgpb.DtmRequest{Gid: gid}, reply)
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", gid, err)
	}
	return reply.GetTransaction(), nil
}

// SubmitMessage hands calls to the coordinator, which makes each until it is answered: one after the other, or, if
// concurrent, independently of each other. When it returns nil the message is durable (or already delivered: the same
// gid again changes nothing). After an error the message may or may not be stored; submit it again with the same gid.
func (c *Coordinator) SubmitMessage(ctx context.Context, gid string, calls []Call, concurrent bool) error {
	req, err := c.message(gid, calls, concurrent)
	if err != nil {
		return err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := c.conn.Invoke(ctx, submitMethod, req, new(emptypb.Empty))
		if err == nil {
			return nil
		}
		if code := status.Code(err); code == codes.InvalidArgument || code == codes.Unauthenticated || attempt == submitAttempts {
			return fmt.Errorf("submit message %s: %w", gid, err)
		}
		switch s, qerr := c.Query(ctx, gid); {
		case qerr != nil:
			return fmt.Errorf("submit message %s: %w (%v)", gid, err, qerr)
		case s == Submitted || s == Succeeded:
			return nil
		case s != Absent:
			return fmt.Errorf("submit message %s: it is %s: %w", gid, s, err)
		}
	}
}

func (c *Coordinator) message(gid string, calls []Call, concurrent bool) (*dtmgpb.DtmRequest, error) {
	if err := validGID(gid); err != nil {
		return nil, err
	}
	if len(calls) == 0 || len(calls) > MaxCalls {
		return nil, fmt.Errorf("saga: message %s has %d calls, need 1 to %d", gid, len(calls), MaxCalls)
	}
	steps := make([]map[string]string, len(calls))
	payloads := make([][]byte, len(calls))
	macs := make([]string, len(calls))
	for i, call := range calls {
		if !strings.HasPrefix(call.Method, "/") {
			return nil, fmt.Errorf("saga: %q is no full gRPC method", call.Method)
		}
		payload, err := encode(call.Payload)
		if err != nil {
			return nil, fmt.Errorf("saga: payload of %s: %w", call.Method, err)
		}
		payloads[i] = payload
		steps[i] = map[string]string{"action": c.branchURL(call.Center) + call.Method}
		macs[i] = c.signer.sign(Branch{GID: gid, ID: fmt.Sprintf("%02d", i+1), Op: opAction}, call.Method, payload)
	}
	encoded, err := json.Marshal(steps)
	if err != nil {
		return nil, fmt.Errorf("saga: steps: %w", err)
	}
	req := &dtmgpb.DtmRequest{
		Gid: gid, TransType: typeMessage, Steps: string(encoded), BinPayloads: payloads,
		TransOptions: &dtmgpb.DtmTransOptions{BranchHeaders: map[string]string{macKey: strings.Join(macs, ",")}},
	}
	if concurrent {
		req.ReqExtra = map[string]string{"concurrent": "true"}
	}
	return req, nil
}

func validGID(gid string) error {
	if !ids.ValidGID(gid) {
		return fmt.Errorf("saga: %q is no gid", gid)
	}
	return nil
}

// encode gives the one encoding that signer and verifier agree on.
func encode(m proto.Message) ([]byte, error) {
	if m == nil {
		return nil, nil
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// bounded makes sure that a call has an end.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, callTimeout)
}

func withToken(token string) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		if token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, tokenKey, token)
		}
		return invoker(ctx, method, req, reply, cc, opts...)
	}
}
