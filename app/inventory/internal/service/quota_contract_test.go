package service

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// by is an order of a channel.
func by(channel string, in *inventoryv1.HoldRequest) *inventoryv1.HoldRequest {
	in.Channel = channel
	return in
}

// pickup is an order that is collected at a store.
func pickup(document, at string, lines ...*inventoryv1.HoldLine) *inventoryv1.HoldRequest {
	in := parcel(document, lines...)
	in.Way, in.Location, in.Destination = inventoryv1.DeliveryWay_PICKUP, at, nil
	return in
}

// safety sets the safety stock of a row.
func (r *rig) safety(t testing.TB, at, sku string, pieces int64) {
	t.Helper()
	for _, delta := range []int64{1, -1} {
		_, err := r.AdjustStock(hq(t.Context(), "operator"), &inventoryv1.AdjustStockRequest{RequestId: requestID(), Document: "safety", Reason: "for the shop",
			Location: at, Sku: sku, Delta: delta, SafetyStock: &pieces})
		require.NoError(t, err)
	}
}

func (r *rig) used(t testing.TB, policy string) (used int64) {
	t.Helper()
	require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COALESCE(SUM(used), 0) FROM quotas WHERE policy = ?", policy).Scan(&used))
	return used
}

func (r *rig) figures(t testing.TB, at, sku string) []int64 {
	t.Helper()
	return []int64{r.explained(t, "miniprogram", at, sku).Promise, r.explained(t, "douyin", at, sku).Promise, r.rows(t, at, sku).AtTheTill}
}

func TestWhatAChannelHoldsHonoursItsQuota(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 10)
		r.safety(t, "S-01", "LJ", 2)
		q := r.policy(t, quota("douyin", "S-01", "LJ", 3))
		require.Equal(t, []int64{5, 3, 10}, r.figures(t, "S-01", "LJ"))

		_, err := r.Hold(order(t.Context()), by("miniprogram", pickup("m_1", "S-01", line("1", "LJ", 6))))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		require.Equal(t, "5", metadataOf(err)["left"])
		_, err = r.Hold(order(t.Context()), by("miniprogram", pickup("m_1", "S-01", line("1", "LJ", 3), line("2", "LJ", 2))))
		require.NoError(t, err)
		require.Equal(t, []int64{0, 3, 5}, r.figures(t, "S-01", "LJ"))
		_, err = r.Hold(order(t.Context()), by("jd", parcel("m_2", line("1", "LJ", 1))))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "others keep off the quota")

		held, err := r.Hold(order(t.Context()), by("douyin", parcel("d_1", line("1", "LJ", 1), line("2", "LJ", 1))))
		require.NoError(t, err)
		require.Equal(t, int64(2), r.used(t, q.Id))
		require.Equal(t, []int64{0, 1, 3}, r.figures(t, "S-01", "LJ"))
		_, err = r.Hold(order(t.Context()), by("douyin", parcel("d_2", line("1", "LJ", 2))))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err), "a quota is not overdrawn")

		_, err = r.branch.Ship(called(t.Context()), &inventoryv1.ShipCall{Document: "d_1", Fulfilment: "ful_1", Reason: "SHIP",
			Lines: []*inventoryv1.ShipLine{{ReservationId: held.Reservations[0].Id, Quantity: 1}}})
		require.NoError(t, err)
		require.Equal(t, int64(2), r.used(t, q.Id), "what was shipped stays used")
		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "d_1"})
		require.NoError(t, err)
		require.Equal(t, int64(1), r.used(t, q.Id), "what was released comes back")
		require.Equal(t, int64(2), r.explained(t, "douyin", "S-01", "LJ").Promise)

		till := pickup("t_1", "S-01", line("1", "LJ", 4))
		till.Way = inventoryv1.DeliveryWay_CARRY_OUT
		_, err = r.Hold(order(t.Context()), by("pos", till))
		require.NoError(t, err, "neither safety stock nor quotas stop a customer in the shop")
		require.Equal(t, []int64{0, 0, 0}, r.figures(t, "S-01", "LJ"))
		r.audit(t)
	})
}

