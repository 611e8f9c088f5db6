package service

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

func part(sku string, pieces int64) *inventoryv1.KitPart {
	return &inventoryv1.KitPart{Sku: sku, Pieces: pieces}
}

func kit(sku string, parts ...*inventoryv1.KitPart) *inventoryv1.PutKitRequest {
	return &inventoryv1.PutKitRequest{RequestId: requestID(), Sku: sku, Parts: parts}
}

// box puts a kit of one pot and three cups on sale.
func (r *rig) box(t testing.TB) {
	t.Helper()
	_, err := r.PutKit(hq(t.Context(), "operator"), kit("BOX", part("POT", 1), part("CUP", 3)))
	require.NoError(t, err)
}

func TestAKitIsHeldByItsPartsAtOneLocation(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		r.stock(t, "S-01", "POT", 9) // the nearest has no cups
		r.stock(t, "S-02", "POT", 3)
		r.stock(t, "S-02", "CUP", 8)
		r.stock(t, "W-01", "CUP", 50)
		got, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "BOX", 2), line("2", "CUP", 2)))
		require.NoError(t, err)
		held := map[string]int64{}
		for _, res := range got.Reservations {
			require.Equal(t, "S-02", res.Location)
			held[res.LineId+" "+res.Sku+" of "+res.KitSku] += res.Quantity
		}
		require.Equal(t, map[string]int64{"1 POT of BOX": 2, "1 CUP of BOX": 6, "2 CUP of ": 2}, held, "two lines that want the same SKU see each other")

		_, err = r.Hold(order(t.Context()), parcel("ord_2", line("1", "BOX", 1)))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "S-01 and W-01 have all parts, but no place has both")
		require.Equal(t, map[string]string{"sku": "BOX", "wanted": "1", "left": "0"}, metadataOf(err))
		require.Equal(t, int64(2), r.rows(t, "S-02", "POT").Reserved, "all or nothing")
		r.stock(t, "S-02", "CUP", 100)
		_, err = r.Hold(order(t.Context()), parcel("ord_3", line("1", "BOX", 5)))
		require.Equal(t, map[string]string{"sku": "BOX", "wanted": "5", "left": "1"}, metadataOf(err), "kits, not pieces: one pot is left there")
		_, err = r.Hold(order(t.Context()), parcel("ord_4", line("1", "POT", 30), line("2", "BOX", 1)))
		require.Equal(t, map[string]string{"sku": "POT", "wanted": "31", "left": "10"}, metadataOf(err), "the plain pots alone are too many; one more is wanted for the box")

		_, err = r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: "ord_1"})
		require.NoError(t, err)
		ship := &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP"}
		for _, res := range got.Reservations {
			ship.Lines = append(ship.Lines, &inventoryv1.ShipLine{ReservationId: res.Id, Quantity: res.Quantity})
		}
		_, err = r.branch.Ship(called(t.Context()), ship)
		require.NoError(t, err)
		require.Equal(t, int64(1), r.rows(t, "S-02", "POT").OnHand)
		require.Equal(t, int64(100), r.rows(t, "S-02", "CUP").OnHand)
		back := &inventoryv1.TakeBackCall{Document: "ret_1", Lines: []*inventoryv1.TakeBackLine{
			{LineId: "1", Sku: "POT", Location: "S-02", Owner: "HQ", Quantity: 1}, {LineId: "1", Sku: "CUP", Location: "S-02", Owner: "HQ", Quantity: 3}}}
		for range 2 {
			_, err = r.branch.TakeBack(called(t.Context()), back)
			require.NoError(t, err)
		}
		require.Equal(t, int64(2), r.rows(t, "S-02", "POT").OnHand)
		require.Equal(t, int64(103), r.rows(t, "S-02", "CUP").OnHand, "each part comes back once")
		r.audit(t)
	})
}

func TestAKitIsHeldAtTheChosenStore(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		r.stock(t, "S-01", "POT", 2)
		r.stock(t, "S-01", "CUP", 5)
		r.stock(t, "S-02", "POT", 9)
		r.stock(t, "S-02", "CUP", 90)
		for document, way := range map[string]inventoryv1.DeliveryWay{"ord_1": inventoryv1.DeliveryWay_PICKUP, "ord_2": inventoryv1.DeliveryWay_CARRY_OUT} {
			in := parcel(document, line("1", "BOX", 2))
			in.Way, in.Location = way, "S-01"
			_, err := r.Hold(order(t.Context()), in)
			require.Equal(t, map[string]string{"sku": "BOX", "wanted": "2", "left": "1"}, metadataOf(err), "never moved elsewhere")
		}
		in := parcel("ord_3", line("1", "BOX", 1))
		in.Way, in.Location = inventoryv1.DeliveryWay_PICKUP, "S-01"
		_, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		r.audit(t)
	})
}

