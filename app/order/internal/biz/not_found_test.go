package biz

import "testing"

// Whatever is said of a part that the order does not have is refused in the same words, and changes nothing.
func TestWhatAnOrderDoesNotHaveIsNotFound(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	b.ship(t, 0)
	const none = "none"
	for name, say := range map[string]func(o *Order) error{
		"request a return":    func(o *Order) error { _, err := o.RequestReturn([]ReturnWish{{none, 1}}, "x", true); return err },
		"approve a return":    func(o *Order) error { return o.ApproveReturn(none) },
		"refuse a return":     func(o *Order) error { return o.RefuseReturn(none, "x") },
		"withdraw a return":   func(o *Order) error { return o.WithdrawReturn(none) },
		"send a return":       func(o *Order) error { return o.SendReturn(none, "SF", "1") },
		"receive a return":    func(o *Order) error { return o.ReceiveReturn(none, "") },
		"keep the goods":      func(o *Order) error { return o.KeepGoods(none, true) },
		"refund without":      func(o *Order) error { return o.RefundWithoutReturn(none, "x") },
		"wish an exchange":    func(o *Order) error { return o.WishExchange(none, nil) },
		"draft an exchange":   func(o *Order) error { _, err := Seeker{}.ExchangeDraft(t.Context(), o, none, b.nowUS); return err },
		"approve an exchange": func(o *Order) error { return o.ApproveExchange(none, "ord_x", 0) },
		"retry a refund":      func(o *Order) error { _, err := o.RetryRefund(none, ""); return err },
		"answer a refund":     func(o *Order) error { return o.RefundAnswered(none, RefundAnswer{}) },
		"approve goodwill":    func(o *Order) error { return o.ApproveGoodwill(none) },
		"refuse goodwill":     func(o *Order) error { return o.RefuseGoodwill(none, "x") },
		"pay goodwill":        func(o *Order) error { return o.PayGoodwill(none, "1") },
		"cancel a line":       func(o *Order) error { return o.CancelLines([]ReturnWish{{none, 1}}, "x") },
		"accept":              func(o *Order) error { return o.Accept(none) },
		"pick":                func(o *Order) error { return o.Pick(none) },
		"pack":                func(o *Order) error { return o.Pack(none) },
		"ship":                func(o *Order) error { return o.Ship(none, "SF", "1") },
		"ship a part":         func(o *Order) error { return o.ShipPart(none, nil, "SF", "1") },
		"put into parcels":    func(o *Order) error { return o.PutParcels(none, nil) },
		"deliver":             func(o *Order) error { return o.Deliver(none, "") },
		"fail":                func(o *Order) error { return o.Fail(none, "x") },
		"take back":           func(o *Order) error { return o.TakeBack(none) },
		"receive":             func(o *Order) error { return o.Receive(none) },
		"put receipt off":     func(o *Order) error { return o.DelayReceipt(none) },
		"extend the window":   func(o *Order) error { return o.ExtendWindow(none, 1, "x") },
		"require its decline": func(o *Order) error { return o.RequireDeclined(none) },
		"ship a parcel":       func(o *Order) error { return o.ShipParcel(none, "SF", "1") },
		"deliver a parcel":    func(o *Order) error { return o.DeliverParcel(none, "") },
		"fail a parcel":       func(o *Order) error { return o.FailParcel(none, "x") },
		"take a parcel back":  func(o *Order) error { return o.TakeBackParcel(none) },
	} {
		t.Run(name, func(t *testing.T) { requireReason(t, "NOT_FOUND", b.do(say)) })
	}
}