func TestAnExpiredHoldGivesItsQuotaBack(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 9)
		q := r.policy(t, quota("douyin", "S-01", "LJ", 3))
		in := by("douyin", parcel("d_1", line("1", "LJ", 2)))
		in.ExpiresAtUs = r.nowUS(t) + time.Minute.Microseconds()
		_, err := r.Hold(order(t.Context()), in)
		require.NoError(t, err)
		r.clock.Advance(2 * time.Minute)
		r.expire(t)
		require.Zero(t, r.used(t, q.Id))

		// It was paid for after all: it draws again, while the quota has as much left.
		_, err = r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: "d_1"})
		require.NoError(t, err)
		require.Equal(t, int64(2), r.used(t, q.Id))
		late := by("douyin", parcel("d_2", line("1", "LJ", 1)))
		late.ExpiresAtUs = r.nowUS(t) + time.Minute.Microseconds()
		_, err = r.Hold(order(t.Context()), late)
		require.NoError(t, err)
		r.clock.Advance(2 * time.Minute)
		r.expire(t)
		_, err = r.Hold(order(t.Context()), by("douyin", parcel("d_3", line("1", "LJ", 1))))
		require.NoError(t, err)
		_, err = r.branch.ConfirmHold(called(t.Context()), &inventoryv1.ConfirmHoldCall{Document: "d_2"})
		require.NoError(t, err)
		require.Equal(t, int64(3), r.used(t, q.Id), "the quota is not overdrawn: that unit is of what all share")
		require.Equal(t, int64(4), r.rows(t, "S-01", "LJ").Reserved)

		_, err = r.shares.EndSharingPolicy(hq(t.Context(), "operator"), &inventoryv1.EndSharingPolicyRequest{RequestId: requestID(), Id: q.Id})
		require.NoError(t, err)
		require.Equal(t, []int64{5, 5, 5}, r.figures(t, "S-01", "LJ"), "given back early")
		for _, document := range []string{"d_1", "d_2", "d_3"} {
			_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: document})
			require.NoError(t, err)
		}
		require.Zero(t, r.used(t, q.Id), "what was drawn from it is counted to its end")
		r.audit(t)
	})
}

// The allocation sees what policies leave: it goes past a near store that has plenty, but not for this channel.
func TestAllocationGoesWhereTheChannelMayTake(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for _, at := range []string{"F-01", "S-01", "S-02"} {
			r.stock(t, at, "green-1", 10)
		}
		none := terms("tmall", inventoryv1.SharingMode_SHARE_NONE, 0)
		none.Place = &inventoryv1.SharingTerms_StoreType{StoreType: inventoryv1.LocationKind_FRANCHISE_STORE}
		r.policy(t, none)
		half := terms("tmall", inventoryv1.SharingMode_SHARE_PERCENTAGE, 2500)
		half.Product = &inventoryv1.SharingTerms_Category{Category: "green"}
		r.policy(t, half)
		at := func(document, channel string, qty int64) (places []string) {
			got, err := r.Hold(order(t.Context()), by(channel, parcel(document, line("1", "green-1", qty))))
			require.NoError(t, err)
			for _, res := range got.Reservations {
				places = append(places, fmt.Sprint(res.Location, " ", res.Quantity))
			}
			return places
		}
		require.Equal(t, []string{"S-01 2"}, at("o_1", "tmall", 2))
		require.Equal(t, []string{"S-01 2", "S-02 1"}, at("o_2", "tmall", 3), "a quarter of 8, and the rest from the next")
		require.Equal(t, []string{"F-01 10"}, at("o_3", "jd", 10), "other channels take all")
		_, err := r.Hold(order(t.Context()), by("tmall", parcel("o_4", line("1", "green-1", 5))))
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		require.Equal(t, "3", metadataOf(err)["left"], "a quarter of 6 and of 9")
		r.audit(t)
	})
}

