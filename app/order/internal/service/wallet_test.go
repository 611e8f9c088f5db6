package service

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/walletpay"
)

// purse is the member center's stored value as its proto promises it: ann's.
type purse struct {
	memberv1.WalletsClient
	mu      sync.Mutex
	balance int64
	entries map[string]*memberv1.WalletPayment
	refunds map[string]*memberv1.WalletRefund
	// lost loses the next answer after its effect.
	lost error
}

func (p *purse) answer(ctx context.Context) error {
	if err := outside(ctx); err != nil {
		return err
	}
	err := p.lost
	p.lost = nil
	return err
}

func cny(minor int64) *commonv1.Money {
	return &commonv1.Money{AmountMinor: minor, Currency: "CNY"}
}

func (p *purse) PayFromWallet(ctx context.Context, in *memberv1.PayFromWalletRequest, _ ...grpc.CallOption) (*memberv1.WalletPayment, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.entries[in.PaymentId]
	switch {
	case in.MemberId != "mbr_ann":
		return nil, fault.New(404, "MEMBER_UNKNOWN", "member not found")
	case e != nil && e.Kind == memberv1.WalletEntryKind_CLOSED:
		return nil, fault.StateConflict("CLOSED", "the payment was closed")
	case e == nil && in.AmountMinor > p.balance:
		return nil, fault.New(409, "WALLET_INSUFFICIENT", "not enough stored value", "left_minor", fmt.Sprint(p.balance))
	case e == nil:
		p.balance -= in.AmountMinor
		e = &memberv1.WalletPayment{PaymentId: in.PaymentId, Kind: memberv1.WalletEntryKind_PAY, Amount: cny(in.AmountMinor), Payee: in.Payee, TransactionNo: "wlt-" + in.PaymentId}
		p.entries[in.PaymentId] = e
	}
	return e, p.answer(ctx)
}

func (p *purse) CloseWalletPayment(ctx context.Context, in *memberv1.CloseWalletPaymentRequest, _ ...grpc.CallOption) (*memberv1.WalletPayment, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entries[in.PaymentId] == nil && in.MemberId == "mbr_ann" {
		p.entries[in.PaymentId] = &memberv1.WalletPayment{PaymentId: in.PaymentId, Kind: memberv1.WalletEntryKind_CLOSED, Amount: cny(0)}
	}
	return p.entries[in.PaymentId], p.answer(ctx)
}

func (p *purse) GetWalletPayment(ctx context.Context, in *memberv1.GetWalletPaymentRequest, _ ...grpc.CallOption) (*memberv1.WalletPayment, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entries[in.PaymentId]; e != nil {
		return e, p.answer(ctx)
	}
	return &memberv1.WalletPayment{PaymentId: in.PaymentId}, p.answer(ctx)
}

func (p *purse) RefundToWallet(ctx context.Context, in *memberv1.RefundToWalletRequest, _ ...grpc.CallOption) (*memberv1.WalletRefund, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.refunds[in.Number]
	if r == nil {
		r = &memberv1.WalletRefund{Number: in.Number, Done: true, Amount: cny(in.AmountMinor), PaymentId: in.PaymentId}
		p.refunds[in.Number] = r
		p.balance += in.AmountMinor
	}
	return r, p.answer(ctx)
}

func (p *purse) GetWalletRefund(ctx context.Context, in *memberv1.GetWalletRefundRequest, _ ...grpc.CallOption) (*memberv1.WalletRefund, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.refunds[in.Number]; r != nil {
		return r, p.answer(ctx)
	}
	return &memberv1.WalletRefund{Number: in.Number}, p.answer(ctx)
}

func (p *purse) GetWalletSums(ctx context.Context, in *memberv1.GetWalletSumsRequest, _ ...grpc.CallOption) (*memberv1.GetWalletSumsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := &memberv1.GetWalletSumsResponse{}
	for _, id := range in.PaymentIds {
		if e := p.entries[id]; e != nil && e.Kind == memberv1.WalletEntryKind_PAY {
			sum := &memberv1.WalletSum{PaymentId: id, PaidMinor: e.Amount.AmountMinor}
			for _, r := range p.refunds {
				if r.PaymentId == id {
					sum.RefundedMinor += r.Amount.AmountMinor
				}
			}
			out.Sums = append(out.Sums, sum)
		}
	}
	return out, p.answer(ctx)
}

func withPurse(s *shop, balance int64) *purse {
	p := &purse{balance: balance, entries: map[string]*memberv1.WalletPayment{}, refunds: map[string]*memberv1.WalletRefund{}}
	wallets := walletpay.New(p)
	s.providers["wallet"], s.Wallets = wallets, wallets
	return p
}

func (s *shop) byWallet(o *orderv1.OrderInfo, amountMinor int64) (*orderv1.Payment, error) {
	return s.CreatePayment(s.as(ann), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "wallet", AmountMinor: amountMinor})
}

