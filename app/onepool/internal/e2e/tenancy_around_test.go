package e2e

import (
	"context"
	"strings"
	"testing"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	posv1 "github.com/onepool/onepool/api/frontend/pos/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// waysAround are requests about the caller's own objects that name somebody else's on the side.
func (w *world) waysAround(t *testing.T) {
	o, ctx := w.objects, w.ctx
	refused := func(what string, code int, reason string, err error) {
		t.Helper()
		require.Equal(t, code, kerrors.Code(err), "%s: %v", what, err)
		require.Equal(t, reason, kerrors.Reason(err), "%s: %v", what, err)
	}

	// People do not make themselves more than they are.
	setPassword := func(role, login string) error {
		_, err := w.as(role).Store().SetStaffPassword(ctx, &storev1.SetStaffPasswordRequest{RequestId: id(), Login: login, Password: password})
		return err
	}
	_, err := w.admin.Store().ImportStaff(ctx, &storev1.ImportStaffRequest{RequestId: id(), Rows: []*storev1.ImportStaffRow{{Line: 1, Code: "HQ-A", Name: "admin", Role: "admin", Login: "hq-a"}}})
	require.NoError(t, err)
	refused("an operator as an administrator", 403, "FORBIDDEN", setPassword(operator, "hq-a"))
	refused("a store's manager as headquarters' operator", 403, "FORBIDDEN", setPassword(direct, "hq-o"))
	refused("a manager as the next store's", 403, "FORBIDDEN", setPassword(f1manager, "s-nj-03-m1"))
	refused("a guide as the manager", 403, "FORBIDDEN", setPassword(f1guide, "s-nj-02-m1"))
	_, err = w.as(direct).Store().RevokeCredential(ctx, &storev1.RevokeCredentialRequest{RequestId: id(), Id: "hq-o"})
	refused("headquarters' operator dismissed by a store's manager", 403, "FORBIDDEN", err)
	grown, err := w.as(operator).Store().ImportStaff(ctx, &storev1.ImportStaffRequest{RequestId: id(), Rows: []*storev1.ImportStaffRow{
		{Line: 1, Code: "HQ-O", Name: "operator", Role: "admin", Login: "hq-o"}, {Line: 2, Code: "HQ-B", Name: "b", Role: "admin", Login: "hq-b"}}})
	require.NoError(t, err)
	require.Len(t, grown.Errors, 2, "an operator made administrators")
	named, err := w.as(operator).Store().ImportOrganisations(ctx, &storev1.ImportOrganisationsRequest{RequestId: id(), Rows: []*storev1.ImportOrganisationRow{
		{Line: 1, Code: "brand", Name: "b", Kind: "franchisee", ParentCode: "HQ"}, {Line: 2, Code: "member", Name: "m", Kind: "franchisee", ParentCode: "HQ"}}})
	require.NoError(t, err)
	require.Len(t, named.Errors, 2, "an organisation by whose name members are kept")

	// Goods of one's own do not get onto another's shelf, nor another's goods onto one's own.
	for _, location := range []string{f2Store, "S-NJ-03", "S-XX-99"} {
		_, err = w.as(f1manager).Order().ReceiveReturn(ctx, &orderv1.ReceiveReturnRequest{RequestId: id(), ReturnId: o.Returns[1], Location: location})
		refused("a return received at "+location, 404, "NOT_FOUND", err)
	}
	_, err = w.as(f1manager).Inventory().ReceiveStock(ctx, &inventoryv1.ReceiveStockRequest{RequestId: id(), Document: "PO-3", Lines: []*inventoryv1.StockLine{
		{Location: f1Store, Sku: o.SKU, Quantity: 1, Owner: "F-YAN"}}})
	refused("goods booked for another owner", 403, "FORBIDDEN", err)
	_, err = w.as(f1manager).Inventory().ReceiveStock(ctx, &inventoryv1.ReceiveStockRequest{RequestId: id(), Document: "PO-4", Lines: []*inventoryv1.StockLine{
		{Location: f1Store, Sku: o.SKU, Quantity: 1}, {Location: f2Store, Sku: o.SKU, Quantity: 1}}})
	require.Equal(t, 404, kerrors.Code(err), "goods booked in another's store, beside one's own: %v", err)

	// A part of an order is its location's: not the seller's other stores', not the channel's.
	for _, role := range []string{f1manager, f2manager, clerk, memberB} {
		_, err = w.as(role).Order().AcceptFulfilment(ctx, &orderv1.AcceptFulfilmentRequest{RequestId: id(), FulfilmentId: o.CollectFulfilment})
		if role == clerk { // works there
			require.NoError(t, err)
			continue
		}
		refused("accepted by "+role, 404, "NOT_FOUND", err)
	}
	for _, path := range []string{"/v1/order/fulfilments", "/v1/order/orders"} {
		got, err := w.http().send(ctx, "GET", path, w.callers[channel], nil)
		require.NoError(t, err)
		require.Equal(t, 200, got.code, got)
		require.NotContains(t, got.body, o.Collect, "a marketplace sees what another channel of its organisation sold")
	}
	_, err = w.as(f1manager).Order().GetOrder(ctx, &orderv1.GetOrderRequest{OrderId: o.Collect})
	refused("headquarters' sale to a franchisee", 404, "ORDER_UNKNOWN", err)

	// Tokens and request ids are the caller's own.
	first, err := w.as(memberA).Order().ListOrders(ctx, &orderv1.ListOrdersRequest{PageSize: 1})
	require.NoError(t, err)
	require.NotEmpty(t, first.NextPageToken)
	_, err = w.as(memberB).Order().ListOrders(ctx, &orderv1.ListOrdersRequest{PageSize: 1, PageToken: first.NextPageToken})
	refused("another's page token", 400, "PAGE_TOKEN_INVALID", err)
	entries, err := w.as(memberA).Member().ListPointsEntries(ctx, &memberv1.ListPointsEntriesRequest{MemberId: o.Member, PageSize: 1})
	require.NoError(t, err)
	require.Len(t, entries.Entries, 1)
	again := &orderv1.SetCartLineRequest{RequestId: id(), MemberId: o.Member, Sku: o.SKU, Quantity: 3}
	_, err = w.as(memberA).Order().SetCartLine(ctx, again)
	require.NoError(t, err)
	_, err = w.as(memberB).Order().SetCartLine(ctx, again)
	refused("another's request repeated", 404, "NOT_FOUND", err)
	w.shippedForAnother(t, refused)
	w.codes(t, ctx)
	w.explanations(t, ctx)
	w.policies(t, refused)
}

// policies: the manager of a direct store says what channels may sell of his store, and of no other.
func (w *world) policies(t *testing.T, refused func(what string, code int, reason string, err error)) {
	sharing := inventoryv1.NewSharingPoliciesClient(w.grpc)
	put := func(role, location string) (*inventoryv1.SharingPolicy, error) {
		return sharing.PutSharingPolicy(w.as(role).GRPC(w.ctx), &inventoryv1.PutSharingPolicyRequest{RequestId: id(), Terms: &inventoryv1.SharingTerms{
			Channel: "elsewhere", Mode: inventoryv1.SharingMode_SHARE_ALL, Place: &inventoryv1.SharingTerms_Location{Location: location}}})
	}
	end := func(role, policy string) error {
		_, err := sharing.EndSharingPolicy(w.as(role).GRPC(w.ctx), &inventoryv1.EndSharingPolicyRequest{RequestId: id(), Id: policy})
		return err
	}
	set, err := put(direct, directStore)
	require.NoError(t, err)
	for _, location := range []string{"S-HZ-02", f1Store, "S-XX-99"} {
		_, err = put(direct, location)
		refused("a policy of "+location+" by a direct store's manager", 404, "LOCATION_UNKNOWN", err)
	}
	_, err = put(clerk, directStore)
	refused("a policy by a clerk", 403, "FORBIDDEN", err)
	refused("ended by a clerk", 403, "FORBIDDEN", end(clerk, set.Id))
	refused("ended by a franchisee's manager", 404, "NOT_FOUND", end(f1manager, set.Id))
	require.NoError(t, end(direct, set.Id))
}

// shippedForAnother: F1 shipped what headquarters sold. It takes the goods back, at its own place; whether there is money for
// them is for headquarters to say.
func (w *world) shippedForAnother(t *testing.T, refused func(what string, code int, reason string, err error)) {
	o, ctx := w.objects, w.ctx
	sold, err := w.as(operator).Order().GetOrder(ctx, &orderv1.GetOrderRequest{OrderId: o.HQOrder})
	require.NoError(t, err)
	open := &orderv1.CreateReturnRequest{RequestId: id(), OrderId: o.HQOrder, Reason: "torn", Lines: []*orderv1.ReturnLineInput{{LineId: sold.Lines[0].LineId, Quantity: 1}}}
	_, err = w.as(f1manager).Order().CreateReturn(ctx, open)
	refused("a return opened by who shipped", 404, "ORDER_UNKNOWN", err)
	ret, err := w.as(operator).Order().CreateReturn(ctx, open)
	require.NoError(t, err)
	approve := func(role string) error {
		_, err := w.as(role).Order().ApproveReturn(ctx, &orderv1.ApproveReturnRequest{RequestId: id(), ReturnId: ret.Id})
		return err
	}
	for _, role := range []string{f1manager, f1guide, device} {
		refused("approved by "+role, 403, "FORBIDDEN", approve(role))
	}
	for _, role := range []string{f1other, dealer, f2manager} {
		refused("approved by "+role, 404, "NOT_FOUND", approve(role))
	}
	require.NoError(t, approve(operator))
	receive := func(location string) error {
		_, err := w.as(f1manager).Order().ReceiveReturn(ctx, &orderv1.ReceiveReturnRequest{RequestId: id(), ReturnId: ret.Id, Location: location})
		return err
	}
	refused("received at headquarters' store", 404, "NOT_FOUND", receive(directStore))
	require.NoError(t, receive(f1Store))
}

// codes: points are spent by the code that the member's own mini-program shows, whatever a till knows of the member.
func (w *world) codes(t *testing.T, ctx context.Context) {
	o, pos, till := w.objects, posv1.NewPosClient(w.grpc), w.as(device).GRPC(ctx)
	sale := func(phone, code string) *posv1.SellRequest {
		return &posv1.SellRequest{RequestId: id(), ReceiptNo: id(), MemberPhone: phone, MemberCode: code, Points: 1, CashMinor: o.PriceMinor - 1,
			Lines: []*posv1.SaleLine{{Sku: o.SKU, Quantity: 1}}}
	}
	issue := func(role string) string {
		shown, err := w.as(role).MiniProgram().IssueMemberCode(ctx, &miniprogramv1.IssueMyCodeRequest{})
		require.NoError(t, err)
		return shown.Code
	}
	for what, c := range map[string]struct {
		by     func() error
		reason string
	}{
		"by phone":                  {func() error { _, err := pos.Sell(till, sale(phoneA, "")); return err }, "MEMBER_CODE_REQUIRED"},
		"by a guess":                {func() error { _, err := pos.Sell(till, sale(phoneA, "12345678")); return err }, "MEMBER_CODE_INVALID"},
		"by another member's code":  {func() error { _, err := pos.Sell(till, sale(phoneA, issue(memberB))); return err }, "MEMBER_CODE_INVALID"},
		"past the till's frontend":  {func() error { return w.sellPast(ctx, device) }, "FORBIDDEN"},
		"by the seller's own staff": {func() error { return w.sellPast(ctx, f1manager) }, "FORBIDDEN"},
	} {
		require.Equal(t, c.reason, kerrors.Reason(c.by()), "points spent %s", what)
	}
	first := sale(phoneA, issue(memberA))
	sold, err := pos.Sell(till, first)
	require.NoError(t, err)
	again, err := pos.Sell(till, first)
	require.NoError(t, err)
	require.Equal(t, sold.Id, again.Id)
	_, err = pos.Sell(till, sale(phoneA, first.MemberCode))
	require.Equal(t, "MEMBER_CODE_INVALID", kerrors.Reason(err), "a code used twice")
}

// sellPast sells for a member's points without the frontend that asks for the member's code.
func (w *world) sellPast(ctx context.Context, role string) error {
	o := w.objects
	_, err := w.as(role).Order().SellAtTill(ctx, &orderv1.SellAtTillRequest{RequestId: id(), StoreCode: o.Store, ReceiptNo: id(), MemberId: o.Member, Points: 1,
		CashMinor: o.PriceMinor - 1, Lines: []*orderv1.OrderLineInput{{Sku: o.SKU, Quantity: 1}}})
	return err
}

// explanations: why a location was chosen is for the seller to know, not how many pieces other parties have.
func (w *world) explanations(t *testing.T, ctx context.Context) {
	o := w.objects
	far, err := w.as(memberA).Order().PlaceOrder(ctx, &orderv1.PlaceOrderRequest{RequestId: client.RequestID(), Channel: "miniprogram", MemberId: o.Member, ShopStoreCode: f1Store,
		Way: inventoryv1.DeliveryWay_PARCEL, Receiver: somewhere(), Lines: []*orderv1.OrderLineInput{{Sku: o.SKU, Quantity: 200}}})
	require.NoError(t, err)
	whole, err := w.admin.Inventory().GetAllocation(ctx, &inventoryv1.GetAllocationRequest{Document: far.Id})
	require.NoError(t, err)
	told, err := w.as(f1manager).Inventory().GetAllocation(ctx, &inventoryv1.GetAllocationRequest{Document: far.Id})
	require.NoError(t, err)
	require.Len(t, told.Candidates, len(whole.Candidates))
	const figures = "on hand"
	hidden, shown := 0, 0
	for i, c := range told.Candidates {
		if c.Reason != whole.Candidates[i].Reason {
			hidden++
		}
		shown += strings.Count(c.Reason, figures)
		place, err := w.admin.Store().GetStore(ctx, &storev1.GetStoreRequest{Code: c.Location})
		require.NoError(t, err)
		if place.OrgCode != o.Org {
			require.NotContains(t, c.Reason, figures, "%s of %s", c.Location, place.OrgCode)
		}
	}
	require.Equal(t, shown, strings.Count(told.Text, figures), told.Text)
	require.Positive(t, hidden, "the allocation names no other party's figures: %s", whole.Text)
}
