package service

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// counter is what the clerk of one store would write down: A and B are on the shelf, K is a kit of one A and two B, and C is
// sold before it arrives.
type counter struct {
	onHand, reserved map[string]int64
	quota, used      int64
	documents        []*ticket
}

// ticket is what one document holds, and what it waits for.
type ticket struct {
	document string
	held     map[string]int64
	waits    int64
	paid     bool
	until    int64
	all      []*inventoryv1.Reservation // as the hold answered
}

func (c *counter) left(sku string) int64 { return max(0, c.onHand[sku]-c.reserved[sku]) }

// serve gives what nobody holds of C to those who wait: paid ones first, then the oldest.
func (c *counter) serve() {
	queue := slices.Clone(c.documents)
	slices.SortStableFunc(queue, func(a, b *ticket) int {
		rank := func(t *ticket) int {
			if t.paid {
				return 0
			}
			return 1
		}
		return cmp.Compare(rank(a), rank(b))
	})
	for _, t := range queue {
		n := min(t.waits, c.left("C"))
		t.waits -= n
		t.held["C"] += n
		c.reserved["C"] += n
	}
}

func (c *counter) forget(t *ticket) {
	c.documents = slices.DeleteFunc(c.documents, func(o *ticket) bool { return o == t })
}

// giveBack frees what a ticket holds; what it waits for goes back to the promise.
func (c *counter) giveBack(t *ticket) {
	for sku, n := range t.held {
		c.reserved[sku] -= n
	}
	c.used -= t.waits
	c.forget(t)
}

// TestKitsAndPresalesAgreeWithTheClerk runs random histories on two replicas of one database against the clerk's notes; each
// ends in the audit. A failure prints rapid's seed.
func TestKitsAndPresalesAgreeWithTheClerk(t *testing.T) {
	contract(t, func(t *testing.T, first *rig) {
		first.city(t)
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			sku := func(name string) string { return fmt.Sprintf("%s%d", name, round) }
			_, err := first.PutKit(hq(t.Context(), "operator"), kit(sku("K"), part(sku("A"), 1), part(sku("B"), 2)))
			require.NoError(rt, err)
			second := newRig(first.db) // anew: a replica may be half a second behind a new kit
			second.clock = first.clock
			replicas := []*rig{first, second}
			p := first.promise(t, "S-01", sku("C"), 6, 10)
			c := &counter{onHand: map[string]int64{}, reserved: map[string]int64{}, quota: 6}
			n := 0
			any := func(rt *rapid.T) *rig { return rapid.SampledFrom(replicas).Draw(rt, "replica") }
			pick := func(rt *rapid.T) *ticket {
				if len(c.documents) == 0 {
					rt.Skip("nothing is held")
				}
				return rapid.SampledFrom(c.documents).Draw(rt, "document")
			}
			rt.Repeat(map[string]func(*rapid.T){
				"receive": func(rt *rapid.T) {
					name, qty := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "sku"), rapid.Int64Range(1, 5).Draw(rt, "qty")
					any(rt).stock(t, "S-01", sku(name), qty)
					if c.onHand[name] += qty; name == "C" {
						c.serve()
					}
				},
				"hold": func(rt *rapid.T) {
					n++
					first.clock.Advance(time.Millisecond) // who came first
					in := parcel(fmt.Sprintf("doc_%d_%d", round, n))
					in.Way, in.Location = inventoryv1.DeliveryWay_PICKUP, "S-01"
					in.AllowPresale, in.Partial = rapid.Bool().Draw(rt, "presale"), rapid.IntRange(0, 3).Draw(rt, "partial") == 0
					if rapid.Bool().Draw(rt, "with deadline") {
						in.ExpiresAtUs = first.now(t) + time.Minute.Microseconds()
					}
					wanted := map[string]int64{}
					for i, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "C", "K"}), 1, 3, rapid.ID).Draw(rt, "lines") {
						wanted[name] = rapid.Int64Range(1, 3).Draw(rt, "qty")
						in.Lines = append(in.Lines, line(fmt.Sprint(i), sku(name), wanted[name]))
					}
					c.hold(rt, t, any(rt), in, wanted, sku)
				},
				"confirm": func(rt *rapid.T) {
					x := pick(rt)
					any(rt).confirmed(t, x.document)
					x.paid = true
				},
				"release": func(rt *rapid.T) {
					x := pick(rt)
					_, err := any(rt).branch.Release(called(t.Context()), &inventoryv1.ReleaseCall{Document: x.document})
					require.NoError(rt, err)
					c.giveBack(x)
				},
				"ship": func(rt *rapid.T) {
					x := pick(rt)
					call := &inventoryv1.ShipCall{Document: x.document, Fulfilment: "ful_" + x.document, Reason: "SHIP"}
					for _, res := range x.all {
						call.Lines = append(call.Lines, &inventoryv1.ShipLine{ReservationId: res.Id, Quantity: res.Quantity})
					}
					for range rapid.IntRange(1, 2).Draw(rt, "times") {
						_, err := any(rt).branch.Ship(called(t.Context()), call)
						require.NoError(rt, err)
					}
					for name, qty := range x.held {
						c.reserved[name] -= qty
						c.onHand[name] -= qty
					}
					c.onHand["C"] -= x.waits
					c.forget(x)
				},
				"expire": func(rt *rapid.T) {
					first.clock.Advance(25 * time.Second)
					any(rt).expire(t)
					for _, x := range slices.Clone(c.documents) {
						if !x.paid && x.until > 0 && x.until <= first.now(t) {
							c.giveBack(x)
						}
					}
				},
				"arrive": func(rt *rapid.T) {
					any(rt).arrive(t)
					c.serve()
				},
				"change": func(rt *rapid.T) {
					quota := rapid.Int64Range(1, 12).Draw(rt, "quota")
					_, err := any(rt).ChangePresale(hq(t.Context(), "operator"), &inventoryv1.ChangePresaleRequest{RequestId: requestID(), Id: p.Id, Quota: quota, ArrivesUs: p.ArrivesUs})
					if quota < c.used {
						require.Equal(rt, "PRESALE_BELOW_USED", reasonOf(err))
						return
					}
					require.NoError(rt, err)
					c.quota = quota
				},
				"": func(rt *rapid.T) {
					var waits int64
					for _, x := range c.documents {
						waits += x.waits
					}
					now, err := first.store.Presale(t.Context(), p.Id)
					require.NoError(rt, err)
					require.Equal(rt, []int64{c.quota, c.used, waits}, []int64{now.Quota, now.Used, now.Waiting}, "quota, used, waiting")
					for _, name := range []string{"A", "B", "C"} {
						list, err := first.ListStock(hq(t.Context()), &inventoryv1.ListStockRequest{Sku: sku(name), Location: "S-01"})
						require.NoError(rt, err)
						if len(list.Stock) == 0 {
							require.Zero(rt, c.onHand[name])
							continue
						}
						require.Equal(rt, []int64{c.onHand[name], c.reserved[name]}, []int64{list.Stock[0].OnHand, list.Stock[0].Reserved}, "%s on hand, reserved", name)
					}
				},
			})
			if round%auditEvery == 0 {
				first.audit(t)
			}
		})
		first.audit(t)
	})
}