// The parts of a kit go to two places when two lines want it, never the parts of one line.
func TestEachLineOfAKitStaysTogether(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		for _, at := range []string{"S-01", "S-02"} {
			r.stock(t, at, "POT", 1)
			r.stock(t, at, "CUP", 3)
		}
		_, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "BOX", 2)))
		require.Equal(t, map[string]string{"sku": "BOX", "wanted": "2", "left": "1"}, metadataOf(err))
		got, err := r.Hold(order(t.Context()), parcel("ord_2", line("1", "BOX", 1), line("2", "BOX", 1)))
		require.NoError(t, err)
		at := map[string]map[string]bool{}
		for _, res := range got.Reservations {
			if at[res.LineId] == nil {
				at[res.LineId] = map[string]bool{}
			}
			at[res.LineId][res.Location] = true
		}
		require.Len(t, got.Reservations, 4)
		require.Len(t, at["1"], 1)
		require.Len(t, at["2"], 1)
		r.audit(t)
	})
}

func TestThePriceOfAKitIsSharedAmongItsParts(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		put := kit("BOX", &inventoryv1.KitPart{Sku: "POT", Pieces: 1, PriceWeight: 8900}, &inventoryv1.KitPart{Sku: "CUP", Pieces: 3, PriceWeight: 500})
		_, err := r.PutKit(hq(t.Context(), "operator"), put)
		require.NoError(t, err)
		r.stock(t, "F-01", "POT", 1)
		r.stock(t, "F-01", "CUP", 3)
		got, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "BOX", 1)))
		require.NoError(t, err)
		price := map[string]int64{}
		for _, res := range got.Reservations {
			price[res.Sku] = res.SettlementPriceMinor
			require.Equal(t, int64(300), res.FulfilmentFeeMinor)
		}
		// 99.90 is shared 8900 : 1500, so 85.49 and 14.41; a cup bears 4.80; 60.5 % of each.
		require.Equal(t, map[string]int64{"POT": 5172, "CUP": 290}, price)
		r.audit(t)
	})
}

func TestWhatMayBeInAKit(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		op := hq(t.Context(), "operator")
		refused := func(reason string, in *inventoryv1.PutKitRequest) {
			t.Helper()
			_, err := r.PutKit(op, in)
			require.Equal(t, reason, reasonOf(err), "%v", err)
		}
		refused("KIT_NESTED", kit("SET", part("BOX", 1), part("TEA", 1)))
		refused("KIT_NESTED", kit("CUP", part("HANDLE", 1), part("BOWL", 1))) // CUP is a part of BOX
		refused("KIT_NESTED", kit("SET", part("SET", 1), part("TEA", 1)))
		refused("VALIDATOR", kit("SET", part("TEA", 1), part("TEA", 2)))
		refused("VALIDATOR", kit("SET", part("TEA", 1)))
		refused("SKU_UNKNOWN", kit("NO-SET", part("TEA", 2)))
		refused("SKU_UNKNOWN", kit("SET", part("TEA", 2), part("NO-TEA", 2)))
		again := kit("BOX", part("POT", 2), part("CUP", 3))
		refused("STATE_CONFLICT", again) // there is one: which version is meant?
		again.RequestId, again.ExpectedVersion = requestID(), 7
		refused("STATE_CONFLICT", again)
		fresh := kit("SET", part("TEA", 2))
		fresh.ExpectedVersion = 1
		refused("KIT_UNKNOWN", fresh)
		r.stock(t, "S-01", "LJ", 1)
		refused("KIT_HAS_STOCK", kit("LJ", part("TEA", 2)))
		_, stocked := r.PutKit(op, kit("LJ", part("TEA", 2)))
		require.Contains(t, messageOf(stocked), "make a new SKU", "LJ is no kit whose parts could be booked")
		for _, by := range []struct {
			reason string
			err    func() error
		}{
			{"FORBIDDEN", func() error { _, err := r.PutKit(hq(t.Context(), "finance"), kit("SET", part("TEA", 2))); return err }},
			{"FORBIDDEN", func() error {
				_, err := r.PutKit(franchisee(t.Context(), "FR1", "manager"), kit("SET", part("TEA", 2)))
				return err
			}},
			{"FORBIDDEN", func() error { _, err := r.PutKit(member(t.Context()), kit("SET", part("TEA", 2))); return err }},
			{"FORBIDDEN", func() error {
				_, err := r.RetireKit(franchisee(t.Context(), "FR1", "manager"), &inventoryv1.RetireKitRequest{RequestId: requestID(), Sku: "BOX", ExpectedVersion: 1})
				return err
			}},
			{"KIT_UNKNOWN", func() error {
				_, err := r.RetireKit(op, &inventoryv1.RetireKitRequest{RequestId: requestID(), Sku: "SET", ExpectedVersion: 1})
				return err
			}},
			{"KIT_UNKNOWN", func() error { _, err := r.GetKit(op, &inventoryv1.GetKitRequest{Sku: "SET"}); return err }},
		} {
			require.Equal(t, by.reason, reasonOf(by.err()))
		}
		_, err := r.ReceiveStock(op, received(&inventoryv1.StockLine{Location: "S-01", Sku: "POT", Quantity: 1}, &inventoryv1.StockLine{Location: "S-01", Sku: "BOX", Quantity: 1}))
		require.Equal(t, "KIT_HAS_STOCK", reasonOf(err))
		_, err = r.AdjustStock(op, corrected("BOX", 1))
		require.Equal(t, "KIT_HAS_STOCK", reasonOf(err))
		imported, err := r.ImportStock(op, &inventoryv1.ImportStockRequest{RequestId: requestID(), Document: "count", Rows: []*inventoryv1.ImportStockRow{{Line: 2, LocationCode: "S-01", Sku: "BOX", OnHand: 1}}})
		require.NoError(t, err)
		require.Equal(t, "KIT_HAS_STOCK", imported.Errors[0].Reason)
	})
}

