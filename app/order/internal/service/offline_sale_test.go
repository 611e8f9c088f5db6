package service

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// offline is a sale of two teas at 170.00 and a cup at 15.00.
func offline(receipt string) *orderv1.BookOfflineSaleRequest {
	return &orderv1.BookOfflineSaleRequest{RequestId: requestID(), StoreCode: "S2", DeviceId: "dev_1", ReceiptNo: receipt, SoldAtUs: start - second, MemberId: "mbr_ann", CashMinor: 35_500,
		Clerk: "C1", TermsVersion: "v7", Lines: []*orderv1.OfflineLine{{Sku: "tea", Quantity: 2, PaidMinor: 34_000}, {Sku: "cup", Quantity: 1, PaidMinor: 1500}}}
}

func TestAnOfflineSaleIsBookedOnceAtTheTillsPrice(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.taxClasses()
		s.taxed("small", "", false, 1, 100, 300)
		s.world.stock["S2"]["tea"] = 1 // less than was sold: the goods are gone all the same
		tills := NewTills(s.Order)
		req := offline("R1")
		o, err := tills.BookOfflineSale(s.as(till), req)
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.OrderState_PAID, "fra", "R1", start - second, int64(35_500), int64(35_500)},
			[]any{o.State, o.SellerOrg, o.ExternalNo, o.PaidAtUs, o.Total.AmountMinor, o.Paid.AmountMinor})
		require.Equal(t, []int64{39_800, 5800, 34_000, 100, 337}, []int64{o.Lines[0].Gross.AmountMinor, o.Lines[0].Discount.AmountMinor, o.Lines[0].Payable.AmountMinor, o.Lines[0].TaxBp, o.Lines[0].Tax.AmountMinor})
		require.Equal(t, orderv1.FulfilmentState_RECEIVED, o.Fulfilments[0].State)
		require.Equal(t, "offline, by terms v7", o.History[0].Note)
		kept, err := s.Orders.Load(t.Context(), o.Id)
		require.NoError(t, err)
		require.NotNil(t, kept.ReturnTerms, "by which it comes back")
		require.Equal(t, []int64{-1, 99}, []int64{s.world.stock["S2"]["tea"], s.world.stock["S2"]["cup"]})
		require.Equal(t, []string{"member.SettlePaid", "rebate.Accrue"}, s.leaving(), "the stock is booked already")
		booked := s.world.booked[firstKey(s.world.booked)]
		require.Equal(t, []any{o.Id, "S2", o.Lines[0].LineId, start - second}, []any{booked.Document, booked.Location, booked.Lines[0].LineId, booked.Lines[0].SoldAtUs})

		// Sent again, by the same request or another, when it is somebody's phone by now, by another till of the store.
		again, err := tills.BookOfflineSale(s.as(till), req)
		require.NoError(t, err)
		require.Equal(t, o.String(), again.String())
		req = offline("R1")
		req.MemberId = ""
		again, err = tills.BookOfflineSale(s.as(keeper), req)
		require.NoError(t, err)
		require.Equal(t, o.Id, again.Id)
		other := offline("R1")
		other.Lines[0].Quantity = 3
		_, err = tills.BookOfflineSale(s.as(till), other)
		requireReason(t, "STATE_CONFLICT", err)
		require.Len(t, s.world.booked, 1)

		// It comes back like any other sale of the till.
		ret, err := s.giveBack(till, keeper, o, o.Lines[1].LineId, 1)
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.ReturnState_REFUNDED, int64(1500)}, []any{ret.State, ret.Refund.AmountMinor})
		s.audited()
		s.later(2 * time.Hour)
		require.Equal(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State)
		s.audited()
	})
}

func firstKey[V any](m map[string]V) string {
	for k := range m {
		return k
	}
	return ""
}