// A policy shares out what all owners have at a place, and a hold of any of it counts.
func TestAllOwnersGoodsAreSharedTogether(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "F-01", "LJ", 4)
		_, err := r.ReceiveStock(hq(t.Context(), "operator"), &inventoryv1.ReceiveStockRequest{RequestId: requestID(), Document: "consigned",
			Lines: []*inventoryv1.StockLine{{Location: "F-01", Sku: "LJ", Owner: "HQ", Quantity: 4}}})
		require.NoError(t, err)
		r.policy(t, quota("douyin", "F-01", "LJ", 3))
		require.Equal(t, int64(5), r.explained(t, "jd", "F-01", "LJ").Promise)
		reserve := func(document, channel, owner string, qty int64) (int64, error) {
			got, err := r.Reserve(order(t.Context()), &inventoryv1.ReserveRequest{RequestId: requestID(), Document: document, Channel: channel, SellerOrg: "HQ", Way: inventoryv1.DeliveryWay_PARCEL,
				Partial: true, Lines: []*inventoryv1.ReserveLine{{LineId: "1", Sku: "LJ", Location: "F-01", Owner: owner, Quantity: qty}}})
			if err != nil {
				return 0, err
			}
			return got.Lines[0].Reserved, nil
		}
		got, err := reserve("a", "jd", "HQ", 9)
		require.NoError(t, err)
		require.Equal(t, int64(4), got, "as many as that owner has")
		got, err = reserve("b", "jd", "FR1", 9)
		require.NoError(t, err)
		require.Equal(t, int64(1), got, "3 of the other owner's 4 are kept")
		got, err = reserve("c", "douyin", "", 9)
		require.NoError(t, err)
		require.Equal(t, int64(3), got)
		_, err = reserve("d", "jd", "", 1)
		require.Equal(t, "STOCK_INSUFFICIENT", reasonOf(err))
		require.Equal(t, "0", metadataOf(err)["left"])
		r.audit(t)
	})
}

