package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/data"
)

func (s *shop) carts() *Carts { return NewCarts(s.Order) }

// front is a call of a frontend for nobody who has signed in.
func (s *shop) front() context.Context {
	return s.served(tenancy.Principal{Kind: tenancy.Service, ID: "miniprogram"})
}

func (s *shop) guest() string {
	g, err := s.carts().OpenGuestCart(s.front(), &orderv1.OpenGuestCartRequest{})
	require.NoError(s.t, err)
	return g.GuestToken
}

func (s *shop) guestPuts(token, shop, sku string, quantity int64) (*orderv1.Cart, error) {
	return s.carts().SetGuestCartLine(s.front(), &orderv1.SetGuestCartLineRequest{RequestId: requestID(), GuestToken: token, ShopStoreCode: shop, Sku: sku, Quantity: quantity, Channel: "miniprogram", Address: "203.0.113.7"})
}

func (s *shop) guestHas(token, shop string) []string {
	c, err := s.carts().GetGuestCart(s.front(), &orderv1.GetGuestCartRequest{GuestToken: token, ShopStoreCode: shop, Channel: "miniprogram"})
	require.NoError(s.t, err)
	require.Empty(s.t, c.MemberId)
	return inside(c)
}

func (s *shop) puts(p tenancy.Principal, shop, sku string, quantity int64) error {
	_, err := s.SetCartLine(s.as(p), &orderv1.SetCartLineRequest{RequestId: requestID(), MemberId: p.Member, ShopStoreCode: shop, Sku: sku, Quantity: quantity, Channel: "miniprogram"})
	return err
}

func (s *shop) cart(p tenancy.Principal, shop string) *orderv1.Cart {
	c, err := s.GetCart(s.as(p), &orderv1.GetCartRequest{MemberId: p.Member, ShopStoreCode: shop, Channel: "miniprogram"})
	require.NoError(s.t, err)
	return c
}

func (s *shop) merge(p tenancy.Principal, token string) (*orderv1.MergeCartResponse, error) {
	return s.carts().MergeCart(s.as(p), &orderv1.MergeCartRequest{RequestId: requestID(), MemberId: p.Member, GuestToken: token})
}

// inside is what is in a cart, and what has changed of it.
func inside(c *orderv1.Cart) []string {
	lines := []string{}
	for _, l := range c.Lines {
		text := fmt.Sprint(l.Sku, " ", l.Quantity)
		for _, n := range l.Notices {
			text += " " + n.Reason
		}
		lines = append(lines, text)
	}
	return lines
}

func TestAGuestsCartIsWhoseTokenItIs(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		one, two := s.guest(), s.guest()
		require.NotEqual(t, one, two)
		require.Empty(t, s.rows("SELECT id FROM guest_carts"), "nothing is kept of who only looks")
		same := &orderv1.SetGuestCartLineRequest{RequestId: requestID(), GuestToken: one, Sku: "tea", Quantity: 2, Channel: "miniprogram", Address: "203.0.113.7"}
		c, err := s.carts().SetGuestCartLine(s.front(), same)
		require.NoError(t, err)
		require.Equal(t, int64(2*19900), c.Total.AmountMinor)
		// Another guest's request id is another one, and a guest that comes from another network repeats its own.
		_, err = s.carts().SetGuestCartLine(s.front(), &orderv1.SetGuestCartLineRequest{RequestId: same.RequestId, GuestToken: two, Sku: "cup", Quantity: 1})
		require.NoError(t, err)
		same.Address = "198.51.100.1"
		_, err = s.carts().SetGuestCartLine(s.front(), same)
		require.NoError(t, err)
		require.Equal(t, []string{"tea 2"}, s.guestHas(one, ""))
		require.Equal(t, []string{"cup 1"}, s.guestHas(two, ""))
		_, err = s.guestPuts(two, "", "cup", 0)
		require.NoError(t, err)
		require.Empty(t, s.guestHas(two, ""))
		_, err = s.guestPuts(one, "", "none", 1)
		requireReason(t, "NOT_FOR_SALE", err)

		id := s.rows("SELECT id FROM guest_carts ORDER BY touched_us, id")[0][0]
		altered := []byte(one)
		altered[len(altered)/2] ^= 1
		for _, token := range []string{id, string(altered), one[:len(one)-1], one + "A", strings.Repeat("A", 60)} {
			_, err := s.carts().GetGuestCart(s.front(), &orderv1.GetGuestCartRequest{GuestToken: token})
			requireReason(t, "NOT_FOUND", err)
			_, err = s.guestPuts(token, "", "tea", 1)
			requireReason(t, "NOT_FOUND", err)
			_, err = s.merge(ann, token)
			requireReason(t, "NOT_FOUND", err)
		}
		for _, p := range []tenancy.Principal{ann, boss, keeper, tmall} { // past the frontends nobody asks, with any token
			_, err := s.carts().GetGuestCart(s.as(p), &orderv1.GetGuestCartRequest{GuestToken: one})
			requireReason(t, "FORBIDDEN", err)
			_, err = s.carts().OpenGuestCart(s.as(p), &orderv1.OpenGuestCartRequest{})
			requireReason(t, "FORBIDDEN", err)
			_, err = s.carts().SetGuestCartLine(s.as(p), same)
			requireReason(t, "FORBIDDEN", err)
		}
		// A member that knows a guest's id has nothing by it.
		_, err = s.GetCart(s.as(ann), &orderv1.GetCartRequest{MemberId: id})
		requireReason(t, "NOT_FOUND", err)
	})
}