// The center dies between the stock and the order: the till sends the sale again, and it is booked once.
func TestAnOfflineSaleThatWasInterruptedIsSentAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		tills := NewTills(s.Order)
		lost := lostBooker{TillBooker: s.Tills}
		s.Tills = &lost
		_, err := tills.BookOfflineSale(s.as(till), offline("R1"))
		require.ErrorIs(t, err, errLostReply)
		require.Len(t, s.world.booked, 1)
		changed := offline("R1")
		changed.Lines[0].Quantity = 1
		_, err = tills.BookOfflineSale(s.as(till), changed)
		requireReason(t, "REQUEST_ID_REUSED", err)
		o, err := tills.BookOfflineSale(s.as(till), offline("R1"))
		require.NoError(t, err)
		require.Equal(t, int64(3), s.world.stock["S2"]["tea"])
		require.NotEmpty(t, o.Id)
		s.audited()
	})
}

func TestAnOfflineSaleSentByManyAtOnceIsOneOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		tills := NewTills(s.Order)
		var all sync.WaitGroup
		for range 6 {
			req := offline("R1")
			all.Go(func() {
				for {
					_, err := tills.BookOfflineSale(s.as(till), req)
					if reasonOf(fault.Public(err)) == fault.ReasonInProgress {
						continue
					}
					assert.NoError(t, err)
					return
				}
			})
		}
		all.Wait()
		require.Equal(t, []int64{3, 99}, []int64{s.world.stock["S2"]["tea"], s.world.stock["S2"]["cup"]})
		list, err := s.ListOrders(s.as(till), &orderv1.ListOrdersRequest{})
		require.NoError(t, err)
		require.Len(t, list.Orders, 1)
		s.audited()
	})
}

func TestOfflineSalesThatCannotBeAreRefused(t *testing.T) {
	s := openShop(t, sqlite(t), newWorld())
	tills := NewTills(s.Order)
	for name, c := range map[string]struct {
		change func(r *orderv1.BookOfflineSaleRequest)
		by     tenancy.Principal
		reason string
	}{
		"cash is another":      {func(r *orderv1.BookOfflineSaleRequest) { r.CashMinor-- }, till, "VALIDATOR"},
		"nobody knows the SKU": {func(r *orderv1.BookOfflineSaleRequest) { r.Lines[0].Sku = "none" }, till, "NOT_FOR_SALE"},
		"sold tomorrow":        {func(r *orderv1.BookOfflineSaleRequest) { r.SoldAtUs = start + 3600*second }, till, "TIME_INVALID"},
		"another store's":      {func(r *orderv1.BookOfflineSaleRequest) { r.StoreCode = "S1" }, till, "NOT_FOUND"},
		"a member's":           {func(*orderv1.BookOfflineSaleRequest) {}, ann, "FORBIDDEN"},
		"another franchisee's": {func(*orderv1.BookOfflineSaleRequest) {}, other, "NOT_FOUND"},
		"an online sale's":     {func(r *orderv1.BookOfflineSaleRequest) { r.ReceiptNo = "ONLINE" }, till, "STATE_CONFLICT"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "an online sale's" {
				_, err := s.SellAtTill(s.as(till), &orderv1.SellAtTillRequest{RequestId: requestID(), StoreCode: "S2", ReceiptNo: "ONLINE", CashMinor: 1500, Lines: []*orderv1.OrderLineInput{line("cup", 1)}})
				require.NoError(t, err)
			}
			req := proto.Clone(offline("R-" + name[:4])).(*orderv1.BookOfflineSaleRequest)
			c.change(req)
			_, err := tills.BookOfflineSale(s.as(c.by), req)
			refused := requireReason(t, c.reason, err)
			if c.reason == "VALIDATOR" {
				require.Equal(t, "cash_minor", refused.Metadata["field"], "as the till calls it")
			}
			require.Empty(t, s.world.booked)
		})
	}
}

var errLostReply = errors.New("the reply is lost")

// lostBooker loses its first reply.
type lostBooker struct {
	biz.TillBooker
	lost bool
}

func (l *lostBooker) BookTillSale(ctx context.Context, requestID string, o biz.Record, soldAtUS int64) error {
	err := l.TillBooker.BookTillSale(ctx, requestID, o, soldAtUS)
	if err == nil && !l.lost {
		l.lost = true
		return errLostReply
	}
	return err
}
