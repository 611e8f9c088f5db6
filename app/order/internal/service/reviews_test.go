package service

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

func (s *shop) reviews() *Reviews {
	return NewReviews(s.Order, s.Seeker.Reviews.(*data.ReviewRules))
}

// rule is one that holds, until somebody decides, what its conditions say.
func rule(code string, c *orderv1.ReviewConditions) *orderv1.PutReviewRuleRequest {
	return &orderv1.PutReviewRuleRequest{RequestId: requestID(), Code: code, Name: "Rule " + code, Everyone: true, Conditions: c, Silence: orderv1.ReviewSilence_REVIEW_WAITS}
}

func (s *shop) ruled(in *orderv1.PutReviewRuleRequest) *orderv1.ReviewRule {
	got, err := s.reviews().PutReviewRule(s.as(boss), in)
	require.NoError(s.t, err)
	return got
}

func (s *shop) held(p tenancy.Principal, in *orderv1.ListReviewsRequest) (orders []string) {
	for {
		got, err := s.reviews().ListReviews(s.as(p), in)
		require.NoError(s.t, err)
		for _, v := range got.Reviews {
			orders = append(orders, v.OrderId)
		}
		if in.PageToken = got.NextPageToken; in.PageToken == "" {
			return orders
		}
	}
}

func (s *shop) release(p tenancy.Principal, id string) (*orderv1.OrderInfo, error) {
	return s.reviews().ReleaseOrder(s.as(p), &orderv1.ReleaseOrderRequest{RequestId: requestID(), OrderId: id, Answer: "called the buyer"})
}

func (s *shop) reject(p tenancy.Principal, id string) (*orderv1.OrderInfo, error) {
	return s.reviews().RejectOrder(s.as(p), &orderv1.RejectOrderRequest{RequestId: requestID(), OrderId: id, Reason: "the address is none", Answer: "fraud"})
}

func (s *shop) holdBack(p tenancy.Principal, id string) (*orderv1.OrderInfo, error) {
	return s.reviews().HoldOrder(s.as(p), &orderv1.HoldOrderRequest{RequestId: requestID(), OrderId: id, Reason: "have a look"})
}

func fulfilmentStatesOf(o *orderv1.OrderInfo) (list []string) {
	for _, f := range o.Fulfilments {
		list = append(list, f.State.String())
	}
	return list
}

// An order that a rule holds: paid, its stock held, and with no location until a person lets it go.
func TestAnOrderThatARuleHoldsWaitsForAPerson(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.ruled(rule("large", &orderv1.ReviewConditions{AmountFrom: &commonv1.Money{AmountMinor: 20000, Currency: "CNY"}}))
		o := s.paid(500)
		require.Equal(t, orderv1.OrderState_PAID, o.State)
		require.Equal(t, orderv1.ReviewState_REVIEW_HELD, o.Review)
		require.Equal(t, []string{"PLANNED", "PLANNED"}, fulfilmentStatesOf(o))
		require.Equal(t, []string{"inventory.ConfirmHold", "member.SettlePaid", "rebate.Accrue"}, s.leaving())
		require.True(t, s.world.quiet[o.Id], "no location has to answer")
		for _, f := range o.Fulfilments {
			_, err := s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
			requireReason(t, "STATE_CONFLICT", err)
			_, err = s.ShipFulfilment(s.as(boss), &orderv1.ShipFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id, Carrier: "SF", TrackingNo: "1"})
			requireReason(t, "STATE_CONFLICT", err)
		}
		s.later(48 * time.Hour)
		require.Equal(t, orderv1.ReviewState_REVIEW_HELD, s.get(o.Id).Review, "nobody has decided")
		require.Empty(t, s.audit())

		got, err := s.reviews().ListReviews(s.as(boss), &orderv1.ListReviewsRequest{})
		require.NoError(t, err)
		require.Len(t, got.Reviews, 1)
		require.Equal(t, "large", got.Reviews[0].Hits[0].Code)
		require.Equal(t, "amount", got.Reviews[0].Hits[0].Why)

		released, err := s.release(boss, o.Id)
		require.NoError(t, err)
		require.Equal(t, []string{"ASSIGNED", "ASSIGNED"}, fulfilmentStatesOf(released))
		require.Equal(t, []string{"inventory.ConfirmHold"}, s.leaving())
		require.False(t, s.world.quiet[o.Id])
		_, err = s.release(boss, o.Id)
		requireReason(t, "STATE_CONFLICT", err)
		require.Empty(t, s.held(boss, &orderv1.ListReviewsRequest{}))
		require.Equal(t, []string{o.Id}, s.held(boss, &orderv1.ListReviewsRequest{State: orderv1.ReviewState_REVIEW_RELEASED}))

		require.Zero(t, s.looked(ann, o.Id), "a buyer is not told who has looked at the order")
		require.Equal(t, 3, s.looked(boss, o.Id))
		s.ship(released)
		s.number()
		events, _ := s.follow(boss, "")
		topics := topicsOf(events)
		require.Subset(t, topics, []string{"REVIEW_HELD", "REVIEW_RELEASED", "ALLOCATED@S1"})
		require.Empty(t, s.audit())
	})
}

