package biz

import "github.com/onepool/onepool/app/internal/ids"

const (
	second_us = int64(1_000_000)
	// askFirst is how long a payment is left to its notification before the provider is asked; then the pause grows with the
	// payment's age, to askMost.
	askFirst = 30 * second_us
	askMost  = 600 * second_us
)

// Why money goes back that was never the order's.
const (
	ReasonTooMuch = "too much"
	ReasonLate    = "late"
)

// OpenPayment asks for a part of what is left to pay, one tender of several; amountMinor 0: for all of it. An open payment
// with the same provider and amount is given again, one of another amount is closed: two open ones could both be paid.
func (o *Order) OpenPayment(provider string, amountMinor int64) (Payment, error) {
	switch {
	case !o.r.ToBePaid():
		return Payment{}, stateConflict(o.r.State, "only an unpaid order can be paid")
	case o.r.payBy() <= o.nowUS:
		return Payment{}, stateConflict(o.r.State, "the time to pay is over: place the order again")
	case o.r.State == OrderDepositPaid && o.nowUS < o.r.Deposit.BalanceFromUS:
		return Payment{}, balanceNotOpen(*o.r.Deposit)
	}
	switch left := o.r.LeftMinor() - o.r.CreditMinor; {
	case left <= 0 && o.r.OriginReturn != "":
		return Payment{}, stateConflict(o.r.State, "it is paid with the goods that come back")
	case amountMinor == 0:
		amountMinor = left
	case amountMinor < 0 || amountMinor > left:
		return Payment{}, Invalid("amount_minor", "must be above 0 and not above what is left to pay: "+itoa(left))
	}
	for i := range o.r.Payments {
		p := &o.r.Payments[i]
		if p.Provider != provider || p.State != PaymentPending {
			continue
		}
		if p.AmountMinor == amountMinor {
			return *p, nil
		}
		if err := o.closePayment(p, "another amount"); err != nil {
			return Payment{}, err
		}
	}
	p := Payment{
		ID: ids.New("pay"), Provider: provider, AmountMinor: amountMinor,
		Payee: o.r.MerchantAccount, ExpiresAtUS: o.r.payBy(), CreatedAtUS: o.nowUS, AskAtUS: o.nowUS + askFirst,
	}
	if err := o.move(SubjectPayment, p.ID, &p.State, EventOpen, provider); err != nil {
		return Payment{}, err
	}
	o.r.Payments = append(o.r.Payments, p)
	return p, nil
}

// Capture books money that came: a part of what is to pay, or the last one, which pays the order or its deposit. The same transaction again
// changes nothing. Money that the order cannot take (it is cancelled or paid, its time is over, the payment was paid before, or
// it is more than what is left) is captured and refunded. An amount, currency or payee other than the payment's is refused
// and changes nothing.
func (o *Order) Capture(n Notification) error {
	p := o.payment(n.PaymentID)
	if p == nil || p.Provider != n.Provider {
		return PaymentUnknown()
	}
	if n.AmountMinor != p.AmountMinor || n.Currency != o.r.Currency || n.Payee != p.Payee {
		return mismatch(p.AmountMinor, n.AmountMinor, o.r.Currency)
	}
	for _, c := range o.r.Captures {
		if c.Provider == n.Provider && c.TransactionNo == n.TransactionNo {
			return nil
		}
	}
	if err := o.endLate(); err != nil {
		return err
	}
	p = o.payment(n.PaymentID)
	left, twice := o.r.LeftMinor(), p.State == PaymentCaptured || o.r.forDeposit(p)
	if err := o.move(SubjectPayment, p.ID, &p.State, EventCapture, n.TransactionNo); err != nil {
		return err
	}
	p.AskAtUS = 0
	c := Capture{
		ID: ids.New("cap"), PaymentID: p.ID, Provider: n.Provider, TransactionNo: n.TransactionNo, AmountMinor: n.AmountMinor,
		Currency: n.Currency, Payee: n.Payee, AtUS: o.nowUS,
	}
	o.r.Captures = append(o.r.Captures, c)
	o.r.CapturedMinor += c.AmountMinor
	tooMuch, reason := max(0, c.AmountMinor-left), ReasonTooMuch
	if twice {
		tooMuch = c.AmountMinor
	}
	if !o.r.ToBePaid() {
		reason = ReasonLate
	}
	if tooMuch > 0 {
		if err := o.refund(&o.r.Captures[len(o.r.Captures)-1], tooMuch, "", reason); err != nil {
			return err
		}
	}
	return o.payWhole()
}

