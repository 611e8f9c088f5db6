package service

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// TestAnyLifeAgreesWithTheNotebook runs random lives of several orders at once - placed with points, coupons and a budget that
// runs out, paid in whole, in parts, twice and too late, with wrong amounts, cancelled, expired, accepted, shipped location by
// location and in parcels, declined, received or left alone, brought back in parts by members and by staff - at two replicas against a
// clerk's notebook, on each engine. Money, stock, points, coupons and the budget agree after each step; each life ends, and the
// audit is clean. A failure prints rapid's seed and the steps.
func TestAnyLifeAgreesWithTheNotebook(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		replicas := []*Order{s.Order, New(s.Parts, s.settings)}
		if s.DB.Engine() != database.SQLite { // one process writes a file
			replicas[1] = s.replica()
		}
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			n := newNotebook(s, replicas, round)
			steps := n.anywhere(map[string]func(*rapid.T){
				"place": n.place, "claim a coupon": n.claim, "ask for money": n.ask, "ask for a part": n.askPart, "pay": n.pay, "pay twice": n.payTwice,
				"buy": n.buy, "buy too": n.buy, "buy as well": n.buy, "pay a wrong amount": n.payWrong, "cancel": n.cancel, "decline": n.decline,
				"accept": n.accept, "accept too": n.accept, "accept as well": n.accept, "ship": n.ship, "ship too": n.ship, "ship a part": n.shipPart, "ship a part too": n.shipPart, "receive": n.receive, "receive too": n.receive,
				"bring back": n.bringBack, "bring back too": n.bringBack, "approve": n.approve, "approve too": n.approve, "take back": n.takeBack, "take back too": n.takeBack,
				"a while": n.while, "a long while": n.longWhile, "": n.compare,
			})
			for range 3 {
				steps["place"](rt)
			}
			for range acts {
				rt.Repeat(steps)
			}
			n.end(rt)
			if round%auditEvery == 0 {
				require.Empty(t, s.audit())
			}
		})
		require.Empty(t, s.audit())
	})
}

// acts so many times a life goes on, with as many steps as rapid likes.
const acts = 2

// auditEvery so many lives: the audit looks at all orders, also of the lives before.
const auditEvery = 25

const (
	dear, cheap       = int64(12_000), int64(700)
	budgetOff         = int64(1000)
	couponOff         = int64(500)
	budgetOfAll       = int64(3500) // for three orders, and a rest that is no use
	pointsOfAnn       = int64(1200)
	freightOfDelivery = int64(1000)
)

// notebook is what a clerk knows of a few orders and of all that they draw on.
type notebook struct {
	s        *shop
	replicas []*Order
	at       *Order // the replica of this step
	round    int
	skus     [2]string // the dear one and the cheap one

	shelf   map[shelf]int64
	points  int64
	used    int64            // of the budget
	coupons map[string]*bill // the order that has it; nil: it is open
	order   []string         // of coupons, as they were claimed
	bills   []*bill
}

type shelf struct{ location, sku string }

// bill is an order.
type bill struct {
	id, state  string
	lines      []*article
	toPay      int64
	kept       int64 // money that the order has, of all that came
	came       int64
	off        int64 // of the budget
	coupon     string
	points     int64
	pointsBack int64
	payUntil   int64
	waits      bool
	asks       []*asked
	parts      []*piece
	returns    []*back
}

// article is a line: what is paid for it in money and in points, and how much of it has come back.
type article struct {
	id, sku                    string
	quantity, payable, points  int64
	returned, refunded, giveUp int64
}

// asked is a payment that was asked for.
type asked struct {
	id, state, payee string
	amount           int64
	came             []string // transactions
}

// piece is what one location ships.
type piece struct {
	id, location, state        string
	quantity, returned, sent   map[*article]int64 // sent: in parcels, where it leaves in several
	receivesAt, until, looksAt int64
}

// back is goods that come back, by piece and line.
type back struct {
	id, state string
	of        []ofPiece
	refund    int64
}

type ofPiece struct {
	piece    *piece
	article  *article
	quantity int64
}

func newNotebook(s *shop, replicas []*Order, round int) *notebook {
	n := &notebook{s: s, replicas: replicas, at: replicas[0], round: round, skus: [2]string{fmt.Sprintf("dear%d", round), fmt.Sprintf("cheap%d", round)},
		shelf: map[shelf]int64{}, points: pointsOfAnn, coupons: map[string]*bill{}}
	s.clock.Advance(time.Second) // what is newer than this is of this round
	for i, sku := range n.skus {
		s.world.prices[sku] = []int64{dear, cheap}[i]
		for _, at := range locations {
			n.shelf[shelf{at, sku}] = int64(6 + 10*i)
			s.world.stock[at][sku] = n.shelf[shelf{at, sku}]
		}
	}
	s.world.points["mbr_ann"] = pointsOfAnn
	scope := &orderv1.PromotionScope{Skus: n.skus[:]}
	all := off(budgetOff)
	all.BudgetMinor, all.Scope = budgetOfAll, scope
	s.put(n.code("ALL"), 0, all)
	one := couponed(couponOff, 0, 0, 0)
	one.Scope = scope
	s.put(n.code("ONE"), 0, one)
	return n
}

var locations = []string{"S1", "S2"}

func (n *notebook) code(name string) string { return fmt.Sprintf("%s%d", name, n.round) }

// anywhere lets each step happen at one of the replicas, and what it entails arrive.
func (n *notebook) anywhere(steps map[string]func(*rapid.T)) map[string]func(*rapid.T) {
	for name, step := range steps {
		if name == "" {
			continue
		}
		steps[name] = func(rt *rapid.T) {
			n.at = n.replicas[rapid.IntRange(0, len(n.replicas)-1).Draw(rt, "replica")]
			step(rt)
			n.s.leaving()
		}
	}
	return steps
}

