//go:build failpoint

package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/failpoint"
)

// A center that dies before its transaction has done nothing; one that dies between its commit and its report has done
// it once, however often it is asked again.
func TestABranchThatDiesIsDoneOnce(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		id := b.newMember(t, "13812345678", 100)
		call := &memberv1.SettlePaidCall{Document: "ord_1", MemberId: id, Lines: []*memberv1.AccrualLine{{LineId: "l1", BaseMinor: 5_000}}}
		for point, pending := range map[string]int64{"member.branch.before": 0, "member.branch.after": 50} {
			b.gid, call.Document = point, point
			before := b.points(t, id).Pending
			disarm, err := failpoint.Arm(point + "=error")
			require.NoError(t, err)
			_, err = b.branch.SettlePaid(t.Context(), call)
			require.ErrorContains(t, err, "Unavailable", "the coordinator comes again")
			require.Equal(t, before+pending, b.points(t, id).Pending, point)
			disarm()
			for range 2 {
				_, err = b.branch.SettlePaid(t.Context(), call)
				require.NoError(t, err)
			}
			require.Equal(t, before+50, b.points(t, id).Pending, point)
		}
		require.Empty(t, b.audit(t, t.Context()))
	})
}