// looked counts what a caller reads in an order's history of its review.
func (s *shop) looked(p tenancy.Principal, id string) (n int) {
	o, err := s.GetOrder(s.as(p), &orderv1.GetOrderRequest{OrderId: id})
	require.NoError(s.t, err)
	require.NotEmpty(s.t, o.History)
	for _, e := range o.History {
		if strings.HasPrefix(e.Event, "review.") {
			n++
		}
	}
	return n
}

// Rejected: all goes back in the same change.
func TestARejectedOrderGivesAllBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.ruled(rule("remark", &orderv1.ReviewConditions{WithRemark: true}))
		before := s.world.stock["S1"]["tea"]
		req := wish(line("tea", 1), line("cup", 6))
		req.Points, req.Remark = 500, "leave it with the neighbour"
		o, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, orderv1.ReviewState_REVIEW_STATE_UNSPECIFIED, o.Review, "not before it is paid")
		require.Empty(t, s.held(boss, &orderv1.ListReviewsRequest{}))
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o, err = s.reject(boss, o.Id)
		require.NoError(t, err)
		require.Equal(t, orderv1.OrderState_CANCELLED, o.State)
		require.Equal(t, orderv1.ReviewState_REVIEW_REJECTED, o.Review)
		require.Equal(t, o.Paid.AmountMinor, o.Refunded.AmountMinor)
		s.later(time.Second)
		s.leaving()
		require.Equal(t, before, s.world.stock["S1"]["tea"])
		require.Equal(t, int64(500), s.world.document(o.Id).GivenBack)
		_, err = s.release(boss, o.Id)
		requireReason(t, "STATE_CONFLICT", err)
		require.Empty(t, s.audit())
	})
}

func TestSilenceDecidesAsTheRuleSays(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		wait := rule("wait", nil)
		wait.Silence, wait.AfterS = orderv1.ReviewSilence_REVIEW_RELEASES, 600
		s.ruled(wait)
		o := s.paid(0)
		require.Equal(t, orderv1.ReviewState_REVIEW_HELD, o.Review)
		s.later(599 * time.Second)
		require.Equal(t, orderv1.ReviewState_REVIEW_HELD, s.get(o.Id).Review)
		s.later(2 * time.Second)
		require.Equal(t, []string{"ASSIGNED", "ASSIGNED"}, fulfilmentStatesOf(s.get(o.Id)))

		urgent := rule("urgent", &orderv1.ReviewConditions{PiecesFrom: 5})
		urgent.Silence, urgent.AfterS = orderv1.ReviewSilence_REVIEW_ESCALATES, 300
		s.ruled(urgent)
		s.clock.Advance(2 * time.Second)
		o = s.paid(0)
		require.Empty(t, s.held(boss, &orderv1.ListReviewsRequest{Escalated: true}))
		s.later(301 * time.Second)
		require.Equal(t, []string{o.Id}, s.held(boss, &orderv1.ListReviewsRequest{Escalated: true}))
		s.later(time.Hour)
		require.Equal(t, orderv1.ReviewState_REVIEW_HELD, s.get(o.Id).Review, "the stricter rule counts")

		// A rule that is over holds nothing that is placed later, and lets go of nothing.
		for _, code := range []string{"wait", "urgent"} {
			s.ruled(&orderv1.PutReviewRuleRequest{RequestId: requestID(), Code: code, Withdrawn: true})
		}
		s.clock.Advance(2 * time.Second)
		s.world.stock["S1"]["tea"], s.world.stock["S2"]["cup"] = 9, 99
		require.Equal(t, orderv1.ReviewState_REVIEW_STATE_UNSPECIFIED, s.paid(0).Review)
		require.Equal(t, []string{o.Id}, s.held(boss, &orderv1.ListReviewsRequest{}))
		require.Empty(t, s.audit())
	})
}

