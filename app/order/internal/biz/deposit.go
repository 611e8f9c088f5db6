package biz

import (
	"cmp"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/money"
)

// A deposit (定金) is what an order of a presale asks for first; the balance (尾款) is the rest of what is to pay. The order's stock
// is held from the placement until the balance's deadline. Who does not pay the balance in time, or cancels meanwhile, leaves
// the share of the deposit that was agreed with the seller; who is let down by the seller gets all of it back.

// DepositTerms say that goods are sold for a deposit, and how: by SKU or by category, for one seller or for all.
type DepositTerms struct {
	Seller   string `json:"seller,omitempty"` // organisation; empty: every seller
	SKU      string `json:"sku,omitempty"`
	Category string `json:"category,omitempty"`
	// DepositMinor is for a piece; or DepositBP in basis points of what money pays for the line.
	DepositMinor int64 `json:"deposit_minor,omitempty"`
	DepositBP    int64 `json:"deposit_bp,omitempty"`
	// DepositUntilUS: from then on the goods are sold as any other.
	DepositUntilUS int64 `json:"deposit_until_us,omitempty"`
	// The balance can be paid from and until then.
	BalanceFromUS  int64 `json:"balance_from_us,omitempty"`
	BalanceUntilUS int64 `json:"balance_until_us,omitempty"`
	// ForfeitBP is what the seller keeps of the deposit when the buyer does not go on, in basis points.
	ForfeitBP int64 `json:"forfeit_bp,omitempty"`
	// Withdrawn: these terms are over, what is less specific counts again.
	Withdrawn bool `json:"withdrawn,omitempty"`
	Dated     `json:"-"`
}

const (
	// maxScope is what a scope of terms may have, in bytes.
	maxScope = 128
	// maxBalanceUS bounds how long stock is held for a balance.
	maxBalanceUS = 366 * dayUS
)

// Scope names what terms are for.
func (t DepositTerms) Scope() string {
	if t.SKU != "" {
		return t.Seller + "/sku:" + t.SKU
	}
	return t.Seller + "/category:" + t.Category
}

// Validate refuses terms that contradict themselves.
func (t DepositTerms) Validate() error {
	switch {
	case (t.SKU == "") == (t.Category == ""):
		return Invalid("sku", "or category is needed, not both")
	case len(t.Scope()) > maxScope:
		return Invalid("seller_org", "is too long together with the SKU or category")
	case t.Withdrawn && (t.DepositMinor != 0 || t.DepositBP != 0 || t.DepositUntilUS != 0 || t.BalanceFromUS != 0 || t.BalanceUntilUS != 0 || t.ForfeitBP != 0):
		return Invalid("withdrawn", "terms say nothing")
	case t.Withdrawn:
		return nil
	case t.DepositMinor < 0 || (t.DepositMinor == 0) == (t.DepositBP == 0):
		return Invalid("deposit_minor", "or deposit_bp is needed, not both")
	case t.DepositBP < 0 || t.DepositBP >= money.BasisPoints:
		return Invalid("deposit_bp", "must be below 10000")
	case t.ForfeitBP < 0 || t.ForfeitBP > money.BasisPoints:
		return Invalid("forfeit_bp", "must be 0 to 10000")
	case t.DepositUntilUS <= t.FromUS:
		return Invalid("deposit_until_us", "must be after the terms begin")
	case t.BalanceFromUS < t.FromUS:
		return Invalid("balance_from_us", "must not be before the terms begin")
	case t.BalanceUntilUS <= t.BalanceFromUS || t.BalanceUntilUS <= t.DepositUntilUS:
		return Invalid("balance_until_us", "must be after the balance can be paid, and after the last deposit")
	case t.BalanceUntilUS > t.FromUS+maxBalanceUS:
		return Invalid("balance_until_us", "must be within 366 days: stock is held until then")
	}
	return nil
}

// together says whether goods of both terms can be in one order: the balance is paid at one time, at one risk.
func (t DepositTerms) together(other DepositTerms) bool {
	return t.BalanceFromUS == other.BalanceFromUS && t.BalanceUntilUS == other.BalanceUntilUS && t.ForfeitBP == other.ForfeitBP
}

// of is the deposit of a line, never more than what money pays for it.
func (t DepositTerms) of(l PricedLine) (int64, error) {
	base := l.PayableMinor - l.PointsAmountMinor
	part, err := money.Rate(base, t.DepositBP)
	if t.DepositMinor > 0 {
		part, err = money.Mul(t.DepositMinor, l.Quantity)
	}
	return min(part, base), err
}

// Deposit is the deposit of one order, as it was agreed and as it stands.
type Deposit struct {
	AmountMinor                   int64
	BalanceFromUS, BalanceUntilUS int64
	ForfeitBP                     int64
	PaidAtUS                      int64
	// Payments of the order, the first ones, were for the deposit.
	Payments int64
	// ForfeitedMinor stays with the seller.
	ForfeitedMinor int64
	// DueUS is when the buyer is to be reminded of the balance, then its deadline; 0: nothing is due.
	DueUS int64
}