// A price that has changed since it was seen is told by the cart, and not charged by its checkout.
func TestWhatHasChangedOfACartIsToldAndNotCharged(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		require.NoError(t, s.puts(ann, "", "tea", 2))
		require.NoError(t, s.puts(ann, "", "cup", 4))
		require.NoError(t, s.puts(ann, "", "pot", 9))
		require.Equal(t, []string{"tea 2", "cup 4", "pot 9"}, inside(s.cart(ann, "")))
		s.world.prices["tea"], s.world.stock["S2"]["pot"] = 21900, 3
		delete(s.world.prices, "cup")
		c := s.cart(ann, "")
		require.Equal(t, []string{"tea 2 PRICE_CHANGED", "cup 4 NOT_FOR_SALE", "pot 9 STOCK_INSUFFICIENT"}, inside(c))
		require.Equal(t, []int64{19900, 21900}, []int64{c.Lines[0].Notices[0].Seen.AmountMinor, c.Lines[0].Notices[0].Now.AmountMinor})
		require.Equal(t, int64(3), c.Lines[2].Notices[0].Available)
		require.Equal(t, inside(c), inside(s.cart(ann, "")), "reading is not seeing")

		order := wish()
		order.FromCart = true
		place := func() error {
			order.RequestId = requestID()
			_, err := s.PlaceOrder(s.as(ann), order)
			return err
		}
		require.Equal(t, "19900", requireReason(t, "PRICE_CHANGED", place()).Metadata["sent_minor"])
		see := &orderv1.SeeCartRequest{RequestId: requestID(), MemberId: "mbr_ann", Channel: "miniprogram"}
		seen, err := s.carts().SeeCart(s.as(ann), see)
		require.NoError(t, err)
		require.Equal(t, inside(c), inside(seen), "who goes on is told once more at what")
		again, err := s.carts().SeeCart(s.as(ann), see)
		require.NoError(t, err)
		require.Equal(t, seen.String(), again.String())
		_, err = s.carts().SeeCart(s.as(bob), see)
		requireReason(t, "NOT_FOUND", err)
		require.Equal(t, []string{"tea 2", "cup 4 NOT_FOR_SALE", "pot 9 STOCK_INSUFFICIENT"}, inside(s.cart(ann, "")))
		requireReason(t, "NOT_FOR_SALE", place())
		require.NoError(t, s.puts(ann, "", "cup", 0))
		requireReason(t, "STOCK_INSUFFICIENT", place())
		require.NoError(t, s.puts(ann, "", "pot", 3))
		s.world.prices["tea"] = 22900 // between the cart and its checkout
		requireReason(t, "PRICE_CHANGED", place())
		require.NoError(t, s.puts(ann, "", "tea", 2), "its answer shows the new price")
		require.NoError(t, place())
		require.Empty(t, s.cart(ann, "").Lines)
	})
}