func (n *notebook) now() int64 {
	now, _ := n.s.clock.NowUS(n.s.t.Context())
	return now
}

func (n *notebook) as(p tenancy.Principal) context.Context { return n.s.as(p) }

// mostly draws of those that fit, now and then of all: what must be refused is tried too.
func mostly[T any](rt *rapid.T, list []T, fits func(T) bool) T {
	if rapid.IntRange(0, 5).Draw(rt, "mostly") < 5 && slices.ContainsFunc(list, fits) {
		return one(rt, list, fits)
	}
	return one(rt, list, func(T) bool { return true })
}

// one draws of the bills, asks, pieces or returns that fit; without one the step is not made.
func one[T any](rt *rapid.T, list []T, fits func(T) bool) T {
	list = slices.DeleteFunc(slices.Clone(list), func(x T) bool { return !fits(x) })
	if len(list) == 0 {
		rt.Skip("there is none")
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(rt, "which")]
}

func (n *notebook) any(rt *rapid.T) *bill {
	return one(rt, n.bills, func(*bill) bool { return true })
}

// said checks that a step was done or refused as the notebook says.
func said(rt *rapid.T, done bool, err error) bool {
	if done {
		require.NoError(rt, err)
		return true
	}
	require.Error(rt, err)
	code := codeOf(fault.Public(err))
	require.True(rt, code >= 400 && code < 500, "%v", err)
	return false
}

// compare looks whether the center's books, and what it has told the other centers, are what the notebook says.
func (n *notebook) compare(rt *rapid.T) {
	w := n.s.world
	for at, k := range n.shelf {
		require.Equal(rt, k, w.stock[at.location][at.sku], "%s at %s", at.sku, at.location)
	}
	require.Equal(rt, n.points, w.points["mbr_ann"], "points")
	book, err := n.s.promotions().GetPromotion(n.as(promoting), &orderv1.GetPromotionRequest{Code: n.code("ALL")})
	require.NoError(rt, err)
	require.Equal(rt, n.used, book.UsedMinor, "budget")
	claimed, err := n.s.coupons().ListCoupons(n.as(ann), &orderv1.ListCouponsRequest{MemberId: "mbr_ann", PageSize: int32(max(1, len(n.order)))}) // the newest first
	require.NoError(rt, err)
	for _, c := range claimed.Coupons[:len(n.order)] {
		p, state, order := n.coupons[c.Id], orderv1.CouponState_COUPON_OPEN, ""
		switch {
		case p == nil:
		case p.unpaid():
			state, order = orderv1.CouponState_COUPON_LOCKED, p.id
		default:
			state, order = orderv1.CouponState_COUPON_USED, p.id
		}
		require.Contains(rt, n.order, c.Id)
		require.Equal(rt, []any{state, order}, []any{c.State, c.OrderId}, "coupon")
	}
	found := make([]string, len(n.bills))
	for i, p := range n.bills {
		found[i] = p.id
	}
	records, err := n.s.Orders.LoadAll(n.s.t.Context(), found)
	require.NoError(rt, err)
	require.Len(rt, records, len(n.bills))
	for _, r := range records {
		p := n.bills[slices.Index(found, r.ID)]
		require.Equal(rt, p.seen(), seen(r), p.id)
		require.Equal(rt, p.pointsBack, w.document(p.id).GivenBack, "points back")
	}
}

// seen is an order in one line, as the notebook has it.
func (p *bill) seen() string {
	text := fmt.Sprintf("%s came %d kept %d waits %t", p.state, p.came, p.kept, p.waits)
	for _, a := range p.lines {
		text += fmt.Sprintf(" | %s %d of %d back, %d refunded", a.sku, a.returned, a.quantity, a.refunded)
	}
	for _, part := range p.parts {
		text += fmt.Sprintf(" | %s %s", part.location, part.state)
	}
	for _, a := range p.asks {
		text += fmt.Sprintf(" | %d %s", a.amount, a.state)
	}
	for _, ret := range p.returns {
		text += fmt.Sprintf(" | back %s", ret.state)
	}
	return text
}

// seen is an order in one line, as the center has it.
func seen(r biz.Record) string {
	text := fmt.Sprintf("%s came %d kept %d waits %t", r.State, r.CapturedMinor, r.CapturedMinor-r.RefundedMinor, r.Unallocated && r.State == biz.OrderPaid)
	for _, l := range r.Lines {
		text += fmt.Sprintf(" | %s %d of %d back, %d refunded", l.SKU, l.ReturnedQuantity, l.Quantity, l.RefundedMinor)
	}
	for _, f := range r.Fulfilments {
		text += fmt.Sprintf(" | %s %s", f.Location, f.State)
	}
	for _, p := range r.Payments {
		text += fmt.Sprintf(" | %d %s", p.AmountMinor, p.State)
	}
	for _, ret := range r.Returns {
		text += fmt.Sprintf(" | back %s", ret.State)
	}
	return text
}

// end lets all deadlines pass: nothing is left half done but what somebody has to ship.
func (n *notebook) end(rt *rapid.T) {
	for range 2 {
		n.passes(rt, 48*time.Hour)
		n.s.leaving()
		n.compare(rt)
	}
	for _, name := range []string{"ALL", "ONE"} {
		_, err := n.s.promotions().EndPromotion(n.as(promoting), &orderv1.EndPromotionRequest{RequestId: requestID(), Code: n.code(name)})
		require.NoError(rt, err)
	}
}
