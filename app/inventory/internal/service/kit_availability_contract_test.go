package service

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// offered is what a caller is told of one SKU: the total, then each location that is named.
func (r *rig) offered(t testing.TB, ctx context.Context, in *inventoryv1.GetAvailabilityRequest) []string {
	t.Helper()
	_, err := r.store.PoolNow(ctx)
	require.NoError(t, err)
	got, err := r.GetAvailability(ctx, in)
	require.NoError(t, err)
	item := got.Items[len(got.Items)-1]
	said := []string{fmt.Sprint(item.Online)}
	for _, n := range item.Near {
		text := n.Location + " " + n.Level
		if n.Online != nil {
			text += fmt.Sprintf(" %d/%d", *n.Online, *n.AtTheTill)
		}
		said = append(said, text)
	}
	return said
}

func TestAKitIsOfferedAsOftenAsItsPartsMakeIt(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.box(t)
		lat, lng := square.Lat, square.Lng
		boss, buyer := hq(t.Context()), member(t.Context())
		total := &inventoryv1.GetAvailabilityRequest{Skus: []string{"CUP", "BOX"}, Channel: "tmall"}
		at := func(location string) *inventoryv1.GetAvailabilityRequest {
			return &inventoryv1.GetAvailabilityRequest{Skus: []string{"BOX"}, Channel: "tmall", Location: location}
		}
		near := &inventoryv1.GetAvailabilityRequest{Skus: []string{"BOX"}, Channel: "tmall", Lat: &lat, Lng: &lng}
		within := &inventoryv1.GetAvailabilityRequest{Skus: []string{"BOX"}, Channel: "tmall", Lat: &lat, Lng: &lng, RadiusM: 3000}
		require.Equal(t, []string{"0"}, r.offered(t, boss, total), "nobody ever had a part")
		r.stock(t, "S-01", "POT", 9)
		r.stock(t, "S-01", "CUP", 8)
		r.stock(t, "S-02", "POT", 1)
		r.stock(t, "S-02", "CUP", 90)
		r.stock(t, "F-01", "CUP", 50)
		r.stock(t, "W-01", "POT", 7)
		r.stock(t, "W-01", "CUP", 23)
		require.Equal(t, []string{"10"}, r.offered(t, buyer, total), "2 + 1 + 7: parts of two places make no kit")
		require.Equal(t, []string{"2", "S-01 few 2/2"}, r.offered(t, boss, at("S-01")))
		require.Equal(t, []string{"1", "S-01 few"}, r.offered(t, buyer, at("S-01")), "figures are not for members")
		require.Equal(t, []string{"0", "F-01 no 0/0"}, r.offered(t, boss, at("F-01")))
		require.Equal(t, []string{"10", "S-01 few 2/2", "S-02 few 1/1", "W-01 yes 7/7"}, r.offered(t, boss, near), "the nearest of all has no pot")
		require.Equal(t, []string{"3", "S-01 few 2/2", "S-02 few 1/1"}, r.offered(t, boss, within))
		require.Equal(t, []string{"2", "S-01 few", "S-02 few"}, r.offered(t, franchisee(t.Context(), "FR1", "clerk"), within))

		// A part that is held is gone for the kit too.
		in := parcel("ord_1", line("1", "CUP", 3))
		in.Way, in.Location = inventoryv1.DeliveryWay_PICKUP, "S-01"
		_, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		require.Equal(t, []string{"1", "S-01 few 1/1"}, r.offered(t, boss, at("S-01")))
		require.Equal(t, []string{"9"}, r.offered(t, buyer, total))
		_, err = r.AdjustStock(hq(t.Context(), "operator"), &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "d", Reason: "r", Location: "W-01", Sku: "POT", SafetyStock: new(int64(3))})
		require.NoError(t, err)
		require.Equal(t, []string{"4", "W-01 few 4/7"}, r.offered(t, boss, at("W-01")), "the safety stock is for the till")

		// A policy on a part counts, each at its own location.
		r.policy(t, quota("douyin", "W-01", "CUP", 17))
		require.Equal(t, []string{"2", "W-01 few 2/7"}, r.offered(t, boss, at("W-01")), "23 - 17 cups are left to others")
		require.Equal(t, []string{"4"}, r.offered(t, buyer, total))
		require.Equal(t, []string{"6"}, r.offered(t, buyer, &inventoryv1.GetAvailabilityRequest{Skus: []string{"BOX"}, Channel: "douyin"}), "1 + 1 + 4")

		_, err = r.RetireKit(hq(t.Context(), "operator"), &inventoryv1.RetireKitRequest{RequestId: requestID(), Sku: "BOX", ExpectedVersion: 1})
		require.NoError(t, err)
		require.Equal(t, []string{"0"}, r.offered(t, boss, total), "an ordinary SKU now")
		r.audit(t)
	})
}

