package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/money"
)

// Invoiceable is the money that the seller keeps of an order, less what stored value has paid: what came, less what went back. stored
// are captures of money from another order that stored value had paid. Money that was never the order's (it came twice, or too
// late) is none, whether it has gone back yet or not.
func (r Record) Invoiceable(stored map[string]bool) (sum int64) {
	for _, c := range r.Captures {
		if c.invoiced(stored) {
			sum += c.AmountMinor
		}
	}
	for _, f := range r.Refunds {
		if c := r.capture(f.CaptureID); c != nil && c.invoiced(stored) && (f.State == RefundDone || f.surplus()) {
			sum -= f.AmountMinor
		}
	}
	return sum
}

// invoiced says whether money is of the kind that an invoice is for: stored value had one, if any, when it was bought.
func (c Capture) invoiced(stored map[string]bool) bool {
	return c.Provider != ProviderWallet && !stored[c.ID]
}

// surplus says whether a refund gives back what was never the order's.
func (f Refund) surplus() bool { return f.Reason == ReasonTooMuch || f.Reason == ReasonLate }

// refunding says whether money is on its way back that an invoice would be for.
func (r Record) refunding(stored map[string]bool) bool {
	return slices.ContainsFunc(r.Refunds, func(f Refund) bool {
		c := r.capture(f.CaptureID)
		return f.State != RefundDone && !f.surplus() && c != nil && c.invoiced(stored)
	})
}