// A person holds what is with the locations already, as long as none has accepted it.
func TestAPersonHoldsAnOrderThatNoLocationHasAccepted(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		levels := NewServiceLevels(s.Order)
		_, err := levels.PutServiceLevel(s.as(boss), &orderv1.PutServiceLevelRequest{RequestId: requestID(), AcceptS: 60, PickS: 600, ShipS: 3600})
		require.NoError(t, err)
		o := s.paid(0)
		require.Equal(t, []string{"ASSIGNED", "ASSIGNED"}, fulfilmentStatesOf(o))
		o, err = s.holdBack(boss, o.Id)
		require.NoError(t, err)
		require.Equal(t, []string{"PLANNED", "PLANNED"}, fulfilmentStatesOf(o))
		require.Zero(t, o.Fulfilments[0].AcceptByUs+o.Fulfilments[0].PickByUs+o.Fulfilments[0].ShipByUs+o.Fulfilments[0].AssignedAtUs)
		_, err = s.holdBack(boss, o.Id)
		requireReason(t, "STATE_CONFLICT", err)
		s.leaving()
		require.True(t, s.world.quiet[o.Id])
		s.later(2 * time.Hour)
		late, err := levels.ListOverdue(s.as(boss), &orderv1.ListOverdueRequest{})
		require.NoError(t, err)
		require.Empty(t, late.Fulfilments, "no location is late with what it does not have")
		require.Empty(t, s.audit())

		o, err = s.release(boss, o.Id)
		require.NoError(t, err)
		_, err = s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: o.Fulfilments[0].Id})
		require.NoError(t, err)
		_, err = s.holdBack(boss, o.Id)
		requireReason(t, "STATE_CONFLICT", err)

		s.number()
		told, _ := s.follow(keeper, "")
		require.Equal(t, []string{"ALLOCATED@S2", "REVIEW_HELD@S2", "ALLOCATED@S2"}, topicsOf(told), "the location's organisation is told of its part")

		unpaid := s.placed(0)
		_, err = s.holdBack(boss, unpaid.Id)
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(unpaid)))
		require.Equal(t, []string{"PLANNED", "PLANNED"}, fulfilmentStatesOf(s.get(unpaid.Id)))
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: unpaid.Id, Reason: "x"})
		require.NoError(t, err)
		require.Equal(t, orderv1.ReviewState_REVIEW_CANCELLED, s.get(unpaid.Id).Review)
		require.Empty(t, s.held(boss, &orderv1.ListReviewsRequest{}))
		require.Empty(t, s.audit())
	})
}

