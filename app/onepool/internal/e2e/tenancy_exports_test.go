package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// exports: a file of orders holds what the list shows, for those who may take orders out.
func (w *world) exports(t *testing.T) {
	const path = "/v1/order/exports/orders.csv"
	may := who(managers + "direct " + hq)
	for _, role := range roles {
		got, err := w.http().send(w.ctx, http.MethodGet, path, w.callers[role], nil)
		require.NoError(t, err, role)
		listed := rules["onepool.order.v1.Order"]["ListOrders"].verdict(role)
		switch {
		case listed == withoutCaller:
			require.Equal(t, http.StatusUnauthorized, got.code, role)
		case !may[role]:
			require.Equal(t, http.StatusForbidden, got.code, role)
		case listed == sees:
			require.Equal(t, http.StatusOK, got.code, role)
			require.Contains(t, got.body, w.objects.Paid, role)
		default:
			require.Equal(t, http.StatusOK, got.code, role)
			require.NotContains(t, got.body, w.objects.Paid, role)
		}
	}
	for name, by := range w.wrong {
		got, err := w.http().send(w.ctx, http.MethodGet, path, by, nil)
		require.NoError(t, err, name)
		require.Equal(t, http.StatusUnauthorized, got.code, name)
	}
	got, err := w.http().send(w.ctx, http.MethodGet, path+"?stat=PAID", w.callers[administrator], nil)
	require.NoError(t, err)
	require.Equal(t, "CODEC", got.reason)
}
