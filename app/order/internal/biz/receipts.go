package biz

import (
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/order/pricing"
)

// Receipts are what a seller has of what it sold: what the buyer paid, in money and points, and what a platform or a payment
// provider bears of the discounts. What it bears itself, or headquarters or a supplier bears, is between those parties.
type Receipts struct {
	// AmountMinor was frozen at placement; SubsidyMinor is the part of it that platforms and payment providers bear.
	AmountMinor, SubsidyMinor int64
	// BackMinor is what of it is over, with goods that came back or never left.
	BackMinor int64
	// Bearers are those who bear the discounts, each once.
	Bearers []BearerPart
}

// LeftMinor is what the seller has of it now.
func (t Receipts) LeftMinor() int64 { return t.AmountMinor - t.BackMinor }

// BearerPart is what one party bears of discounts, and what of it is over.
type BearerPart struct {
	pricing.Party
	AmountMinor int64
	BackMinor   int64
}

// paysSeller says whether to the seller a party's part is as if the buyer had paid it.
func paysSeller(role string) bool { return role == pricing.Platform || role == pricing.PaymentProvider }

// subsidy is what platforms and payment providers bear of discounts.
func subsidy(discounts []Discount) (sum int64) {
	for _, d := range discounts {
		for _, b := range d.Bearers {
			if paysSeller(b.Role) {
				sum += b.AmountMinor
			}
		}
	}
	return sum
}

// FrozenReceipts are what a line brings its seller, by its frozen shares.
func FrozenReceipts(payableMinor int64, discounts []Discount) int64 {
	return payableMinor + subsidy(discounts)
}

// bearers says which organisation bears each discount where the promotion names only its role: the seller for a franchisee,
// the brand for headquarters, the channel for a platform. Which payment provider it is shows when the order is paid.
func (p *Price) bearers(channel string, s Seller) {
	name := func(discounts []Discount) {
		for _, d := range discounts {
			for i := range d.Bearers {
				switch b := &d.Bearers[i]; {
				case b.Code != "":
				case b.Role == pricing.Franchisee:
					b.Code = s.Org
				case b.Role == pricing.Headquarters:
					b.Code = s.HeadquartersOrg
				case b.Role == pricing.Platform:
					b.Code = channel
				}
			}
		}
	}
	for _, l := range p.Lines {
		name(l.Discounts)
	}
	name(p.FreightDiscounts)
}

// LineReceipts are those of one line. What is over of them is the money and the points that went back, and of each bearer's
// part the share of the pieces that ended: rounded cumulatively, so that all pieces together take all of it.
func (r Record) LineReceipts(l Line) Receipts {
	out := Receipts{AmountMinor: l.ReceiptsMinor, SubsidyMinor: subsidy(l.Discounts)}
	if r.State == OrderCancelled {
		out.bear(r, l.Discounts, 1, 1)
		out.BackMinor = out.AmountMinor
		return out
	}
	out.bear(r, l.Discounts, l.Ended(), l.Quantity)
	out.BackMinor += l.RefundedMinor + l.Back(0, l.Ended()).PointsAmountMinor
	return out
}

// FreightReceipts are those of the freight.
func (r Record) FreightReceipts() Receipts {
	out := Receipts{AmountMinor: FrozenReceipts(r.FreightMinor, r.FreightDiscounts), SubsidyMinor: subsidy(r.FreightDiscounts)}
	if r.State == OrderCancelled {
		out.bear(r, r.FreightDiscounts, 1, 1)
		out.BackMinor = out.AmountMinor
		return out
	}
	out.bear(r, r.FreightDiscounts, r.FreightRefundedMinor, r.FreightMinor)
	out.BackMinor += r.FreightRefundedMinor
	return out
}

// Receipts are those of the whole order. Charges for gifts that stayed are the seller's too.
func (r Record) Receipts() (all Receipts) {
	for _, l := range r.Lines {
		all.add(r.LineReceipts(l))
	}
	all.add(r.FreightReceipts())
	all.BackMinor -= r.GiftChargedMinor
	return all
}

// bear adds the parts of those who bear discounts, of which back of so many are over.
func (t *Receipts) bear(r Record, discounts []Discount, back, of int64) {
	for _, d := range discounts {
		for _, b := range d.Bearers {
			part := BearerPart{Party: b.Party, AmountMinor: b.AmountMinor}
			if of > 0 {
				part.BackMinor = money.Proportion(b.AmountMinor, back, of)
			}
			if paysSeller(b.Role) {
				t.BackMinor += part.BackMinor
			}
			if part.Role == pricing.PaymentProvider && part.Code == "" {
				part.Code = r.onlyProvider()
			}
			t.put(part)
		}
	}
}

