package service

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/data"
)

const day = 24 * time.Hour

func (s *shop) windows() *ReturnWindows {
	return NewReturnWindows(s.Order, data.NewReturnPolicies(s.DB, testTerms))
}

// rule puts a rule about returns in force.
func (s *shop) rule(channel string, window, receive, delay int32) {
	_, err := s.windows().PutReturnPolicy(s.as(boss), &orderv1.PutReturnPolicyRequest{
		RequestId: requestID(), Channel: channel, WindowDays: window, ReceiveDays: receive, DelayDays: delay,
	})
	require.NoError(s.t, err)
}

// sent is a paid order of a tea that has left.
func (s *shop) sentTea() *orderv1.OrderInfo {
	s.t.Helper()
	o, err := s.PlaceOrder(s.as(ann), wish(line("tea", 1)))
	require.NoError(s.t, err)
	require.Equal(s.t, int32(200), s.pay(s.payment(o)))
	o = s.get(o.Id)
	s.ship(o)
	return s.get(o.Id)
}

// shanghai is a moment in Shanghai, where the shop's clocks are.
func shanghai(t *testing.T, text string) int64 {
	zone, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	when, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	require.NoError(t, err)
	return when.UnixMicro()
}

// The shop opens on 2027-01-15 at 16:00.
func TestAnOrderKeepsTheReturnTermsOfItsPlacement(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.rule("", 30, 5, 0)
		s.rule("miniprogram", 3, 5, 2)
		first := s.sentTea()
		s.clock.Advance(time.Second)
		s.rule("miniprogram", 7, 5, 2) // later: for later orders
		second := s.sentTea()
		s.receive(first)
		s.receive(second)
		require.Equal(t, shanghai(t, "2027-01-19 00:00"), s.get(first.Id).Fulfilments[0].ReturnUntilUs)
		require.Equal(t, shanghai(t, "2027-01-23 00:00"), s.get(second.Id).Fulfilments[0].ReturnUntilUs)

		// A channel without a rule of its own has the general one; the clocks are the store's.
		sold, err := s.SellAtTill(s.as(till), &orderv1.SellAtTillRequest{RequestId: requestID(), StoreCode: "S2", ReceiptNo: "R1", CashMinor: 8900, Lines: []*orderv1.OrderLineInput{line("pot", 1)}})
		require.NoError(t, err)
		require.Equal(t, shanghai(t, "2027-02-15 00:00"), sold.Fulfilments[0].ReturnUntilUs)

		// A member may return on the last day, and not after it: by name.
		s.clock.Advance(2*day + 23*time.Hour)
		ask := func(by tenancy.Principal) error {
			_, err := s.CreateReturn(s.as(by), &orderv1.CreateReturnRequest{
				RequestId: requestID(), OrderId: first.Id, Reason: "x", Lines: []*orderv1.ReturnLineInput{{LineId: first.Lines[0].LineId, Quantity: 1}},
			})
			return err
		}
		s.clock.Advance(9 * time.Hour) // half a minute before midnight is gone
		require.Equal(t, "tea", requireReason(t, "NOT_RETURNABLE", ask(ann)).Metadata["sku"])
		require.NoError(t, ask(boss))
		require.Empty(t, s.audit())
	})
}

func TestRulesAboutReturnsAreHeadquartersAndNeverOfThePast(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		w := s.windows()
		put := func(by tenancy.Principal, from int64) (*orderv1.ReturnPolicy, error) {
			return w.PutReturnPolicy(s.as(by), &orderv1.PutReturnPolicyRequest{RequestId: requestID(), FromUs: from, WindowDays: 9, ReceiveDays: 1})
		}
		for _, by := range []tenancy.Principal{ann, keeper, till, tmall} {
			_, err := put(by, 0)
			requireReason(t, "FORBIDDEN", err)
		}
		_, err := put(boss, start-1)
		requireReason(t, "VALIDATOR", err)
		_, err = put(boss, start+3600*second) // in an hour
		require.NoError(t, err)
		early := s.sentTea()
		s.clock.Advance(time.Hour)
		late := s.sentTea()
		s.receive(early)
		s.receive(late)
		require.Equal(t, start+2*3600*second, s.get(early.Id).Fulfilments[0].ReturnUntilUs, "the configuration's hour, from receipt")
		require.Equal(t, shanghai(t, "2027-01-25 00:00"), s.get(late.Id).Fulfilments[0].ReturnUntilUs)

		s.rule("tmall", 1, 1, 1)
		s.rule("jd", 2, 1, 1)
		var seen []string
		token := ""
		for {
			list, err := w.ListReturnPolicies(s.as(keeper), &orderv1.ListReturnPoliciesRequest{PageSize: 2, PageToken: token})
			require.NoError(t, err)
			for _, p := range list.Policies {
				require.NotEmpty(t, p.ChangedBy)
				seen = append(seen, p.Channel)
			}
			if token = list.NextPageToken; token == "" {
				break
			}
		}
		require.ElementsMatch(t, []string{"tmall", "jd", ""}, seen)
		_, err = w.ListReturnPolicies(s.as(ann), &orderv1.ListReturnPoliciesRequest{})
		requireReason(t, "FORBIDDEN", err)
	})
}

