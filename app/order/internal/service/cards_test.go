package service

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
)

// Two cups for 30.00 less a point's worth of 1.00: 10.00 in cash, the rest by two cards.
func TestASaleIsPaidByCashAndCards(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		cards := func(amounts ...int64) (all []*orderv1.CardTender) {
			for i, a := range amounts {
				all = append(all, &orderv1.CardTender{AmountMinor: a, Reference: "T" + string(rune('1'+i))})
			}
			return all
		}
		req := sale("R1", 1000, line("cup", 2))
		req.Cards = cards(1500, 401)
		_, err := s.SellAtTill(s.served(till), req)
		require.Equal(t, "2900", requireReason(t, "PRICE_CHANGED", err).Metadata["total_minor"])
		req = sale("R1", 1000, line("cup", 2))
		req.Cards = []*orderv1.CardTender{{AmountMinor: 1500, Reference: "T1"}, {AmountMinor: 400, Reference: "T1"}}
		_, err = s.SellAtTill(s.served(till), req)
		require.Equal(t, "cards", requireReason(t, "VALIDATOR", err).Metadata["field"])
		req = sale("R1", 1000, line("cup", 2))
		req.Cards = cards(1<<63-1, 1<<63-1)
		_, err = s.SellAtTill(s.served(till), req)
		requireReason(t, "AMOUNT_INVALID", err)

		req = sale("R1", 1000, line("cup", 2))
		req.Cards = cards(1500, 400)
		o, err := s.SellAtTill(s.served(till), req)
		require.NoError(t, err)
		again, err := s.SellAtTill(s.served(till), req)
		require.NoError(t, err)
		require.Equal(t, o.String(), again.String())
		var tenders []string
		for _, x := range o.Tenders {
			tenders = append(tenders, x.Kind.String()+" "+x.Reference)
		}
		require.Equal(t, []string{"POINTS ", "CASH S2/R1", "CARD T1", "CARD T2"}, tenders)
		require.Empty(t, s.audit())

		// A slip pays one receipt.
		req = sale("R2", 950, line("cup", 1))
		req.Points, req.Cards = 50, cards(500)
		_, err = s.SellAtTill(s.served(till), req)
		require.Equal(t, "T1", requireReason(t, "STATE_CONFLICT", err).Metadata["number"])

		// What comes back is shared among the tenders, at the terminal and in cash at once.
		ret, err := s.giveBack(till, keeper, o, o.Lines[0].LineId, 1)
		require.NoError(t, err)
		require.Equal(t, orderv1.ReturnState_REFUNDED, ret.State)
		o = s.get(o.Id)
		require.Equal(t, []int64{500, 750, 200}, []int64{o.Tenders[1].Refunded.AmountMinor, o.Tenders[2].Refunded.AmountMinor, o.Tenders[3].Refunded.AmountMinor})
		require.Empty(t, s.openRefunds(0))
		require.Empty(t, s.audit())
	})
}
