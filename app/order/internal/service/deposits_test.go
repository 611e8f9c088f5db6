package service

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	hourUS = 3600 * second
	// The demo's presale: its balance is paid in the second and third hour.
	balanceFrom, balanceUntil = start + hourUS, start + 3*hourUS
)

func (s *shop) deposits() *Deposits { return NewDeposits(s.terms()) }

// presale sells a SKU for a deposit of a piece, of which a third may be lost.
func (s *shop) presale(sku string, depositMinor int64) *orderv1.DepositTerms {
	s.t.Helper()
	d, err := s.deposits().PutDepositTerms(s.as(boss), &orderv1.PutDepositTermsRequest{
		RequestId: requestID(), Sku: sku, DepositMinor: depositMinor, BalanceFromUs: balanceFrom, BalanceUntilUs: balanceUntil, ForfeitBp: 3333,
	})
	require.NoError(s.t, err)
	return d
}

// reserve places an order of a tea for a deposit of 50.01, of 209.00.
func (s *shop) reserve(change func(req *orderv1.PlaceOrderRequest)) *orderv1.OrderInfo {
	s.t.Helper()
	s.presale("tea", 5001)
	req, deposit := wish(line("tea", 1)), int64(5001)
	req.DepositMinor = &deposit
	if change != nil {
		change(req)
	}
	o, err := s.PlaceOrder(s.as(ann), req)
	require.NoError(s.t, err)
	return o
}

// deposited has paid the deposit.
func (s *shop) deposited(change func(req *orderv1.PlaceOrderRequest)) *orderv1.OrderInfo {
	s.t.Helper()
	o := s.reserve(change)
	require.Equal(s.t, int32(200), s.pay(s.payment(o)))
	o = s.get(o.Id)
	require.Equal(s.t, orderv1.OrderState_DEPOSIT_PAID, o.State)
	return o
}

