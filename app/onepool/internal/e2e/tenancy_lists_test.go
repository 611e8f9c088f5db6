package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
)

// reach is whose rows a role may be shown.
type reach struct {
	orgs  []string
	store string // of people and tills that are bound to one
}

var (
	ofF1    = []string{f1Org}
	ofF2    = []string{"F-YAN"}
	reaches = map[string]reach{
		f1manager: {orgs: ofF1, store: f1Store}, f1guide: {orgs: ofF1, store: f1Store}, f1other: {orgs: ofF1, store: "S-NJ-03"},
		f2manager: {orgs: ofF2, store: f2Store}, f2clerk: {orgs: ofF2, store: f2Store},
		dealer: {orgs: []string{"D-EAST", "F-WU", "F-YONG", "F-HUI"}}, dealer2: {orgs: []string{"D-NORTH", "F-YAN", "F-LU", "F-QIN"}},
		direct: {orgs: []string{"HQ"}, store: directStore}, clerk: {orgs: []string{"HQ"}, store: directStore},
		device: {orgs: ofF1, store: f1Store}, device2: {orgs: ofF2, store: f2Store},
	}
)

// lists: whatever a list shows is in the caller's reach, row by row.
func (w *world) lists(t *testing.T) {
	for role, r := range reaches {
		c := w.as(role)
		within := func(what, org string) { require.Contains(t, r.orgs, org, "%s sees %s", role, what) }
		orgs, err := c.Store().ListOrganisations(w.ctx, &storev1.ListOrganisationsRequest{PageSize: 200})
		require.NoError(t, err, role)
		for _, o := range orgs.Organisations {
			within("organisation "+o.Code, o.Code)
		}
		stores, err := c.Store().ListStores(w.ctx, &storev1.ListStoresRequest{PageSize: 200})
		require.NoError(t, err, role)
		require.NotEmpty(t, stores.Stores, role)
		for _, s := range stores.Stores {
			within("store "+s.Code, s.OrgCode)
		}
		people, err := c.Store().ListStaff(w.ctx, &storev1.ListStaffRequest{PageSize: 200})
		require.NoError(t, err, role)
		require.NotEmpty(t, people.Staff, role)
		for _, s := range people.Staff {
			within("staff "+s.Code, s.OrgCode)
		}
		stock, err := c.Inventory().ListStock(w.ctx, &inventoryv1.ListStockRequest{PageSize: 200})
		require.NoError(t, err, role)
		for _, s := range stock.Stock {
			within("stock of "+s.Location, s.Owner)
		}
		moved, err := c.Inventory().ListMovements(w.ctx, &inventoryv1.ListMovementsRequest{PageSize: 200})
		require.NoError(t, err, role)
		for _, m := range moved.Movements {
			within("movement of "+m.Location, m.Owner)
		}
		w.sold(t, role, r)
		if !slices.Contains(strings.Fields(managers), role) {
			continue
		}
		accruals, err := c.Rebate().ListAccruals(w.ctx, &rebatev1.ListAccrualsRequest{PageSize: 200})
		require.NoError(t, err, role)
		for _, a := range accruals.Accruals {
			within("accrual of "+a.Payee, a.PayeeOrg)
		}
		statements, err := c.Rebate().ListStatements(w.ctx, &rebatev1.ListStatementsRequest{Period: w.objects.Period, PageSize: 200})
		require.NoError(t, err, role)
		for _, s := range statements.Statements {
			within("statement of "+s.Payee, s.PayeeOrg)
		}
	}
}

// sold: of orders and fulfilments, people and tills of a store see their store's.
func (w *world) sold(t *testing.T, role string, r reach) {
	c := w.as(role).Order()
	orders, err := c.ListOrders(w.ctx, &orderv1.ListOrdersRequest{PageSize: 200})
	require.NoError(t, err, role)
	for _, o := range orders.Orders {
		require.Contains(t, r.orgs, o.SellerOrg, "%s sees order %s", role, o.Id)
		require.True(t, r.store == "" || r.store == o.ShopStoreCode, "%s sees order %s of %s", role, o.Id, o.ShopStoreCode)
	}
	parts, err := c.ListFulfilments(w.ctx, &orderv1.ListFulfilmentsRequest{PageSize: 200})
	require.NoError(t, err, role)
	for _, f := range parts.Fulfilments {
		require.Contains(t, r.orgs, f.Org, "%s sees fulfilment %s", role, f.Id)
		require.True(t, r.store == "" || r.store == f.Location, "%s sees fulfilment %s of %s", role, f.Id, f.Location)
	}
	seen := slices.ContainsFunc(parts.Fulfilments, func(f *orderv1.Fulfilment) bool { return f.Id == w.objects.CollectFulfilment })
	require.Equal(t, r.store == directStore, seen, "%s sees what is collected at %s", role, directStore)
	// Whoever ships for another's sale sees the part, not the order.
	hqOrder, err := c.GetOrder(w.ctx, &orderv1.GetOrderRequest{OrderId: w.objects.HQOrder})
	require.Error(t, err, "%s sees %v", role, hqOrder)
}
