package biz

import "github.com/onepool/onepool/app/internal/money"

// Share is what comes back with pieces of a line.
type Share struct {
	MoneyMinor        int64
	PointsAmountMinor int64
	Points            int64
}

// shareOf is what has come back in all once returned of the line's pieces are back. Money and points are rounded each by
// itself: both only grow, so no step gives a negative refund, and the last one leaves nothing. (The difference of two
// rounded shares would shrink now and then.)
func (l Line) shareOf(returned int64) Share {
	return Share{
		MoneyMinor:        money.Proportion(l.BaseMinor(), returned, l.Quantity),
		PointsAmountMinor: money.Proportion(l.PointsAmountMinor, returned, l.Quantity),
		Points:            money.Proportion(l.Points, returned, l.Quantity),
	}
}

// Ended units are back, or never left: nothing of their money is kept.
func (l Line) Ended() int64 { return l.ReturnedQuantity + l.CancelledQuantity }

// Live units are to be had, or have been.
func (l Line) Live() int64 { return l.Quantity - l.CancelledQuantity }

// Back is what more pieces give back after returned ones did.
func (l Line) Back(returned, more int64) Share {
	before, after := l.shareOf(returned), l.shareOf(returned+more)
	return Share{
		MoneyMinor:        after.MoneyMinor - before.MoneyMinor,
		PointsAmountMinor: after.PointsAmountMinor - before.PointsAmountMinor,
		Points:            after.Points - before.Points,
	}
}
