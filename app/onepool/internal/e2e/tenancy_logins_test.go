package e2e

import (
	"testing"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	storev1 "github.com/onepool/onepool/api/store/v1"
)

// endsWithin is how long a revoked login may still work.
const endsWithin = 6 * time.Second

// logins: who may end whose, and that what was issued before is refused within seconds, in every center and over both
// ways. It ends the logins of two callers, so it comes last.
func (w *world) logins(t *testing.T) {
	ctx := w.ctx
	_, err := w.as(operator).Store().SetStaffPassword(ctx, &storev1.SetStaffPasswordRequest{RequestId: id(), Login: "hq-f", Password: password})
	require.Equal(t, 403, kerrors.Code(err), "an operator as finance: %v", err)
	_, err = w.as(operator).Store().RevokeCredential(ctx, &storev1.RevokeCredentialRequest{RequestId: id(), Id: "hq-f"})
	require.Equal(t, 403, kerrors.Code(err), "finance dismissed by an operator: %v", err)
	row := &storev1.ImportStaffRow{Line: 1, Code: "HQ-F", Name: "finance", Role: "operator", Login: "hq-f"}
	changed, err := w.as(operator).Store().ImportStaff(ctx, &storev1.ImportStaffRequest{RequestId: id(), Rows: []*storev1.ImportStaffRow{row}})
	require.NoError(t, err)
	require.Len(t, changed.Errors, 1, "finance made an operator, whose password an operator may set")

	asked := map[string]bool{"onepool.store.v1.Store.ListStaff": true, "onepool.order.v1.Order.ListOrders": true,
		"onepool.inventory.v1.Inventory.ListStock": true, "onepool.rebate.v1.Rebate.ListStatements": true}
	public, _ := methods()
	// all says whether every method answers the same, over both ways.
	all := func(by credential, code int) bool {
		calls := 0
		for _, m := range public {
			for _, way := range []transport{overGRPC{w.grpc}, w.http()} {
				if !asked[string(m.FullName())] {
					continue
				}
				req, err := rules[string(m.Parent().FullName())][string(m.Name())].request(m, w.objects)
				require.NoError(t, err)
				got, err := way.call(ctx, m, by, req)
				require.NoError(t, err)
				if calls++; got.code != code {
					return false
				}
			}
		}
		return calls == 2*len(asked)
	}
	for role, end := range map[string]func() error{
		f2manager: func() error {
			_, err := w.admin.Store().RevokeCredential(ctx, &storev1.RevokeCredentialRequest{RequestId: id(), Id: "s-bj-05-m1"})
			return err
		},
		f1manager: func() error {
			_, err := w.admin.Store().SetStaffPassword(ctx, &storev1.SetStaffPasswordRequest{RequestId: id(), Login: "s-nj-02-m1", Password: password})
			return err
		},
	} {
		require.True(t, all(w.callers[role], 200), role)
		require.NoError(t, end())
		require.Eventually(t, func() bool { return all(w.callers[role], 401) }, endsWithin, betweenTwoLookups, role)
	}
	// Who signs in with the new password works at once, and the others were not disturbed.
	in, err := w.admin.Store().SignInStaff(ctx, &storev1.SignInStaffRequest{Login: "s-nj-02-m1", Password: password})
	require.NoError(t, err)
	require.True(t, all(bearer(in.AccessToken), 200))
	require.True(t, all(w.callers[f1other], 200))
	_, err = w.admin.Store().SignInStaff(ctx, &storev1.SignInStaffRequest{Login: "s-bj-05-m1", Password: password})
	require.Equal(t, 401, kerrors.Code(err))
}
