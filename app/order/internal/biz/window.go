package biz

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// dayUS is a day of twenty-four hours.
const dayUS = 24 * 3600 * 1_000_000

// MaxWindowDays bounds a return window, with all that was added to it.
const MaxWindowDays = 365

// ReturnTerms are what an order promises about receipt and returns. They are frozen at placement: a rule that changes later
// changes no order.
type ReturnTerms struct {
	Policy        string `json:"policy,omitempty"` // the rule's id; empty: the configuration's
	Zone          string `json:"zone,omitempty"`   // IANA name of the selling store's clocks; empty: UTC
	WindowUS      int64  `json:"window_us"`        // see WindowEnd
	AutoReceiveUS int64  `json:"auto_receive_us"`  // from shipment
	DelayUS       int64  `json:"delay_us"`         // how much later receipt confirms itself if nothing has come; 0: no later

	KeepGoodsMinor int64         `json:"keep_goods_minor,omitempty"` // see KeepGoods
	Freight        FreightRefund `json:"freight,omitempty"`
	AnyStore       bool          `json:"any_store,omitempty"` // goods may be given back in stores of other organisations
}

// ReturnPolicy is a rule of headquarters about returns, from a time on. Channel "" stands for those without a rule of their own.
type ReturnPolicy struct {
	ID, Channel                        string
	FromUS                             int64
	WindowDays, ReceiveDays, DelayDays int64
	KeepGoodsMinor, GoodwillAloneMinor int64
	Freight                            FreightRefund
	AnyStore                           bool
	ChangedBy                          string
	ChangedAtUS                        int64
}

// Terms are what an order of today freezes of the rule.
func (p ReturnPolicy) Terms() ReturnTerms {
	return ReturnTerms{Policy: p.ID, WindowUS: p.WindowDays * dayUS, AutoReceiveUS: p.ReceiveDays * dayUS, DelayUS: p.DelayDays * dayUS,
		KeepGoodsMinor: p.KeepGoodsMinor, Freight: p.Freight, AnyStore: p.AnyStore}
}

// Starts sets when a rule is in force from: at once, or at a time to come. The past is not changed.
func (p *ReturnPolicy) Starts(fromUS, nowUS int64) error {
	if fromUS != 0 && fromUS < nowUS {
		return Invalid("from_us", "must not be in the past: leave it out for a rule that counts at once")
	}
	p.FromUS = max(fromUS, nowUS)
	return nil
}

// ReturnPolicyReader knows the rule that is in force now.
type ReturnPolicyReader interface {
	// ReturnTerms of orders of a channel; those of the configuration where there is no rule.
	ReturnTerms(ctx context.Context, channel string) (ReturnTerms, error)
	// GoodwillAlone is what one person may give beyond the price of one of its orders; 0 where there is no rule.
	GoodwillAlone(ctx context.Context, channel string) (int64, error)
}

// returnTerms are frozen into an order of a channel, by the clocks of its seller.
func (s Seeker) returnTerms(ctx context.Context, channel string, seller Seller) (*ReturnTerms, error) {
	t, err := s.Returns.ReturnTerms(ctx, channel)
	if err != nil {
		return nil, err
	}
	t.Zone = seller.Timezone
	if _, err := t.zone(); err != nil {
		return nil, err
	}
	return &t, nil
}

func (t ReturnTerms) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(t.Zone)
	if err != nil {
		return nil, fmt.Errorf("time zone of the seller: %w", err)
	}
	return zone, nil
}

// WindowEnd is when a return window is over. Whole days run from the day after receipt to the end of the last one, by the
// clocks of zone; a window that is no whole number of days, for trials, runs from receipt itself.
func WindowEnd(receivedUS, windowUS int64, zone *time.Location) int64 {
	if windowUS%dayUS != 0 {
		return receivedUS + windowUS
	}
	at := time.UnixMicro(receivedUS).In(zone)
	return time.Date(at.Year(), at.Month(), at.Day()+1+int(windowUS/dayUS), 0, 0, 0, 0, zone).UnixMicro()
}

// returnTerms of the order; those of the configuration for one that was placed before they were frozen.
func (o *Order) returnTerms() ReturnTerms {
	if o.r.ReturnTerms != nil {
		return *o.r.ReturnTerms
	}
	return ReturnTerms{WindowUS: o.terms.ReturnWindowUS, AutoReceiveUS: o.terms.AutoReceiveUS}
}

// openWindow starts the return window of a fulfilment that the buyer has received now.
func (o *Order) openWindow(f *Fulfilment) error {
	t := o.returnTerms()
	zone, err := t.zone()
	if err != nil {
		return err
	}
	f.ReceivedAtUS = o.nowUS
	f.ReturnUntilUS = WindowEnd(o.nowUS, t.WindowUS, zone)
	f.CloseAtUS = f.ReturnUntilUS
	return nil
}

// underWay says whether a fulfilment has left, and its receiver has not said yet that it has come.
func (f Fulfilment) underWay() bool {
	return f.State == FulfilmentShipped || f.State == FulfilmentDelivered
}

// awaitReceipt sets when receipt confirms itself, of a fulfilment that has left now.
func (o *Order) awaitReceipt(f *Fulfilment) {
	f.AutoReceiveAtUS = o.nowUS + o.returnTerms().AutoReceiveUS
}

// DelayReceipt puts off the moment at which receipt confirms itself, once: the buyer says that nothing has come.
func (o *Order) DelayReceipt(fulfilmentID string) error {
	f, t := o.fulfilment(fulfilmentID), o.returnTerms()
	switch {
	case f == nil:
		return NotFound("fulfilment")
	case !f.underWay():
		return stateConflict(f.State, "only what is under way can be waited for")
	case t.DelayUS == 0:
		return stateConflict(f.State, "receipt of this order cannot be put off: ask the store")
	case f.AutoReceiveAtUS > f.ShippedAtUS+t.AutoReceiveUS:
		return stateConflict(f.State, "receipt was put off already: ask the store")
	}
	if err := o.moveFulfilment(f, EventDelay, ""); err != nil {
		return err
	}
	f.AutoReceiveAtUS += t.DelayUS
	return nil
}

// ExtendWindow gives the buyer more days to bring a fulfilment's goods back.
func (o *Order) ExtendWindow(fulfilmentID string, days int64, reason string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil {
		return NotFound("fulfilment")
	}
	zone, err := o.returnTerms().zone()
	if err != nil {
		return err
	}
	until := time.UnixMicro(f.ReturnUntilUS).In(zone).AddDate(0, 0, int(days)).UnixMicro()
	if until > WindowEnd(f.ReceivedAtUS, MaxWindowDays*dayUS, zone) {
		return Invalid("days", "must not make the window longer than a year")
	}
	if err := o.moveFulfilment(f, EventExtend, reason); err != nil {
		return err
	}
	f.ReturnUntilUS = until
	f.CloseAtUS = until
	return nil
}

// CheckFinalSale refuses a price with bought goods that cannot be returned, and of which the buyer has not said to know it.
func (p Price) CheckFinalSale(confirmed []string) error {
	var open []string
	for _, l := range p.Lines {
		if !l.Returnable && l.GiftOf == "" && !slices.Contains(confirmed, l.SKU) && !slices.Contains(open, l.SKU) {
			open = append(open, l.SKU)
		}
	}
	if len(open) > 0 {
		return refuse(409, reasonFinalSale, "these cannot be returned: ask the buyer, and name them in final_sale_skus", "skus", strings.Join(open, ","))
	}
	return nil
}