// take books money that was paid elsewhere, before the order came here.
func (o *Order) take(provider, reference string, amountMinor int64) error {
	if amountMinor == 0 {
		return nil
	}
	return o.takeAs(ids.New("pay"), provider, reference, amountMinor)
}

// takeAs is take with a payment whose number is known elsewhere.
func (o *Order) takeAs(paymentID, provider, reference string, amountMinor int64) error {
	p := Payment{
		ID: paymentID, Provider: provider, AmountMinor: amountMinor, Payee: o.r.MerchantAccount,
		ExpiresAtUS: o.nowUS, CreatedAtUS: o.nowUS,
	}
	if err := o.move(SubjectPayment, p.ID, &p.State, EventTake, reference); err != nil {
		return err
	}
	o.r.Payments = append(o.r.Payments, p)
	o.r.Captures = append(o.r.Captures, Capture{
		ID: ids.New("cap"), PaymentID: p.ID, Provider: provider, TransactionNo: reference, AmountMinor: amountMinor,
		Currency: o.r.Currency, Payee: p.Payee, AtUS: o.nowUS,
	})
	o.r.CapturedMinor += amountMinor
	return nil
}

func (o *Order) payment(id string) *Payment {
	for i := range o.r.Payments {
		if o.r.Payments[i].ID == id {
			return &o.r.Payments[i]
		}
	}
	return nil
}

// closePayments ends what was asked for and not paid.
func (o *Order) closePayments() error {
	for i := range o.r.Payments {
		p := &o.r.Payments[i]
		if p.State != PaymentPending {
			continue
		}
		if err := o.closePayment(p, ""); err != nil {
			return err
		}
	}
	return nil
}

// closePayment ends a payment here. Until the provider has said that it has ended it too, it is asked to.
func (o *Order) closePayment(p *Payment, note string) error {
	if err := o.move(SubjectPayment, p.ID, &p.State, EventClose, note); err != nil {
		return err
	}
	p.AskAtUS = o.nowUS
	return nil
}

// ClosedThere notes that the provider has ended payments: none of those that are closed here can be paid any more.
func (o *Order) ClosedThere(paymentIDs ...string) {
	for _, id := range paymentIDs {
		if p := o.payment(id); p != nil && p.State == PaymentClosed {
			p.AskAtUS = 0
		}
	}
}

// GoneThere notes that the provider has ended a payment which was open here: nobody can pay it, so the buyer needs another one.
func (o *Order) GoneThere(paymentID string) error {
	p := o.payment(paymentID)
	if p == nil || p.State != PaymentPending {
		return nil
	}
	if err := o.closePayment(p, "by the provider"); err != nil {
		return err
	}
	p.AskAtUS = 0
	return nil
}

// NotHeardOf notes that the provider does not know a payment that is closed here. Some hear of it when the buyer pays, or when
// our question arrives late: it is asked until nobody can pay any more.
func (o *Order) NotHeardOf(paymentID string) {
	if p := o.payment(paymentID); p != nil && p.State == PaymentClosed && o.nowUS > p.ExpiresAtUS+askMost {
		p.AskAtUS = 0
	}
	o.AskAgain(paymentID)
}

// AskAgain sets when the provider is asked next about a payment of which it said nothing new.
func (o *Order) AskAgain(paymentID string) {
	if p := o.payment(paymentID); p != nil && p.AskAtUS != 0 {
		p.AskAtUS = o.nowUS + min(max(o.nowUS-p.CreatedAtUS, askFirst), askMost)
	}
}

// NeverAsk ends the questions about a payment whose answers somebody has to look at.
func (o *Order) NeverAsk(paymentID string) {
	if p := o.payment(paymentID); p != nil {
		p.AskAtUS = 0
	}
}

// Ref names a payment of the order to its provider.
func (h Header) Ref(p Payment) PaymentRef {
	return PaymentRef{ID: p.ID, Payee: p.Payee, Currency: h.Currency, Member: h.MemberID, AmountMinor: p.AmountMinor}
}
