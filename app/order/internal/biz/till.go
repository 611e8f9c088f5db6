package biz

// SellAtTill makes the order of a sale in a store: paid with cash, and carried out.
func SellAtTill(d Draft, held []Reservation, terms Terms, nowUS int64, actor string) (*Order, error) {
	o := Restore(d.Record, terms, nowUS, actor)
	o.r.PlacedAtUS, o.r.PaidAtUS = nowUS, nowUS
	if err := o.moveOrder(EventPlace, ""); err != nil {
		return nil, err
	}
	if err := o.sayLeftOut(d.LeftOut); err != nil {
		return nil, err
	}
	if err := o.take(ProviderCash, o.r.SourceNo, d.CashMinor); err != nil {
		return nil, err
	}
	if err := o.moveOrder(EventPay, ""); err != nil {
		return nil, err
	}
	if err := o.plan(held, EventHandOver); err != nil {
		return nil, err
	}
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		f.AssignedAtUS, f.AcceptedAtUS, f.ShippedAtUS = nowUS, nowUS, nowUS
		if err := o.openWindow(f); err != nil {
			return nil, err
		}
		o.effects = append(o.effects, SoldAtTill{FulfilmentID: f.ID})
	}
	return o, nil
}

// CheckCash refuses a sale whose cash is not what is left to pay.
func CheckCash(p Price, cashMinor int64) error {
	if cashMinor != p.ToPayMinor() {
		return totalChanged(cashMinor, p.ToPayMinor(), p.Currency)
	}
	return nil
}

// CheckToPay refuses a placement whose buyer was shown another total.
func CheckToPay(p Price, shownMinor int64) error {
	if shownMinor != p.ToPayMinor() {
		return totalChanged(shownMinor, p.ToPayMinor(), p.Currency)
	}
	return nil
}