// AtRiskMinor is what the seller keeps of the deposit if the buyer does not go on.
func (d Deposit) AtRiskMinor() int64 {
	return money.Proportion(d.AmountMinor, d.ForfeitBP, money.BasisPoints)
}

// Deposit is what an order of these goods asks for first; nil: all is paid at once. Goods with a deposit are not sold together
// with others, nor with those whose balance is due at another time or at another risk.
func (t TradeTerms) Deposit(seller string, p Price, skus map[string]SKU, atUS int64) (*Deposit, error) {
	if len(t.Deposits) == 0 {
		return nil, nil
	}
	in := slices.DeleteFunc(current(t.Deposits, atUS, DepositTerms.Scope, func(t DepositTerms) Dated { return t.Dated }), func(t DepositTerms) bool {
		return t.Withdrawn || t.DepositUntilUS <= atUS || t.Seller != "" && t.Seller != seller
	})
	// The seller's own before those of every seller, a SKU's before its category's.
	slices.SortFunc(in, func(a, b DepositTerms) int { return cmp.Or(cmp.Compare(b.Seller, a.Seller), cmp.Compare(b.SKU, a.SKU)) })
	var d *Deposit
	var first DepositTerms
	var others []string
	for _, l := range p.Lines {
		if l.GiftOf != "" {
			continue
		}
		at := slices.IndexFunc(in, func(t DepositTerms) bool { return t.SKU == l.SKU || t.SKU == "" && t.Category == skus[l.SKU].Category })
		if at < 0 || d != nil && !in[at].together(first) {
			others = append(others, l.SKU)
			continue
		}
		if d == nil {
			first = in[at]
			d = &Deposit{BalanceFromUS: first.BalanceFromUS, BalanceUntilUS: first.BalanceUntilUS, ForfeitBP: first.ForfeitBP}
		}
		part, err := in[at].of(l)
		if err != nil {
			return nil, amountInvalid("lines")
		}
		d.AmountMinor += part // at most what is to pay
	}
	switch {
	case d == nil:
		return nil, nil
	case len(others) > 0:
		return nil, depositMixed(others)
	case d.AmountMinor == 0: // points pay for it
		return nil, nil
	case d.AmountMinor == p.ToPayMinor(): // there is no balance to be late with
		d.ForfeitBP = 0
	}
	return d, nil
}

// CheckDeposit refuses another deposit than the buyer was shown, and one that was not shown: a part of it can be lost.
func CheckDeposit(d *Deposit, p Price, seenMinor *int64) error {
	switch {
	case d == nil && (seenMinor == nil || *seenMinor == 0):
		return nil
	case d == nil:
		return depositChanged(Deposit{}, p)
	case seenMinor == nil || *seenMinor != d.AmountMinor:
		return depositChanged(*d, p)
	}
	return nil
}

// payBy is until when what is left can be paid.
func (r Record) payBy() int64 {
	if r.State == OrderDepositPaid {
		return r.Deposit.BalanceUntilUS
	}
	return r.PayUntilUS
}

// KeptMinor is the money that came and has not gone back.
func (h Header) KeptMinor() int64 { return h.CapturedMinor - h.RefundedMinor }

// ToBePaid says whether money is waited for.
func (h Header) ToBePaid() bool { return h.State == OrderUnpaid || h.State == OrderDepositPaid }

// LeftMinor is what is left to pay of an order that is not paid: of a presale the deposit, then the balance.
func (r Record) LeftMinor() int64 {
	switch {
	case !r.ToBePaid():
		return 0
	case r.State == OrderUnpaid && r.Deposit != nil:
		return r.Deposit.AmountMinor - r.KeptMinor()
	}
	return r.ToPayMinor() - r.KeptMinor()
}

// neededUntil is how long an order that is placed now needs its stock; it is held for the grace beyond.
func (r Record) neededUntil() int64 {
	if r.Deposit != nil {
		return max(r.PayUntilUS, r.Deposit.BalanceUntilUS)
	}
	if r.GiftOrder != nil {
		return r.PayUntilUS + r.GiftOrder.OpenUS
	}
	return r.PayUntilUS
}

// endLate ends an order for which money comes too late: past half of the grace its stock may be gone. The deadline wins, whether or not
// its worker has come by. A deposit must leave time for the balance.
func (o *Order) endLate() error {
	grace := (o.r.heldUntil(o.terms) - o.r.neededUntil()) / 2
	switch {
	case o.r.State == OrderUnpaid && (o.nowUS > o.r.PayUntilUS+grace || o.r.Deposit != nil && o.nowUS >= o.r.Deposit.BalanceUntilUS):
		return o.Expire()
	case o.r.State == OrderDepositPaid && o.nowUS > o.r.Deposit.BalanceUntilUS+grace:
		return o.Forfeit()
	}
	return nil
}