func (t *Receipts) put(part BearerPart) {
	i := slices.IndexFunc(t.Bearers, func(b BearerPart) bool { return b.Party == part.Party })
	if i < 0 {
		t.Bearers = append(t.Bearers, part)
		return
	}
	t.Bearers[i].AmountMinor += part.AmountMinor
	t.Bearers[i].BackMinor += part.BackMinor
}

func (t *Receipts) add(more Receipts) {
	t.AmountMinor += more.AmountMinor
	t.SubsidyMinor += more.SubsidyMinor
	t.BackMinor += more.BackMinor
	for _, b := range more.Bearers {
		t.put(b)
	}
}

// onlyProvider is the provider through which all the money came; empty: several, or none yet.
func (r Record) onlyProvider() (name string) {
	for _, c := range r.Captures {
		if name != "" && name != c.Provider {
			return ""
		}
		name = c.Provider
	}
	return name
}

// TradeReceipts are a seller's receipts as its systems are told of them: those of the order, and of lines.
type TradeReceipts struct {
	AmountMinor  int64          `json:"amount_minor"`
	SubsidyMinor int64          `json:"subsidy_minor"`
	BackMinor    int64          `json:"back_minor"`
	LeftMinor    int64          `json:"left_minor"`
	Currency     string         `json:"currency"`
	Bearers      []TradeBearer  `json:"bearers,omitempty"`
	Lines        []LineReceipts `json:"lines,omitempty"`
}

// TradeBearer is who bears how much of the discounts.
type TradeBearer struct {
	Role        string `json:"role"`
	Code        string `json:"code,omitempty"`
	AmountMinor int64  `json:"amount_minor"`
	LeftMinor   int64  `json:"left_minor"`
}

// LineReceipts are what one line brings.
type LineReceipts struct {
	LineID      string `json:"line_id"`
	AmountMinor int64  `json:"amount_minor"`
	BackMinor   int64  `json:"back_minor"`
	LeftMinor   int64  `json:"left_minor"`
}

// toldReceipts are what a seller's systems settle by. When the order is paid all its lines are named, later those of which
// something went back.
func (r Record) toldReceipts(topic Topic) *TradeReceipts {
	if r.PaidAtUS == 0 || topic == TopicPlaced {
		return nil
	}
	all := r.Receipts()
	out := &TradeReceipts{AmountMinor: all.AmountMinor, SubsidyMinor: all.SubsidyMinor, BackMinor: all.BackMinor, LeftMinor: all.LeftMinor(), Currency: r.Currency}
	for _, b := range all.Bearers {
		out.Bearers = append(out.Bearers, TradeBearer{b.Role, b.Code, b.AmountMinor, b.AmountMinor - b.BackMinor})
	}
	for _, l := range r.Lines {
		if of := r.LineReceipts(l); topic == TopicPaid || of.BackMinor > 0 {
			out.Lines = append(out.Lines, LineReceipts{l.ID, of.AmountMinor, of.BackMinor, of.LeftMinor()})
		}
	}
	return out
}

// AgreeReceipts compares what a seller has of an order with the money that was kept, the points that stay spent, and what others
// bear of what stands (I7).
func AgreeReceipts(r Record) (found []Disagreement) {
	say := func(subject, format string, args ...any) {
		found = append(found, Disagreement{subject, fmt.Sprintf(format, args...)})
	}
	var points int64
	for _, l := range r.Lines {
		of := r.LineReceipts(l)
		if of.BackMinor < 0 || of.LeftMinor() < 0 {
			say(l.ID, "%d of the line's receipts of %d are back", of.BackMinor, of.AmountMinor)
		}
		if r.State != OrderCancelled {
			points += l.PointsAmountMinor - l.Back(0, l.Ended()).PointsAmountMinor
		}
	}
	if r.State != OrderPaid && r.State != OrderCompleted {
		return found
	}
	all := r.Receipts()
	var borne int64
	for _, b := range all.Bearers {
		if paysSeller(b.Role) {
			borne += b.AmountMinor - b.BackMinor
		}
	}
	if kept := r.CapturedMinor - r.RefundedMinor; all.LeftMinor() != kept+points+borne {
		say(r.ID, "receipts of %d are left, of %d in money, %d in points and %d that others bear", all.LeftMinor(), kept, points, borne)
	}
	return found
}
