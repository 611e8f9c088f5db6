package service

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/store/internal/data/migrations"
)

func setPassword(t *testing.T, s *Store, login, password string) {
	t.Helper()
	_, err := s.SetStaffPassword(admin(t.Context()), &storev1.SetStaffPasswordRequest{RequestId: requestID(), Login: login, Password: password})
	require.NoError(t, err)
}

func TestStaffSignInAndActForTheirOrganisation(t *testing.T) {
	contract(t, func(t *testing.T, db *database.DB, s *Store) {
		brand(t, s)
		const password = "correct horse"
		for login, want := range map[string]tenancy.Principal{
			"g1": {Kind: tenancy.Franchisee, ID: "G1", Org: "F1", Store: "S2", Roles: []string{"guide"}, Scope: tenancy.Scope{Orgs: []string{"F1"}}},
			"c1": {Kind: tenancy.Franchisee, ID: "C1", Org: "HQ", Store: "S1", Roles: []string{"clerk"}, Direct: true, Scope: tenancy.Scope{Orgs: []string{"HQ"}}},
			"b1": {Kind: tenancy.HQ, ID: "B1", Org: "HQ", Roles: []string{"admin"}, Scope: tenancy.Scope{All: true}},
			"d9": {Kind: tenancy.Dealer, ID: "D9", Org: "D1", Store: "S4", Roles: []string{"manager"}, Scope: tenancy.Scope{Orgs: []string{"D1", "F1"}}},
		} {
			_, err := s.SignInStaff(t.Context(), &storev1.SignInStaffRequest{Login: login, Password: password})
			require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(err), "no password is set yet")
			setPassword(t, s, login, password)
			got, err := s.SignInStaff(t.Context(), &storev1.SignInStaffRequest{Login: login, Password: password})
			require.NoError(t, err)
			p, err := s.options.Tokens.Verify(got.AccessToken)
			require.NoError(t, err)
			require.Equal(t, want, p)
			require.Equal(t, want.ID, got.Staff.Code)
			require.Greater(t, got.ExpiresAtUs, time.Now().UnixMicro())
		}
		var answers string
		require.NoError(t, db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM commands WHERE answer LIKE '%horse%'").Scan(&answers))
		require.Equal(t, "0", answers)
		_, err := s.SignInStaff(t.Context(), &storev1.SignInStaffRequest{Login: "nobody", Password: password})
		require.Equal(t, fault.Unauthenticated().Error(), err.Error())

		_, err = s.RevokeCredential(admin(t.Context()), &storev1.RevokeCredentialRequest{RequestId: requestID(), Id: "g1"})
		require.NoError(t, err)
		_, err = s.SignInStaff(t.Context(), &storev1.SignInStaffRequest{Login: "g1", Password: password})
		require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(err))
	})
}

// However many try at once, a password is looked at ten times in a window; then also the right one has to wait.
func TestGuessingIsStopped(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Store) {
		brand(t, s)
		setPassword(t, s, "g1", "correct horse")
		var looked, stopped atomic.Int64
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				_, err := s.SignInStaff(t.Context(), &storev1.SignInStaffRequest{Login: "g1", Password: "wrong guess"})
				switch kratos.Reason(err) {
				case fault.ReasonUnauthenticated:
					looked.Add(1)
				case fault.ReasonRateLimited:
					stopped.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, []int64{10, 6}, []int64{looked.Load(), stopped.Load()})
		_, err := s.SignInStaff(t.Context(), &storev1.SignInStaffRequest{Login: "g1", Password: "correct horse"})
		require.Equal(t, fault.ReasonRateLimited, kratos.Reason(err))
		require.Positive(t, fault.RetryAfterS(kratos.FromError(err)))
		setPassword(t, s, "g1", "correct horse")
		_, err = s.SignInStaff(t.Context(), &storev1.SignInStaffRequest{Login: "g1", Password: "correct horse"})
		require.NoError(t, err, "a new password begins anew")
	})
}

