package biz

import (
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
)

// refund sends part of a capture back. Cash, cards at a till and other platforms' money is back at once, a provider has to be asked.
func (o *Order) refund(c *Capture, amountMinor int64, returnID, reason string) error {
	if left := c.AmountMinor - c.RefundedMinor; amountMinor > left {
		return refuse(409, reasonRefundExceeds, "more than was paid: refund no more than what is left",
			"wanted_minor", itoa(amountMinor), "left_minor", itoa(left), "currency", c.Currency)
	}
	f := Refund{
		ID: ids.New("rfd"), CaptureID: c.ID, ReturnID: returnID, Reason: reason, AmountMinor: amountMinor,
		NextAtUS: o.nowUS, CreatedAtUS: o.nowUS,
	}
	event := EventRequest
	if c.Provider == ProviderCash || c.Provider == ProviderCard || c.Provider == ProviderPlatform {
		event, f.DoneAtUS = EventHandBack, o.nowUS
	}
	if ret := o.returned(returnID); ret != nil && ret.CashAt != "" && c.cashable() {
		event, f.DoneAtUS, f.Reference = EventHandBack, o.nowUS, ret.CashAt
	}
	if reason == ReasonExchange {
		event, f.DoneAtUS, f.Reference = EventTransfer, o.nowUS, o.returned(returnID).ExchangeOrder
	}
	if err := o.move(SubjectRefund, f.ID, &f.State, event, reason); err != nil {
		return err
	}
	c.RefundedMinor += amountMinor
	o.r.RefundedMinor += amountMinor
	o.r.Refunds = append(o.r.Refunds, f)
	return nil
}

// refundFrom takes an amount from the captures in proportion to what is left of each, so that each tender gets its part back
// to where it came from.
func (o *Order) refundFrom(amountMinor int64, returnID, reason string) error {
	left := make([]int64, len(o.r.Captures))
	sum := int64(0)
	for i, c := range o.r.Captures {
		left[i] = c.AmountMinor - c.RefundedMinor
		sum += left[i]
	}
	if amountMinor > sum {
		return refuse(409, reasonRefundExceeds, "more than was paid: refund no more than what is left",
			"wanted_minor", itoa(amountMinor), "left_minor", itoa(sum), "currency", o.r.Currency)
	}
	if amountMinor == 0 {
		return nil
	}
	parts, err := money.Allocate(amountMinor, left) // no part is above what is left there
	if err != nil {
		return err
	}
	for i, part := range parts {
		if part == 0 {
			continue
		}
		if err := o.refund(&o.r.Captures[i], part, returnID, reason); err != nil {
			return err
		}
	}
	return nil
}

func (o *Order) endReturn(returnID string) error {
	ret := o.returned(returnID)
	if ret == nil || ret.State != ReturnReceived {
		return nil
	}
	for _, f := range o.r.Refunds {
		if f.ReturnID == returnID && f.State != RefundDone {
			return nil
		}
	}
	if err := o.move(SubjectReturn, ret.ID, &ret.State, EventRefund, ""); err != nil {
		return err
	}
	ret.DoneAtUS = o.nowUS
	return nil
}
