package service

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/go-kratos/kratos/v2/transport"
	"github.com/stretchr/testify/require"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/store/internal/data/migrations"
)

// between is a context of a call by another center.
func between(t *testing.T, s *Store) context.Context {
	t.Helper()
	token, err := s.options.Tokens.IssueInternal("order", tenancy.Principal{Kind: tenancy.Service, ID: "order"})
	require.NoError(t, err)
	h := header{authn.HeaderInternal: "Bearer " + token}
	var inside context.Context
	_, err = authn.New(s.options.Tokens, nil).Middleware()(func(ctx context.Context, _ any) (any, error) {
		inside = ctx
		return nil, nil
	})(transport.NewServerContext(t.Context(), call{h}), nil)
	require.NoError(t, err)
	return inside
}

type header map[string]string

func (h header) Get(key string) string { return h[key] }
func (h header) Set(key, value string) { h[key] = value }
func (h header) Add(key, value string) { h[key] = value }
func (h header) Keys() []string        { return nil }
func (h header) Values(key string) []string {
	if v, ok := h[key]; ok {
		return []string{v}
	}
	return nil
}

type call struct{ header header }

func (call) Kind() transport.Kind              { return transport.KindGRPC }
func (call) Endpoint() string                  { return "" }
func (call) Operation() string                 { return "/x/Y" }
func (c call) RequestHeader() transport.Header { return c.header }
func (call) ReplyHeader() transport.Header     { return header{} }

func TestADeviceKeyIsAnsweredAgainButNeverStored(t *testing.T) {
	contract(t, func(t *testing.T, db *database.DB, s *Store) {
		brand(t, s)
		req := &storev1.RegisterDeviceRequest{RequestId: requestID(), StoreCode: "S2", Name: "till 1"}
		ctx := manager(t.Context(), "F1", "S2")
		first, err := s.RegisterDevice(ctx, req)
		require.NoError(t, err)
		again, err := s.RegisterDevice(ctx, req)
		require.NoError(t, err)
		require.Equal(t, first.String(), again.String())
		secretPart := first.Key[strings.LastIndexByte(first.Key, '_')+1:]
		var stored int
		require.NoError(t, db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT (SELECT COUNT(*) FROM commands WHERE answer LIKE ?) + (SELECT COUNT(*) FROM devices WHERE key_hash LIKE ?)",
			"%"+secretPart+"%", "%"+secretPart+"%").Scan(&stored))
		require.Zero(t, stored)

		service := between(t, s)
		who, err := s.ResolveKey(service, &storev1.ResolveKeyRequest{Key: first.Key})
		require.NoError(t, err)
		require.Equal(t, []string{"device", first.DeviceId, "F1", "S2"}, []string{who.Kind, who.Id, who.Org, who.Store})
		for _, wrong := range []string{first.Key + "0", "opk_" + first.DeviceId + "_x", "opk_dev_nobody_x", "Bearer", "opk_admin_x"} {
			_, err := s.ResolveKey(service, &storev1.ResolveKeyRequest{Key: wrong})
			require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(err), wrong)
		}
		_, err = s.ResolveKey(admin(t.Context()), &storev1.ResolveKeyRequest{Key: first.Key})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), "only for services")

		_, err = s.RegisterDevice(ctx, &storev1.RegisterDeviceRequest{RequestId: requestID(), StoreCode: "S3", Name: "x"})
		require.Equal(t, "STORE_UNKNOWN", kratos.Reason(err), "another's store")
		_, err = s.RegisterDevice(admin(t.Context()), &storev1.RegisterDeviceRequest{RequestId: requestID(), StoreCode: "W1", Name: "x"})
		require.Equal(t, fault.ReasonStateConflict, kratos.Reason(err))
		_, err = s.RevokeCredential(manager(t.Context(), "F2", "S3"), &storev1.RevokeCredentialRequest{RequestId: requestID(), Id: first.DeviceId})
		require.Equal(t, fault.ReasonNotFound, kratos.Reason(err), "another's device")
		_, err = s.RevokeCredential(ctx, &storev1.RevokeCredentialRequest{RequestId: requestID(), Id: first.DeviceId})
		require.NoError(t, err)
		_, err = s.ResolveKey(service, &storev1.ResolveKeyRequest{Key: first.Key})
		require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(err))
	})
}

