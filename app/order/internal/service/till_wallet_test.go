package service

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/order/internal/data/walletpay"
)

// tillPurse is a purse that sales at tills are paid from too.
func tillPurse(s *shop, balance int64) *purse {
	p := withPurse(s, balance)
	s.Payer = walletpay.New(p)
	return p
}

// bySalesWallet is a sale of cups that stored value pays to a part, and cash the rest.
func bySalesWallet(receipt string, wallet, cash, cups int64) *orderv1.SellAtTillRequest {
	req := sale(receipt, cash, line("cup", cups))
	req.Points, req.WalletMinor = 0, wallet
	return req
}

// A sale takes stored value at once, by its receipt once; what comes back over the counter goes to each tender that paid.
func TestStoredValuePaysAtTheTill(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		p := tillPurse(s, 10_000)
		req := bySalesWallet("R1", 2000, 1000, 2)
		o, err := s.SellAtTill(s.served(till), req)
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.OrderState_PAID, int64(3000), int64(8000)}, []any{o.State, o.Paid.AmountMinor, p.balance})
		require.Equal(t, []orderv1.TenderKind{orderv1.TenderKind_CASH, orderv1.TenderKind_WALLET}, []orderv1.TenderKind{o.Tenders[0].Kind, o.Tenders[1].Kind})
		for _, id := range []string{req.RequestId, requestID()} { // again, also by another request
			again := proto.Clone(req).(*orderv1.SellAtTillRequest)
			again.RequestId = id
			got, err := s.SellAtTill(s.served(till), again)
			require.NoError(t, err)
			require.Equal(t, o.Id, got.Id)
		}
		other := bySalesWallet("R1", 1000, 2000, 2)
		_, err = s.SellAtTill(s.served(till), other)
		requireReason(t, "STATE_CONFLICT", err)
		require.Equal(t, int64(8000), p.balance, "taken once")
		whole, err := s.SellAtTill(s.served(till), bySalesWallet("R2", 1500, 0, 1))
		require.NoError(t, err)
		require.Len(t, whole.Tenders, 1)
		require.Equal(t, int64(6500), p.balance)
		s.audited()

		// One of two cups, in cash: the till pays what cash had paid, the rest goes back to where it is stored.
		found, err := s.receiptOf(till, o)
		require.NoError(t, err)
		got, err := s.overCounter(till, found.Token, o.Lines[0].LineId, 1, orderv1.RefundTender_IN_CASH)
		require.NoError(t, err)
		require.Equal(t, []int64{1500, 500}, []int64{got.Return.Refund.AmountMinor, got.Cash.AmountMinor})
		s.later(time.Second)
		require.Equal(t, int64(7500), p.balance)
		got, err = s.overCounter(till, found.Token, o.Lines[0].LineId, 1, orderv1.RefundTender_TO_ORIGIN)
		require.NoError(t, err)
		require.Equal(t, int64(500), got.Cash.AmountMinor)
		s.later(time.Second)
		s.later(time.Second)
		require.Equal(t, int64(8500), p.balance, "all that it had paid")
		back := s.get(o.Id)
		require.Equal(t, []int64{1000, 2000}, []int64{back.Tenders[0].Refunded.AmountMinor, back.Tenders[1].Refunded.AmountMinor})
		require.Equal(t, orderv1.ReturnState_REFUNDED, back.Returns[1].State)
		s.audited()
	})
}

// What cannot be taken is refused by name, and nothing of the sale stays.
func TestStoredValueAtTheTillIsRefusedByName(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		p := tillPurse(s, 1000)
		stock := s.world.stock["S2"]["cup"]
		_, err := s.SellAtTill(s.served(till), bySalesWallet("R1", 1500, 0, 1))
		require.Equal(t, "1000", requireReason(t, "WALLET_INSUFFICIENT", err).Metadata["left_minor"])
		require.Equal(t, stock, s.world.stock["S2"]["cup"], "the goods are free again")
		_, err = s.SellAtTill(s.served(till), bySalesWallet("R2", 1000, 400, 1))
		require.Equal(t, "1500", requireReason(t, "PRICE_CHANGED", err).Metadata["total_minor"])
		nobody := bySalesWallet("R3", 1000, 500, 1)
		nobody.MemberId = ""
		_, err = s.SellAtTill(s.served(till), nobody)
		require.Equal(t, "wallet_minor", requireReason(t, "VALIDATOR", err).Metadata["field"])
		bob := bySalesWallet("R4", 1000, 500, 1)
		bob.MemberId = "mbr_bob"
		_, err = s.SellAtTill(s.served(till), bob)
		requireReason(t, "MEMBER_UNKNOWN", err)
		_, err = s.SellAtTill(s.as(till), bySalesWallet("R5", 1000, 500, 1))
		requireReason(t, "FORBIDDEN", err)
		require.Equal(t, int64(1000), p.balance)

		// A refused sale takes nothing later, and its receipt is free for another try.
		o, err := s.SellAtTill(s.served(till), bySalesWallet("R1", 1000, 500, 1))
		require.NoError(t, err)
		require.Equal(t, []int64{1500, 0}, []int64{o.Paid.AmountMinor, p.balance})
		s.audited()
	})
}

// The answer of the member center is lost: the same request finds what was taken. Two requests for one receipt are one sale, and
// the one that comes too late gives its value back.
func TestStoredValueAtTheTillIsTakenOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		p := tillPurse(s, 100_000)
		p.lost = errLine
		req := bySalesWallet("R1", 1500, 0, 1)
		_, err := s.SellAtTill(s.served(till), req)
		require.Error(t, err)
		require.NotEqual(t, "WALLET_INSUFFICIENT", reasonOf(fault.Public(err)))
		require.Eventually(t, func() bool {
			_, err = s.SellAtTill(s.served(till), req)
			return err == nil
		}, 30*time.Second, 50*time.Millisecond)
		require.Equal(t, int64(98_500), p.balance)

		var sales sync.WaitGroup
		failures := make([]error, 4)
		for i := range failures {
			req := bySalesWallet("R2", 1500, 0, 1)
			sales.Go(func() { _, failures[i] = s.SellAtTill(s.served(till), req) })
		}
		sales.Wait()
		sold := 0
		for _, err := range failures {
			if err == nil {
				sold++
			}
		}
		require.NotZero(t, sold, "%v", errors.Join(failures...))
		require.Eventually(t, func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.balance == 97_000
		}, 30*time.Second, 50*time.Millisecond, "whoever came too late has given it back")
		require.Len(t, s.get(s.soldAs("R2")).Tenders, 1)
		s.audited()
	})
}

// soldAs is the order of a receipt.
func (s *shop) soldAs(receipt string) string {
	id, err := s.Orders.BySourceNo(s.as(boss), "", "pos", "S2/"+receipt)
	require.NoError(s.t, err)
	return id
}
