package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	storev1 "github.com/onepool/onepool/api/store/v1"
)

func TestPagesAreBoundedByTheConfiguration(t *testing.T) {
	for _, c := range []struct {
		limit       int
		asked, want int32
	}{{200, 0, 0}, {200, 7, 7}, {200, 201, 200}, {20, 0, 20}, {20, 20, 20}, {20, 100, 20}} {
		v, err := newValidation(c.limit)
		require.NoError(t, err)
		req := &storev1.ListStoresRequest{PageSize: c.asked}
		v.boundPage(req.ProtoReflect())
		require.Equal(t, c.want, req.PageSize, "limit %d, asked %d", c.limit, c.asked)
	}
	v, err := newValidation(20)
	require.NoError(t, err)
	v.boundPage((&storev1.GetStoreRequest{Code: "S"}).ProtoReflect()) // no list: nothing to bound
}
