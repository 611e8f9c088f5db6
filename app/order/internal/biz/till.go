package biz

import "github.com/onepool/onepool/app/internal/money"

// CardTender is money that a card terminal at the till has taken. Its reference is the terminal's, unique for the store.
type CardTender struct {
	AmountMinor int64
	Reference   string
}

// CardNo is the number of a terminal's transaction among all of the seller's.
func CardNo(store, reference string) string { return store + "/" + reference }

// SellAtTill makes the order of a sale in a store: paid with cash or cards, and carried out.
func SellAtTill(d Draft, held []Reservation, terms Terms, nowUS int64, actor string) (*Order, error) {
	return sell(d, held, "", func(fulfilmentID string) Effect { return SoldAtTill{FulfilmentID: fulfilmentID} }, terms, nowUS, actor)
}

func sell(d Draft, held []Reservation, note string, sold func(fulfilmentID string) Effect, terms Terms, nowUS int64, actor string) (*Order, error) {
	o := Restore(d.Record, terms, nowUS, actor)
	o.r.PlacedAtUS, o.r.PaidAtUS = nowUS, nowUS
	if err := o.moveOrder(EventPlace, note); err != nil {
		return nil, err
	}
	if err := o.sayLeftOut(d.LeftOut); err != nil {
		return nil, err
	}
	if err := o.take(ProviderCash, o.r.SourceNo, d.CashMinor); err != nil {
		return nil, err
	}
	for _, c := range d.Cards {
		if err := o.take(ProviderCard, CardNo(o.r.ShopStore, c.Reference), c.AmountMinor); err != nil {
			return nil, err
		}
	}
	if err := o.takeWallet(d.Wallet); err != nil {
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
		o.effects = append(o.effects, sold(f.ID))
	}
	return o, nil
}

// CheckTaken refuses a sale for which not exactly what is left to pay was taken, and a slip that stands there twice.
func CheckTaken(p Price, cashMinor, walletMinor int64, cards []CardTender) error {
	taken, err := money.Add(cashMinor, walletMinor)
	if err != nil {
		return amountInvalid("wallet_minor")
	}
	seen := map[string]bool{}
	for _, c := range cards {
		if c.AmountMinor <= 0 || c.Reference == "" || seen[c.Reference] {
			return Invalid("cards", "must have an amount above 0 and a reference of their own each")
		}
		seen[c.Reference] = true
		sum, err := money.Add(taken, c.AmountMinor)
		if err != nil {
			return amountInvalid("cards")
		}
		taken = sum
	}
	if taken != p.ToPayMinor() {
		return totalChanged(taken, p.ToPayMinor(), p.Currency)
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