// A store's shop sells for another seller than the mall: its cart is apart, and so is its order.
func TestEachShopHasACartOfItsOwn(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.listed = map[string]int64{"S2/tea": 18800}
		require.NoError(t, s.puts(ann, "", "tea", 1))
		require.NoError(t, s.puts(ann, "S2", "tea", 2))
		require.NoError(t, s.puts(ann, "S2", "cup", 1))
		require.Equal(t, []string{"tea 1"}, inside(s.cart(ann, "")))
		require.Equal(t, []string{"tea 2", "cup 1"}, inside(s.cart(ann, "S2")))
		require.Equal(t, int64(2*18800+1500), s.cart(ann, "S2").Total.AmountMinor, "at the shop's prices")
		order := wish()
		order.FromCart, order.ShopStoreCode = true, "S2"
		o, err := s.PlaceOrder(s.as(ann), order)
		require.NoError(t, err)
		require.Equal(t, "fra", o.SellerOrg)
		require.Empty(t, s.cart(ann, "S2").Lines)
		require.Equal(t, []string{"tea 1"}, inside(s.cart(ann, "")))
		order.RequestId = requestID()
		_, err = s.PlaceOrder(s.as(ann), order)
		requireReason(t, fault.ReasonStateConflict, err)
	})
}

func TestAGuestsCartIsMergedOnceAtSignIn(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.settings.Limits = Limits{Lines: 3, Quantity: 10}
		g := s.guest()
		for _, l := range []struct {
			shop, sku string
			n         int64
		}{{"", "tea", 3}, {"", "cup", 6}, {"S2", "tea", 1}} {
			_, err := s.guestPuts(g, l.shop, l.sku, l.n)
			require.NoError(t, err)
		}
		_, err := s.guestPuts(g, "", "pot", 1)
		requireReason(t, "VALIDATOR", err)
		s.world.prices["tea"] = 20900
		require.NoError(t, s.puts(ann, "", "tea", 2))
		require.NoError(t, s.puts(ann, "", "cup", 7))
		require.NoError(t, s.puts(ann, "", "pot", 1))
		req := &orderv1.MergeCartRequest{RequestId: requestID(), MemberId: "mbr_ann", GuestToken: g}
		_, err = s.carts().MergeCart(s.as(bob), req)
		requireReason(t, "NOT_FOUND", err)
		first, err := s.carts().MergeCart(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, int32(2), first.Merged)
		require.Len(t, first.LeftOut, 2)
		require.Equal(t, []any{"cup", int64(3), "QUANTITY"}, []any{first.LeftOut[0].Sku, first.LeftOut[0].Quantity, first.LeftOut[0].Bound})
		require.Equal(t, []any{"S2", "tea", int64(1), "LINES"}, []any{first.LeftOut[1].ShopStoreCode, first.LeftOut[1].Sku, first.LeftOut[1].Quantity, first.LeftOut[1].Bound})
		want := []string{"tea 5 PRICE_CHANGED", "cup 10", "pot 1"}
		require.Equal(t, want, inside(s.cart(ann, "")), "what the guest saw is what has changed")
		require.Empty(t, s.guestHas(g, ""))
		require.Empty(t, s.rows("SELECT id FROM guest_carts"))

		repeated, err := s.carts().MergeCart(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, first.String(), repeated.String())
		another, err := s.merge(ann, g)
		require.NoError(t, err)
		require.Zero(t, another.Merged)
		require.Equal(t, want, inside(s.cart(ann, "")))
		_, err = s.guestPuts(g, "", "cup", 1) // a second tab that has not heard of it
		require.NoError(t, err)
		require.Equal(t, []string{"cup 1"}, s.guestHas(g, ""))
	})
}

