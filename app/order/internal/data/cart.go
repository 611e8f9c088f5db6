package data

import (
	"context"
	"fmt"
	"time"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/cartline"
	"github.com/onepool/onepool/app/order/internal/data/ent/guestcart"
)

// cartOrg stands where other rows have an organisation: a cart is its holder's and nobody else's.
const cartOrg = "member"

const (
	// GuestsKept is how long the cart of a guest is kept that nobody changes.
	GuestsKept = 30 * 24 * time.Hour
	// purgeGuests bounds the guests that are cleared in one transaction, purgeRounds the transactions of one turn.
	purgeGuests, purgeRounds = 100, 200
)

// Cart reads the lines of all carts of a holder, a member or a guest, in the order in which SKUs were put in, at most one more
// than there may be. The caller's scope applies.
func (s *Orders) Cart(ctx context.Context, holder string) ([]biz.CartLine, error) {
	return cartLines(ctx, s.cartOf(holder))
}

// LockCart reads them and holds them until the end of the transaction.
func (s *Orders) LockCart(ctx context.Context, holder string) ([]biz.CartLine, error) {
	return cartLines(ctx, s.cartOf(holder).ForUpdate())
}

func (s *Orders) cartOf(holder string) *ent.CartLineQuery {
	return s.ent.CartLine.Query().Where(cartline.MemberID(holder)).Order(ent.Asc(cartline.FieldUpdatedUs), ent.Asc(cartline.FieldID)).Limit(biz.MaxLines + 1)
}

func cartLines(ctx context.Context, q *ent.CartLineQuery) ([]biz.CartLine, error) {
	rows, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("cart: %w", err)
	}
	lines := make([]biz.CartLine, len(rows))
	for i, row := range rows {
		lines[i] = biz.CartLine{Shop: row.ShopStore, SKU: row.Sku, Quantity: row.Quantity, SeenMinor: row.SeenMinor}
	}
	return lines, nil
}

// SetCartLine sets the quantity of a SKU in a shop's cart, and what it was seen to cost; quantity 0 takes it out.
func (s *Orders) SetCartLine(ctx context.Context, holder string, line biz.CartLine) error {
	if line.Quantity == 0 {
		_, err := s.ent.CartLine.Delete().Where(cartline.MemberID(holder), cartline.ShopStore(line.Shop), cartline.Sku(line.SKU)).Exec(ctx)
		return err
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	n, err := s.ent.CartLine.Update().Where(cartline.MemberID(holder), cartline.ShopStore(line.Shop), cartline.Sku(line.SKU)).
		SetQuantity(line.Quantity).SetSeenMinor(line.SeenMinor).Save(ctx)
	if err != nil || n == 1 {
		return err
	}
	return s.ent.CartLine.Create().SetID(ids.New("crt")).SetOrg(cartOrg).SetMemberID(holder).SetShopStore(line.Shop).SetSku(line.SKU).
		SetQuantity(line.Quantity).SetSeenMinor(line.SeenMinor).SetUpdatedUs(now).Exec(ctx)
}

// TakeFromCart takes what was ordered out of the cart of a shop.
func (s *Orders) TakeFromCart(ctx context.Context, memberID, shop string, lines []biz.Line) error {
	skus := make([]string, len(lines))
	for i, l := range lines {
		skus[i] = l.SKU
	}
	_, err := s.ent.CartLine.Delete().Where(cartline.MemberID(memberID), cartline.ShopStore(shop), cartline.SkuIn(skus...)).Exec(AsService(ctx))
	return err
}

// TouchGuest notes that a guest changes its cart, and holds the guest until the end of the transaction. A new one is refused
// with biz.ErrTooManyGuests if its address has made limit of them within the last windowUS.
func (s *Orders) TouchGuest(ctx context.Context, guest, addressKey string, windowUS int64, limit int) error {
	ctx = AsService(ctx)
	now, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	n, err := s.ent.GuestCart.Update().Where(guestcart.ID(guest)).SetTouchedUs(now).Save(ctx)
	if err != nil || n == 1 {
		return err
	}
	made, err := s.ent.GuestCart.Query().Where(guestcart.AddressKey(addressKey), guestcart.OpenedUsGT(now-windowUS)).Limit(limit).IDs(ctx)
	if err != nil {
		return fmt.Errorf("guests of an address: %w", err)
	}
	if len(made) >= limit {
		return biz.ErrTooManyGuests
	}
	return s.ent.GuestCart.Create().SetID(guest).SetOrg(cartOrg).SetAddressKey(addressKey).SetOpenedUs(now).SetTouchedUs(now).Exec(ctx)
}

// TakeGuestCart empties the carts of a guest and returns what was in them; nothing of a guest who has none.
func (s *Orders) TakeGuestCart(ctx context.Context, guest string) ([]biz.CartLine, error) {
	ctx = AsService(ctx)
	if n, err := s.ent.GuestCart.Delete().Where(guestcart.ID(guest)).Exec(ctx); err != nil || n == 0 {
		return nil, err
	}
	lines, err := s.Cart(ctx, guest)
	if err != nil {
		return nil, err
	}
	_, err = s.ent.CartLine.Delete().Where(cartline.MemberID(guest)).Exec(ctx)
	return lines, err
}

// PurgeGuests clears the carts of guests that nobody has changed for GuestsKept, in bounded batches.
func (s *Orders) PurgeGuests(ctx context.Context) error {
	ctx = AsService(ctx)
	for range purgeRounds {
		n := 0
		err := s.db.InTx(ctx, func(ctx context.Context) error {
			now, err := s.db.Now(ctx)
			if err != nil {
				return err
			}
			gone, err := s.ent.GuestCart.Query().Where(guestcart.TouchedUsLT(now - GuestsKept.Microseconds())).
				Order(ent.Asc(guestcart.FieldTouchedUs)).Limit(purgeGuests).ForUpdate().IDs(ctx)
			if n = len(gone); err != nil || n == 0 {
				return err
			}
			if _, err := s.ent.CartLine.Delete().Where(cartline.MemberIDIn(gone...)).Exec(ctx); err != nil {
				return err
			}
			_, err = s.ent.GuestCart.Delete().Where(guestcart.IDIn(gone...)).Exec(ctx)
			return err
		})
		if err != nil {
			return fmt.Errorf("clear the carts of guests: %w", err)
		}
		if n < purgeGuests {
			return nil
		}
	}
	return nil
}
