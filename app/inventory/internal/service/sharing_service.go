package service

import (
	"context"

	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Sharing answers about sharing policies.
type Sharing struct {
	inventoryv1.UnimplementedSharingPoliciesServer
	db    *database.DB
	store *data.Store

	put     biz.PutSharingPolicy
	end     biz.EndSharingPolicy
	explain biz.ExplainShare
	dryRun  biz.DryRunSharing
}

// NewSharing puts the use cases together.
func NewSharing(db *database.DB, store *data.Store, catalogue biz.Catalogue, categories biz.CategoryFinder) *Sharing {
	s := &Sharing{db: db, store: store,
		put:     biz.PutSharingPolicy{Catalogue: catalogue, Categories: categories, Locations: store, Book: store, NewID: ids.New},
		end:     biz.EndSharingPolicy{Locations: store, Book: store},
		explain: biz.ExplainShare{Locations: store, Stock: store, Sharing: store, Categories: categories, NowUS: db.Now},
	}
	s.dryRun = biz.DryRunSharing{Put: s.put, End: s.end, Explain: s.explain, Stock: store}
	return s
}

// PutSharingPolicy brings a policy into force.
func (s *Sharing) PutSharingPolicy(ctx context.Context, in *inventoryv1.PutSharingPolicyRequest) (*inventoryv1.SharingPolicy, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	row := fromSharingTerms(in.GetTerms())
	return command.Local[nothing, *inventoryv1.SharingPolicy]{
		Method:  inventoryv1.SharingPolicies_PutSharingPolicy_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (nothing, error) { return nothing{}, s.put.Gather(ctx, by, row) },
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.SharingPolicy, error) {
			p, err := s.put.Decide(ctx, by, row)
			if err != nil {
				return nil, err
			}
			return toSharingPolicy(p.Row()), nil
		},
	}.Run(ctx, s.db)
}

// EndSharingPolicy takes a policy out of force.
func (s *Sharing) EndSharingPolicy(ctx context.Context, in *inventoryv1.EndSharingPolicyRequest) (*inventoryv1.SharingPolicy, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.SharingPolicy]{
		Method:  inventoryv1.SharingPolicies_EndSharingPolicy_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.SharingPolicy, error) {
			p, err := s.end.Decide(ctx, by, in.GetId())
			if err != nil {
				return nil, err
			}
			return toSharingPolicy(p.Row()), nil
		},
	}.Run(ctx, s.db)
}

// ListSharingPolicies lists the newest first.
func (s *Sharing) ListSharingPolicies(ctx context.Context, in *inventoryv1.ListSharingPoliciesRequest) (*inventoryv1.ListSharingPoliciesResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	f := data.SharingFilter{Channel: in.GetChannel(), Location: in.GetLocation(), SKU: in.GetSku(), Over: in.GetOver()}
	rows, next, err := s.store.ListSharing(ctx, f, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListSharingPoliciesResponse{Policies: all(rows, toSharingPolicy), NextPageToken: next}, nil
}

// ExplainSharing says which policy counts.
func (s *Sharing) ExplainSharing(ctx context.Context, in *inventoryv1.ExplainSharingRequest) (*inventoryv1.ExplainSharingResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	by, err := looking(ctx, s.store)
	if err != nil {
		return nil, err
	}
	e, err := s.explain.Get(ctx, by, in.GetChannel(), in.GetLocation(), in.GetSku())
	if err != nil {
		return nil, err
	}
	return toShareExplained(e), nil
}

// DryRunSharing compares figures before and after.
func (s *Sharing) DryRunSharing(ctx context.Context, in *inventoryv1.DryRunSharingRequest) (*inventoryv1.DryRunSharingResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	// A page goes on with the same question only.
	asked := proto.CloneOf(in)
	asked.PageSize, asked.PageToken = 0, ""
	question, err := proto.MarshalOptions{Deterministic: true}.Marshal(asked)
	if err != nil {
		return nil, err
	}
	after, size, next, err := s.store.DryRunPage(ctx, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()}, string(question))
	if err != nil {
		return nil, err
	}
	input := biz.DryRunInput{End: in.GetEnd(), SKUs: in.GetSkus(), Locations: in.GetLocations(), Size: size, After: after}
	if in.GetPolicy() != nil {
		row := fromSharingTerms(in.GetPolicy())
		input.Policy = &row
	}
	run, err := s.dryRun.Run(ctx, by, input)
	if err != nil {
		return nil, err
	}
	out := &inventoryv1.DryRunSharingResponse{LookedAt: int64(run.LookedAt)}
	if run.More {
		out.NextPageToken = next(run.Next)
	}
	for _, d := range run.Differences {
		out.Differences = append(out.Differences, toSharingDifference(d))
	}
	return out, nil
}
