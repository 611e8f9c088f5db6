package client

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
)

func TestVariablesStandInThePath(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Method+" "+r.URL.RequestURI())
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	c, err := New(t.Context(), server.URL, "token")
	require.NoError(t, err)
	_, err = c.MiniProgram().PayOrder(t.Context(), &miniprogramv1.PayOrderRequest{RequestId: "r", OrderId: "ord_1"})
	require.NoError(t, err)
	_, err = c.MiniProgram().GetOrder(t.Context(), &miniprogramv1.GetMyOrderRequest{OrderId: "ord/ 茶"})
	require.NoError(t, err)
	_, err = c.Member().ListPointsEntries(t.Context(), &memberv1.ListPointsEntriesRequest{MemberId: "mbr_1", PageSize: 7})
	require.NoError(t, err)
	_, err = c.Store().GetStore(t.Context(), &storev1.GetStoreRequest{Code: "S-1"})
	require.NoError(t, err)
	_, err = c.Store().ListStores(t.Context(), &storev1.ListStoresRequest{PageSize: 7})
	require.NoError(t, err)
	_, err = c.Order().GetChannelOrder(t.Context(), &orderv1.GetChannelOrderRequest{Channel: "tmall", ExternalNo: "TM1"})
	require.NoError(t, err)
	require.Equal(t, []string{
		"POST /m/v1/orders/ord_1/pay", "GET /m/v1/orders/ord%2F%20%E8%8C%B6", "GET /v1/member/members/mbr_1/points/entries?pageSize=7",
		"GET /v1/store/stores/S-1", "GET /v1/store/stores?pageSize=7",
		"GET /v1/order/channel-orders/tmall/TM1",
	}, got)
}
