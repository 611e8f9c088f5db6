package biz

import (
	"cmp"
	"context"
	"slices"
)

// pickupRead is how many SKUs are read at once.
const pickupRead = 200

// pickupArrival is pieces of a SKU that come to a store.
type pickupArrival struct {
	atUS   int64
	pieces int64
}

// bring looks for what stores lack: on its way to them, and at other locations of their organisation.
func (uc GetPickupOptions) bring(ctx context.Context, u *pickup, lacking []*pickupSpot) error {
	if len(lacking) == 0 {
		return nil
	}
	stores, skus := u.wanted(lacking)
	transfers, err := uc.Transfers.OnTheirWay(ctx, stores)
	if err != nil {
		return err
	}
	arrivals, owed := u.arrivals(transfers), map[Shelf]int64{}
	for some := range slices.Chunk(skus, pickupRead) {
		rows, err := uc.Stock.AtLocations(ctx, some, stores)
		if err != nil {
			return err
		}
		owedFirst(owed, rows)
	}
	for _, s := range lacking {
		u.fetch(s, arrivals, owed)
	}
	return nil
}

// fetch tries the ways in which what a store lacks may come: all of it on its way; all of it from another location; or the rest
// from there, after all that is on its way.
func (u *pickup) fetch(s *pickupSpot, arrivals map[Shelf][]pickupArrival, owed map[Shelf]int64) {
	if atUS, comes := u.arrive(s, arrivals, owed); comes {
		u.ready(s, PickupByTransfer, atUS)
	}
	leadUS := u.nowUS + u.query.LeadUS
	if u.elsewhere(s, func(n pickupNeed) int64 { return u.online(s, n, owed) }) {
		u.ready(s, PickupByTransfer, leadUS)
	}
	if s.option.Readiness == PickupByTransfer {
		return
	}
	lastUS := leadUS
	if u.elsewhere(s, func(n pickupNeed) int64 {
		online := u.online(s, n, owed)
		for _, a := range arrivals[Shelf{n.sku, s.option.Location.Code}] {
			online, lastUS = online+a.pieces, max(lastUS, a.atUS)
		}
		return online
	}) {
		u.ready(s, PickupByTransfer, lastUS)
	}
}

// arrivals are what comes of each SKU of the basket to each store, the earliest first. What is late can come any moment;
// what nobody said a time for counts with the lead time.
func (u *pickup) arrivals(transfers []TransferRow) map[Shelf][]pickupArrival {
	all := map[Shelf][]pickupArrival{}
	for _, t := range transfers {
		atUS := max(u.nowUS, t.ExpectedUS)
		if t.ExpectedUS == 0 {
			atUS = u.nowUS + u.query.LeadUS
		}
		for _, l := range t.Lines {
			if _, wanted := u.of[l.SKU]; wanted && l.Open() > 0 {
				shelf := Shelf{l.SKU, t.To}
				all[shelf] = append(all[shelf], pickupArrival{atUS, l.Open()})
			}
		}
	}
	for _, list := range all {
		slices.SortStableFunc(list, func(a, b pickupArrival) int { return cmp.Compare(a.atUS, b.atUS) })
	}
	return all
}

// owedFirst adds what arriving pieces have to fill up before any can be promised: where more is reserved, blocked or kept for
// safety than there is.
func owedFirst(owed map[Shelf]int64, rows []*Stock) {
	for _, s := range rows {
		if free := s.onHand - s.reserved - s.blocked - s.safety; free < 0 {
			owed[s.key.Shelf()] -= free
		}
	}
}

// online is what is online at a store, below zero by what is owed there.
func (u *pickup) online(s *pickupSpot, n pickupNeed, owed map[Shelf]int64) int64 {
	return n.shelf.At(s.number, u.pool.NowUS).Online - owed[Shelf{n.sku, s.option.Location.Code}]
}

// arrive says when transfers have brought all that is missing.
func (u *pickup) arrive(s *pickupSpot, arrivals map[Shelf][]pickupArrival, owed map[Shelf]int64) (atUS int64, comes bool) {
	for _, i := range s.lacks {
		n := u.needs[i]
		online, enough := u.online(s, n, owed), false
		for _, a := range arrivals[Shelf{n.sku, s.option.Location.Code}] {
			online += a.pieces
			if enough = n.may(s.number, online) >= n.pieces; enough {
				atUS = max(atUS, a.atUS)
				break
			}
		}
		if !enough {
			return 0, false
		}
	}
	return atUS, true
}