func TestWhoMaySetWhosePassword(t *testing.T) {
	db := testkit.SQLite(t, migrations.Files)
	s := service(t, db)
	brand(t, s)
	hired, err := s.ImportStaff(admin(t.Context()), &storev1.ImportStaffRequest{RequestId: requestID(), Rows: []*storev1.ImportStaffRow{staffRow("F1", "", "finance")}})
	require.NoError(t, err)
	require.Empty(t, hired.Errors)
	operator := as(t.Context(), tenancy.Principal{Kind: tenancy.HQ, ID: "O1", Org: "HQ", Roles: []string{"operator"}})
	guide := as(t.Context(), tenancy.Principal{Kind: tenancy.Franchisee, ID: "G1", Org: "F1", Store: "S2", Roles: []string{"guide"}})
	for _, c := range []struct {
		name   string
		ctx    context.Context
		login  string
		reason string
	}{
		{"operator, a guide", operator, "g1", ""},
		{"operator, an administrator", operator, "b1", "FORBIDDEN"},
		{"operator, finance", operator, "f1", "FORBIDDEN"},
		{"administrator, finance", admin(t.Context()), "f1", ""},
		{"finance, own", as(t.Context(), tenancy.Principal{Kind: tenancy.HQ, ID: "F1", Org: "HQ", Roles: []string{"finance"}}), "f1", ""},
		{"manager, own guide", manager(t.Context(), "F1", "S2"), "g1", ""},
		{"manager, another's", manager(t.Context(), "F1", "S2"), "c1", "STAFF_UNKNOWN"},
		{"manager of HQ's store, an operator", manager(t.Context(), "HQ", "S1"), "o1", "FORBIDDEN"},
		{"guide, own", guide, "g1", ""},
		{"guide, the manager's", guide, "m2", "FORBIDDEN"},
	} {
		_, err := s.SetStaffPassword(c.ctx, &storev1.SetStaffPasswordRequest{RequestId: requestID(), Login: c.login, Password: "a new password"})
		if c.reason == "" {
			require.NoError(t, err, c.name)
			continue
		}
		require.Equal(t, c.reason, kratos.Reason(err), c.name)
	}
	_, err = s.RevokeCredential(operator, &storev1.RevokeCredentialRequest{RequestId: requestID(), Id: "f1"})
	require.Equal(t, "FORBIDDEN", kratos.Reason(err), "an operator ends no access of finance")
	for _, role := range []string{"operator", "finance"} {
		row := staffRow("F1", "", role)
		row.Login = "another"
		changed, err := s.ImportStaff(operator, &storev1.ImportStaffRequest{RequestId: requestID(), Rows: []*storev1.ImportStaffRow{row}})
		require.NoError(t, err)
		require.Len(t, changed.Errors, 1, "an operator makes finance %s with another login", role)
		require.Equal(t, "FORBIDDEN", changed.Errors[0].Reason)
	}
}

// A token counts as long as the login that it was issued for: not after another password, another post or a dismissal.
func TestATokenEndsWithItsLogin(t *testing.T) {
	contract(t, func(t *testing.T, _ *database.DB, s *Store) {
		brand(t, s)
		service := between(t, s)
		const password = "correct horse"
		signIn := func(login string) (code, version string) {
			got, err := s.SignInStaff(t.Context(), &storev1.SignInStaffRequest{Login: login, Password: password})
			require.NoError(t, err)
			var told struct{ Sub, Login string }
			_, payload, _ := strings.Cut(got.AccessToken, ".")
			payload, _, _ = strings.Cut(payload, ".")
			raw, err := base64.RawURLEncoding.DecodeString(payload)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(raw, &told))
			return told.Sub, told.Login
		}
		inForce := func(code, version string) bool {
			got, err := s.VerifyLogin(service, &storev1.VerifyLoginRequest{StaffCode: code, Version: version})
			require.NoError(t, err)
			return got.InForce
		}
		setPassword(t, s, "g1", password)
		code, first := signIn("g1")
		require.True(t, inForce(code, first))
		_, again := signIn("g1")
		require.Equal(t, first, again, "who signs in twice stays signed in twice")
		_, err := s.SignInStaff(t.Context(), &storev1.SignInStaffRequest{Login: "g1", Password: "wrong guess"})
		require.Error(t, err)
		require.True(t, inForce(code, first), "a stranger's guesses sign nobody out")
		require.False(t, inForce(code, "made up"))
		require.False(t, inForce("M2", first), "another's")
		require.False(t, inForce("nobody", first))

		setPassword(t, s, "g1", password)
		require.False(t, inForce(code, first), "the same password set anew ends what was issued before")
		_, second := signIn("g1")
		require.True(t, inForce(code, second))

		_, err = s.ImportStaff(admin(t.Context()), &storev1.ImportStaffRequest{RequestId: requestID(), Rows: []*storev1.ImportStaffRow{staffRow("G1", "S2", "clerk")}})
		require.NoError(t, err)
		require.False(t, inForce(code, second), "the token says guide")
		_, third := signIn("g1")
		require.True(t, inForce(code, third))

		_, err = s.RevokeCredential(admin(t.Context()), &storev1.RevokeCredentialRequest{RequestId: requestID(), Id: "g1"})
		require.NoError(t, err)
		require.False(t, inForce(code, third))
		_, err = s.VerifyLogin(admin(t.Context()), &storev1.VerifyLoginRequest{StaffCode: code, Version: third})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), "only for services")
	})
}