// Many clients of several channels on two replicas: no quota is overdrawn, nobody eats into it, and all of it is sold.
func TestReplicasNeverOverdrawAQuota(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		other := newRig(r.db)
		for round := range 4 {
			sku := fmt.Sprintf("SKU-%d", round)
			r.stock(t, "S-01", sku, 20)
			q := r.policy(t, quota("douyin", "S-01", sku, 6))
			var wg sync.WaitGroup
			var mu sync.Mutex
			held := map[string]int64{}
			for client := range 12 {
				channel, on := []string{"douyin", "jd", "miniprogram"}[client%3], []*rig{r, other}[client%2]
				wg.Go(func() {
					for n := range 4 {
						got, err := on.Hold(order(t.Context()), by(channel, parcel(fmt.Sprintf("o_%d_%d_%d", round, client, n), line("1", sku, 1), line("2", sku, 1))))
						if err != nil {
							assert.Contains(t, []string{"STOCK_INSUFFICIENT", "UNAVAILABLE"}, reasonOf(err), "%v", err)
							continue
						}
						mu.Lock()
						for _, res := range got.Reservations {
							held[channel] += res.Quantity
						}
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			require.Equal(t, int64(6), held["douyin"])
			require.Equal(t, int64(6), r.used(t, q.Id))
			require.Equal(t, int64(14), held["jd"]+held["miniprogram"])
		}
		r.audit(t)
	})
}

// Random policies and reservations through the service: together the channels never hold more than was online, a quota is
// never overdrawn, and what is explained can be held.
func TestRandomPoliciesAndReservations(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		round := 0
		channels := []string{"jd", "tmall", "douyin"}
		rapid.Check(t, func(rt *rapid.T) {
			round++
			sku := fmt.Sprintf("green-%d", round)
			var policies []*inventoryv1.SharingPolicy
			defer func() {
				for _, p := range policies {
					_, err := r.shares.EndSharingPolicy(hq(t.Context(), "admin"), &inventoryv1.EndSharingPolicyRequest{RequestId: requestID(), Id: p.Id})
					require.NoError(t, err)
				}
			}()
			on := map[string]int64{}
			for _, at := range places {
				if on[at] = rapid.Int64Range(0, 9).Draw(rt, "on hand"); on[at] > 0 {
					r.stock(t, at, sku, on[at])
				}
			}
			for range rapid.IntRange(0, 4).Draw(rt, "policies") {
				p := terms(rapid.SampledFrom(channels).Draw(rt, "channel"), inventoryv1.SharingMode(rapid.IntRange(1, 5).Draw(rt, "mode")), rapid.Int64Range(1, 5).Draw(rt, "value"))
				switch p.Mode {
				case inventoryv1.SharingMode_SHARE_ALL, inventoryv1.SharingMode_SHARE_NONE:
					p.Value = 0
				case inventoryv1.SharingMode_SHARE_PERCENTAGE:
					p.Value *= 1900
				}
				switch rapid.IntRange(0, 2).Draw(rt, "place") {
				case 1:
					p.Place = &inventoryv1.SharingTerms_StoreType{StoreType: inventoryv1.LocationKind(rapid.IntRange(1, 3).Draw(rt, "type"))}
				case 2:
					p.Place = &inventoryv1.SharingTerms_Location{Location: rapid.SampledFrom(places).Draw(rt, "location")}
				}
				if rapid.Bool().Draw(rt, "by category") {
					p.Product = &inventoryv1.SharingTerms_Category{Category: "green"}
				}
				got, err := r.shares.PutSharingPolicy(hq(t.Context(), "admin"), &inventoryv1.PutSharingPolicyRequest{RequestId: requestID(), Terms: p})
				if err != nil {
					require.Equal(rt, "POLICY_CONFLICT", reasonOf(err))
					continue
				}
				policies = append(policies, got)
			}
			held, documents := map[string]int64{}, map[string]string{}
			for n := range rapid.IntRange(1, 8).Draw(rt, "orders") {
				if len(documents) > 0 && rapid.IntRange(0, 3).Draw(rt, "release") == 0 {
					var all []string
					for d := range documents {
						all = append(all, d)
					}
					slices.Sort(all)
					d := rapid.SampledFrom(all).Draw(rt, "document")
					_, err := r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: d})
					require.NoError(rt, err)
					listed, err := r.ListReservations(order(t.Context()), &inventoryv1.ListReservationsRequest{Documents: []string{d}})
					require.NoError(rt, err)
					for _, res := range listed.Reservations {
						held[res.Location] -= res.Quantity
					}
					delete(documents, d)
					continue
				}
				channel, at := rapid.SampledFrom(channels).Draw(rt, "who"), rapid.SampledFrom([]string{"F-01", "S-01", "S-02"}).Draw(rt, "where")
				promise := r.explained(t, channel, at, sku).Promise
				require.LessOrEqual(rt, promise, on[at]-held[at])
				qty := rapid.Int64Range(1, 9).Draw(rt, "qty")
				document := fmt.Sprintf("o_%d_%d", round, n)
				_, err := r.Hold(order(t.Context()), by(channel, pickup(document, at, line("1", sku, qty))))
				if qty > promise {
					require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err))
					require.Equal(rt, fmt.Sprint(promise), metadataOf(err)["left"])
					continue
				}
				require.NoError(rt, err)
				held[at] += qty
				documents[document] = at
			}
			for _, p := range policies {
				if p.Terms.Mode != inventoryv1.SharingMode_SHARE_EXCLUSIVE_QUOTA {
					continue
				}
				var most int64
				require.NoError(rt, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COALESCE(MAX(used), 0) FROM quotas WHERE policy = ?", p.Id).Scan(&most))
				require.LessOrEqual(rt, most, p.Terms.Value)
			}
		})
		r.audit(t)
	})
}