func TestAKitChangesWithItsPartsInTheFeed(t *testing.T) {
	replicas(t, func(t *testing.T, a, b *feedRig) {
		a.city(t)
		tmall, boss := account(t.Context(), "HQ", "tmall"), hq(t.Context(), "operator")
		a.stock(t, "S-01", "POT", 9)
		cursor, shelves := a.now(t, tmall), a.now(t, boss)
		ask := func(ctx context.Context, cursor *string, in *inventoryv1.ListStockChangesRequest) (told []string, reset bool) {
			t.Helper()
			a.number(t)
			in.Cursor = *cursor
			got, err := b.ListStockChanges(ctx, in)
			require.NoError(t, err)
			*cursor = got.NextCursor
			for _, c := range got.Changes {
				told = append(told, fmt.Sprintf("%s %s %d", c.Sku, c.Location, c.Online))
			}
			return told, got.Reset_
		}
		a.box(t)
		_, err := a.PutKit(boss, kit("SET", part("CUP", 2), part("LJ", 1)))
		require.NoError(t, err)
		told, reset := ask(tmall, &cursor, &inventoryv1.ListStockChangesRequest{})
		require.Empty(t, told)
		require.True(t, reset, "a kit is on sale")

		a.stock(t, "S-01", "CUP", 7)
		told, reset = ask(tmall, &cursor, &inventoryv1.ListStockChangesRequest{Limit: 1})
		require.Equal(t, []string{"CUP  7", "BOX  2", "SET  0"}, told, "a SKU and its kits come together; another replica knows the new kits")
		require.False(t, reset)
		told, _ = ask(boss, &shelves, &inventoryv1.ListStockChangesRequest{})
		require.Equal(t, []string{"CUP S-01 7", "BOX S-01 2", "SET S-01 0"}, told)
		a.stock(t, "S-02", "LJ", 4)
		a.stock(t, "S-01", "POT", 1)
		a.stock(t, "S-01", "CUP", 2)
		told, _ = ask(tmall, &cursor, &inventoryv1.ListStockChangesRequest{Limit: 3})
		require.Equal(t, []string{"LJ  4", "SET  0"}, told, "POT and BOX would be one too many")
		told, _ = ask(tmall, &cursor, &inventoryv1.ListStockChangesRequest{Limit: 3})
		require.Equal(t, []string{"POT  10", "BOX  3"}, told)
		got, err := b.ListStockChanges(boss, &inventoryv1.ListStockChangesRequest{Begin: inventoryv1.FeedBegin_BEGIN_OLDEST, Skus: []string{"BOX"}})
		require.NoError(t, err)
		require.Len(t, got.Changes, 1, "only the kit was asked for")
		require.Equal(t, int64(3), got.Changes[0].Online)

		_, err = a.RetireKit(boss, &inventoryv1.RetireKitRequest{RequestId: requestID(), Sku: "BOX", ExpectedVersion: 1})
		require.NoError(t, err)
		_, reset = ask(tmall, &cursor, &inventoryv1.ListStockChangesRequest{})
		require.True(t, reset)
		a.stock(t, "S-01", "POT", 1)
		told, _ = ask(tmall, &cursor, &inventoryv1.ListStockChangesRequest{})
		require.Equal(t, []string{"POT  11"}, told)
	})
}

// A radius without the point that it is of is a mistake of the caller: answering for everywhere would promise what is far away.
func TestARadiusNeedsItsPoint(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		_, err := r.GetAvailability(hq(t.Context()), &inventoryv1.GetAvailabilityRequest{Skus: []string{"LJ"}, Channel: "tmall", RadiusM: 3000})
		require.Equal(t, "VALIDATOR", reasonOf(err))
		require.Equal(t, "radius_m", metadataOf(err)["field"])
	})
}