// hold asks one replica, and writes down what it should answer.
func (c *counter) hold(rt *rapid.T, t *testing.T, r *rig, in *inventoryv1.HoldRequest, wanted map[string]int64, sku func(string) string) {
	promised := int64(0)
	if in.AllowPresale {
		promised = c.quota - c.used
	}
	enough := wanted["A"]+wanted["K"] <= c.left("A") && wanted["B"]+2*wanted["K"] <= c.left("B") && wanted["C"] <= c.left("C")+promised
	got, err := r.Hold(order(t.Context()), in)
	if err != nil {
		require.Equal(rt, "STOCK_INSUFFICIENT", reasonOf(err), "%v", err)
		require.False(rt, enough && !in.Partial, "refused although there is enough: %v of %v", wanted, c)
		return
	}
	require.True(rt, enough || in.Partial, "held more than there is: %v of %v", wanted, c)
	x := &ticket{document: in.Document, held: map[string]int64{}, until: in.ExpiresAtUs, all: got.Reservations}
	kits := map[string]int64{}
	plain := map[string]int64{}
	for _, res := range got.Reservations {
		for _, name := range []string{"A", "B", "C"} {
			switch {
			case res.Sku != sku(name):
			case res.Presale != "":
				x.waits += res.Quantity
			default:
				x.held[name] += res.Quantity
				if res.KitSku != "" {
					kits[name] += res.Quantity
				} else {
					plain[name] += res.Quantity
				}
			}
		}
	}
	require.Equal(rt, 2*kits["A"], kits["B"], "whole kits")
	short := map[string]int64{}
	for _, s := range got.Short {
		for name := range wanted {
			if s.Sku == sku(name) {
				short[name] = s.Short
			}
		}
	}
	has := map[string]int64{"A": plain["A"], "B": plain["B"], "C": plain["C"] + x.waits, "K": kits["A"]}
	for name, qty := range wanted {
		require.Equal(rt, qty, has[name]+short[name], "%s: held and short", name)
	}
	require.Equal(rt, min(wanted["C"], c.left("C")), plain["C"], "what is there comes first")
	for name, qty := range x.held {
		require.LessOrEqual(rt, qty, c.left(name))
		c.reserved[name] += qty
	}
	require.LessOrEqual(rt, x.waits, promised)
	c.used += x.waits
	c.documents = append(c.documents, x)
}