func (s *shop) cancelBy(p tenancy.Principal, o *orderv1.OrderInfo) *orderv1.OrderInfo {
	s.t.Helper()
	_, err := s.CancelOrder(s.as(p), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
	require.NoError(s.t, err)
	s.later(time.Second)
	return s.get(o.Id)
}

// come moves the clock to a time, and does what is due.
func (s *shop) come(us int64) {
	now, err := s.clock.NowUS(s.t.Context())
	require.NoError(s.t, err)
	s.later(time.Duration(us-now) * time.Microsecond)
}

// late is what a provider sends of a payment when all is over.
func late(p *orderv1.Payment, no string) string {
	return fmt.Sprintf(`{"payment_id":%q,"transaction_no":%q,"amount_minor":%d,"currency":"CNY","payee":%q,"status":"PAID"}`, p.Id, no, p.Amount.AmountMinor, p.Payee)
}

func TestADepositIsPaidFirstAndTheBalanceLater(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.stock["S1"]["tea"], s.world.stock["S2"]["tea"], s.world.coming = 0, 0, map[string]int64{"tea": 2}
		s.presale("tea", 5001)
		shown, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Points: 100, Lines: []*orderv1.OrderLineInput{line("tea", 2)}})
		require.NoError(t, err)
		require.Equal(t, []int64{40_700, 10_002, 30_698, balanceFrom, balanceUntil, 3334}, []int64{shown.ToPay.AmountMinor, shown.Deposit.Amount.AmountMinor, shown.Deposit.Balance.AmountMinor,
			shown.Deposit.BalanceFromUs, shown.Deposit.BalanceUntilUs, shown.Deposit.AtRisk.AmountMinor})

		// Nobody is asked for a deposit that he has not seen.
		req := wish(line("tea", 2))
		req.Points = 100
		_, err = s.PlaceOrder(s.as(ann), req)
		require.Equal(t, "3334", requireReason(t, "DEPOSIT_CHANGED", err).Metadata["forfeit_minor"])
		other := int64(10_001)
		req.RequestId, req.DepositMinor = requestID(), &other
		_, err = s.PlaceOrder(s.as(ann), req)
		require.Equal(t, "10002", requireReason(t, "DEPOSIT_CHANGED", err).Metadata["deposit_minor"])
		req.RequestId, req.DepositMinor = requestID(), &shown.Deposit.Amount.AmountMinor
		o, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.OrderState_UNPAID, int64(10_002)}, []any{o.State, o.LeftToPay.AmountMinor})
		require.Equal(t, balanceUntil+testTerms.HoldGraceUS, s.world.wanted.ExpiresAtUs, "the stock is held until the balance has come")
		require.Zero(t, s.world.coming["tea"], "what is promised to arrive can be sold so")
		require.Empty(t, s.audit())

		deposit := s.payment(o)
		require.Equal(t, int64(10_002), deposit.Amount.AmountMinor)
		require.Equal(t, int32(200), s.pay(deposit))
		o = s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_DEPOSIT_PAID, int64(30_698), true, int64(0)}, []any{o.State, o.LeftToPay.AmountMinor, o.Deposit.PaidAtUs > 0, o.PaidAtUs})
		for _, f := range o.Fulfilments {
			require.Equal(t, orderv1.FulfilmentState_PLANNED, f.State, "nothing is given to a location before the balance has come")
		}
		require.Empty(t, s.leaving())
		_, err = s.moved(ann, o, eve)
		requireReason(t, "STATE_CONFLICT", err)
		_, err = s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "sandbox"})
		require.Equal(t, strconv.FormatInt(balanceFrom, 10), requireReason(t, "BALANCE_NOT_OPEN", err).Metadata["balance_from_us"])
		require.Empty(t, s.audit())

		s.come(balanceFrom - 1)
		require.Equal(t, o.Version, s.get(o.Id).Version, "the payment's window is no deadline any more")
		s.come(balanceFrom)
		s.later(time.Minute)
		history := s.get(o.Id).History
		require.Equal(t, []string{"order.balance_due", "order.pay_deposit"}, []string{history[len(history)-1].Event, history[len(history)-2].Event}, "reminded once")
		balance := s.payment(o)
		require.Equal(t, []int64{30_698, balanceUntil}, []int64{balance.Amount.AmountMinor, balance.ExpiresAtUs})
		require.Equal(t, int32(200), s.pay(balance))
		o = s.get(o.Id)
		require.Equal(t, orderv1.OrderState_PAID, o.State)
		require.Equal(t, []string{"inventory.ConfirmHold", "member.SettlePaid", "rebate.Accrue"}, s.leaving())
		require.Empty(t, s.audit())

		s.number()
		told, _ := s.follow(boss, "")
		var topics []string
		for _, e := range told {
			if e.FulfilmentId == "" {
				topics = append(topics, fmt.Sprint(e.Topic, e.Amount.GetAmountMinor()))
			}
		}
		require.Equal(t, []string{"TRADE_PLACED 40800", "TRADE_DEPOSIT_PAID 10002", "TRADE_BALANCE_DUE 30698", "TRADE_PAID 40800"}, topics)

		// It is an order like any other now: what comes back is all that was paid.
		s.ship(o)
		s.receive(o)
		_, err = s.giveBack(ann, boss, s.get(o.Id), o.Lines[0].LineId, 2)
		require.NoError(t, err)
		require.Equal(t, int64(39_700), s.get(o.Id).Refunded.AmountMinor)
		require.Empty(t, s.audit())
	})
}

