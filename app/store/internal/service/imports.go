package service

import (
	"context"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/batch"
	"github.com/onepool/onepool/app/internal/batch/wire"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/store/internal/biz"
)

// decide runs an import's decision, anew when another one has taken a key meanwhile. now is the database's time.
func (s *Store) decide(run func(ctx context.Context, now int64) (batch.Result, error)) func(context.Context, struct{}) (*commonv1.ImportResult, error) {
	return func(ctx context.Context, _ struct{}) (answer *commonv1.ImportResult, err error) {
		err = s.db.Contend(ctx, func(ctx context.Context) error {
			now, err := s.db.Now(ctx)
			if err != nil {
				return err
			}
			result, err := run(ctx, now)
			answer = wire.ImportResult(result)
			return err
		})
		return answer, err
	}
}

// ImportOrganisations keeps the good rows of a batch; parents stand before their children.
func (s *Store) ImportOrganisations(ctx context.Context, req *storev1.ImportOrganisationsRequest) (*commonv1.ImportResult, error) {
	if _, err := requireEditor(ctx); err != nil {
		return nil, err
	}
	rows := toOrganisationRows(req.GetRows())
	return command.Local[struct{}, *commonv1.ImportResult]{
		Method: storev1.Store_ImportOrganisations_FullMethodName, Request: req,
		Decide: s.decide(func(ctx context.Context, now int64) (batch.Result, error) {
			known, err := s.directory.KnownOrganisations(ctx, rows)
			if err != nil {
				return batch.Result{}, err
			}
			plan := biz.ImportOrganisations(known, rows, now)
			return plan.Result, s.directory.ApplyOrganisations(ctx, plan)
		}),
	}.Run(ctx, s.db)
}

// ImportStores keeps the good rows of a batch and tells the inventory center in the same commit.
func (s *Store) ImportStores(ctx context.Context, req *storev1.ImportStoresRequest) (*commonv1.ImportResult, error) {
	if _, err := requireEditor(ctx); err != nil {
		return nil, err
	}
	rows := toStoreRows(req.GetRows())
	return command.Local[struct{}, *commonv1.ImportResult]{
		Method: storev1.Store_ImportStores_FullMethodName, Request: req,
		Decide: s.decide(func(ctx context.Context, now int64) (batch.Result, error) {
			known, err := s.directory.KnownStores(ctx, rows)
			if err != nil {
				return batch.Result{}, err
			}
			plan := biz.ImportStores(known, rows, now)
			return plan.Result, s.directory.ApplyStores(ctx, plan, known.Organisations)
		}),
	}.Run(ctx, s.db)
}

// ImportStaff keeps the good rows of a batch.
func (s *Store) ImportStaff(ctx context.Context, req *storev1.ImportStaffRequest) (*commonv1.ImportResult, error) {
	p, err := requireEditor(ctx)
	if err != nil {
		return nil, err
	}
	rows := toStaffRows(req.GetRows())
	return command.Local[struct{}, *commonv1.ImportResult]{
		Method: storev1.Store_ImportStaff_FullMethodName, Request: req,
		Decide: s.decide(func(ctx context.Context, now int64) (batch.Result, error) {
			known, err := s.directory.KnownStaff(ctx, rows)
			if err != nil {
				return batch.Result{}, err
			}
			known.MayGrantGuarded = p.HasRole(biz.RoleAdmin)
			plan := biz.ImportStaff(known, rows, now)
			return plan.Result, s.directory.ApplyStaff(ctx, plan)
		}),
	}.Run(ctx, s.db)
}

// SetStoreActive closes a store or opens it again, and tells the inventory center in the same commit.
func (s *Store) SetStoreActive(ctx context.Context, req *storev1.SetStoreActiveRequest) (*storev1.StoreInfo, error) {
	p, err := requireEditor(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[struct{}, *storev1.StoreInfo]{
		Method: storev1.Store_SetStoreActive_FullMethodName, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (*storev1.StoreInfo, error) {
			store, org, ok, err := s.directory.LockStore(ctx, req.GetCode())
			if err != nil {
				return nil, err
			}
			if !ok {
				return nil, storeUnknown(req.GetCode())
			}
			now, err := s.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			changed, differs := store.Open(req.GetActive(), now)
			if !differs {
				return toStore(store), nil
			}
			if err := s.directory.SaveStore(ctx, changed, org); err != nil {
				return nil, err
			}
			action := "store.close"
			if req.GetActive() {
				action = "store.open"
			}
			return toStore(changed), audit(ctx, p, action, store.Code)
		},
	}.Run(ctx, s.db)
}

// audit records who did what to whom, in the caller's transaction.
func audit(ctx context.Context, p tenancy.Principal, action, subject string) error {
	return platform.AppendAudit(ctx, platform.AuditEntry{Actor: p.Actor(), Action: action, Subject: subject})
}
