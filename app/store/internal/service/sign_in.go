package service

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/crypto/bcrypt"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/store/internal/biz"
)

const (
	microsPerSecond = 1_000_000
	// maxBelow bounds the organisations that a dealer's token names: the token must fit into a header.
	maxBelow = 150
)

// SignInStaff answers a token for a login and its password. Whatever is wrong, the answer is the same and takes the same
// time; each attempt is counted before the password is looked at.
func (s *Store) SignInStaff(ctx context.Context, req *storev1.SignInStaffRequest) (*storev1.SignInStaffResponse, error) {
	ctx = tenancy.WithService(ctx, center)
	login, person, known, err := s.attempt(ctx, req.GetLogin())
	if err != nil {
		return nil, err
	}
	hash := login.PasswordHash
	if !known || hash == "" {
		hash = s.decoy()
	}
	// 72 bytes are bcrypt's limit; the proto's rule counts characters.
	password := []byte(req.GetPassword())
	matches := len(password) <= 72 && bcrypt.CompareHashAndPassword([]byte(hash), password) == nil
	if !matches || !known || login.PasswordHash == "" || !person.Active {
		return nil, fault.Unauthenticated()
	}
	login.Attempts, login.WindowUS = 0, 0
	if err := s.db.InTx(ctx, func(ctx context.Context) error { return s.directory.SaveAttempts(ctx, login) }); err != nil {
		return nil, err
	}
	p, err := s.principal(ctx, person)
	if err != nil {
		return nil, err
	}
	token, expires, err := s.options.Tokens.IssueStaff(p, s.options.Secrets.LoginVersion(login, person), time.Duration(s.options.TokenTTLS)*time.Second)
	if err != nil {
		return nil, err
	}
	return &storev1.SignInStaffResponse{AccessToken: token, ExpiresAtUs: expires, Staff: toStaff(person)}, nil
}

// VerifyLogin says whether a token of staff still counts, to the authentication of all processes.
func (s *Store) VerifyLogin(ctx context.Context, req *storev1.VerifyLoginRequest) (*storev1.VerifyLoginResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	login, person, known, err := s.directory.LoginOf(tenancy.WithService(ctx, center), req.GetStaffCode())
	if err != nil {
		return nil, err
	}
	inForce := known && person.Active && s.options.Secrets.LoginVersion(login, person) == req.GetVersion()
	return &storev1.VerifyLoginResponse{InForce: inForce}, nil
}

// attempt counts one attempt at a login, or refuses it when there were too many.
func (s *Store) attempt(ctx context.Context, name string) (login biz.Login, person biz.Staff, known bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		login, person, known, err = s.directory.LockLogin(ctx, name)
		if err != nil || !known {
			return err
		}
		now, err := s.db.Now(ctx)
		if err != nil {
			return err
		}
		next, allowed, waitUS := login.Attempt(now)
		if !allowed {
			return fault.RateLimited(waitUS/microsPerSecond + 1)
		}
		login = next
		return s.directory.SaveAttempts(ctx, login)
	})
	return login, person, known, err
}

// decoy is the hash that a password is compared with when there is none: it takes as long.
func (s *Store) decoy() string {
	s.decoyOnce.Do(func() {
		hash, err := bcrypt.GenerateFromPassword([]byte(s.options.Secrets.Secret("decoy")[:32]), s.options.PasswordCost)
		if err == nil { // only a wrong cost or a longer password fails, and New has checked the cost
			s.decoyHash = string(hash)
		}
	})
	return s.decoyHash
}

// principal says as whom a person acts.
func (s *Store) principal(ctx context.Context, person biz.Staff) (tenancy.Principal, error) {
	org, ok, err := s.directory.Organisation(ctx, person.Org)
	if err != nil {
		return tenancy.Principal{}, err
	}
	if !ok {
		return tenancy.Principal{}, fmt.Errorf("staff %s: organisation %s is not known", person.Code, person.Org)
	}
	p := tenancy.Principal{Kind: tenancy.Kind(biz.StandingOf(person, org)), ID: person.Code, Org: person.Org, Store: person.Store, Roles: []string{person.Role},
		Direct: org.Kind == biz.Headquarters && person.Store != ""}
	var below []string
	if p.Kind == tenancy.Dealer {
		if below, err = s.directory.Below(ctx, person.Org, maxBelow); err != nil {
			return tenancy.Principal{}, err
		}
	}
	return p.WithScope(below...), nil
}

// SetStaffPassword is for administrators, for operators where neither finance nor an administrator is concerned, for
// managers of their own store's guides and clerks, and for everybody's own. Tokens that were issued before end with it.
func (s *Store) SetStaffPassword(ctx context.Context, req *storev1.SetStaffPasswordRequest) (*storev1.SetStaffPasswordResponse, error) {
	caller, err := requireOrganisation(ctx)
	if err != nil {
		return nil, err
	}
	if len(req.GetPassword()) > 72 {
		return nil, fault.Validator("password", "must have at most 72 bytes")
	}
	// Neither the password nor a plain hash of it may reach the table of requests.
	concealed := proto.Clone(req).(*storev1.SetStaffPasswordRequest)
	concealed.Password = s.options.Secrets.Conceal("password", req.GetPassword())
	return command.Local[string, *storev1.SetStaffPasswordResponse]{
		Method: storev1.Store_SetStaffPassword_FullMethodName, Request: concealed,
		Facts: func(context.Context) (string, error) { // takes long on purpose, so before the transaction
			hash, err := bcrypt.GenerateFromPassword([]byte(req.GetPassword()), s.options.PasswordCost)
			return string(hash), err
		},
		Decide: func(ctx context.Context, hash string) (*storev1.SetStaffPasswordResponse, error) {
			_, person, ok, err := s.directory.LockLogin(ctx, req.GetLogin())
			if err != nil {
				return nil, err
			}
			if !ok {
				return nil, staffUnknown(req.GetLogin())
			}
			if !maySetPassword(caller, person) {
				return nil, fault.Forbidden("admin, or the manager of the store")
			}
			if err := s.directory.SetPassword(ctx, req.GetLogin(), hash); err != nil {
				return nil, err
			}
			return &storev1.SetStaffPasswordResponse{}, audit(ctx, caller, "staff.password", person.Code)
		},
	}.Run(ctx, s.db)
}

func maySetPassword(caller tenancy.Principal, person biz.Staff) bool {
	switch {
	case caller.Kind == tenancy.HQ && caller.HasRole(biz.RoleAdmin):
		return true
	case caller.Kind == tenancy.HQ && caller.HasRole(biz.RoleOperator) && !person.Guarded():
		return true
	case caller.Kind == tenancy.Franchisee || caller.Kind == tenancy.Dealer || caller.Kind == tenancy.HQ:
		own := caller.ID == person.Code
		manages := caller.HasRole(biz.RoleManager) && caller.Store == person.Store && person.Role != biz.RoleManager
		return own || manages && person.Store != ""
	}
	return false
}
