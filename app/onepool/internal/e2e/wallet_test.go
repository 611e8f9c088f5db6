package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// Headquarters books a gift card in, its member pays a part of an order with it and the rest with a provider, and has it back
// when the order is cancelled: through the real order and member centers.
func TestAnOrderIsPaidWithAGiftCard(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole platform")
	}
	p := serve(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	operator := admin(t, p.ready.HTTP, p.data)
	tr := newTraders(t, ctx, operator)[0]
	balance := func() int64 {
		w, err := tr.client.Wallets().GetWallet(ctx, &memberv1.GetWalletRequest{MemberId: tr.id})
		require.NoError(t, err)
		return w.Balance.AmountMinor
	}
	require.Zero(t, balance())
	_, err := operator.Wallets().TopUpWallet(ctx, &memberv1.TopUpWalletRequest{RequestId: client.RequestID(), MemberId: tr.id, AmountMinor: 500, Currency: "CNY", Note: "gift card 17"})
	require.NoError(t, err)

	o, err := tr.client.Order().PlaceOrder(ctx, &orderv1.PlaceOrderRequest{
		RequestId: client.RequestID(), Channel: "miniprogram", MemberId: tr.id, Way: inventoryv1.DeliveryWay_PARCEL,
		Receiver:      &orderv1.Receiver{Name: "Lin", Phone: "19900000101", Address: "Hubin", Point: &commonv1.GeoPoint{Lat: tr.place.Lat, Lng: tr.place.Lng}},
		Lines:         []*orderv1.OrderLineInput{{Sku: tr.skus[0], Quantity: 1}},
		FinalSaleSkus: []string{tr.skus[0]},
	})
	require.NoError(t, err)
	pay := func(provider string, amount int64) (*orderv1.Payment, error) {
		return tr.client.MiniProgram().PayOrder(ctx, &miniprogramv1.PayOrderRequest{RequestId: client.RequestID(), OrderId: o.Id, Provider: provider, AmountMinor: amount})
	}
	require.Greater(t, o.Total.AmountMinor, int64(501))
	_, err = pay("wallet", 501)
	require.ErrorContains(t, err, "WALLET_INSUFFICIENT")
	paid, err := pay("wallet", 500)
	require.NoError(t, err)
	require.Equal(t, orderv1.PaymentState_CAPTURED, paid.State)
	require.Zero(t, balance())
	rest, err := pay("sandbox", 0)
	require.NoError(t, err)
	require.Equal(t, o.Total.AmountMinor-500, rest.Amount.AmountMinor)
	_, err = tr.client.Order().PayInSandbox(ctx, &orderv1.PayInSandboxRequest{PaymentId: rest.Id})
	require.NoError(t, err)
	got, err := tr.client.Order().GetOrder(ctx, &orderv1.GetOrderRequest{OrderId: o.Id})
	require.NoError(t, err)
	require.Equal(t, orderv1.OrderState_PAID, got.State)

	_, err = tr.client.Order().CancelOrder(ctx, &orderv1.CancelOrderRequest{RequestId: client.RequestID(), OrderId: o.Id, Reason: "changed my mind"})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return balance() == 500 }, 30*time.Second, 50*time.Millisecond, "card value goes back to the card")
	// The payment of 501 is closed at the member center, when its turn comes: it can never take anything.
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		entries, err := tr.client.Wallets().ListWalletEntries(ctx, &memberv1.ListWalletEntriesRequest{MemberId: tr.id})
		require.NoError(c, err)
		var kinds []memberv1.WalletEntryKind
		for _, e := range entries.Entries {
			kinds = append(kinds, e.Kind)
		}
		require.ElementsMatch(c, []memberv1.WalletEntryKind{memberv1.WalletEntryKind_REFUND, memberv1.WalletEntryKind_PAY, memberv1.WalletEntryKind_CLOSED, memberv1.WalletEntryKind_TOP_UP}, kinds)
	}, 30*time.Second, 50*time.Millisecond)
	p.interrupt(t)
}