// Many sign in with the same token while the guest still shops: each piece ends up in one cart.
func TestAMergeLosesNothingAndDoublesNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		g := s.guest()
		_, err := s.guestPuts(g, "", "tea", 7)
		require.NoError(t, err)
		require.NoError(t, s.puts(ann, "", "cup", 1))
		var wg sync.WaitGroup
		front := s.front()
		for i := range 6 {
			p := []tenancy.Principal{ann, bob}[i%2]
			wg.Go(func() {
				_, err := s.carts().MergeCart(s.as(p), &orderv1.MergeCartRequest{RequestId: fmt.Sprintf("merge-of-a-guest-%d", i), MemberId: p.Member, GuestToken: g})
				if err != nil {
					requireReason(t, "IN_PROGRESS", err)
				}
			})
			wg.Go(func() {
				_, err := s.carts().SetGuestCartLine(front, &orderv1.SetGuestCartLineRequest{RequestId: fmt.Sprintf("cup-of-a-guest-%d", i), GuestToken: g, Sku: "cup", Quantity: 1, Channel: "miniprogram"})
				if err != nil {
					requireReason(t, "IN_PROGRESS", err)
				}
			})
		}
		wg.Wait()
		var tea int64
		for _, c := range []*orderv1.Cart{s.cart(ann, ""), s.cart(bob, "")} {
			for _, l := range c.Lines {
				if l.Sku == "tea" {
					tea += l.Quantity
				}
			}
		}
		require.Equal(t, int64(7), tea)
		left := s.guestHas(g, "")
		require.LessOrEqual(t, len(left), 1)
		require.Equal(t, len(left), len(s.rows("SELECT id FROM guest_carts")), "a cart that is kept has its guest, and the other way round")
	})
}

func TestGuestsThatStayAwayAreCleared(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		away, back := s.guest(), s.guest()
		for _, g := range []string{away, back} {
			_, err := s.guestPuts(g, "", "tea", 1)
			require.NoError(t, err)
		}
		require.NoError(t, s.puts(ann, "", "tea", 1))
		s.clock.Advance(data.GuestsKept - time.Hour)
		_, err := s.guestPuts(back, "S2", "cup", 1)
		require.NoError(t, err)
		require.NoError(t, s.Orders.PurgeGuests(t.Context()))
		require.Equal(t, []string{"tea 1"}, s.guestHas(away, ""))
		s.clock.Advance(2 * time.Hour)
		require.NoError(t, s.Orders.PurgeGuests(t.Context()))
		require.Empty(t, s.guestHas(away, ""))
		require.Equal(t, []string{"tea 1"}, s.guestHas(back, ""))
		require.Equal(t, []string{"tea 1"}, inside(s.cart(ann, "")), "members keep theirs")
		require.Len(t, s.rows("SELECT id FROM guest_carts"), 1)
		require.Len(t, s.rows("SELECT id FROM cart_lines"), 3)
	})
}

// One address does not fill the tables; who has a cart goes on, and others are not kept out.
func TestAnAddressMakesSoManyGuests(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		carts := s.carts()
		carts.perAddress = 2
		put := func(token, address string) error {
			_, err := carts.SetGuestCartLine(s.front(), &orderv1.SetGuestCartLineRequest{RequestId: requestID(), GuestToken: token, Sku: "tea", Quantity: 1, Address: address})
			return err
		}
		guests := []string{s.guest(), s.guest(), s.guest()}
		require.NoError(t, put(guests[0], "203.0.113.7"))
		require.NoError(t, put(guests[1], "203.0.113.7"))
		err := put(guests[2], "203.0.113.7")
		requireReason(t, "RATE_LIMITED", err)
		require.Equal(t, int32(429), kratos.FromError(fault.Public(err)).Code)
		require.NoError(t, put(guests[0], "203.0.113.7"))
		require.NoError(t, put(guests[2], "203.0.113.8"))
		s.clock.Advance(time.Hour + time.Second)
		require.NoError(t, put(s.guest(), "203.0.113.7"))
		require.False(t, slices.ContainsFunc(s.rows("SELECT address_key FROM guest_carts"), func(row []string) bool { return strings.Contains(row[0], "203.") }))
	})
}
