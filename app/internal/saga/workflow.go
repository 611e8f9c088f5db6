package saga

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/dtm-labs/client/dtmgrpc/dtmgpb"
	"github.com/dtm-labs/client/workflow/wfpb"
	kerrors "github.com/go-kratos/kratos/v2/errors"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/onepool/onepool/app/internal/fault"
)

const (
	executeMethod  = "/workflow.Workflow/Execute"
	workflowBranch = "00" // what DTM calls the workflow's own branch

	undoTimeout     = 10 * time.Second
	maxReason_bytes = 1000
	maxSteps        = 16
)

var workflowName = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,43}$`)

// ReasonRolledBack is the reason given for a workflow that was rolled back before and whose refusal is not known any more.
const ReasonRolledBack = "ROLLED_BACK"

// Workflow is a command over several centers that ends as a whole or leaves nothing behind.
//
// The steps are direct calls, not branches of the coordinator: the initiator must see a step's typed refusal (what is
// left, which line), and the called center keeps the result in its own rows anyway, under the step's key. So the
// coordinator keeps one thing only: that the workflow exists and has not ended. As long as that is so it calls Resume's
// center back, which runs the same workflow again from its committed intent; each step answers what it answered before.
//
// For that to be right:
//   - Do is idempotent. Its values come from the intent and from recorded results, never from what only this run knows.
//   - Undo never refuses, finds nothing to do if Do had no effect, and shuts the door: a Do that comes after it is
//     refused. The step that refused is undone too, and first, so a run that repeats after a crash in the middle of the
//     undoing meets a shut door and goes on undoing, even if the step could now be done.
//   - Final is one local transaction, idempotent, that decides for it; no step comes after it.
//
// Two processes may run one workflow at a time (a slow initiator, and the replica that was called back). Do, Undo and the
// shut door keep each step right; Abandon keeps the end right: it is the local transaction that decides against the
// workflow, on the same row as Final, before anything is undone. Whichever of the two commits first stands. A center
// with one process at a time can do without Abandon and Decided.
type Workflow struct {
	GID string
	// Resume names the center to call back (ours), the workflow (its handler's name, as Method) and what the handler needs.
	Resume Call
	Steps  []Step
	// Final commits, or refuses: also if the workflow has been abandoned, with the refusal recorded then.
	Final func(ctx context.Context) error
	// Abandon records the refusal. It returns the recorded refusal if it was abandoned before (then that one counts),
	// ErrCommitted if Final has been committed.
	Abandon func(ctx context.Context, refusal error) error
	// Decided is asked first: true after Final, the recorded refusal as error after Abandon. Then no step is done.
	Decided func(ctx context.Context) (committed bool, err error)
}

// Step is one reversible effect in another center.
type Step struct {
	Name string
	Do   func(ctx context.Context) error
	Undo func(ctx context.Context) error
}

// Run executes a workflow, for the first time or again. It returns
//   - nil: Final is committed (now or before);
//   - a refusal (IsRefusal), the step's or Final's own error: everything is undone;
//   - an error that is ErrUnknown: not decided, the coordinator will call back. ErrRunning if it runs here already.
func (c *Coordinator) Run(ctx context.Context, w Workflow) error {
	if err := w.validate(); err != nil {
		return err
	}
	if !c.enter(w.GID) {
		return ErrRunning
	}
	defer c.leave(w.GID)
	known, err := c.prepare(ctx, w.GID, w.Resume)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	switch Status(known.GetStatus()) {
	case Succeeded:
		return nil
	case Failed:
		return decodeRefusal(known.GetRollbackReason())
	}
	return c.run(ctx, w)
}

func (c *Coordinator) run(ctx context.Context, w Workflow) error {
	if w.Decided != nil {
		committed, err := w.Decided(ctx)
		switch {
		case IsRefusal(err):
			return c.undo(ctx, w, w.Steps, err)
		case err != nil:
			return fmt.Errorf("%w: %s: decided before: %w", ErrUnknown, w.GID, err)
		case committed:
			c.finishQuietly(ctx, w.GID, true, "")
			return nil
		}
	}
	for i, step := range w.Steps {
		if err := step.Do(ctx); err != nil {
			if !IsRefusal(err) {
				return fmt.Errorf("%w: %s: %s: %w", ErrUnknown, w.GID, step.Name, err)
			}
			return c.rollBack(ctx, w, w.Steps[:i+1], err)
		}
	}
	if err := w.Final(ctx); err != nil {
		if !IsRefusal(err) {
			return fmt.Errorf("%w: %s: final: %w", ErrUnknown, w.GID, err)
		}
		return c.rollBack(ctx, w, w.Steps, err)
	}
	c.finishQuietly(ctx, w.GID, true, "")
	return nil
}

// rollBack decides against the workflow, then undoes it: all of it if there may be another run that got further.
func (c *Coordinator) rollBack(ctx context.Context, w Workflow, done []Step, refusal error) error {
	if w.Abandon == nil {
		return c.undo(ctx, w, done, refusal)
	}
	abandon, cancel := bounded(context.WithoutCancel(ctx))
	defer cancel()
	switch err := w.Abandon(abandon, refusal); {
	case errors.Is(err, ErrCommitted):
		c.finishQuietly(ctx, w.GID, true, "")
		return nil
	case IsRefusal(err):
		refusal = err
	case err != nil:
		return unknownAfterRefusal(w.GID, "abandon", err)
	}
	return c.undo(ctx, w, w.Steps, refusal)
}

// undo takes the steps back, last first. It goes on when the caller has gone away: what is half undone holds other
// people's stock.
func (c *Coordinator) undo(ctx context.Context, w Workflow, steps []Step, refusal error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].Undo == nil {
			continue
		}
		if err := steps[i].Undo(ctx); err != nil {
			return unknownAfterRefusal(w.GID, "undo "+steps[i].Name, err)
		}
	}
	c.finishQuietly(ctx, w.GID, false, encodeRefusal(refusal))
	return refusal
}

// unknownAfterRefusal hides the cause's type: an undo that "refuses" must not look like the workflow's refusal.
func unknownAfterRefusal(gid, what string, err error) error {
	return fmt.Errorf("%w: %s: %s: %v", ErrUnknown, gid, what, err)
}

// finishQuietly tells the coordinator. If that fails the outcome is what it is: the coordinator calls back, the run is
// repeated and tells it again.
func (c *Coordinator) finishQuietly(ctx context.Context, gid string, ok bool, reason string) {
	ctx, cancel := bounded(context.WithoutCancel(ctx))
	defer cancel()
	_ = c.Finish(ctx, gid, ok, reason)
}

// Prepare makes the coordinator remember a workflow and call Resume's center until it is finished. It returns how a
// known workflow stands.
func (c *Coordinator) Prepare(ctx context.Context, gid string, resume Call) (Status, error) {
	t, err := c.prepare(ctx, gid, resume)
	return Status(t.GetStatus()), err
}

func (c *Coordinator) prepare(ctx context.Context, gid string, resume Call) (*dtmgpb.DtmTransaction, error) {
	if err := validGID(gid); err != nil {
		return nil, err
	}
	if !workflowName.MatchString(resume.Method) {
		return nil, fmt.Errorf("saga: %q is no workflow name", resume.Method)
	}
	data, err := encode(resume.Payload)
	if err != nil {
		return nil, fmt.Errorf("saga: payload of %s: %w", resume.Method, err)
	}
	custom, err := json.Marshal(map[string]any{"name": resume.Method, "data": data})
	if err != nil {
		return nil, fmt.Errorf("saga: %s: %w", resume.Method, err)
	}
	sent, err := encode(&wfpb.WorkflowData{Data: data})
	if err != nil {
		return nil, fmt.Errorf("saga: %s: %w", resume.Method, err)
	}
	mac := c.signer.sign(Branch{GID: gid, ID: workflowBranch, Op: resume.Method}, executeMethod, sent)
	ctx, cancel := bounded(ctx)
	defer cancel()
	reply := new(dtmgpb.DtmProgressesReply)
	err = c.conn.Invoke(ctx, prepareMethod, &dtmgpb.DtmRequest{
		Gid: gid, TransType: typeWorkflow, CustomedData: string(custom), QueryPrepared: c.branchURL(resume.Center) + executeMethod,
		TransOptions: &dtmgpb.DtmTransOptions{RequestTimeout: workflowTimeoutS, BranchHeaders: map[string]string{macKey: mac}},
	}, reply)
	if err != nil {
		return nil, fmt.Errorf("prepare workflow %s: %w", gid, err)
	}
	return reply.GetTransaction(), nil
}

// Finish records that a workflow has ended, so that it is not called back any more. The same end again is fine; the
// other end is ErrEnded.
func (c *Coordinator) Finish(ctx context.Context, gid string, ok bool, reason string) error {
	want := Succeeded
	if !ok {
		want = Failed
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := c.conn.Invoke(ctx, submitMethod, &dtmgpb.DtmRequest{
		Gid: gid, TransType: typeWorkflow, ReqExtra: map[string]string{"status": string(want), "rollback_reason": reason},
	}, new(emptypb.Empty))
	if err == nil {
		return nil
	}
	switch s, qerr := c.Query(ctx, gid); {
	case qerr == nil && s == want:
		return nil
	case qerr == nil && (s == Succeeded || s == Failed):
		return fmt.Errorf("finish workflow %s as %s: %w", gid, want, ErrEnded)
	}
	return fmt.Errorf("finish workflow %s: %w", gid, err)
}

// IsRefusal tells a decision from a mishap: a typed error of the 4xx kind. Time-outs (408), contention and overload
// (429), a caller that went away (499) and missing credentials (401: ours, between centers, they expire) decide nothing.
func IsRefusal(err error) bool {
	if err == nil || errors.Is(err, ErrUnknown) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	switch code := int(kerrors.FromError(fault.Public(err)).Code); code {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	default:
		return code >= 400 && code < 499
	}
}

func (w Workflow) validate() error {
	if err := validGID(w.GID); err != nil {
		return err
	}
	if !workflowName.MatchString(w.Resume.Method) {
		return fmt.Errorf("saga: %q is no workflow name", w.Resume.Method)
	}
	if len(w.Steps) > maxSteps || w.Final == nil {
		return fmt.Errorf("saga: workflow %s needs a Final and at most %d steps", w.GID, maxSteps)
	}
	for _, s := range w.Steps {
		if s.Do == nil {
			return fmt.Errorf("saga: step %q of workflow %s does nothing", s.Name, w.GID)
		}
	}
	return nil
}

func (c *Coordinator) enter(gid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.running[gid]; there {
		return false
	}
	c.running[gid] = struct{}{}
	return true
}

func (c *Coordinator) leave(gid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, gid)
}

// recordedRefusal is a refusal as the coordinator keeps it, for a caller that asks after the end.
type recordedRefusal struct {
	Code     int32             `json:"code"`
	Reason   string            `json:"reason"`
	Message  string            `json:"message,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

// encodeRefusal leaves out what does not fit.
func encodeRefusal(err error) string {
	e := kerrors.FromError(fault.Public(err))
	for _, r := range []recordedRefusal{
		{Code: e.Code, Reason: e.Reason, Message: e.Message, Metadata: e.Metadata},
		{Code: e.Code, Reason: e.Reason, Message: e.Message},
		{Code: e.Code, Reason: e.Reason},
	} {
		if b, err := json.Marshal(r); err == nil && len(b) <= maxReason_bytes {
			return string(b)
		}
	}
	return ""
}

func decodeRefusal(s string) error {
	var r recordedRefusal
	if err := json.Unmarshal([]byte(s), &r); err != nil || r.Reason == "" || r.Code < 400 {
		return kerrors.New(http.StatusConflict, ReasonRolledBack, "this attempt was rolled back")
	}
	return kerrors.New(int(r.Code), r.Reason, r.Message).WithMetadata(r.Metadata)
}

// answer tells the coordinator how a call back went. Only the codes matter to it.
func answer(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrRunning):
		return status.Error(codes.FailedPrecondition, "being run")
	case IsRefusal(err):
		return status.Error(codes.Aborted, "rolled back")
	}
	return status.Error(codes.Unavailable, "not decided")
}
