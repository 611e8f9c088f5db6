package fault

import (
	"context"
	stderrors "errors"
	"net/http"
	"strings"

	"github.com/go-kratos/kratos/v2/errors"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onepool/onepool/app/internal/database"
)

// Public turns any error into what a client may see: what happened and what to do next. It is nil for nil, otherwise an
// *errors.Error with a reason, whose cause is err. It is applied once, at the edge; applied again it changes nothing.
func Public(err error) error {
	if err == nil {
		return nil
	}
	return public(err)
}

func public(err error) *errors.Error {
	if typed, ok := stderrors.AsType[Typed](err); ok {
		code, reason, message, metadata := typed.Fault()
		return errors.New(code, reason, message).WithMetadata(metadata).WithCause(err)
	}
	if e, ok := stderrors.AsType[*errors.Error](err); ok {
		if e.Reason != "" {
			return e
		}
		// Made without a reason: nobody meant this text for a client.
		return nameless(int(e.Code)).WithCause(err)
	}
	if s, ok := status.FromError(err); ok {
		return remote(s).WithCause(err)
	}
	if tooLarge, ok := stderrors.AsType[*http.MaxBytesError](err); ok {
		return BodyTooLarge(tooLarge.Limit).WithCause(err)
	}
	switch {
	case stderrors.Is(err, context.DeadlineExceeded):
		return Timeout().WithCause(err)
	case stderrors.Is(err, context.Canceled):
		return canceled().WithCause(err)
	case database.IsUnavailable(err):
		return Unavailable().WithCause(err)
	}
	return Internal().WithCause(err)
}

// Op is what the coordinator asked a branch to do.
type Op int

const (
	// Action may be refused: then everything before it is undone.
	Action Op = iota
	// Confirm makes a try final. It never refuses.
	Confirm
	// Undo is a cancel or a compensation. It never refuses.
	Undo
)

// Branch tells the coordinator: done (nil), roll back (Aborted), still running (FailedPrecondition), or try again
// (Unavailable, doubling the pause, without end). A refusal that may be different tomorrow (contention, a time-out, a
// peer that is down) is never Aborted: unknown is not failed. An Undo or Confirm that finds nothing has nothing to do.
func Branch(op Op, err error) error {
	if err == nil {
		return nil
	}
	e := public(err)
	if op != Action {
		if e.Code == http.StatusNotFound {
			return nil
		}
		return told(codes.Unavailable, e, e.Reason)
	}
	switch e.Code {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge:
		return told(codes.Aborted, e, e.Reason+": "+e.Message)
	}
	if e.Reason == ReasonInProgress {
		return told(codes.FailedPrecondition, e, e.Reason)
	}
	return told(codes.Unavailable, e, e.Reason)
}

// told is the coordinator's code, with the reason beside it for our own log.
func told(code codes.Code, e *errors.Error, message string) error {
	s := status.New(code, message)
	if with, err := s.WithDetails(&errdetails.ErrorInfo{Reason: e.Reason}); err == nil {
		s = with
	}
	return s.Err()
}

// remote maps the status of a call to another process. One with a reason was made by Public over there; the others were
// made by the transport.
func remote(s *status.Status) *errors.Error {
	e := errors.FromError(s.Err())
	if e.Reason != "" {
		if e.Reason == ReasonBodyTooLarge { // gRPC has one code for 413 and 429
			e.Code = http.StatusRequestEntityTooLarge
		}
		return e
	}
	switch s.Code() {
	case codes.Unavailable:
		return Unavailable()
	case codes.DeadlineExceeded:
		return Timeout()
	case codes.Canceled:
		return canceled()
	case codes.ResourceExhausted:
		if strings.Contains(s.Message(), "larger than max") {
			return New(http.StatusRequestEntityTooLarge, ReasonBodyTooLarge, "the message is too large: send less at once")
		}
		return RateLimited(defaultRetryAfterS)
	}
	return Internal()
}

// nameless keeps the kind of an error that came without a reason, not its text.
func nameless(code int) *errors.Error {
	switch code {
	case http.StatusServiceUnavailable:
		return Unavailable()
	case http.StatusGatewayTimeout:
		return Timeout()
	case http.StatusTooManyRequests:
		return RateLimited(defaultRetryAfterS)
	case codeClientClosed:
		return canceled()
	}
	return Internal()
}

func canceled() *errors.Error {
	return New(codeClientClosed, reasonCanceled, "the caller went away: repeat it with the same request id")
}
