package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var shelfKey = StockKey{SKU: "LJ", Location: "S-01", Owner: "HQ"}

func shelf(t require.TestingT, onHand, reserved, safety int64) *Stock {
	s, err := RestoreStock(StockRow{Key: shelfKey, Org: "HQ", OnHand: onHand, Reserved: reserved, SafetyStock: safety})
	require.NoError(t, err)
	return s
}

func TestSafetyStockNeverStopsACustomerInTheShop(t *testing.T) {
	s := shelf(t, 10, 5, 2)
	require.Equal(t, int64(3), s.Promise())
	require.Equal(t, int64(5), s.AtTheTill())
	require.NoError(t, s.Hold(5, CarryOut))
	require.Zero(t, s.AtTheTill())
	require.Zero(t, s.Promise(), "never shown below zero")
}

func TestARefusedHoldChangesNothing(t *testing.T) {
	s := shelf(t, 10, 5, 2)
	before := s.Row()
	require.Equal(t, Short{SKU: "LJ", Wanted: 4, Left: 3}, s.Hold(4, Parcel))
	require.Error(t, s.Hold(0, Parcel))
	require.Error(t, s.Hold(-1, Parcel))
	require.Equal(t, before, s.Row())
}

func TestRowsThatCannotBeAreRefused(t *testing.T) {
	for _, r := range []StockRow{
		{Key: shelfKey, Org: "HQ", Reserved: -1}, {Key: shelfKey, Org: "HQ", SafetyStock: -1}, {Key: shelfKey}, {Key: StockKey{SKU: "LJ"}, Org: "HQ"},
		{Key: shelfKey, Org: "HQ", OnHand: MaxOnHand + 1},
	} {
		_, err := RestoreStock(r)
		require.Error(t, err)
	}
	for _, r := range []ReservationRow{
		{Terms: Terms{Quantity: 3}, State: Held, Open: 2}, {Terms: Terms{Quantity: 3}, State: Shipped, Open: 3}, {Terms: Terms{Quantity: 3}, State: Held, Shipped: 3},
		{Terms: Terms{Quantity: 3}, State: Held, Open: 4, Shipped: -1},
	} {
		_, err := RestoreReservation(r)
		require.Error(t, err)
	}
}

// Whatever happens to a stock row, its movements add up to on hand, follow each other without a gap, and verify.
func TestStockIsTheSumOfItsMovements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := 0
		book := NewBook(1, "test", func(prefix string) string { n++; return prefix + string(rune('0'+n)) })
		book.AddStock(shelf(t, 0, 0, 0))
		s := book.Stock(shelfKey)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			qty := rapid.Int64Range(1, 9).Draw(t, "qty")
			m := Movement{Reason: ReasonReceive, Document: "d"}
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				require.NoError(t, book.Receive(shelfKey, qty, m))
			case 1:
				if err := book.Adjust(shelfKey, -qty, m); err != nil {
					require.IsType(t, BelowReserved{}, err)
				}
			case 2:
				_, err := book.Hold(Terms{Document: "o", LineID: "1", Key: shelfKey, Seller: "HQ", LocationOrg: "HQ", Way: Parcel, Quantity: qty})
				if err != nil {
					require.IsType(t, Short{}, err)
				}
			case 3:
				for _, r := range book.Of("o") {
					if r.Open() > 0 {
						_, err := book.Release(r)
						require.NoError(t, err)
						break
					}
				}
			case 4:
				for _, r := range book.Of("o") {
					if r.Open() > 0 {
						require.NoError(t, book.Ship(r, qty, m)) // may be more than is held
						break
					}
				}
			}
		}
		c := book.Changes()
		sum, chain := int64(0), []byte(nil)
		for i, m := range c.Movements {
			require.Equal(t, int64(i+1), m.Seq)
			require.Equal(t, sum, m.Before)
			sum += m.Quantity
			require.Equal(t, sum, m.After)
			require.Equal(t, m.Chained(chain), m.Hash)
			chain = m.Hash
		}
		require.Equal(t, sum, s.Row().OnHand)
		held := int64(0)
		for _, r := range book.Of("o") {
			held += r.Open()
			row := r.Row()
			require.Equal(t, row.Quantity, row.Open+row.Shipped+row.Released+row.Expired)
		}
		require.Equal(t, held, s.Row().Reserved)
		gaps := int64(0)
		for _, g := range c.Gaps {
			gaps += g.Delta
		}
		require.Equal(t, s.Shortfall(), gaps, "what is missing is listed, piece by piece")
	})
}

func TestAReservationLeavesHeldOnce(t *testing.T) {
	r, err := NewReservation(Terms{ID: "res_1", Document: "d", LineID: "1", Key: shelfKey, Seller: "HQ", LocationOrg: "HQ", Quantity: 3, ExpiresAtUS: 10})
	require.NoError(t, err)
	require.False(t, r.Due(9))
	require.True(t, r.Due(10))
	_, err = r.expire(9)
	require.Error(t, err)
	_, err = r.confirm()
	require.NoError(t, err)
	require.False(t, r.Due(99), "a paid one does not expire")
	_, err = r.expire(99)
	require.Error(t, err)
	_, err = r.ship(2)
	require.NoError(t, err)
	require.Equal(t, Confirmed, r.State())
	_, err = r.release(r.open)
	require.NoError(t, err)
	for _, again := range []func() (ReservationChange, error){r.confirm, func() (ReservationChange, error) { return r.release(1) }, func() (ReservationChange, error) { return r.ship(1) }} {
		_, err = again()
		require.Error(t, err)
	}
	require.Equal(t, int64(4), r.Row().Version)
}