// forDeposit says whether a payment was opened for the deposit of an order that has it: what it still brings is no part of the
// balance.
func (r Record) forDeposit(p *Payment) bool {
	if r.State != OrderDepositPaid {
		return false
	}
	at := slices.IndexFunc(r.Payments, func(other Payment) bool { return other.ID == p.ID })
	return int64(at) < r.Deposit.Payments
}

// payWhole makes the order paid, or its deposit, when all that is asked for now has come.
func (o *Order) payWhole() error {
	switch {
	case !o.r.ToBePaid() || o.r.LeftMinor() > 0:
		return nil
	case o.r.KeptMinor() < o.r.ToPayMinor():
		return o.payDeposit()
	}
	return o.pay()
}

func (o *Order) payDeposit() error {
	if err := o.moveOrder(EventPayDeposit, ""); err != nil {
		return err
	}
	d := o.r.Deposit
	d.PaidAtUS, d.Payments, d.DueUS = o.nowUS, int64(len(o.r.Payments)), max(o.nowUS, d.BalanceFromUS)
	return o.closePayments() // others were open: there is nothing left of the deposit
}

// RemindBalance tells that the balance can be paid now; once.
func (o *Order) RemindBalance() error {
	d := o.r.Deposit
	if o.r.State != OrderDepositPaid || d.DueUS > o.nowUS || d.DueUS >= d.BalanceUntilUS {
		return stateConflict(o.r.State, "there is no balance to remind of now")
	}
	if err := o.moveOrder(EventBalanceDue, ""); err != nil {
		return err
	}
	d.DueUS = d.BalanceUntilUS
	return nil
}

// Forfeit ends an order whose balance was not paid in time: the seller keeps the agreed share of the deposit.
func (o *Order) Forfeit() error {
	if o.r.State != OrderDepositPaid || o.r.Deposit.BalanceUntilUS > o.nowUS {
		return stateConflict(o.r.State, "only a deposit whose balance is late is forfeited")
	}
	o.r.Deposit.ForfeitedMinor = o.r.Deposit.AtRiskMinor()
	return o.cancel(EventForfeit, "balance not paid in time")
}

// CancelByBuyer is Cancel by whoever bought: a deposit is forfeited as when the balance is not paid.
func (o *Order) CancelByBuyer(reason string) error {
	if o.r.State == OrderDepositPaid {
		o.r.Deposit.ForfeitedMinor = o.r.Deposit.AtRiskMinor()
	}
	return o.Cancel(reason)
}

// giveBackKept refunds what an ended order has kept, without what is forfeited: first what was paid towards the balance, then of
// the deposit, each tender its part.
func (o *Order) giveBackKept() error {
	kept := o.r.KeptMinor()
	if o.r.Deposit == nil {
		return o.refundFrom(kept, "", "cancel")
	}
	o.r.Deposit.DueUS = 0
	kept -= o.r.Deposit.ForfeitedMinor
	if o.r.Deposit.ForfeitedMinor == 0 {
		return o.refundFrom(kept, "", "cancel")
	}
	deposit := map[string]bool{}
	for _, p := range o.r.Payments[:o.r.Deposit.Payments] {
		deposit[p.ID] = true
	}
	for i := range o.r.Captures {
		c := &o.r.Captures[i]
		if part := c.AmountMinor - c.RefundedMinor; !deposit[c.PaymentID] && part > 0 {
			if err := o.refund(c, part, "", "cancel"); err != nil {
				return err
			}
			kept -= part
		}
	}
	return o.refundFrom(kept, "", "cancel")
}

func depositMixed(skus []string) Refusal {
	return refuse(409, "DEPOSIT_MIXED", "goods with a deposit are ordered by themselves, and together only when their balance is due at the same time: order these separately",
		"skus", strings.Join(skus, ","))
}

func depositChanged(d Deposit, p Price) Refusal {
	return refuse(409, "DEPOSIT_CHANGED", "the order asks for another deposit than the buyer was shown: show it, with what may be lost of it, and ask again",
		"deposit_minor", itoa(d.AmountMinor), "balance_minor", itoa(p.ToPayMinor()-d.AmountMinor), "balance_from_us", itoa(d.BalanceFromUS),
		"balance_until_us", itoa(d.BalanceUntilUS), "forfeit_minor", itoa(d.AtRiskMinor()), "currency", p.Currency)
}

func balanceNotOpen(d Deposit) Refusal {
	return refuse(409, "BALANCE_NOT_OPEN", "the deposit is paid and the balance cannot be paid yet: come back in time",
		"balance_from_us", itoa(d.BalanceFromUS), "balance_until_us", itoa(d.BalanceUntilUS))
}
