package server

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the wire format itself
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/onepool/onepool/app/internal/fault"
)

const (
	ourPackages   = "/onepool."
	healthService = "/grpc.health.v1.Health/"
	// workflowService is what the coordinator calls to resume a workflow; its name is the coordinator's.
	workflowService = "/workflow.Workflow/"
	opHealthCheck   = healthService + "Check"
	opHealthWatch   = healthService + "Watch"
)

// frame is a message that a proxy passes on without knowing its type.
type frame struct{ data []byte }

// wireCodec is protobuf and nothing else. Kratos registers a lenient JSON codec for gRPC too, which would accept what our
// strict one refuses; a server forced to this codec never reaches it.
type wireCodec struct {
	// max is what a message to this server may have at most, in bytes; 0: what the transport takes.
	max int
}

// hardLimit is how many times max the transport takes: grpc-go refuses what is larger with a text of its own, before any
// interceptor, and without a reason.
const hardLimit = 2

// incoming is a message that a server decodes.
type incoming struct {
	to any
	// tooLarge is set by the codec: grpc-go would turn an error of it into a text.
	tooLarge int
}

func (wireCodec) Name() string { return "proto" }

func (wireCodec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return mem.BufferSlice{mem.SliceBuffer(f.data)}, nil
	}
	return encoding.GetCodecV2("proto").Marshal(v)
}

func (c wireCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if in, ok := v.(*incoming); ok {
		if c.max > 0 && data.Len() > c.max {
			in.tooLarge = c.max
			return nil
		}
		v = in.to
	}
	if f, ok := v.(*frame); ok {
		f.data = data.Materialize()
		return nil
	}
	return encoding.GetCodecV2("proto").Unmarshal(data, v)
}

// onlyOurs keeps services that libraries register by themselves (channel statistics, metadata) from being called. more
// are packages beside ours.
func onlyOurs(more ...string) grpc.UnaryServerInterceptor {
	packages := append([]string{ourPackages, healthService}, more...)
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		for _, p := range packages {
			if strings.HasPrefix(info.FullMethod, p) {
				return handler(ctx, req)
			}
		}
		return nil, fault.NotFound("method")
	}
}

// onlyHealthStreams lets no stream through but health watching and what a proxy passes on: streams do not go through
// the chain, and no service of ours has one.
func onlyHealthStreams(fallback *Proxy) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if info.FullMethod == opHealthWatch || fallback != nil && fallback.routesMethod(info.FullMethod) {
			return handler(srv, ss)
		}
		return status.Error(codes.Unimplemented, "unknown method")
	}
}

// checkedRegistrar registers services on several servers, so that a message that cannot be decoded goes through the chain
// and is refused as CODEC; grpc-go alone would answer Internal with the decoder's text before any interceptor runs.
type checkedRegistrar []grpc.ServiceRegistrar

func (r checkedRegistrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	if len(desc.Streams) > 0 {
		panic(fmt.Sprintf("server: %s has streams, which do not go through the chain", desc.ServiceName))
	}
	checked := *desc
	checked.Methods = make([]grpc.MethodDesc, len(desc.Methods))
	for i, m := range desc.Methods {
		checked.Methods[i] = grpc.MethodDesc{MethodName: m.MethodName, Handler: checkDecoding(m.Handler)}
	}
	for _, to := range r {
		to.RegisterService(&checked, impl)
	}
}

func checkDecoding(handler grpc.MethodHandler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		ctx = withVerdict(ctx)
		return handler(srv, ctx, func(v any) error {
			in := &incoming{to: v}
			if err := dec(in); err != nil {
				return postpone(ctx, fault.Codec("the message is not valid protobuf").WithCause(err))
			}
			if in.tooLarge > 0 {
				return postpone(ctx, fault.BodyTooLarge(int64(in.tooLarge)))
			}
			return nil
		}, interceptor)
	}
}