// Paid orders of other platforms are held too, whether their stock is there or comes later.
func TestAHeldChannelOrderIsWithNoLocation(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		large := rule("many", &orderv1.ReviewConditions{PiecesFrom: 2})
		large.Channel = "tmall"
		s.ruled(large)
		o, err := s.ImportChannelOrder(s.as(tmall), external("T1", "tea", 2, 30000))
		require.NoError(t, err)
		require.Equal(t, orderv1.ReviewState_REVIEW_HELD, o.Review)
		o = s.get(o.Id)
		require.False(t, o.Unallocated)
		require.Equal(t, []string{"PLANNED"}, fulfilmentStatesOf(o))
		s.leaving()
		require.True(t, s.world.quiet[o.Id])
		require.Equal(t, orderv1.ReviewState_REVIEW_STATE_UNSPECIFIED, s.paid(0).Review, "of another channel")

		s.world.patient = true
		waits, err := s.ImportChannelOrder(s.as(tmall), external("T2", "tea", 12, 200000))
		require.NoError(t, err)
		require.True(t, waits.Unallocated)
		s.leaving()
		require.True(t, s.world.quiet[waits.Id], "inventory is told before it finds stock")
		released, err := s.release(boss, waits.Id)
		require.NoError(t, err)
		require.True(t, released.Unallocated)
		s.leaving()
		require.False(t, s.world.quiet[waits.Id])
		_, err = s.reject(boss, o.Id)
		require.NoError(t, err)
		require.Zero(t, s.looked(tmall, o.Id), "nor is a channel")
		require.Positive(t, s.looked(boss, o.Id))
		s.later(time.Second)
		require.Empty(t, s.audit())
	})
}

// Each condition holds what it is about, and nothing else.
func TestRulesHoldWhatTheySay(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.categories, s.world.brands = map[string]string{"tea": "drinks/tea", "cup": "table"}, map[string]string{"cup": "kiln"}
		for _, stock := range s.world.stock {
			stock["tea"], stock["cup"], stock["pot"] = 1000, 1000, 1000
		}
		place := func(by tenancy.Principal, change func(r *orderv1.PlaceOrderRequest), lines ...*orderv1.OrderLineInput) string {
			req := wish(lines...)
			req.MemberId = by.Member
			if change != nil {
				change(req)
			}
			o, err := s.PlaceOrder(s.as(by), req)
			require.NoError(t, err)
			r, err := s.Orders.Load(t.Context(), o.Id)
			require.NoError(t, err)
			if len(r.Reviews) == 0 {
				return ""
			}
			require.Equal(t, biz.ReviewFound, r.Review)
			return r.Reviews[0].Hits[0].Code
		}
		far := func(r *orderv1.PlaceOrderRequest) { r.DestinationRegion, r.Receiver.Address = "CN-65-01", "Far 7" }
		for _, x := range []struct {
			code  string
			c     *orderv1.ReviewConditions
			hit   func() string
			other func() string
		}{
			{"region", &orderv1.ReviewConditions{Regions: []string{"CN-65"}}, func() string { return place(ann, far, line("cup", 1)) }, func() string { return place(ann, nil, line("cup", 1)) }},
			{"sku", &orderv1.ReviewConditions{Skus: []string{"pot"}}, func() string { return place(ann, nil, line("cup", 1), line("pot", 1)) }, func() string { return place(ann, nil, line("cup", 1)) }},
			{"category", &orderv1.ReviewConditions{Categories: []string{"drinks"}}, func() string { return place(ann, nil, line("tea", 1)) }, func() string { return place(ann, nil, line("cup", 1)) }},
			{"brand", &orderv1.ReviewConditions{Brands: []string{"kiln"}}, func() string { return place(ann, nil, line("cup", 1)) }, func() string { return place(ann, nil, line("tea", 1)) }},
			{"first", &orderv1.ReviewConditions{FirstOrder: true}, func() string { return place(bob, far, line("cup", 1)) }, func() string { return place(bob, far, line("cup", 1)) }},
			{"both", &orderv1.ReviewConditions{PiecesFrom: 3, WithRemark: true}, func() string {
				return place(ann, func(r *orderv1.PlaceOrderRequest) { r.Remark = "x" }, line("cup", 3))
			}, func() string { return place(ann, nil, line("cup", 3)) }},
		} {
			s.ruled(rule(x.code, x.c))
			s.clock.Advance(2 * time.Second)
			require.Equal(t, x.code, x.hit())
			require.Empty(t, x.other(), x.code)
			s.ruled(&orderv1.PutReviewRuleRequest{RequestId: requestID(), Code: x.code, Withdrawn: true})
			s.clock.Advance(2 * time.Second)
		}

		// Orders to one address, however it is written; the window moves on.
		s.ruled(rule("address", &orderv1.ReviewConditions{ToAddress: 3, WithinS: 600}))
		s.clock.Advance(2 * time.Second)
		to := func(address string) func(r *orderv1.PlaceOrderRequest) {
			return func(r *orderv1.PlaceOrderRequest) { r.Receiver.Address = address }
		}
		require.Empty(t, place(ann, to("Long Lane 12, flat 3"), line("cup", 1)))
		require.Empty(t, place(bob, to("long lane 12 FLAT 3"), line("cup", 1)))
		require.Empty(t, place(bob, to("Long Lane 1"), line("cup", 1)))
		require.Equal(t, "address", place(bob, to("LongLane 12 flat-3"), line("cup", 1)))
		s.clock.Advance(11 * time.Minute)
		require.Empty(t, place(bob, to("Long Lane 12, flat 3"), line("cup", 1)))
	})
}

