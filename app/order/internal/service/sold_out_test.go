package service

import (
	"strconv"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// What has just been refused is not tried again for each buyer, and is sold as soon as it is there again.
func TestACrowdThatWantsWhatIsGoneIsRefusedWithoutAPlacement(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.stock["S1"]["cup"], s.world.stock["S2"]["cup"] = 1, 0
		intents := func() (n int) {
			require.NoError(t, s.DB.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM intents").Scan(&n))
			return n
		}
		_, err := s.PlaceOrder(s.as(ann), wish(line("cup", 2)))
		requireReason(t, "STOCK_INSUFFICIENT", err)
		before := intents()
		for range 3 {
			_, err = s.PlaceOrder(s.as(ann), wish(line("tea", 1), line("cup", 1), line("cup", 1)))
			requireReason(t, "STOCK_INSUFFICIENT", err)
			require.Equal(t, map[string]string{"sku": "cup", "wanted": "2", "left": "1"}, kratos.FromError(fault.Public(err)).Metadata)
		}
		require.Equal(t, before, intents(), "nothing was begun")
		_, err = s.PlaceOrder(s.as(ann), wish(line("cup", 1)))
		require.NoError(t, err, "what is left is sold")
		_, err = s.PlaceOrder(s.as(ann), wish(line("cup", 1)))
		requireReason(t, "STOCK_INSUFFICIENT", err)

		s.world.behind = map[string]int64{"cup": -9} // what is not counted as there, but can be held: it arrives soon
		s.world.stock["S1"]["cup"] = 5
		before = intents()
		_, err = s.PlaceOrder(s.as(ann), wish(line("cup", 1)))
		requireReason(t, "STOCK_INSUFFICIENT", err)
		require.Equal(t, before, intents())
		s.clock.Advance(time.Second)
		for range 2 {
			_, err = s.PlaceOrder(s.as(ann), wish(line("cup", 1)))
			require.NoError(t, err, "it is tried again each second")
		}
		require.Empty(t, s.audit())
	})
}

func TestWhatIsRememberedAsGoneIsBoundedAndOnlyThat(t *testing.T) {
	var g soldOut
	wanted := []biz.WantedLine{{SKU: "x", Quantity: 1}}
	for i := range 2*maxGone + 1 {
		g.learn(fault.StockInsufficient(strconv.Itoa(i), 1, 0), wanted, 1)
		require.LessOrEqual(t, len(g.next), maxGone)
	}
	g = soldOut{}
	g.learn(fault.New(409, "PRICE_CHANGED", "dearer", "sku", "x"), wanted, 1)
	require.Empty(t, g.suspects(wanted, 2), "its price is another matter")
	g.learn(fault.StockInsufficient("x", 1, 0), wanted, 1)
	require.Equal(t, map[string]int64{"x": 1}, g.suspects(wanted, 2))
	g.learn(fault.StockInsufficient("x", 1, 0), nil, 2_000_000)
	require.Empty(t, g.suspects(wanted, 1+probeUS), "an answer without a question teaches nothing")
}
