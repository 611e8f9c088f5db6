package service

import (
	"context"
	"errors"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Strategies is the service of what allocation goes by.
type Strategies struct {
	inventoryv1.UnimplementedStrategiesServer
	db       *database.DB
	store    *data.Store
	rulesets biz.Rulesets
	profile  biz.PutProfile
}

// NewStrategies puts the use cases together.
func NewStrategies(db *database.DB, store *data.Store) *Strategies {
	return &Strategies{db: db, store: store, rulesets: biz.Rulesets{Book: store}, profile: biz.PutProfile{Book: store}}
}

// request is a command that changes a ruleset.
type request interface {
	command.Request
	GetKind() inventoryv1.RulesetKind
	GetName() string
}

// change runs a command of headquarters on a ruleset. action names it in the audit log; empty: it is not listed there, since
// drafts decide nothing.
func (s *Strategies) change(ctx context.Context, method, action string, in request, decide func(ctx context.Context, by biz.Caller) (biz.Ruleset, error)) (*inventoryv1.Ruleset, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := by.MayRule(); err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.Ruleset]{
		Method:  method,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Ruleset, error) {
			r, err := decide(ctx, by)
			if err != nil || action == "" {
				return toRuleset(r), err
			}
			return toRuleset(r), platform.AppendAudit(ctx, platform.AuditEntry{Actor: by.Name, Action: action, Subject: subjectOf(r.RulesetKey)})
		},
	}.Run(ctx, s.db)
}

// CreateRuleset makes a draft.
func (s *Strategies) CreateRuleset(ctx context.Context, in *inventoryv1.CreateRulesetRequest) (*inventoryv1.Ruleset, error) {
	return s.change(ctx, inventoryv1.Strategies_CreateRuleset_FullMethodName, "", in, func(ctx context.Context, by biz.Caller) (biz.Ruleset, error) {
		return s.rulesets.Create(ctx, by, biz.RulesetKind(in.GetKind()), in.GetName(), []byte(in.GetBody()), in.GetCopyOfVersion())
	})
}

// UpdateRuleset changes a draft.
func (s *Strategies) UpdateRuleset(ctx context.Context, in *inventoryv1.UpdateRulesetRequest) (*inventoryv1.Ruleset, error) {
	return s.change(ctx, inventoryv1.Strategies_UpdateRuleset_FullMethodName, "", in, func(ctx context.Context, _ biz.Caller) (biz.Ruleset, error) {
		return s.rulesets.Update(ctx, keyOf(in), []byte(in.GetBody()), in.GetExpectedRevision())
	})
}

// ActivateRuleset makes a version count.
func (s *Strategies) ActivateRuleset(ctx context.Context, in *inventoryv1.ActivateRulesetRequest) (*inventoryv1.Ruleset, error) {
	return s.change(ctx, inventoryv1.Strategies_ActivateRuleset_FullMethodName, "inventory.ruleset.activate", in, func(ctx context.Context, by biz.Caller) (biz.Ruleset, error) {
		return s.rulesets.Activate(ctx, by, keyOf(in), in.GetExpectedRevision())
	})
}

// ArchiveRuleset takes a version out of use.
func (s *Strategies) ArchiveRuleset(ctx context.Context, in *inventoryv1.ArchiveRulesetRequest) (*inventoryv1.Ruleset, error) {
	return s.change(ctx, inventoryv1.Strategies_ArchiveRuleset_FullMethodName, "inventory.ruleset.archive", in, func(ctx context.Context, _ biz.Caller) (biz.Ruleset, error) {
		return s.rulesets.Archive(ctx, keyOf(in))
	})
}

// ValidateRuleset says what stands in the way of a body.
func (s *Strategies) ValidateRuleset(ctx context.Context, in *inventoryv1.ValidateRulesetRequest) (*inventoryv1.ValidateRulesetResponse, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := by.MayReadRules(); err != nil {
		return nil, err
	}
	err = s.rulesets.Validate(ctx, biz.RulesetKind(in.GetKind()), in.GetName(), []byte(in.GetBody()))
	if field, rule, refused := biz.FieldOf(err); refused {
		return &inventoryv1.ValidateRulesetResponse{Field: field, Rule: rule}, nil
	}
	return &inventoryv1.ValidateRulesetResponse{Valid: err == nil}, err
}

// GetRuleset returns a version.
func (s *Strategies) GetRuleset(ctx context.Context, in *inventoryv1.GetRulesetRequest) (*inventoryv1.Ruleset, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := by.MayReadRules(); err != nil {
		return nil, err
	}
	key := biz.RulesetKey{Kind: biz.RulesetKind(in.GetKind()), Name: in.GetName(), Version: in.GetVersion()}
	r, known, err := s.store.Ruleset(ctx, key)
	if err == nil && !known {
		err = biz.UnknownRuleset{Key: key}
	}
	return toRuleset(r), err
}

// ListRulesets lists by kind, name, version.
func (s *Strategies) ListRulesets(ctx context.Context, in *inventoryv1.ListRulesetsRequest) (*inventoryv1.ListRulesetsResponse, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := by.MayReadRules(); err != nil {
		return nil, err
	}
	rows, next, err := s.store.ListRulesets(ctx, biz.RulesetKind(in.GetKind()), biz.RulesetState(in.GetState()), data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListRulesetsResponse{Rulesets: all(rows, toRuleset), NextPageToken: next}, nil
}

// PutLocationProfile says how a location works.
func (s *Strategies) PutLocationProfile(ctx context.Context, in *inventoryv1.PutLocationProfileRequest) (*inventoryv1.LocationProfile, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.LocationProfile]{
		Method:  inventoryv1.Strategies_PutLocationProfile_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.LocationProfile, error) {
			l, err := s.profile.Decide(ctx, by, in.GetProfile().GetLocation(), fromProfile(in.GetProfile()), in.GetExpectedVersion())
			return toProfile(l), err
		},
	}.Run(ctx, s.db)
}

// GetLocationProfile says how a location works.
func (s *Strategies) GetLocationProfile(ctx context.Context, in *inventoryv1.GetLocationProfileRequest) (*inventoryv1.LocationProfile, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	found, err := s.store.Fresh(ctx, []string{in.GetLocation()})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, biz.UnknownLocation{Code: in.GetLocation()}
	}
	return toProfile(found[0]), errors.Join(by.MayReadProfile(found[0]))
}