// online is what a channel may promise: in total, at one location, within a radius, and at the places that are named near.
func (r *rig) online(t testing.TB, channel, sku string) []int64 {
	t.Helper()
	lat, lng := square.Lat, square.Lng
	ask := func(in *inventoryv1.GetAvailabilityRequest) *inventoryv1.Availability {
		in.Skus, in.Channel = []string{sku}, channel
		got, err := r.GetAvailability(hq(t.Context()), in)
		require.NoError(t, err)
		return got.Items[0]
	}
	figures := []int64{ask(&inventoryv1.GetAvailabilityRequest{}).Online, ask(&inventoryv1.GetAvailabilityRequest{Location: "S-01"}).Online,
		ask(&inventoryv1.GetAvailabilityRequest{Lat: &lat, Lng: &lng, RadiusM: 500}).Online}
	for _, n := range ask(&inventoryv1.GetAvailabilityRequest{Lat: &lat, Lng: &lng}).Near {
		figures = append(figures, n.GetOnline())
	}
	return figures
}

// What is shown is what the channel may hold: in total, at a place and near one, at once here and within a second elsewhere.
func TestAvailabilityIsTheChannelsOwn(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "green-1", 10)
		r.stock(t, "W-01", "green-1", 20)
		other := newRig(r.db)
		require.Equal(t, []int64{30, 10, 10, 10, 20}, other.online(t, "jd", "green-1"))
		require.Equal(t, []int64{30, 10, 10, 10, 20}, r.online(t, "jd", "green-1"))

		q := r.policy(t, quota("douyin", "S-01", "green-1", 3))
		half := terms("jd", inventoryv1.SharingMode_SHARE_PERCENTAGE, 5000)
		half.Place = &inventoryv1.SharingTerms_StoreType{StoreType: inventoryv1.LocationKind_WAREHOUSE}
		half.Product = &inventoryv1.SharingTerms_Category{Category: "green"}
		r.policy(t, half)
		require.Equal(t, []int64{17, 7, 7, 7, 10}, r.online(t, "jd", "green-1"))
		require.Equal(t, []int64{23, 3, 3, 3, 20}, r.online(t, "douyin", "green-1"))
		require.Equal(t, []int64{27, 7, 7, 7, 20}, r.online(t, "miniprogram", "green-1"))

		_, err := r.Hold(order(t.Context()), by("douyin", parcel("d_1", line("1", "green-1", 2))))
		require.NoError(t, err)
		require.Equal(t, []int64{17, 7, 7, 7, 10}, r.online(t, "jd", "green-1"), "what douyin holds of its quota was nobody else's")
		require.Equal(t, []int64{21, 1, 1, 1, 20}, r.online(t, "douyin", "green-1"))
		require.Eventually(t, func() bool {
			return slices.Equal([]int64{17, 7, 7, 7, 10}, other.online(t, "jd", "green-1")) && slices.Equal([]int64{21, 1, 1, 1, 20}, other.online(t, "douyin", "green-1"))
		}, time.Second, 20*time.Millisecond)
		require.Equal(t, []int64{21, 1, 1, 1, 20}, newRig(r.db).online(t, "douyin", "green-1"), "one that starts now reads the counts")

		_, err = r.branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: "d_1"})
		require.NoError(t, err)
		require.Equal(t, []int64{23, 3, 3, 3, 20}, r.online(t, "douyin", "green-1"))
		_, err = r.shares.EndSharingPolicy(hq(t.Context(), "operator"), &inventoryv1.EndSharingPolicyRequest{RequestId: requestID(), Id: q.Id})
		require.NoError(t, err)
		require.Equal(t, []int64{30, 10, 10, 10, 20}, r.online(t, "douyin", "green-1"))
	})
}