// Another owner's goods that cost the seller more than the buyer pays.
func TestAnOrderBelowCostIsHeld(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.ruled(rule("cost", &orderv1.ReviewConditions{BelowCost: true}))
		require.Equal(t, orderv1.ReviewState_REVIEW_STATE_UNSPECIFIED, s.paid(0).Review, "half of the list price is what the other owner gets")
		s.put("CUPS", 0, &orderv1.PromotionTerms{Kind: orderv1.PromotionKind_FLASH_SALE, PriceMinor: 400, Quota: 100, PerBuyer: 100, Scope: &orderv1.PromotionScope{Skus: []string{"cup"}, MembersOnly: true}})
		require.Equal(t, orderv1.ReviewState_REVIEW_HELD, s.paid(0).Review, "two of six cups are the other owner's, who gets 7.50 each")
		require.Empty(t, s.audit())
	})
}

// Who decides: people of the seller. A location's organisation sees its part when it is its own, and of the review nothing.
func TestReviewsAreTheSellers(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.ruled(rule("all", &orderv1.ReviewConditions{PiecesFrom: 1}))
		o := s.paid(0)
		require.Equal(t, "hq", o.SellerOrg)
		_, err := s.release(keeper, o.Id)
		requireReason(t, "ORDER_UNKNOWN", err)
		_, err = s.reject(other, o.Id)
		requireReason(t, "ORDER_UNKNOWN", err)
		_, err = s.release(ann, o.Id)
		requireReason(t, "FORBIDDEN", err)
		require.Empty(t, s.held(keeper, &orderv1.ListReviewsRequest{}))
		require.Empty(t, s.held(other, &orderv1.ListReviewsRequest{OrderId: o.Id}))

		req := wish(line("cup", 2))
		req.ShopStoreCode = "S2"
		mine, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, "fra", mine.SellerOrg)
		require.Equal(t, int32(200), s.pay(s.payment(mine)))
		require.Equal(t, []string{mine.Id}, s.held(keeper, &orderv1.ListReviewsRequest{}))
		require.Equal(t, []string{o.Id, mine.Id}, s.held(boss, &orderv1.ListReviewsRequest{PageSize: 1}), "headquarters sees all")
		require.Equal(t, []string{mine.Id}, s.held(boss, &orderv1.ListReviewsRequest{SellerOrg: "fra"}))
		elsewhere := tenancy.Principal{Kind: tenancy.Franchisee, ID: "u_s3", Org: "fra", Store: "S3", Roles: []string{"manager"}}.WithScope()
		for _, in := range []*orderv1.ListReviewsRequest{{}, {ShopStoreCode: "S2"}, {OrderId: mine.Id}} {
			require.Empty(t, s.held(elsewhere, in), "another store of the same franchisee")
		}
		_, err = s.release(elsewhere, mine.Id)
		requireReason(t, "ORDER_UNKNOWN", err)
		_, err = s.release(boss, mine.Id)
		requireReason(t, "FORBIDDEN", err)
		_, err = s.release(keeper, mine.Id)
		require.NoError(t, err)

		// A franchisee's rules are for its own orders.
		everyone := rule("mine", &orderv1.ReviewConditions{PiecesFrom: 1})
		_, err = s.reviews().PutReviewRule(s.as(keeper), everyone)
		requireReason(t, "FORBIDDEN", err)
		everyone.Everyone = false
		_, err = s.reviews().PutReviewRule(s.as(keeper), everyone)
		require.NoError(t, err)
		rules, err := s.reviews().ListReviewRules(s.as(keeper), &orderv1.ListReviewRulesRequest{})
		require.NoError(t, err)
		require.Len(t, rules.Rules, 1)
		rules, err = s.reviews().ListReviewRules(s.as(boss), &orderv1.ListReviewRulesRequest{PageSize: 1})
		require.NoError(t, err)
		require.Equal(t, "all", rules.Rules[0].Code)
		rules, err = s.reviews().ListReviewRules(s.as(boss), &orderv1.ListReviewRulesRequest{PageSize: 1, PageToken: rules.NextPageToken})
		require.NoError(t, err)
		require.Equal(t, "fra", rules.Rules[0].Org)
		require.Empty(t, rules.NextPageToken)
	})
}

