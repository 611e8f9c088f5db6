package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"regexp"

	"github.com/dtm-labs/dtm/client/dtmgrpc/dtmgpb"
	"github.com/dtm-labs/dtm/dtmsvr/storage"
	"github.com/dtm-labs/logger"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	typeMessage  = "msg"
	typeWorkflow = "workflow"

	maxSteps        = 64
	maxReason_bytes = 1000 // the column holds 1024
	tokenKey        = "x-onepool-dtm-token"
)

var gidPattern = regexp.MustCompile(`^[a-z0-9_-]{32}$`)

// server is DTM's gRPC service for messages and workflows. The methods that it does not define (topics, branch
// registration, prepared messages, random ids) answer Unimplemented.
type server struct {
	dtmgpb.UnimplementedDtmServer
	engine *engine
}

// Submit stores a message and starts its delivery, or records how a workflow ended. Both may be repeated.
func (s *server) Submit(_ context.Context, in *dtmgpb.DtmRequest) (*emptypb.Empty, error) {
	if err := validateGID(in.GetGid()); err != nil {
		return nil, err
	}
	var err error
	switch in.GetTransType() {
	case typeMessage:
		if err = validateMessage(in); err == nil {
			err = s.engine.submitMessage(in)
		}
	case typeWorkflow:
		err = s.engine.finishWorkflow(in.Gid, in.ReqExtra["status"], in.ReqExtra["rollback_reason"])
	default:
		err = status.Errorf(codes.Unimplemented, "transaction type %q is not served", in.GetTransType())
	}
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// PrepareWorkflow stores a workflow that will be called back until it is finished, or answers how a known one stands.
func (s *server) PrepareWorkflow(_ context.Context, in *dtmgpb.DtmRequest) (*dtmgpb.DtmProgressesReply, error) {
	if err := validateGID(in.GetGid()); err != nil {
		return nil, err
	}
	if in.GetTransType() != typeWorkflow {
		return nil, status.Errorf(codes.InvalidArgument, "transaction type %q cannot be prepared as a workflow", in.GetTransType())
	}
	if _, _, err := parseBranchURL(in.GetQueryPrepared()); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	g, err := s.engine.prepareWorkflow(in)
	if err != nil {
		return nil, err
	}
	return &dtmgpb.DtmProgressesReply{Transaction: transaction(g)}, nil
}

// Query answers how a transaction stands, NotFound if it was never stored. DTM has this over HTTP only.
func (s *server) Query(_ context.Context, in *dtmgpb.DtmRequest) (*dtmgpb.DtmProgressesReply, error) {
	if err := validateGID(in.GetGid()); err != nil {
		return nil, err
	}
	g := s.engine.store.FindTransGlobalStore(in.Gid)
	if g == nil {
		return nil, status.Errorf(codes.NotFound, "no transaction %s", in.Gid)
	}
	return &dtmgpb.DtmProgressesReply{Transaction: transaction(g)}, nil
}

func transaction(g *storage.TransGlobalStore) *dtmgpb.DtmTransaction {
	return &dtmgpb.DtmTransaction{Gid: g.Gid, Status: g.Status, RollbackReason: g.RollbackReason, Result: g.Result}
}

type transactionsServer interface {
	Query(context.Context, *dtmgpb.DtmRequest) (*dtmgpb.DtmProgressesReply, error)
}

// registerTransactions adds onepool.dtm.v1.Transactions/Query, made of DTM's own messages.
func registerTransactions(srv *grpc.Server, e *engine) {
	srv.RegisterService(&grpc.ServiceDesc{
		ServiceName: "onepool.dtm.v1.Transactions",
		HandlerType: (*transactionsServer)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Query", Handler: func(s any, ctx context.Context, decode func(any) error, chain grpc.UnaryServerInterceptor) (any, error) {
			in := new(dtmgpb.DtmRequest)
			if err := decode(in); err != nil {
				return nil, err
			}
			handle := func(ctx context.Context, req any) (any, error) {
				return s.(transactionsServer).Query(ctx, req.(*dtmgpb.DtmRequest))
			}
			if chain == nil {
				return handle(ctx, in)
			}
			return chain(ctx, in, &grpc.UnaryServerInfo{Server: s, FullMethod: "/onepool.dtm.v1.Transactions/Query"}, handle)
		}}},
	}, &server{engine: e})
}

func validateGID(gid string) error {
	if !gidPattern.MatchString(gid) {
		return status.Error(codes.InvalidArgument, "a gid has exactly 32 characters of a-z 0-9 _ -")
	}
	return nil
}

func validateMessage(in *dtmgpb.DtmRequest) error {
	steps, err := parseSteps(in.GetSteps())
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "steps: %v", err)
	}
	if len(steps) == 0 || len(steps) > maxSteps || len(steps) != len(in.GetBinPayloads()) {
		return status.Errorf(codes.InvalidArgument, "%d steps with %d payloads: need as many, 1 to %d", len(steps), len(in.GetBinPayloads()), maxSteps)
	}
	for i, s := range steps {
		if _, _, err := parseBranchURL(s["action"]); err != nil {
			return status.Errorf(codes.InvalidArgument, "step %d: %v", i+1, err)
		}
	}
	return nil
}

// recoverPanics turns the store's panics (that is how it reports errors) into answers.
func recoverPanics(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (_ any, err error) {
	defer func() {
		if p := recover(); p != nil {
			logger.Errorf("%s: %v", info.FullMethod, p)
			err = status.Error(codes.Unavailable, storeError(p).Error())
		}
	}()
	return handler(ctx, req)
}

// requireToken asks for the shared token where one is configured.
func requireToken(token string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if token == "" {
			return handler(ctx, req)
		}
		md, _ := metadata.FromIncomingContext(ctx)
		if got := md.Get(tokenKey); len(got) != 1 || subtle.ConstantTimeCompare([]byte(got[0]), []byte(token)) != 1 {
			return nil, status.Error(codes.Unauthenticated, "wrong or missing "+tokenKey)
		}
		return handler(ctx, req)
	}
}

func storeError(p any) error {
	if err, ok := p.(error); ok {
		return err
	}
	return errors.New(fmt.Sprint(p))
}
