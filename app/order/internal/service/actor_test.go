package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/tenancy"
)

// The history names staff of a direct store truly; the ids of what it asks other centers stay what they were.
func TestTheHistoryNamesStaffOfADirectStore(t *testing.T) {
	ctx := tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Franchisee, ID: "u_s1", Org: "hq", Store: "S1", Direct: true}.WithScope())
	require.Equal(t, "direct:u_s1", actor(ctx))
	require.Equal(t, "franchisee:u_s1", caller(ctx))
	require.Empty(t, actor(t.Context()))
	require.Empty(t, caller(t.Context()))
}