func TestABalanceThatIsLateForfeitsItsShareOfTheDeposit(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.put("C", 0, couponed(1000, 0, 0, 0))
		c := s.claim("C")
		tea := s.world.stock["S1"]["tea"]
		o := s.deposited(func(req *orderv1.PlaceOrderRequest) { req.Points, req.CouponIds = 300, []string{c.Id} })
		require.Equal(t, orderv1.CouponState_COUPON_LOCKED, s.coupon(c.Id).State)
		require.Equal(t, int64(700), s.world.points["mbr_ann"])
		require.Empty(t, s.audit())
		s.come(balanceFrom)
		// A part of the balance comes; the other part does not.
		part, err := s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "sandbox", AmountMinor: 4000})
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(part))
		rest := s.payment(o)
		require.Equal(t, []any{orderv1.OrderState_DEPOSIT_PAID, o.LeftToPay.AmountMinor - 4000}, []any{s.get(o.Id).State, rest.Amount.AmountMinor})
		require.Empty(t, s.audit())
		s.come(balanceUntil - 1)
		require.Equal(t, orderv1.OrderState_DEPOSIT_PAID, s.get(o.Id).State)
		s.come(balanceUntil)
		s.later(time.Second)
		o = s.get(o.Id)
		// 33.33 % of 50.01 is 16.668: 16.67 stay with the seller; the 40.00 go back whole.
		require.Equal(t, []any{orderv1.OrderState_CANCELLED, int64(1667), int64(9001), int64(9001 - 1667)}, []any{o.State, o.Deposit.Forfeited.AmountMinor, o.Paid.AmountMinor, o.Refunded.AmountMinor})
		for _, tender := range o.Tenders[1:] {
			require.Equal(t, map[int64]int64{5001: 3334, 4000: 4000}[tender.Amount.AmountMinor], tender.Refunded.AmountMinor)
		}
		require.Equal(t, []string{"inventory.Release", "member.Unfreeze"}, s.leaving())
		require.Equal(t, []any{tea, orderv1.CouponState_COUPON_OPEN, int64(1000)}, []any{s.world.stock["S1"]["tea"], s.coupon(c.Id).State, s.world.points["mbr_ann"]})
		require.Empty(t, s.audit())

		// The provider pays when all is over: that goes back, the forfeit stays.
		require.Equal(t, []int{200, 200}, []int{s.notify(late(rest, "late-1")), s.notify(late(rest, "late-1"))})
		s.later(time.Second)
		o = s.get(o.Id)
		require.Equal(t, int64(1667), o.Paid.AmountMinor-o.Refunded.AmountMinor)
		require.Equal(t, 9001+rest.Amount.AmountMinor, o.Paid.AmountMinor)
		require.Empty(t, s.audit())
	})
}

func TestADepositThatIsNotPaidInTimeClosesTheOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.reserve(nil)
		p := s.payment(o)
		s.later(10 * time.Minute)
		s.later(time.Second)
		require.Equal(t, orderv1.OrderState_CANCELLED, s.get(o.Id).State)
		require.Equal(t, 200, s.notify(late(p, "late-1")))
		s.later(time.Second)
		o = s.get(o.Id)
		require.Equal(t, []int64{5001, 5001, 0}, []int64{o.Paid.AmountMinor, o.Refunded.AmountMinor, o.Deposit.Forfeited.AmountMinor})
		require.Empty(t, s.audit())
	})
}

func TestWhoLetsTheOtherDownLosesOnlyAsBuyer(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.cancelBy(ann, s.deposited(nil))
		require.Equal(t, []any{orderv1.OrderState_CANCELLED, int64(1667), int64(3334)}, []any{o.State, o.Deposit.Forfeited.AmountMinor, o.Refunded.AmountMinor})
		o = s.cancelBy(boss, s.deposited(nil))
		require.Equal(t, []any{orderv1.OrderState_CANCELLED, int64(0), int64(5001)}, []any{o.State, o.Deposit.Forfeited.AmountMinor, o.Refunded.AmountMinor})
		o = s.cancelBy(ann, s.reserve(nil))
		require.Equal(t, []any{orderv1.OrderState_CANCELLED, int64(0)}, []any{o.State, o.Deposit.Forfeited.AmountMinor}, "nothing was paid")
		require.Empty(t, s.audit())
	})
}

// Two payments of the deposit were open, and both are paid: the second one is no balance.
func TestADepositIsPaidOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.reserve(nil)
		first := s.payment(o)
		half, err := s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "sandbox", AmountMinor: 5000})
		require.NoError(t, err)
		require.Equal(t, 200, s.notify(late(first, "tx-1")))
		require.Equal(t, orderv1.OrderState_DEPOSIT_PAID, s.get(o.Id).State)
		require.Equal(t, 200, s.notify(late(half, "tx-2")))
		s.later(time.Second)
		o = s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_DEPOSIT_PAID, int64(10_001), int64(5000), int64(15_899)}, []any{o.State, o.Paid.AmountMinor, o.Refunded.AmountMinor, o.LeftToPay.AmountMinor})
		require.Empty(t, s.audit())
	})
}