func TestASignedRequestIsTakenOnce(t *testing.T) {
	contract(t, func(t *testing.T, db *database.DB, s *Store) {
		brand(t, s)
		req := &storev1.RegisterChannelAccountRequest{RequestId: requestID(), Channel: "tmall", Name: "flagship", OrgCode: "HQ"}
		account, err := s.RegisterChannelAccount(admin(t.Context()), req)
		require.NoError(t, err)
		again, err := s.RegisterChannelAccount(admin(t.Context()), req)
		require.NoError(t, err)
		require.Equal(t, account.String(), again.String())

		service := between(t, s)
		now, err := db.Now(t.Context())
		require.NoError(t, err)
		sign := func(nonce string, atS int64) *storev1.VerifySignatureRequest {
			signed := authn.Signed{Method: "POST", Path: "/channel/v1/orders", TimestampS: atS, Nonce: nonce, BodySHA256: authn.BodySHA256Of([]byte("{}"))}
			return &storev1.VerifySignatureRequest{KeyId: account.KeyId, Method: signed.Method, Path: signed.Path, TimestampS: atS, Nonce: nonce,
				BodySha256: signed.BodySHA256, Signature: authn.Sign([]byte(account.Secret), signed)}
		}
		who, err := s.VerifySignature(service, sign("nonce-0001", now/1e6))
		require.NoError(t, err)
		require.Equal(t, []string{"channel", account.AccountId, "HQ", "tmall"}, []string{who.Kind, who.Id, who.Org, who.Channel})
		_, err = s.VerifySignature(service, sign("nonce-0001", now/1e6))
		require.Equal(t, fault.ReasonReplayed, kratos.Reason(err))
		for _, stale := range []int64{-301, 330} { // the clock goes on while this runs
			_, err = s.VerifySignature(service, sign("nonce-0002", now/1e6+stale))
			require.Equal(t, fault.ReasonSignatureInvalid, kratos.Reason(err))
		}
		forged := sign("nonce-0003", now/1e6)
		forged.Path = "/channel/v1/other"
		_, err = s.VerifySignature(service, forged)
		require.Equal(t, fault.ReasonSignatureInvalid, kratos.Reason(err))
		_, err = s.VerifySignature(service, sign("nonce-0003", now/1e6))
		require.NoError(t, err, "a forgery uses up no nonce")

		// Of many at once with one nonce, one is taken.
		var taken atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := s.VerifySignature(service, sign("nonce-race", now/1e6)); err == nil {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, int64(1), taken.Load())

		_, err = s.RevokeCredential(admin(t.Context()), &storev1.RevokeCredentialRequest{RequestId: requestID(), Id: account.KeyId})
		require.NoError(t, err)
		_, err = s.VerifySignature(service, sign("nonce-0004", now/1e6))
		require.Equal(t, fault.ReasonSignatureInvalid, kratos.Reason(err))
	})
}

func TestNoncesAreForgottenWhenNoRequestCouldUseThem(t *testing.T) {
	config := testkit.Config(t, database.SQLite)
	manual := clock.NewManual(1_700_000_000_000_000)
	config.Clock = manual
	db := testkit.Migrated(t, config, migrations.Files)
	s := service(t, db)
	ctx := tenancy.WithService(t.Context(), "store")
	for i := range 3 {
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
			fresh, err := s.credentials.UseNonce(ctx, "HQ", "chk", fmt.Sprint("nonce-", i), 1_700_000_000_000_000+int64(i)*1_000_000)
			require.True(t, fresh)
			return err
		}))
	}
	manual.Set(1_700_000_000_000_000 + 1_500_000)
	gone, err := s.PurgeNonces(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, gone)
}

func TestTheAdministratorsKey(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Store) {
		path := filepath.Join(t.TempDir(), "data", "admin.key")
		require.NoError(t, s.EnsureAdminKey(t.Context(), path))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		key := strings.TrimSpace(string(text))
		require.NoError(t, s.EnsureAdminKey(t.Context(), path))
		service := between(t, s)
		who, err := s.ResolveKey(service, &storev1.ResolveKeyRequest{Key: key})
		require.NoError(t, err)
		require.Equal(t, "hq", who.Kind)
		require.ElementsMatch(t, []string{"admin", "operator", "finance"}, who.Roles)

		require.NoError(t, os.Remove(path))
		require.NoError(t, s.EnsureAdminKey(t.Context(), path))
		_, err = s.ResolveKey(service, &storev1.ResolveKeyRequest{Key: key})
		require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(err), "a key that was replaced has ended")
		require.NoError(t, os.WriteFile(path, []byte("nonsense"), 0o600))
		require.Error(t, s.EnsureAdminKey(t.Context(), path))
	})
}
