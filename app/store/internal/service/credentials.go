package service

import (
	"context"
	"net/http"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/store/internal/biz"
)

func staffUnknown(login string) error {
	return fault.New(http.StatusNotFound, storev1.StoreErrorReason_STAFF_UNKNOWN.String(), "there is no such login: check it", "login", login)
}

// requireStoreKeeper lets pass headquarters' editors and managers of stores.
func requireStoreKeeper(ctx context.Context) (tenancy.Principal, error) {
	p, err := requireOrganisation(ctx)
	if err != nil {
		return p, err
	}
	if p.Kind == tenancy.HQ && (p.HasRole(biz.RoleAdmin) || p.HasRole(biz.RoleOperator)) {
		return p, nil
	}
	if (p.Kind == tenancy.Franchisee || p.Kind == tenancy.Dealer) && p.HasRole(biz.RoleManager) {
		return p, nil
	}
	return p, fault.Forbidden("admin, operator or manager")
}

// RegisterDevice gives a till a key. The stored answer holds none: the key is derived from the device's id.
func (s *Store) RegisterDevice(ctx context.Context, req *storev1.RegisterDeviceRequest) (*storev1.RegisterDeviceResponse, error) {
	p, err := requireStoreKeeper(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := command.Local[struct{}, *storev1.RegisterDeviceResponse]{
		Method: storev1.Store_RegisterDevice_FullMethodName, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (*storev1.RegisterDeviceResponse, error) {
			store, ok, err := s.directory.Store(ctx, req.GetStoreCode())
			if err != nil {
				return nil, err
			}
			if !ok || p.Store != "" && p.Store != store.Code {
				return nil, storeUnknown(req.GetStoreCode())
			}
			if !store.HasTill() {
				return nil, fault.StateConflict("warehouse", "a warehouse has no till")
			}
			now, err := s.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			d := biz.Device{ID: ids.New("dev"), Org: store.Org, Store: store.Code, Name: req.GetName(), CreatedUS: now}
			d.KeyHash = biz.HashKey(s.options.Secrets.Key(d.ID))
			if err := s.credentials.CreateDevice(ctx, d); err != nil {
				return nil, err
			}
			return &storev1.RegisterDeviceResponse{DeviceId: d.ID}, audit(ctx, p, "device.register", d.ID)
		},
	}.Run(ctx, s.db)
	if err != nil {
		return nil, err
	}
	answer.Key = s.options.Secrets.Key(answer.DeviceId)
	return answer, nil
}

// RegisterChannelAccount gives an account of a platform a secret. The stored answer holds none.
func (s *Store) RegisterChannelAccount(ctx context.Context, req *storev1.RegisterChannelAccountRequest) (*storev1.RegisterChannelAccountResponse, error) {
	p, err := requireEditor(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := command.Local[struct{}, *storev1.RegisterChannelAccountResponse]{
		Method: storev1.Store_RegisterChannelAccount_FullMethodName, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (*storev1.RegisterChannelAccountResponse, error) {
			_, ok, err := s.directory.Organisation(ctx, req.GetOrgCode())
			if err != nil {
				return nil, err
			}
			if !ok {
				return nil, organisationUnknown(req.GetOrgCode())
			}
			now, err := s.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			a := biz.ChannelAccount{ID: ids.New("cha"), KeyID: ids.New("chk"), Org: req.GetOrgCode(), Channel: req.GetChannel(), Name: req.GetName(), CreatedUS: now}
			if err := s.credentials.CreateAccount(ctx, a); err != nil {
				return nil, err
			}
			return &storev1.RegisterChannelAccountResponse{AccountId: a.ID, KeyId: a.KeyID}, audit(ctx, p, "channel-account.register", a.ID)
		},
	}.Run(ctx, s.db)
	if err != nil {
		return nil, err
	}
	answer.Secret = s.options.Secrets.Secret(answer.KeyId)
	return answer, nil
}

// RevokeCredential ends the access of a device, a channel account or a person. Ending what has ended succeeds.
func (s *Store) RevokeCredential(ctx context.Context, req *storev1.RevokeCredentialRequest) (*storev1.RevokeCredentialResponse, error) {
	p, err := requireStoreKeeper(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[struct{}, *storev1.RevokeCredentialResponse]{
		Method: storev1.Store_RevokeCredential_FullMethodName, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (*storev1.RevokeCredentialResponse, error) {
			now, err := s.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			for _, revoke := range []func(context.Context, tenancy.Principal, string, int64) (bool, error){s.revokeDevice, s.revokeAccount, s.dismiss} {
				found, err := revoke(ctx, p, req.GetId(), now)
				if err != nil {
					return nil, err
				}
				if found {
					return &storev1.RevokeCredentialResponse{}, audit(ctx, p, "credential.revoke", req.GetId())
				}
			}
			return nil, fault.NotFound("credential")
		},
	}.Run(ctx, s.db)
}

func (s *Store) revokeDevice(ctx context.Context, p tenancy.Principal, id string, now int64) (bool, error) {
	d, ok, err := s.credentials.Device(ctx, id)
	if err != nil || !ok || p.Store != "" && d.Store != p.Store {
		return false, err
	}
	if d.RevokedUS == 0 {
		err = s.credentials.RevokeDevice(ctx, id, now)
	}
	return true, err
}

func (s *Store) revokeAccount(ctx context.Context, p tenancy.Principal, id string, now int64) (bool, error) {
	if p.Kind != tenancy.HQ {
		return false, nil
	}
	a, ok, err := s.credentials.Account(ctx, id)
	if err != nil || !ok {
		return false, err
	}
	if a.RevokedUS == 0 {
		err = s.credentials.RevokeAccount(ctx, id, now)
	}
	return true, err
}

func (s *Store) dismiss(ctx context.Context, p tenancy.Principal, login string, now int64) (bool, error) {
	_, person, ok, err := s.directory.LockLogin(ctx, login)
	if err != nil || !ok {
		return false, err
	}
	if !maySetPassword(p, person) {
		return false, fault.Forbidden("admin, or the manager of the store")
	}
	if person.Active {
		err = s.directory.Dismiss(ctx, person, now)
	}
	return true, err
}
