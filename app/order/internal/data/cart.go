package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/cartline"
)

// cartOrg stands where other rows have an organisation: a cart is its member's and nobody else's.
const cartOrg = "member"

// Cart reads a member's cart, in the order in which SKUs were put in. The caller's scope applies.
func (s *Orders) Cart(ctx context.Context, memberID string) ([]biz.WantedLine, error) {
	rows, err := s.ent.CartLine.Query().Where(cartline.MemberID(memberID)).Order(ent.Asc(cartline.FieldUpdatedUs), ent.Asc(cartline.FieldID)).
		Limit(biz.MaxLines + 1).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("cart: %w", err)
	}
	lines := make([]biz.WantedLine, len(rows))
	for i, row := range rows {
		lines[i] = biz.WantedLine{SKU: row.Sku, Quantity: row.Quantity}
	}
	return lines, nil
}

// SetCartLine sets the quantity of a SKU; 0 takes it out.
func (s *Orders) SetCartLine(ctx context.Context, memberID, sku string, quantity int64) error {
	if quantity == 0 {
		_, err := s.ent.CartLine.Delete().Where(cartline.MemberID(memberID), cartline.Sku(sku)).Exec(ctx)
		return err
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	n, err := s.ent.CartLine.Update().Where(cartline.MemberID(memberID), cartline.Sku(sku)).SetQuantity(quantity).Save(ctx)
	if err != nil || n == 1 {
		return err
	}
	return s.ent.CartLine.Create().SetID(ids.New("crt")).SetOrg(cartOrg).SetMemberID(memberID).SetSku(sku).SetQuantity(quantity).SetUpdatedUs(now).Exec(ctx)
}

// TakeFromCart takes what was ordered out of the cart.
func (s *Orders) TakeFromCart(ctx context.Context, memberID string, lines []biz.Line) error {
	skus := make([]string, len(lines))
	for i, l := range lines {
		skus[i] = l.SKU
	}
	_, err := s.ent.CartLine.Delete().Where(cartline.MemberID(memberID), cartline.SkuIn(skus...)).Exec(AsService(ctx))
	return err
}