// A gift card pays a part, a provider the rest; what is refunded comes back to both, each to its own.
func TestStoredValueIsATender(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		p := withPurse(s, 10_000)
		o := s.placed(0)
		_, err := s.byWallet(o, 0)
		e := requireReason(t, "WALLET_INSUFFICIENT", err)
		require.Equal(t, "10000", e.Metadata["left_minor"])
		require.Equal(t, orderv1.OrderState_UNPAID, s.get(o.Id).State)
		paid, err := s.byWallet(o, 9_000)
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.PaymentState_CAPTURED, int64(9_000), "acct-hq"}, []any{paid.State, paid.Amount.AmountMinor, paid.Payee})
		require.Equal(t, int64(1_000), p.balance)
		half := s.get(o.Id)
		require.Equal(t, []any{orderv1.OrderState_UNPAID, o.Total.AmountMinor - 9_000}, []any{half.State, half.LeftToPay.AmountMinor})
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		require.Equal(t, orderv1.OrderState_PAID, o.State)
		require.Equal(t, []orderv1.TenderKind{orderv1.TenderKind_WALLET, orderv1.TenderKind_PROVIDER}, []orderv1.TenderKind{o.Tenders[0].Kind, o.Tenders[1].Kind})
		require.Empty(t, s.audit())

		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		s.later(time.Second)
		require.Equal(t, int64(10_000), p.balance, "card value goes back to the card")
		o = s.get(o.Id)
		require.Equal(t, []int64{9_000, o.Total.AmountMinor - 9_000}, []int64{o.Tenders[0].Refunded.AmountMinor, o.Tenders[1].Refunded.AmountMinor})
		require.Empty(t, s.openRefunds(0))
		require.Empty(t, s.audit())
	})
}

func TestOnlyAMemberSpendsItsStoredValue(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		p := withPurse(s, 100_000)
		o := s.placed(0)
		_, err := s.CreatePayment(s.as(boss), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "wallet"})
		requireReason(t, "FORBIDDEN", err)
		_, err = s.CreatePayment(s.as(bob), &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "wallet"})
		requireReason(t, "ORDER_UNKNOWN", err)
		require.Equal(t, int64(100_000), p.balance)
	})
}

// The answer is lost after the value was taken: the repeat finds it, or a timer does; it is taken once.
func TestStoredValueIsTakenOnceThoughAnAnswerIsLost(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		p := withPurse(s, 100_000)
		o := s.placed(0)
		p.lost = errLine
		req := &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: o.Id, Provider: "wallet"}
		_, err := s.CreatePayment(s.as(ann), req)
		requireReason(t, "PROVIDER_SILENT", err)
		paid, err := s.CreatePayment(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, orderv1.PaymentState_CAPTURED, paid.State)
		require.Equal(t, 100_000-o.Total.AmountMinor, p.balance)

		o2 := s.placed2()
		p.lost = errLine
		_, err = s.byWallet(o2, 0)
		requireReason(t, "PROVIDER_SILENT", err)
		s.later(31 * time.Second)
		require.Equal(t, orderv1.OrderState_PAID, s.get(o2.Id).State)
		require.Equal(t, 100_000-o.Total.AmountMinor-o2.Total.AmountMinor, p.balance)

		// The order is cancelled meanwhile: the value comes back, once, though that answer is lost too.
		o3 := s.placed2()
		p.lost = errLine
		_, err = s.byWallet(o3, 0)
		requireReason(t, "PROVIDER_SILENT", err)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o3.Id, Reason: "x"})
		require.NoError(t, err)
		p.lost = errLine
		require.ErrorIs(t, s.TickPayments(t.Context()), errLine)
		s.later(time.Minute)
		require.Equal(t, 100_000-o.Total.AmountMinor-o2.Total.AmountMinor, p.balance)
		require.Empty(t, s.openRefunds(0))

		// One that never arrived is closed there: it takes nothing when it comes late.
		o4 := s.placed2()
		p.balance = 0
		late, err := s.byWallet(o4, 0)
		requireReason(t, "WALLET_INSUFFICIENT", err)
		require.Nil(t, late)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o4.Id, Reason: "x"})
		require.NoError(t, err)
		closed := 0
		for _, e := range p.entries {
			if e.Kind == memberv1.WalletEntryKind_CLOSED {
				closed++
				_, err = p.PayFromWallet(t.Context(), &memberv1.PayFromWalletRequest{PaymentId: e.PaymentId, MemberId: "mbr_ann", AmountMinor: 1})
				require.Equal(t, "STATE_CONFLICT", reasonOf(err))
			}
		}
		require.Equal(t, 1, closed)
		require.Empty(t, s.audit())
	})
}

// The audit compares the order's books with the wallet's, both ways.
func TestTheAuditComparesOrdersWithWallets(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		p := withPurse(s, 100_000)
		o := s.placed(0)
		paid, err := s.byWallet(o, 0)
		require.NoError(t, err)
		_, err = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		s.later(time.Second)
		require.Empty(t, s.audit())
		number := s.recordOf(o.Id).Refunds[0].Number()
		for detail, change := range map[string]func() (undo func()){
			"taken": func() func() {
				p.entries[paid.Id].Amount.AmountMinor--
				return func() { p.entries[paid.Id].Amount.AmountMinor++ }
			},
			"came back": func() func() {
				p.refunds[number].Amount.AmountMinor++
				return func() { p.refunds[number].Amount.AmountMinor-- }
			},
		} {
			undo := change()
			broken := s.audit()
			require.Len(t, broken["I7"], 1, detail)
			require.Contains(t, broken["I7"][0], detail)
			undo()
		}
		require.Empty(t, s.audit())
	})
}

func (s *shop) recordOf(id string) biz.Record {
	r, err := s.Orders.Load(s.t.Context(), id)
	require.NoError(s.t, err)
	return r
}
