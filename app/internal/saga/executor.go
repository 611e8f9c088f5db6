package saga

import (
	"context"
	"fmt"

	"github.com/dtm-labs/client/workflow/wfpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Handler resumes a workflow that has not ended: it reads the intent by gid (payload is what Resume carried) and calls
// Run with the same workflow as the first time. It returns Run's error.
type Handler func(ctx context.Context, gid string, payload []byte) error

// RegisterExecutor puts the service that the coordinator calls back on a center's branch listener, which must have the
// VerifyBranch interceptor: without it every call is refused.
func RegisterExecutor(s grpc.ServiceRegistrar, handlers map[string]Handler) error {
	for name := range handlers {
		if !workflowName.MatchString(name) {
			return fmt.Errorf("saga: %q is no workflow name", name)
		}
	}
	wfpb.RegisterWorkflowServer(s, &executor{handlers: handlers})
	return nil
}

type executor struct {
	wfpb.UnimplementedWorkflowServer
	handlers map[string]Handler
}

// Execute answers nil when the workflow has succeeded, Aborted when it is rolled back, FailedPrecondition while this
// process is running it, and anything else to be called again.
func (e *executor) Execute(ctx context.Context, in *wfpb.WorkflowData) (*emptypb.Empty, error) {
	b, ok := BranchFromContext(ctx)
	if !ok {
		return nil, status.Error(codes.Unauthenticated, "branch call refused: not verified")
	}
	handler := e.handlers[b.Op]
	if handler == nil { // an older or newer release may know it
		return nil, status.Errorf(codes.Unimplemented, "no workflow %q here", b.Op)
	}
	if err := answer(handler(ctx, b.GID, in.GetData())); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
