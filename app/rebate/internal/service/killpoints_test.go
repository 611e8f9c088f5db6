//go:build failpoint

package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/failpoint"
)

// A center that dies before its transaction has done nothing; one that dies between its commit and its report has done
// it once, however often it is asked again.
func TestABranchThatDiesIsDoneOnce(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		b.policy(t)
		for point, accruals := range map[string]int{"rebate.branch.before": 0, "rebate.branch.after": 6} {
			count := func() int {
				list, err := b.ListAccruals(hq(t.Context(), "finance"), &rebatev1.ListAccrualsRequest{OrderId: point})
				require.NoError(t, err)
				return len(list.Accruals)
			}
			disarm, err := failpoint.Arm(point + "=error")
			require.NoError(t, err)
			_, err = b.branch.Accrue(t.Context(), b.paid(point))
			require.ErrorContains(t, err, "Unavailable", "the coordinator comes again")
			require.Equal(t, accruals, count(), point)
			disarm()
			for range 2 {
				b.accrue(t, point)
			}
			require.Equal(t, 6, count(), point)
		}
		require.Empty(t, b.audit(t, t.Context()))
	})
}
