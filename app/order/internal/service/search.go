package service

import (
	"context"
	"strconv"
	"strings"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/mask"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// ListOrders pages through the orders that the caller may see, the newest first. Staff sees receivers masked, others none.
func (s *Order) ListOrders(ctx context.Context, req *orderv1.ListOrdersRequest) (*orderv1.ListOrdersResponse, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	f, some, err := s.orderFilter(p, req)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListOrdersResponse{}
	if !some {
		return out, nil
	}
	query := page.Query("orders", p.Caller(), f.MemberID, f.Channel, f.ShopStore, string(f.State), strconv.FormatBool(f.Unallocated), f.ID, f.ExternalNo,
		f.PhoneKey, f.Location, f.SKU, strconv.FormatInt(f.FromUS, 10), strconv.FormatInt(f.UntilUS, 10))
	after, err := s.after(req.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(req.GetPageSize())
	rows, err := s.Orders.List(ctx, f, after, size+1)
	if err != nil {
		return nil, err
	}
	if len(rows) > size {
		rows = rows[:size]
		last := rows[size-1]
		out.NextPageToken = page.Encode(s.settings.PageSecret, query, strconv.FormatInt(last.PlacedAtUS, 10), last.ID)
	}
	for _, r := range rows {
		info := toOrderInfo(r, nil)
		info.Receiver = maskedFor(p, r.Receiver)
		out.Orders = append(out.Orders, info)
	}
	return out, nil
}

// orderFilter is what a caller asks for, narrowed to what the caller works with; some is false where that leaves nothing.
func (s *Order) orderFilter(p tenancy.Principal, req *orderv1.ListOrdersRequest) (f data.OrderFilter, some bool, err error) {
	f = data.OrderFilter{
		MemberID: req.GetMemberId(), Channel: req.GetChannel(), State: fromState(orderStates, req.GetState()), Unallocated: req.GetUnallocated(),
		ID: req.GetOrderId(), ExternalNo: req.GetExternalNo(), ShopStore: req.GetShopStoreCode(), Location: req.GetLocation(), SKU: req.GetSku(),
		FromUS: req.GetPlacedFromUs(), UntilUS: req.GetPlacedUntilUs(),
	}
	if f.UntilUS > 0 && f.FromUS >= f.UntilUS {
		return f, false, biz.Invalid("placed_until_us", "must be after placed_from_us")
	}
	if req.GetPhone() != "" {
		if !seesReceivers(p) {
			return f, false, biz.Forbidden(strings.Join(staffRoles, " or "))
		}
		if f.PhoneKey, err = s.Orders.PhoneKey(req.GetPhone()); err != nil {
			return f, false, err
		}
	}
	// only sets what the caller is bound to, and says whether what was asked for is within it.
	only := func(asked *string, bound string) bool {
		within := *asked == "" || *asked == bound
		*asked = bound
		return within
	}
	some = true
	switch p.Kind {
	case tenancy.Device:
		some = p.Store != "" && only(&f.ShopStore, p.Store) && only(&f.Channel, biz.ChannelPOS)
		f.Kind = biz.KindTill
	case tenancy.Channel:
		some = p.Channel != "" && only(&f.Channel, p.Channel)
		f.Kind = biz.KindChannel
	case tenancy.Member:
		some = p.Member != "" && only(&f.MemberID, p.Member)
	case tenancy.HQ, tenancy.Franchisee:
		if p.Store != "" { // people of a store, also of a direct one
			some = only(&f.ShopStore, p.Store)
		}
	}
	return f, some, nil
}

// seesReceivers says who may look for receivers and sees them, masked, in lists: people who work on orders, no machine.
func seesReceivers(p tenancy.Principal) bool { return isStaff(p) && p.Kind != tenancy.Device }

// maskedFor is a receiver in a list: nobody's address, and nothing of what a platform has encrypted.
func maskedFor(p tenancy.Principal, r biz.Receiver) *orderv1.Receiver {
	switch {
	case !seesReceivers(p) || r == (biz.Receiver{}):
		return nil
	case r.Ciphertext:
		return &orderv1.Receiver{Ciphertext: true}
	}
	return &orderv1.Receiver{Name: mask.Name(r.Name), Phone: mask.Phone(r.Phone)}
}
