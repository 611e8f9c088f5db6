package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/ids"
)

// GoodwillWay says how money beyond the price is given.
type GoodwillWay string

// The ways of goodwill.
const (
	GoodwillCash     GoodwillWay = "CASH"
	GoodwillTransfer GoodwillWay = "TRANSFER"
)

// Goodwill is money that a seller gives beyond the price: no refund, and no part of what can be refunded.
type Goodwill struct {
	ID                                string
	State                             State
	AmountMinor                       int64
	Way                               GoodwillWay
	Reason                            string
	AskedBy, ApprovedBy               string
	Refusal                           string
	Reference                         string // of its payment
	AskedAtUS, ApprovedAtUS, DoneAtUS int64
}

// RequestGoodwill asks for money beyond the price of a paid order. decides says that the caller may decide about money; up to
// aloneMinor for all that the order was given, that is enough.
func (o *Order) RequestGoodwill(amountMinor int64, way GoodwillWay, reason string, decides bool, aloneMinor int64) (string, error) {
	if o.r.PaidAtUS == 0 {
		return "", stateConflict(o.r.State, "only who has paid is given something back")
	}
	g := Goodwill{ID: ids.New("gdw"), AmountMinor: amountMinor, Way: way, Reason: reason, AskedBy: o.actor, AskedAtUS: o.nowUS}
	sum := amountMinor
	for _, other := range o.r.Goodwills {
		if other.State != GoodwillRefused {
			sum += other.AmountMinor
		}
	}
	event := EventRequest
	if decides && sum <= aloneMinor {
		event, g.ApprovedBy, g.ApprovedAtUS = EventGrant, o.actor, o.nowUS
	}
	if err := o.move(SubjectGoodwill, g.ID, &g.State, event, reason); err != nil {
		return "", err
	}
	o.r.Goodwills = append(o.r.Goodwills, g)
	return g.ID, nil
}

// ApproveGoodwill approves it by another person than the one who asked.
func (o *Order) ApproveGoodwill(id string) error {
	g := o.goodwill(id)
	switch {
	case g == nil:
		return NotFound("goodwill")
	case g.AskedBy == o.actor:
		return refuse(403, reasonSecondPerson, "you have asked for it: another person has to approve it")
	}
	if err := o.move(SubjectGoodwill, g.ID, &g.State, EventApprove, ""); err != nil {
		return err
	}
	g.ApprovedBy, g.ApprovedAtUS = o.actor, o.nowUS
	return nil
}

// RefuseGoodwill says that it is not given.
func (o *Order) RefuseGoodwill(id, reason string) error {
	g := o.goodwill(id)
	if g == nil {
		return NotFound("goodwill")
	}
	g.Refusal = reason
	return o.move(SubjectGoodwill, g.ID, &g.State, EventRefuse, reason)
}

// PayGoodwill says that the buyer has the money.
func (o *Order) PayGoodwill(id, reference string) error {
	g := o.goodwill(id)
	if g == nil {
		return NotFound("goodwill")
	}
	if err := o.move(SubjectGoodwill, g.ID, &g.State, EventPay, reference); err != nil {
		return err
	}
	g.Reference, g.DoneAtUS = reference, o.nowUS
	return nil
}

func (o *Order) goodwill(id string) *Goodwill {
	i := slices.IndexFunc(o.r.Goodwills, func(g Goodwill) bool { return g.ID == id })
	if i < 0 {
		return nil
	}
	return &o.r.Goodwills[i]
}
