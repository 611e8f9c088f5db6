package biz

// FrozenUS is what a freeze adds to a row's outage: more than any time, so that an outage without an end is what all
// readers see, and taking it away again leaves the outage that there was.
const FrozenUS int64 = 1 << 62

// Frozen says that a stocktake counts the row and wants nothing of it promised online meanwhile.
func (s *Stock) Frozen() bool { return s.outageUntilUS >= FrozenUS }

func (s *Stock) freeze() {
	if !s.Frozen() {
		s.outageUntilUS += FrozenUS
	}
}

func (s *Stock) thaw() {
	if s.Frozen() {
		s.outageUntilUS -= FrozenUS
	}
}

// takeOff takes pieces from on hand for another place than a customer's hands. It never goes below what customers hold.
func (s *Stock) takeOff(qty int64) (Step, error) {
	if err := pieces(qty); err != nil {
		return Step{}, err
	}
	if s.onHand-qty < s.reserved {
		return Step{}, BelowReserved{Key: s.key, OnHand: s.onHand, Reserved: s.reserved}
	}
	return s.step(-qty), nil
}

// send takes off what leaves for another location: no more than the till might sell.
func (s *Stock) send(qty int64) (Step, error) {
	if left := s.AtTheTill(); qty > left {
		return Step{}, Short{SKU: s.key.SKU, Wanted: qty, Left: left}
	}
	return s.takeOff(qty)
}

// spoil adds to what is damaged.
func (s *Stock) spoil(qty int64) (Step, error) {
	if err := pieces(qty); err != nil {
		return Step{}, err
	}
	if s.damaged+qty > MaxOnHand {
		return Step{}, Invalid{"quantity", "more than a location can hold"}
	}
	return s.change(&s.damaged, qty), nil
}

// clear takes away from what is damaged.
func (s *Stock) clear(qty int64) (Step, error) {
	if err := pieces(qty); err != nil {
		return Step{}, err
	}
	if qty > s.damaged {
		return Step{}, NotDamaged{Key: s.key, Wanted: qty, Damaged: s.damaged}
	}
	return s.change(&s.damaged, -qty), nil
}

// expect adds what has been sent here.
func (s *Stock) expect(qty int64) (Step, error) {
	if err := pieces(qty); err != nil {
		return Step{}, err
	}
	return s.change(&s.inTransit, qty), nil
}

// arrive ends being in transit, for better or worse.
func (s *Stock) arrive(qty int64) (Step, error) {
	if qty < 1 || qty > s.inTransit {
		return Step{}, broken("%d of %d in transit arrive, %s", qty, s.inTransit, s.key)
	}
	return s.change(&s.inTransit, -qty), nil
}

// count corrects on hand to what is on the shelf: the shelf is the truth, also where customers hold more.
func (s *Stock) count(difference int64) (Step, error) {
	if after := s.onHand + difference; after > MaxOnHand || after < -MaxOnHand {
		return Step{}, Invalid{"counted", "more than a location can hold"}
	}
	return s.step(difference), nil
}