func TestWhatIsHeldOfAKitStaysAsItWasHeld(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		r.stock(t, "S-01", "POT", 9)
		r.stock(t, "S-01", "CUP", 9)
		first, err := r.Hold(order(t.Context()), parcel("ord_1", line("1", "BOX", 1)))
		require.NoError(t, err)
		put := kit("BOX", part("POT", 2), part("CUP", 1))
		put.ExpectedVersion = 1
		changed, err := r.PutKit(hq(t.Context(), "operator"), put)
		require.NoError(t, err)
		require.Equal(t, int64(2), changed.Version)
		same, err := r.PutKit(hq(t.Context(), "operator"), put)
		require.NoError(t, err, "a repeat gets its answer")
		require.Equal(t, changed.Version, same.Version)
		second, err := r.Hold(order(t.Context()), parcel("ord_2", line("1", "BOX", 1)))
		require.NoError(t, err)
		pieces := func(held *inventoryv1.HoldResponse) map[string]int64 {
			n := map[string]int64{}
			for _, res := range held.Reservations {
				n[res.Sku] += res.Quantity
			}
			return n
		}
		require.Equal(t, map[string]int64{"POT": 1, "CUP": 3}, pieces(first))
		require.Equal(t, map[string]int64{"POT": 2, "CUP": 1}, pieces(second))

		_, err = r.RetireKit(hq(t.Context(), "operator"), &inventoryv1.RetireKitRequest{RequestId: requestID(), Sku: "BOX", ExpectedVersion: 1})
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))
		_, err = r.RetireKit(hq(t.Context(), "operator"), &inventoryv1.RetireKitRequest{RequestId: requestID(), Sku: "BOX", ExpectedVersion: 2})
		require.NoError(t, err)
		_, err = r.Hold(order(t.Context()), parcel("ord_3", line("1", "BOX", 1)))
		require.Equal(t, map[string]string{"sku": "BOX", "wanted": "1", "left": "0"}, metadataOf(err), "an ordinary SKU now, of which nothing is there")
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_1"})
		require.NoError(t, err)
		require.Equal(t, int64(2), r.rows(t, "S-01", "POT").Reserved)
		require.Equal(t, int64(1), r.rows(t, "S-01", "CUP").Reserved)
		r.audit(t)

		for i := range 3 {
			_, err := r.PutKit(hq(t.Context(), "operator"), kit(fmt.Sprintf("SET-%d", i), part("POT", 1), part(fmt.Sprintf("TEA-%d", i), 1)))
			require.NoError(t, err)
		}
		var listed []string
		token := ""
		for {
			page, err := r.ListKits(hq(t.Context()), &inventoryv1.ListKitsRequest{PageSize: 2, PageToken: token, Part: "POT"})
			require.NoError(t, err)
			for _, k := range page.Kits {
				listed = append(listed, k.Sku)
			}
			if token = page.NextPageToken; token == "" {
				break
			}
		}
		require.Equal(t, []string{"SET-0", "SET-1", "SET-2"}, listed, "BOX is retired")
		all, err := r.ListKits(member(t.Context()), &inventoryv1.ListKitsRequest{Retired: true})
		require.NoError(t, err)
		require.Len(t, all.Kits, 4)
		one, err := r.ListKits(hq(t.Context()), &inventoryv1.ListKitsRequest{Part: "TEA-1"})
		require.NoError(t, err)
		require.Len(t, one.Kits, 1)
	})
}