func TestGoodsWithADepositAreOrderedByThemselves(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.presale("tea", 5001)
		_, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", Lines: []*orderv1.OrderLineInput{line("tea", 1), line("cup", 1)}})
		require.Equal(t, "cup", requireReason(t, "DEPOSIT_MIXED", err).Metadata["skus"])
		_, err = s.PlaceOrder(s.as(ann), wish(line("cup", 1), line("tea", 1)))
		require.Equal(t, "cup", requireReason(t, "DEPOSIT_MIXED", err).Metadata["skus"])
		// Of other dates.
		_, err = s.deposits().PutDepositTerms(s.as(boss), &orderv1.PutDepositTermsRequest{
			RequestId: requestID(), Sku: "cup", DepositBp: 1000, BalanceFromUs: balanceFrom, BalanceUntilUs: balanceUntil + 1, ForfeitBp: 3333,
		})
		require.NoError(t, err)
		_, err = s.PlaceOrder(s.as(ann), wish(line("tea", 1), line("cup", 1)))
		require.Equal(t, "cup", requireReason(t, "DEPOSIT_MIXED", err).Metadata["skus"])
		// Of the same: 50.01, and a tenth of 30.00.
		_, err = s.deposits().PutDepositTerms(s.as(boss), &orderv1.PutDepositTermsRequest{
			RequestId: requestID(), Sku: "cup", DepositBp: 1000, BalanceFromUs: balanceFrom, BalanceUntilUs: balanceUntil, ForfeitBp: 3333,
		})
		require.NoError(t, err)
		req, deposit := wish(line("tea", 1), line("cup", 2)), int64(5301)
		req.DepositMinor = &deposit
		o, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, int64(5301), o.Deposit.Amount.AmountMinor)
		// At a till all is paid at once.
		sold, err := s.SellAtTill(s.as(till), &orderv1.SellAtTillRequest{RequestId: requestID(), StoreCode: "S2", ReceiptNo: "R1", Lines: []*orderv1.OrderLineInput{line("tea", 1)}, CashMinor: 19_900})
		require.NoError(t, err)
		require.Nil(t, sold.Deposit)
		// When the presale is over, the goods are sold as any other.
		s.clock.Advance(time.Hour)
		o, err = s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
		require.NoError(t, err)
		require.Nil(t, o.Deposit)
		seen := int64(1)
		req = wish(line("tea", 1))
		req.DepositMinor = &seen
		_, err = s.PlaceOrder(s.as(ann), req)
		requireReason(t, "DEPOSIT_CHANGED", err)
	})
}

