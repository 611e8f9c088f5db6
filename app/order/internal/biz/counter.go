package biz

// Counter is the store where a buyer brings goods back.
type Counter struct {
	Store, Org string
	// Cash: the till pays, whatever was paid with.
	Cash bool
}

// CanReturn is how many units of a line its buyer may give back now, and what they give back of what was paid for it.
func (o *Order) CanReturn(lineID string) (n, backMinor int64) {
	l := o.line(lineID)
	if l == nil || !l.Returnable {
		return 0, 0
	}
	parts := o.r.parts(*l)
	for _, f := range o.r.Fulfilments {
		if o.returnableNow(f, true) {
			n += o.unitsLeft(f, lineID, parts, nil)
		}
	}
	promised, _ := o.promised(lineID, "")
	return n, l.Back(l.Ended()+promised, n).MoneyMinor
}

// TakesBackAt refuses a store where the seller takes nothing back.
func (o *Order) TakesBackAt(at Counter) error {
	if at.Org != o.r.Org && !o.returnTerms().AnyStore {
		return notHere(at.Store, "this seller takes goods back in its own stores only")
	}
	return nil
}

// ReturnAtCounter takes goods over the counter of a store: asked for, approved and received at one moment, within the window.
// The goods go to the store's shelf, the refund is the seller's: cash leaves tills of its own stores only.
func (o *Order) ReturnAtCounter(wishes []ReturnWish, reason string, at Counter, found ...Inspected) (string, error) {
	if err := o.TakesBackAt(at); err != nil {
		return "", err
	}
	if at.Cash && at.Org != o.r.Org {
		return "", notHere(at.Store, "only the seller's own tills pay in cash: give it back to where it came from")
	}
	for _, f := range found {
		if f.Missing > 0 {
			return "", Invalid("inspection.missing", "must be 0: the goods lie on the counter")
		}
	}
	id, err := o.RequestReturn(wishes, reason, true)
	if err != nil {
		return "", err
	}
	if at.Cash {
		o.returned(id).CashAt = at.Store
	}
	if err := o.ApproveReturn(id); err != nil {
		return "", err
	}
	if err := o.ReceiveReturn(id, at.Store, found...); err != nil {
		return "", err
	}
	if o.r.atTheTill(id) && at.Org != o.r.Org {
		return "", notHere(at.Store, "it was paid at a till, and only the seller's own ones give that back")
	}
	return id, nil
}

// CashOf is what a till has to hand out for a return.
func (r Record) CashOf(returnID string) (sum int64) {
	for _, f := range r.Refunds {
		if f.ReturnID != returnID || f.State != RefundDone || f.Reason == ReasonExchange {
			continue
		}
		for _, c := range r.Captures {
			if c.ID == f.CaptureID && (c.Provider == ProviderCash || r.cashAt(returnID) && c.cashable()) {
				sum += f.AmountMinor
			}
		}
	}
	return sum
}

// cashable says whether a till may pay back in cash: stored value goes back to where it is stored, another platform's money
// through it. What came with goods that were exchanged may have been either.
func (c Capture) cashable() bool {
	return c.Provider != ProviderPlatform && c.Provider != ProviderWallet && c.Provider != ProviderExchange
}

// atTheTill says whether a return gives back what a till took.
func (r Record) atTheTill(returnID string) bool {
	for _, f := range r.Refunds {
		for _, c := range r.Captures {
			if f.ReturnID == returnID && c.ID == f.CaptureID && (c.Provider == ProviderCash || c.Provider == ProviderCard) {
				return true
			}
		}
	}
	return false
}

func (r Record) cashAt(returnID string) bool {
	for _, ret := range r.Returns {
		if ret.ID == returnID {
			return ret.CashAt != ""
		}
	}
	return false
}

func notHere(store, why string) Refusal {
	return refuse(409, reasonNotHere, why, "store", store)
}