func TestReceiptConfirmsItselfOnceAndIsPutOffOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.rule("", 7, 5, 2)
		o := s.sentTea()
		f := o.Fulfilments[0]
		require.Equal(t, start+5*24*3600*second, f.AutoReceiveAtUs)
		delay := func(by tenancy.Principal) (*orderv1.Fulfilment, error) {
			return s.windows().DelayReceipt(s.as(by), &orderv1.DelayReceiptRequest{RequestId: requestID(), FulfilmentId: f.Id})
		}
		_, err := delay(bob)
		requireReason(t, "NOT_FOUND", err)
		later, err := delay(ann)
		require.NoError(t, err)
		require.Equal(t, start+7*24*3600*second, later.AutoReceiveAtUs)
		_, err = delay(ann)
		requireReason(t, "STATE_CONFLICT", err)

		s.later(6 * day)
		require.Equal(t, orderv1.FulfilmentState_FULFILMENT_SHIPPED, s.get(o.Id).Fulfilments[0].State)
		s.clock.Advance(day)
		var replicas sync.WaitGroup
		for range 4 { // as if each replica believed to be the one that keeps the timers
			replicas.Go(func() { _ = s.Tick(t.Context()) })
		}
		replicas.Wait()
		s.later(0)
		o = s.get(o.Id)
		require.Equal(t, orderv1.FulfilmentState_RECEIVED, o.Fulfilments[0].State)
		require.Equal(t, shanghai(t, "2027-01-30 00:00"), o.Fulfilments[0].ReturnUntilUs, "received on the 22nd")
		confirmed := 0
		for _, e := range o.History {
			if e.Event == "fulfilment.auto_receive" {
				confirmed++
			}
		}
		require.Equal(t, 1, confirmed)
		_, err = delay(ann)
		requireReason(t, "STATE_CONFLICT", err)
		require.Empty(t, s.audit())
	})
}

func TestAWindowIsLongerIfTheSellerSaysSoAndWhileARequestIsOpen(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.rule("", 7, 5, 0)
		o := s.sentTea()
		id := o.Fulfilments[0].Id
		extend := func(by tenancy.Principal, days int32) (*orderv1.Fulfilment, error) {
			return s.windows().ExtendReturnWindow(s.as(by), &orderv1.ExtendReturnWindowRequest{RequestId: requestID(), FulfilmentId: id, Days: days, Reason: "ill"})
		}
		_, err := s.windows().DelayReceipt(s.as(ann), &orderv1.DelayReceiptRequest{RequestId: requestID(), FulfilmentId: id})
		requireReason(t, "STATE_CONFLICT", err) // the rule allows none
		_, err = extend(boss, 3)
		requireReason(t, "STATE_CONFLICT", err) // it has not begun
		s.receive(o)
		_, err = extend(ann, 3)
		requireReason(t, "FORBIDDEN", err)
		for _, by := range []tenancy.Principal{bob, other, keeper} {
			_, err = extend(by, 3)
			requireReason(t, "NOT_FOUND", err)
		}
		_, err = extend(boss, 360)
		requireReason(t, "VALIDATOR", err)
		longer, err := extend(boss, 3)
		require.NoError(t, err)
		require.Equal(t, shanghai(t, "2027-01-26 00:00"), longer.ReturnUntilUs)
		require.Contains(t, s.get(o.Id).History[len(s.get(o.Id).History)-1].Note, "ill")

		s.later(9 * day) // the 24th
		ret, err := s.CreateReturn(s.as(ann), &orderv1.CreateReturnRequest{
			RequestId: requestID(), OrderId: o.Id, Reason: "x", Lines: []*orderv1.ReturnLineInput{{LineId: o.Lines[0].LineId, Quantity: 1}},
		})
		require.NoError(t, err)
		s.later(3 * day)
		require.Equal(t, orderv1.OrderState_PAID, s.get(o.Id).State, "a request keeps it open")
		require.False(t, strings.Contains(strings.Join(s.leaving(), " "), "Earn"))
		_, err = s.ApproveReturn(s.as(boss), &orderv1.ApproveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		require.NoError(t, err)
		_, err = s.ReceiveReturn(s.as(boss), &orderv1.ReceiveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		require.NoError(t, err)
		s.later(time.Minute)
		s.later(time.Minute)
		require.Equal(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State)
		require.Empty(t, s.audit())
	})
}

func TestWhatCannotBeReturnedIsSaidBeforeItIsBought(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.final = map[string]bool{"tea": true, "cup": true}
		req := wish(line("tea", 1), line("cup", 1), line("pot", 1))
		req.FinalSaleSkus = []string{"cup"}
		_, err := s.PlaceOrder(s.as(ann), req)
		require.Equal(t, "tea", requireReason(t, "FINAL_SALE_UNCONFIRMED", err).Metadata["skus"])
		require.Zero(t, s.world.holdings)
		req = wish(line("tea", 1), line("cup", 1), line("pot", 1))
		req.FinalSaleSkus = []string{"cup", "tea"}
		o, err := s.PlaceOrder(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		for i, sku := range []string{"tea", "cup"} {
			require.False(t, o.Lines[i].Returnable)
			_, err = s.giveBack(ann, boss, o, o.Lines[i].LineId, 1)
			require.Equal(t, sku, requireReason(t, "NOT_RETURNABLE", err).Metadata["sku"])
		}
		_, err = s.giveBack(ann, boss, o, o.Lines[2].LineId, 1)
		require.NoError(t, err)
		s.later(0)
		require.Empty(t, s.audit())
	})
}
