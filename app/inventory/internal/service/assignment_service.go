package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Assignments is what locations answer, and what happens to documents without a location.
type Assignments struct {
	inventoryv1.UnimplementedAssignmentsServer
	db    *database.DB
	store *data.Store

	accept  biz.Accept
	decline biz.Decline
	resolve biz.Resolve
}

// NewAssignments puts the use cases together. They allocate as Hold does.
func NewAssignments(s *Inventory) *Assignments {
	store, again := s.store, biz.Reallocate{Hold: s.hold}
	return &Assignments{
		db: s.db, store: store,
		accept:  biz.Accept{Locations: store, Writer: store},
		decline: biz.Decline{Work: store, Reallocate: again, Writer: store},
		resolve: biz.Resolve{Work: store, Reallocate: again, Writer: store},
	}
}

// Workers of documents that nobody calls about: silence, and stock that comes, for those who wait and those who lost theirs.
type Workers struct {
	TimeOut biz.TimeOut
	Waiting biz.AllocateWaiting
	Relieve biz.Relieve
	store   *data.Store
}

// NewWorkers puts them together. till is how a sale moves what it has eaten into.
func NewWorkers(s *Inventory, till *TillSales) Workers {
	db, store, again, hit := s.db, s.store, biz.Reallocate{Hold: s.hold}, s.hold.Search.Hit
	return Workers{
		TimeOut: biz.TimeOut{Decline: biz.Decline{Work: store, Reallocate: again, Writer: store}, InTx: db.InTx, NowUS: db.Now, Hit: hit},
		Waiting: s.waiting(),
		Relieve: biz.Relieve{Short: store, Sale: till.sale, Together: store.Together, Hit: hit},
		store:   store,
	}
}

// waiting is what gives stock to those who wait for it.
func (s *Inventory) waiting() biz.AllocateWaiting {
	return biz.AllocateWaiting{Work: s.store, Reallocate: biz.Reallocate{Hold: s.hold}, Writer: s.store, InTx: s.db.InTx, Hit: s.hold.Search.Hit}
}

// answering is who answers: a center answers for the person that it names.
func answering(ctx context.Context, actor string) (context.Context, biz.Caller, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, by, err
	}
	if by.Service && actor != "" {
		by.Name = actorOr(actor)
	}
	return ctx, by, nil
}

// AcceptAssignment notes that a location will ship.
func (s *Assignments) AcceptAssignment(ctx context.Context, in *inventoryv1.AcceptAssignmentRequest) (*inventoryv1.Assignment, error) {
	ctx, by, err := answering(ctx, in.GetActor())
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.Assignment]{
		Method:  inventoryv1.Assignments_AcceptAssignment_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Assignment, error) {
			a, err := s.accept.Decide(ctx, by, in.GetDocument(), in.GetLocation())
			if err != nil {
				return nil, err
			}
			return toAssignment(a), nil
		},
	}.Run(ctx, s.db)
}

// DeclineAssignment takes what a location does not ship away from it.
func (s *Assignments) DeclineAssignment(ctx context.Context, in *inventoryv1.DeclineAssignmentRequest) (*inventoryv1.DeclineAssignmentResponse, error) {
	ctx, by, err := answering(ctx, in.GetActor())
	if err != nil {
		return nil, err
	}
	input := fromDecline(in)
	if err := failpoint.Hit("inventory.decline.before"); err != nil {
		return nil, err
	}
	out, err := command.Local[biz.DeclineFacts, *inventoryv1.DeclineAssignmentResponse]{
		Method:  inventoryv1.Assignments_DeclineAssignment_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.DeclineFacts, error) { return s.decline.Gather(ctx, input) },
		Decide: func(ctx context.Context, facts biz.DeclineFacts) (*inventoryv1.DeclineAssignmentResponse, error) {
			got, err := s.decline.Decide(ctx, by, input, facts)
			if err != nil {
				return nil, err
			}
			return toDeclined(got), nil
		},
	}.Run(ctx, s.db)
	if err != nil {
		return nil, err
	}
	return out, failpoint.Hit("inventory.decline.after")
}

// ResolveOpenWork carries out a person's decision.
func (s *Assignments) ResolveOpenWork(ctx context.Context, in *inventoryv1.ResolveOpenWorkRequest) (*inventoryv1.ResolveOpenWorkResponse, error) {
	ctx, by, err := answering(ctx, in.GetActor())
	if err != nil {
		return nil, err
	}
	if err := by.MayResolve(); err != nil {
		return nil, err
	}
	input := biz.ResolveInput{Document: in.GetDocument(), Location: in.GetLocation(), Way: biz.Way(in.GetWay()), To: fromPoint(in.GetDestination()), Wait: in.GetWait()}
	if input.To != nil {
		if err := input.To.Validate(); err != nil {
			return nil, err
		}
	}
	return command.Local[biz.HoldFacts, *inventoryv1.ResolveOpenWorkResponse]{
		Method:  inventoryv1.Assignments_ResolveOpenWork_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.HoldFacts, error) { return s.resolve.Gather(ctx, input) },
		Decide: func(ctx context.Context, facts biz.HoldFacts) (*inventoryv1.ResolveOpenWorkResponse, error) {
			got, err := s.resolve.Decide(ctx, by, input, facts)
			if err != nil {
				return nil, err
			}
			return &inventoryv1.ResolveOpenWorkResponse{Reallocation: toReallocation(got)}, nil
		},
	}.Run(ctx, s.db)
}

// ListAssignments lists what the caller's locations have answered to a document.
func (s *Assignments) ListAssignments(ctx context.Context, in *inventoryv1.ListAssignmentsRequest) (*inventoryv1.ListAssignmentsResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	rows, err := s.store.ListAssignments(ctx, in.GetDocument())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListAssignmentsResponse{Assignments: all(rows, toAssignment)}, nil
}

// ListWaiting lists documents that wait for stock.
func (s *Assignments) ListWaiting(ctx context.Context, in *inventoryv1.ListWaitingRequest) (*inventoryv1.ListWaitingResponse, error) {
	work, next, err := s.work(ctx, []biz.DocumentState{biz.Waiting}, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListWaitingResponse{Work: work, NextPageToken: next}, nil
}

// ListOpenWork lists documents that need a person, or the buyer's choice.
func (s *Assignments) ListOpenWork(ctx context.Context, in *inventoryv1.ListOpenWorkRequest) (*inventoryv1.ListOpenWorkResponse, error) {
	states := []biz.DocumentState{biz.ToPerson, biz.ChoiceNeeded}
	if in.GetState() != inventoryv1.WorkState_SETTLED {
		states = []biz.DocumentState{biz.DocumentState(in.GetState())}
	}
	work, next, err := s.work(ctx, states, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListOpenWorkResponse{Work: work, NextPageToken: next}, nil
}

func (s *Assignments) work(ctx context.Context, states []biz.DocumentState, p data.Page) ([]*inventoryv1.Work, string, error) {
	if err := scoped(ctx); err != nil {
		return nil, "", err
	}
	rows, next, err := s.store.ListWork(ctx, states, p)
	if err != nil {
		return nil, "", err
	}
	out := make([]*inventoryv1.Work, len(rows))
	for i, w := range rows {
		out[i] = toWork(w)
	}
	return out, next, nil
}
