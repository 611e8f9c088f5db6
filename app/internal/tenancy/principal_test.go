package tenancy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLedgersNameStaffOfADirectStoreTruly(t *testing.T) {
	keeper := Principal{Kind: Franchisee, ID: "c1", Org: "HQ", Store: "S-01", Direct: true}
	require.Equal(t, "direct:c1", keeper.Actor())
	require.Equal(t, "franchisee:c1", keeper.Caller(), "answers to older requests are found by it")
	keeper.Direct = false
	require.Equal(t, "franchisee:c1", keeper.Actor())
}