func TestAPartialHoldTakesWhatIsThere(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		r.stock(t, "S-01", "POT", 9)
		r.stock(t, "S-01", "CUP", 7)
		r.stock(t, "S-02", "LJ", 2)
		in := parcel("ord_1", line("1", "BOX", 3), line("2", "LJ", 5), line("3", "TG", 1))
		in.Partial = true
		got, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		held := map[string]int64{}
		for _, res := range got.Reservations {
			held[res.Sku] += res.Quantity
		}
		require.Equal(t, map[string]int64{"POT": 2, "CUP": 6, "LJ": 2}, held, "whole kits only")
		short := map[string][2]int64{}
		for _, s := range got.Short {
			short[s.LineId+" "+s.Sku] = [2]int64{s.Wanted, s.Short}
		}
		require.Equal(t, map[string][2]int64{"1 BOX": {3, 1}, "2 LJ": {5, 3}, "3 TG": {1, 1}}, short)
		again, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		require.Len(t, again.Short, 3, "the answer is stored")

		all := parcel("ord_2", line("1", "POT", 8))
		_, err = r.Hold(order(t.Context()), all)
		require.Equal(t, map[string]string{"sku": "POT", "wanted": "8", "left": "7"}, metadataOf(err), "all or nothing stays the default")
		none := parcel("ord_3", line("1", "TG", 2))
		none.Partial = true
		_, err = r.Hold(order(t.Context()), none)
		require.Equal(t, map[string]string{"sku": "TG", "wanted": "2", "left": "0"}, metadataOf(err), "a hold of nothing is none")
		r.audit(t)
	})
}

// What a caller reserves at a place of its own choice is taken apart too: whole kits, each from there.
func TestAKitIsReservedByItsPartsWhereTheCallerWantsIt(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		r.stock(t, "S-01", "POT", 3)
		r.stock(t, "S-01", "CUP", 8)
		r.stock(t, "S-02", "CUP", 90)
		_, err := r.Reserve(order(t.Context()), reserving("ord_1", at("1", "S-01", "BOX", 3)))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		require.Equal(t, map[string]string{"sku": "BOX", "wanted": "3", "left": "2"}, metadataOf(err), "8 cups make two boxes")
		_, err = r.Reserve(order(t.Context()), reserving("ord_2", at("1", "S-01", "CUP", 3), at("2", "S-01", "BOX", 2)))
		require.Equal(t, map[string]string{"sku": "BOX", "wanted": "2", "left": "1"}, metadataOf(err), "the line before has taken cups")
		require.Zero(t, r.rows(t, "S-01", "CUP").Reserved, "all or nothing")

		in := reserving("ord_3", at("1", "S-01", "BOX", 3), at("2", "S-01", "CUP", 3))
		in.Partial = true
		got, err := r.Reserve(order(t.Context()), in)
		require.NoError(t, err)
		require.Equal(t, []int64{2, 2}, []int64{got.Lines[0].Reserved, got.Lines[1].Reserved})
		held := map[string]int64{}
		for _, res := range got.Reservations {
			require.Equal(t, "S-01", res.Location)
			held[res.LineId+" "+res.Sku+" of "+res.KitSku] += res.Quantity
		}
		require.Equal(t, map[string]int64{"1 POT of BOX": 2, "1 CUP of BOX": 6, "2 CUP of ": 2}, held)
		r.audit(t)
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "ord_3"})
		require.NoError(t, err)
		require.Zero(t, r.rows(t, "S-01", "POT").Reserved)
		_, err = r.Reserve(order(t.Context()), reserving("ord_4", at("1", "S-01", "BOX", 400_000)))
		require.Equal(t, "VALIDATOR", reasonOf(err), "1,200,000 cups")
		r.audit(t)
	})
}