func (r Record) capture(id string) *Capture {
	i := slices.IndexFunc(r.Captures, func(c Capture) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &r.Captures[i]
}

// invoiceKey names a line of an invoice among those of its order.
type invoiceKey struct {
	lineID string
	rateBP int64
}

func (l InvoiceLine) key() invoiceKey { return invoiceKey{l.LineID, l.RateBP} }

// kept are the lines of the order and its freight, with the money that is kept for each. Freight is an extra charge of the goods
// and taxed as they are: a part of it at each of their rates, by the money that was paid for them. What was kept of refunds for
// gifts is kept for the gifts.
func (r Record) kept() []InvoiceLine {
	var lines []InvoiceLine
	var gross, base []int64
	for _, l := range r.Lines {
		lines = append(lines, InvoiceLine{LineID: l.ID, SKU: l.SKU, Title: l.Title, TaxClass: l.TaxClass, Quantity: l.Live(), RateBP: l.TaxBP, AmountMinor: l.BaseMinor() - l.RefundedMinor})
		gross, base = append(gross, l.GrossMinor), append(base, l.BaseMinor())
	}
	gifts := make([]int64, len(lines))
	for i, l := range r.Lines {
		if l.GiftOf != "" {
			gifts[i] = l.GrossMinor
		}
	}
	for i, part := range spread(r.GiftChargedMinor, gifts, base, gross) {
		lines[i].AmountMinor += part
	}
	freight := map[int64]int64{}
	for i, part := range spread(r.FreightMinor, base, gross) { // by the whole of it, so that the weights stay
		freight[r.Lines[i].TaxBP] += part
	}
	var rates, weights []int64
	for bp := range freight {
		rates = append(rates, bp)
	}
	slices.Sort(rates)
	for _, bp := range rates {
		weights = append(weights, freight[bp])
	}
	for i, part := range spread(r.FreightMinor-r.FreightRefundedMinor, weights) {
		if freight[rates[i]] > 0 {
			lines = append(lines, InvoiceLine{RateBP: rates[i], AmountMinor: part})
		}
	}
	return lines
}

// spread divides an amount by the first weights that there are, or equally.
func spread(amount int64, weights ...[]int64) []int64 {
	n := 0
	for _, w := range weights {
		n = max(n, len(w))
		if parts, err := money.Allocate(amount, w); err == nil {
			return parts
		}
	}
	equal := make([]int64, n)
	for i := range equal {
		equal[i] = 1
	}
	parts, err := money.Allocate(amount, equal)
	if err != nil {
		return make([]int64, n)
	}
	return parts
}

// taxIn is the tax in an amount that is left of a line of an invoice: the same share of the line's frozen tax; of freight, and of a
// gift that was charged, by the rate. It only grows with the amount.
func (r Record) taxIn(k invoiceKey, amountMinor int64) int64 {
	tax := int64(0)
	if l := r.line(k.lineID); l != nil && l.PayableMinor > 0 {
		within := min(amountMinor, l.PayableMinor)
		tax, amountMinor = money.Proportion(l.TaxMinor, within, l.PayableMinor), amountMinor-within
	}
	return tax + money.Proportion(amountMinor, k.rateBP, money.BasisPoints+k.rateBP)
}

// freeze gives an invoice its amount, lines and tax for good.
func (o *Order) freeze(v *Invoice, amountMinor int64) {
	lines := o.r.kept()
	weights, base, gross := make([]int64, len(lines)), make([]int64, len(lines)), make([]int64, len(lines))
	for i, l := range lines {
		weights[i] = l.AmountMinor
		if at := o.line(l.LineID); at != nil {
			base[i], gross[i] = at.BaseMinor(), at.GrossMinor
		}
	}
	v.AmountMinor, v.TaxMinor, v.Lines = amountMinor, 0, nil
	for i, part := range spread(amountMinor, weights, base, gross) {
		if part == 0 {
			continue
		}
		l := lines[i]
		l.AmountMinor, l.TaxMinor = part, o.r.taxIn(l.key(), part)
		v.TaxMinor += l.TaxMinor
		v.Lines = append(v.Lines, l)
	}
}

// leftOf is what red letters leave of the lines of an invoice.
func (r Record) leftOf(v Invoice) []InvoiceLine {
	left := slices.Clone(v.Lines)
	for _, red := range r.Invoices {
		if red.Of != v.ID || red.State == InvoiceWithdrawn {
			continue
		}
		for _, l := range red.Lines {
			if at := slices.IndexFunc(left, func(b InvoiceLine) bool { return b.key() == l.key() }); at >= 0 {
				left[at].AmountMinor -= l.AmountMinor
				left[at].TaxMinor -= l.TaxMinor
			}
		}
	}
	return left
}

// InvoicedMinor is what the red letters of an invoice leave of it.
func (r Record) InvoicedMinor(v Invoice) (sum int64) {
	for _, l := range r.leftOf(v) {
		sum += l.AmountMinor
	}
	return sum
}

// redden makes a red letter for a part of an invoice: of each line what it has above its share of what is still kept. So a red
// letter is about the goods that came back, no line goes below nothing, and the last one leaves none.
func (o *Order) redden(v Invoice, amountMinor int64) error {
	left := o.r.leftOf(v)
	kept := map[invoiceKey]int64{}
	for _, l := range o.r.kept() {
		kept[l.key()] = l.AmountMinor
	}
	weights, amounts, above := make([]int64, len(left)), make([]int64, len(left)), make([]int64, len(left))
	rest := -amountMinor
	for i, l := range left {
		weights[i], amounts[i] = kept[l.key()], l.AmountMinor
		rest += l.AmountMinor
	}
	for i, target := range spread(rest, weights, amounts) {
		above[i] = max(0, amounts[i]-target) // in all at least the amount
	}
	red := Invoice{ID: newInvoiceID(), Of: v.ID, Profile: v.Profile, AmountMinor: amountMinor, AskedBy: o.actor, RequestedAtUS: o.nowUS}
	parts, err := money.Allocate(amountMinor, above)
	if err != nil {
		return err
	}
	for i, part := range parts {
		if part == 0 {
			continue
		}
		l := left[i]
		l.TaxMinor = o.r.taxIn(l.key(), l.AmountMinor) - o.r.taxIn(l.key(), l.AmountMinor-part)
		l.AmountMinor, l.Quantity = part, 0
		red.TaxMinor += l.TaxMinor
		red.Lines = append(red.Lines, l)
	}
	return o.addInvoice(red)
}

// AgreeInvoices finds invoices that do not stand for what the seller keeps of their order.
func AgreeInvoices(r Record, stored map[string]bool) (found []Disagreement) {
	say := func(id, detail string) { found = append(found, Disagreement{Subject: id, Detail: detail}) }
	live := 0
	for _, v := range r.Invoices {
		var amount, tax int64
		for _, l := range v.Lines {
			amount, tax = amount+l.AmountMinor, tax+l.TaxMinor
			if l.AmountMinor <= 0 || l.TaxMinor < 0 || l.TaxMinor > l.AmountMinor {
				say(v.ID, "a line's tax is not within its amount")
			}
		}
		if amount != v.AmountMinor || tax != v.TaxMinor {
			say(v.ID, "its lines are not its amount and tax")
		}
		if v.Of != "" {
			if of := (&Order{r: r}).invoice(v.Of); of == nil || of.Of != "" || v.State == InvoiceIssued && of.State != InvoicePartRed && of.State != InvoiceRed {
				say(v.ID, "it takes back what is not issued")
			}
			continue
		}
		if !v.over() {
			live++
		}
		if !v.counts() {
			continue
		}
		if owed := r.Invoiceable(stored); r.InvoicedMinor(v) != owed {
			say(v.ID, "less its red letters it is "+itoa(r.InvoicedMinor(v))+", what is kept is "+itoa(owed))
		}
		for _, l := range r.leftOf(v) {
			if l.AmountMinor < 0 || l.TaxMinor < 0 || l.AmountMinor == 0 && l.TaxMinor != 0 {
				say(v.ID, "its red letters take back more of a line than it had")
			}
		}
		if v.State != r.redState(v) && v.State != InvoiceRequested && v.State != InvoiceFailed {
			say(v.ID, "its state is not what its red letters say")
		}
	}
	if live > 1 {
		say(r.ID, "the order has several invoices")
	}
	return found
}