func TestRemarksStayAndInternalOnesAreTheSellers(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(0)
		write := func(p tenancy.Principal, text string, flag orderv1.RemarkFlag, internal bool) error {
			_, err := s.reviews().AddOrderRemark(s.as(p), &orderv1.AddOrderRemarkRequest{RequestId: requestID(), OrderId: o.Id, Text: text, Flag: flag, Internal: internal})
			s.clock.Advance(time.Second)
			return err
		}
		require.NoError(t, write(boss, "a friend of the house", orderv1.RemarkFlag_REMARK_RED, true))
		require.NoError(t, write(boss, "comes on Friday", orderv1.RemarkFlag_REMARK_FLAG_NONE, false))
		require.NoError(t, write(boss, "", orderv1.RemarkFlag_REMARK_GREEN, true))
		requireReason(t, "VALIDATOR", write(boss, " ", orderv1.RemarkFlag_REMARK_FLAG_NONE, true))
		requireReason(t, "FORBIDDEN", write(ann, "x", orderv1.RemarkFlag_REMARK_FLAG_NONE, false))
		requireReason(t, "ORDER_UNKNOWN", write(keeper, "x", orderv1.RemarkFlag_REMARK_FLAG_NONE, false))
		list := func(p tenancy.Principal) (out []string) {
			req := &orderv1.ListOrderRemarksRequest{OrderId: o.Id, PageSize: 1}
			for {
				got, err := s.reviews().ListOrderRemarks(s.as(p), req)
				require.NoError(t, err)
				for _, r := range got.Remarks {
					out = append(out, fmt.Sprintf("%s/%s/%v", r.Text, r.Flag, r.By != ""))
				}
				if req.PageToken = got.NextPageToken; req.PageToken == "" {
					return out
				}
			}
		}
		require.Equal(t, []string{"/REMARK_GREEN/true", "comes on Friday/REMARK_FLAG_NONE/true", "a friend of the house/REMARK_RED/true"}, list(boss))
		require.Equal(t, []string{"comes on Friday/REMARK_FLAG_NONE/false"}, list(ann))
		_, err := s.reviews().ListOrderRemarks(s.as(bob), &orderv1.ListOrderRemarksRequest{OrderId: o.Id})
		requireReason(t, "ORDER_UNKNOWN", err)
		require.Empty(t, s.audit())
	})
}

