package service

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/store/internal/biz"
)

const adminKeyMode = 0o600

// ResolveKey says whose a key is, to other centers. A key that is not in force is unauthenticated, whatever is wrong.
func (s *Store) ResolveKey(ctx context.Context, req *storev1.ResolveKeyRequest) (*storev1.ResolveKeyResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	return s.resolve(tenancy.WithService(ctx, center), req.GetKey())
}

func (s *Store) resolve(ctx context.Context, key string) (*storev1.ResolveKeyResponse, error) {
	id, ok := biz.SplitKey(key)
	if !ok {
		return nil, fault.Unauthenticated()
	}
	if id == biz.AdminID {
		hash, err := s.credentials.AdminKeyHash(ctx)
		if err != nil {
			return nil, err
		}
		if !biz.KeyMatches(key, hash) {
			return nil, fault.Unauthenticated()
		}
		headquarters, err := s.directory.Headquarters(ctx)
		if err != nil {
			return nil, err
		}
		return &storev1.ResolveKeyResponse{Kind: string(tenancy.HQ), Id: biz.AdminID, Org: headquarters,
			Roles: []string{biz.RoleAdmin, biz.RoleOperator, biz.RoleFinance}}, nil
	}
	d, ok, err := s.credentials.Device(ctx, id)
	if err != nil {
		return nil, err
	}
	if !ok || d.RevokedUS != 0 || !biz.KeyMatches(key, d.KeyHash) {
		return nil, fault.Unauthenticated()
	}
	return &storev1.ResolveKeyResponse{Kind: string(tenancy.Device), Id: d.ID, Org: d.Org, Store: d.Store, Orgs: []string{d.Org}}, nil
}

// VerifySignature verifies a request of a channel account and uses up its nonce, for frontends.
func (s *Store) VerifySignature(ctx context.Context, req *storev1.VerifySignatureRequest) (*storev1.ResolveKeyResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	ctx = tenancy.WithService(ctx, center)
	account, ok, err := s.credentials.Account(ctx, req.GetKeyId())
	if err != nil {
		return nil, err
	}
	signed := authn.Signed{Method: req.GetMethod(), Path: req.GetPath(), TimestampS: req.GetTimestampS(), Nonce: req.GetNonce(),
		BodySHA256: req.GetBodySha256(), Signature: req.GetSignature()}
	if !ok || account.RevokedUS != 0 {
		return nil, fault.SignatureInvalid()
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		now, err := s.db.Now(ctx)
		if err != nil {
			return err
		}
		return authn.VerifySignature(ctx, []byte(s.options.Secrets.Secret(account.KeyID)), signed, now, account.KeyID, nonces{s, account.Org})
	})
	if err != nil {
		return nil, err
	}
	return &storev1.ResolveKeyResponse{Kind: string(tenancy.Channel), Id: account.ID, Org: account.Org, Channel: account.Channel, Orgs: []string{account.Org}}, nil
}

// nonces keeps a channel account's nonces with its organisation.
type nonces struct {
	store *Store
	org   string
}

func (n nonces) UseNonce(ctx context.Context, scope, nonce string, expiresUS int64) (bool, error) {
	return n.store.credentials.UseNonce(ctx, n.org, scope, nonce, expiresUS)
}

// PurgeNonces forgets nonces that are too old to be used again.
func (s *Store) PurgeNonces(ctx context.Context) (int, error) {
	return s.credentials.PurgeNonces(tenancy.WithService(ctx, center))
}

// EnsureAdminKey makes the administrator's key at the first start: the file holds it, for its owner only, and the
// database its hash. A file that is there wins: whoever may write it is the administrator. A file that is gone is made
// anew, and the old key ends.
func (s *Store) EnsureAdminKey(ctx context.Context, path string) error {
	key, err := readAdminKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = writeAdminKey(path)
	}
	if err != nil {
		return fmt.Errorf("administrator's key: %w", err)
	}
	ctx = tenancy.WithService(ctx, center)
	return s.db.InTx(ctx, func(ctx context.Context) error {
		hash, err := s.credentials.AdminKeyHash(ctx)
		if err != nil || hash == biz.HashKey(key) {
			return err
		}
		now, err := s.db.Now(ctx)
		if err != nil {
			return err
		}
		return s.credentials.SetAdminKeyHash(ctx, biz.HashKey(key), now)
	})
}

func readAdminKey(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if id, ok := biz.SplitKey(key); !ok || id != biz.AdminID || len(key) < 64 {
		return "", fmt.Errorf("%s holds no key: remove it to get a new one", path)
	}
	return key, nil
}

// writeAdminKey links a finished file into place, so that of several processes that start together one wins, whole.
func writeAdminKey(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return "", err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".admin-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(biz.JoinKey(biz.AdminID, hex.EncodeToString(secret)) + "\n")
	if err := errors.Join(err, temporary.Chmod(adminKeyMode), temporary.Sync(), temporary.Close()); err != nil {
		return "", err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return readAdminKey(path)
}
