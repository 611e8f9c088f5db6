package biz

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// shelfBook is a book with two stock rows and three documents that hold something of each.
func shelfBook(t require.TestingT) *Book {
	n := 0
	b := NewBook(1000, "test", func(prefix string) string { n++; return fmt.Sprintf("%s_%03d", prefix, n) })
	for i, sku := range []string{"A", "B"} {
		s, err := RestoreStock(StockRow{ID: int64(i + 1), Key: StockKey{sku, "S", "HQ"}, Org: "HQ", OnHand: 20, Reserved: 9, Version: 3})
		require.NoError(t, err)
		b.AddStock(s)
		for d := range 3 {
			expires := int64(0)
			if d == 2 {
				expires = 500 // is due
			}
			r, err := RestoreReservation(ReservationRow{Terms: Terms{ID: fmt.Sprintf("r%s%d", sku, d), Document: fmt.Sprintf("d%d", d), LineID: sku, Key: s.Key(), Seller: "HQ",
				LocationOrg: "HQ", Way: Parcel, Quantity: 3, ExpiresAtUS: expires, GID: "g"}, State: Held, Open: 3, Version: 1})
			require.NoError(t, err)
			b.AddReservations(r)
		}
	}
	for d := range 3 {
		b.AddDocuments(RestoreDocument(DocumentRow{ID: fmt.Sprintf("d%d", d), Seller: "HQ", Asked: &Asked{AnswerWithinUS: 10}}))
		b.AddAssignments(RestoreAssignment(AssignmentRow{ID: fmt.Sprintf("a%d", d), Document: fmt.Sprintf("d%d", d), Location: "S", State: Assigned, Round: 1, Version: 1}))
	}
	return b
}

// act makes a random step; it may refuse.
func act(rt *rapid.T, b *Book) {
	key := StockKey{rapid.SampledFrom([]string{"A", "B"}).Draw(rt, "sku"), "S", "HQ"}
	document := rapid.SampledFrom([]string{"d0", "d1", "d2", "d3", "d4"}).Draw(rt, "document")
	qty := rapid.Int64Range(1, 9).Draw(rt, "qty")
	list := b.Of(document)
	step := rapid.IntRange(0, 13).Draw(rt, "step")
	if len(list) == 0 && step > 3 && step < 9 {
		step = 0
	}
	var r *Reservation
	if len(list) > 0 {
		r = rapid.SampledFrom(list).Draw(rt, "reservation")
	}
	switch step {
	case 0:
		_, _ = b.Hold(Terms{Document: document, LineID: "x", Key: key, Seller: "HQ", LocationOrg: "HQ", Way: Parcel, Quantity: qty})
	case 1:
		_ = b.Receive(key, qty, Movement{Reason: ReasonReceive, Document: document, Ref: fmt.Sprint(qty)})
	case 2:
		b.Explain("HQ", Explanation{Document: document})
	case 3:
		b.Discrepancy(Discrepancy{Document: document, Size: qty})
	case 4:
		_ = b.Confirm(r)
	case 5:
		_, _ = b.Release(r)
	case 6:
		if r.Due(b.NowUS()) {
			_ = b.Expire(r)
		} else {
			_ = b.Extend(r, 2000+qty)
		}
	case 7:
		_ = b.Ship(r, qty, Movement{Reason: ReasonShip, Document: "f-" + document})
	case 8:
		if r.open > 0 {
			_ = b.ReleasePart(r, min(qty, r.open))
		}
	case 9:
		_, _, _ = b.lose(key, qty, Movement{Reason: ReasonShortPick, Document: document, Ref: fmt.Sprint(qty)})
	case 10:
		_ = b.outage(key, 2000+qty, document)
	case 11:
		d := b.document(document, "HQ")
		b.nextRound(d)
		b.paid(d)
		_ = b.enter(d, DocumentState(qty%4))
		b.announce(document)
	case 12:
		b.give(b.document(document, "HQ"), Location{Code: "S", Org: "HQ"}, Assigned, 1, 2000, "")
	case 13:
		if a := b.live(document, "S"); a != nil {
			_ = b.answer(a, []AssignmentState{Accepted, Declined, TimedOut}[qty%3], "so")
		}
	}
}

// What a member did is gone after its undo, whatever it was, and what comes later decides as if it had never been.
func TestWhatIsUndoneLeavesNothingInTheBook(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := shelfBook(rt)
		for range rapid.IntRange(0, 6).Draw(rt, "before") {
			act(rt, b)
		}
		seen := func() string {
			all := fmt.Sprintf("%+v", b.Changes())
			for d := range 5 {
				for _, r := range b.Of(fmt.Sprintf("d%d", d)) {
					all += fmt.Sprintf("\n%+v replaced by %v", r.Row(), len(b.inPlaceOf(r)) > 1)
				}
			}
			for _, sku := range []string{"A", "B"} {
				all += fmt.Sprintf("\n%+v", b.Stock(StockKey{sku, "S", "HQ"}).Row())
			}
			for d := range 5 {
				name := fmt.Sprintf("d%d", d)
				if known := b.Document(name); known != nil {
					all += fmt.Sprintf("\n%+v, paid %v", known.Row(), known.asked != nil && known.asked.Paid)
				}
				for _, a := range b.assignments[name] {
					all += fmt.Sprintf("\n%+v", a.Row())
				}
			}
			return fmt.Sprint(all, b.booked, len(b.documents), len(b.reservations))
		}
		before := seen()
		undo := b.Mark()
		for range rapid.IntRange(1, 6).Draw(rt, "undone") {
			act(rt, b)
		}
		undo()
		require.Equal(rt, before, seen())
	})
}