func TestDepositTermsAreTheirSellersOwn(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		owner := tenancy.Principal{Kind: tenancy.Franchisee, ID: "u_own", Org: "fra", Roles: []string{"manager"}}.WithScope()
		terms := func(seller string) *orderv1.PutDepositTermsRequest {
			return &orderv1.PutDepositTermsRequest{RequestId: requestID(), SellerOrg: seller, Category: "leaf", DepositBp: 2000, BalanceFromUs: balanceFrom, BalanceUntilUs: balanceUntil}
		}
		for _, p := range []tenancy.Principal{ann, other, keeper, till} {
			_, err := s.deposits().PutDepositTerms(s.as(p), terms("fra"))
			requireReason(t, "FORBIDDEN", err)
		}
		_, err := s.deposits().PutDepositTerms(s.as(owner), terms(""))
		requireReason(t, "FORBIDDEN", err)
		kept, err := s.deposits().PutDepositTerms(s.as(owner), terms("fra"))
		require.NoError(t, err)
		require.Equal(t, []any{int64(1), balanceFrom}, []any{kept.Version, kept.DepositUntilUs})
		again, err := s.deposits().PutDepositTerms(s.as(boss), terms("fra"))
		require.NoError(t, err)
		require.Equal(t, int64(2), again.Version+again.FromUs-kept.FromUs, "for the same moment the next version")
		s.presale("tea", 5001)
		list := func(p tenancy.Principal) (all []string) {
			for token := ""; ; {
				page, err := s.deposits().ListDepositTerms(s.as(p), &orderv1.ListDepositTermsRequest{PageSize: 1, PageToken: token})
				require.NoError(t, err)
				for _, d := range page.Terms {
					all = append(all, d.SellerOrg+" "+d.Sku+d.Category)
				}
				if token = page.NextPageToken; token == "" {
					return all
				}
			}
		}
		require.Equal(t, []string{" tea", "fra leaf", "fra leaf"}, list(boss))
		require.Equal(t, []string{" tea", "fra leaf", "fra leaf"}, list(keeper))
		require.Equal(t, []string{" tea"}, list(other))
		_, err = s.deposits().ListDepositTerms(s.as(ann), &orderv1.ListDepositTermsRequest{})
		requireReason(t, "FORBIDDEN", err)

		// The seller's own count for its shop only; a SKU's before its category's.
		s.world.categories = map[string]string{"tea": "leaf", "cup": "leaf"}
		deposit := func(store string, sku string) int64 {
			p, err := s.Calculate(s.as(ann), &orderv1.CalculateRequest{Channel: "miniprogram", MemberId: "mbr_ann", ShopStoreCode: store, Lines: []*orderv1.OrderLineInput{line(sku, 1)}})
			require.NoError(t, err)
			return p.Deposit.GetAmount().GetAmountMinor()
		}
		require.Equal(t, []int64{5001, 0, 3980, 300}, []int64{deposit("", "tea"), deposit("", "cup"), deposit("S2", "tea"), deposit("S2", "cup")})
		withdrawn, err := s.deposits().PutDepositTerms(s.as(owner), &orderv1.PutDepositTermsRequest{RequestId: requestID(), SellerOrg: "fra", Category: "leaf", Withdrawn: true})
		require.NoError(t, err)
		require.True(t, withdrawn.Withdrawn)
		require.Equal(t, []int64{5001, 0}, []int64{deposit("S2", "tea"), deposit("S2", "cup")})

		for field, wrong := range map[string]func(in *orderv1.PutDepositTermsRequest){
			"sku":              func(in *orderv1.PutDepositTermsRequest) { in.Sku = "tea" },
			"deposit_minor":    func(in *orderv1.PutDepositTermsRequest) { in.DepositMinor = 1 },
			"deposit_until_us": func(in *orderv1.PutDepositTermsRequest) { in.DepositUntilUs = 1 },
			"balance_from_us":  func(in *orderv1.PutDepositTermsRequest) { in.BalanceFromUs, in.DepositUntilUs = 1, balanceFrom },
			"balance_until_us": func(in *orderv1.PutDepositTermsRequest) { in.BalanceUntilUs = balanceFrom },
			"withdrawn":        func(in *orderv1.PutDepositTermsRequest) { in.Withdrawn = true },
			"seller_org": func(in *orderv1.PutDepositTermsRequest) {
				in.SellerOrg, in.Category = string(make([]byte, 64)), string(make([]byte, 64))
			},
		} {
			in := terms("hq")
			wrong(in)
			_, err := s.deposits().PutDepositTerms(s.as(boss), in)
			require.Equal(t, field, requireReason(t, "VALIDATOR", err).Metadata["field"])
		}
	})
}

// What an order may keep of a deposit is looked at to the cent.
func TestTheAuditSeesEachWrongForfeit(t *testing.T) {
	for _, wrong := range []string{
		"UPDATE deposits SET forfeited_minor = forfeited_minor + 1", "UPDATE deposits SET forfeited_minor = 0", "UPDATE deposits SET due_us = 1", "DELETE FROM deposits",
		"UPDATE deposits SET amount_minor = 99999999", "UPDATE orders SET kind = 'mall'", "UPDATE orders SET refunded_minor = captured_minor",
	} {
		s := openShop(t, sqlite(t), newWorld())
		s.cancelBy(ann, s.deposited(nil))
		require.Empty(t, s.audit())
		s.corrupt(wrong)
		require.Contains(t, s.audit(), "I7", wrong)
	}
	s := openShop(t, sqlite(t), newWorld())
	s.deposited(nil)
	require.Empty(t, s.audit())
	s.corrupt("UPDATE deposits SET amount_minor = amount_minor + 1")
	require.Contains(t, s.audit(), "I7")
}