// Two persons decide at once, and the buyer cancels: one of them has decided.
func TestOneDecisionCounts(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.ruled(rule("all", &orderv1.ReviewConditions{PiecesFrom: 1}))
		for _, stock := range s.world.stock {
			stock["tea"], stock["cup"] = 100, 100
		}
		for range 6 {
			o := s.paid(0)
			var mu sync.Mutex
			won := 0
			count := func(err error) {
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if reasonOf(fault.Public(err)) != "STATE_CONFLICT" {
					t.Error(err)
				}
			}
			release := &orderv1.ReleaseOrderRequest{RequestId: requestID(), OrderId: o.Id}
			reject := &orderv1.RejectOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"}
			again := &orderv1.ReleaseOrderRequest{RequestId: requestID(), OrderId: o.Id}
			var all sync.WaitGroup
			all.Go(func() { _, err := s.reviews().ReleaseOrder(s.as(boss), release); count(err) })
			all.Go(func() { _, err := s.reviews().RejectOrder(s.as(boss), reject); count(err) })
			all.Go(func() { _, err := s.reviews().ReleaseOrder(s.as(boss), again); count(err) })
			all.Wait()
			require.Equal(t, 1, won)
			// A repeat gets the first one's answer.
			first, err := s.reviews().ReleaseOrder(s.as(boss), release)
			if err == nil {
				same, err := s.reviews().ReleaseOrder(s.as(boss), release)
				require.NoError(t, err)
				require.Equal(t, first.String(), same.String())
			}
		}
		s.later(time.Second)
		require.Empty(t, s.audit())
	})
}

func TestARuleThatNobodyCanMeanIsRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		for name, change := range map[string]func(r *orderv1.PutReviewRuleRequest){
			"holds every order for ever": func(r *orderv1.PutReviewRuleRequest) { r.Conditions = nil },
			"no word about silence":      func(r *orderv1.PutReviewRuleRequest) { r.Silence = 0 },
			"a time for nothing":         func(r *orderv1.PutReviewRuleRequest) { r.AfterS = 5 },
			"no time to be silent":       func(r *orderv1.PutReviewRuleRequest) { r.Silence = orderv1.ReviewSilence_REVIEW_RELEASES },
			"an amount of nothing":       func(r *orderv1.PutReviewRuleRequest) { r.Conditions.AmountFrom = &commonv1.Money{AmountMinor: 5} },
			"one order to an address":    func(r *orderv1.PutReviewRuleRequest) { r.Conditions.ToAddress, r.Conditions.WithinS = 1, 5 },
			"a window of no orders":      func(r *orderv1.PutReviewRuleRequest) { r.Conditions.WithinS = 5 },
			"since yesterday":            func(r *orderv1.PutReviewRuleRequest) { r.FromUs = start - 86400*second },
		} {
			in := rule("r", &orderv1.ReviewConditions{PiecesFrom: 1})
			change(in)
			_, err := s.reviews().PutReviewRule(s.as(boss), in)
			require.Error(t, err, name)
			requireReason(t, "VALIDATOR", err)
		}
		_, err := s.reviews().PutReviewRule(s.as(tenancy.Principal{Kind: tenancy.HQ, ID: "g", Org: "hq", Roles: []string{"guide"}}.WithScope()), rule("r", &orderv1.ReviewConditions{PiecesFrom: 1}))
		requireReason(t, "FORBIDDEN", err)
	})
}

// A pickup is held like a delivery.
func TestAHeldPickupIsNotReady(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.ruled(rule("all", &orderv1.ReviewConditions{PiecesFrom: 1}))
		req := wish(line("cup", 1))
		req.Way, req.PickupStoreCode = inventoryv1.DeliveryWay_PICKUP, "S2"
		o, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		f := s.get(o.Id).Fulfilments[0]
		require.Nil(t, f.Pickup)
		_, err = s.collect(boss, s.pickupCode(f.Id).Code, "S2")
		requireReason(t, "PICKUP_CODE_UNKNOWN", err)
		require.Empty(t, s.audit())
	})
}
