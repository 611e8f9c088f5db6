package service

import (
	"context"
	"encoding/hex"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// SellAtTill books a sale at a till. The same receipt again, by whatever request, is the same order.
func (s *Order) SellAtTill(ctx context.Context, req *orderv1.SellAtTillRequest) (*orderv1.OrderInfo, error) {
	if err := forTill(ctx, req.GetStoreCode()); err != nil {
		return nil, err
	}
	// Whose points and stored value they are was proved to the frontend, by the member's code; who calls directly has proved nothing.
	if req.GetPoints() > 0 || req.GetWalletMinor() > 0 {
		if err := authn.RequireService(ctx); err != nil {
			return nil, err
		}
	}
	print, err := fingerprint(req, func(m proto.Message) {
		r := m.(*orderv1.SellAtTillRequest)
		r.RequestId = ""
	})
	if err != nil {
		return nil, err
	}
	if sold, err := s.sold(ctx, req, print); sold != nil || err != nil {
		return sold, err
	}
	return s.place(ctx, orderv1.Order_SellAtTill_FullMethodName, req, func(ctx context.Context) (biz.Draft, error) {
		if err := s.bounded(req.GetLines()); err != nil {
			return biz.Draft{}, err
		}
		d, err := s.Seeker.TillDraft(ctx, biz.TillInput{
			Store: req.GetStoreCode(), Device: req.GetDeviceId(), ReceiptNo: req.GetReceiptNo(), MemberID: req.GetMemberId(), Clerk: req.GetClerk(),
			Lines: fromLines(req.GetLines()), Points: req.GetPoints(), CashMinor: req.GetCashMinor(), Cards: fromCards(req.GetCards()), WalletMinor: req.GetWalletMinor(), Fingerprint: print,
		})
		if err != nil {
			return biz.Draft{}, err
		}
		return d, s.unusedSlips(ctx, d)
	})
}

func fromCards(in []*orderv1.CardTender) (cards []biz.CardTender) {
	for _, c := range in {
		cards = append(cards, biz.CardTender{AmountMinor: c.GetAmountMinor(), Reference: c.GetReference()})
	}
	return cards
}

// unusedSlips refuses a card slip that has paid another receipt.
func (s *Order) unusedSlips(ctx context.Context, d biz.Draft) error {
	for _, c := range d.Cards {
		used, err := s.Orders.HasCaptured(ctx, d.Record.Org, biz.ProviderCard, biz.CardNo(d.Record.ShopStore, c.Reference))
		if err != nil {
			return err
		}
		if used {
			return biz.NumberTaken(c.Reference)
		}
	}
	return nil
}

// sold finds the order of a receipt that was booked before, by another request.
func (s *Order) sold(ctx context.Context, req *orderv1.SellAtTillRequest, print string) (*orderv1.OrderInfo, error) {
	known, err := command.Find(ctx, s.DB, orderv1.Order_SellAtTill_FullMethodName, req)
	if known != nil || err != nil {
		return nil, err // the same request: its own answer counts
	}
	source := biz.TillSourceNo(req.GetStoreCode(), req.GetReceiptNo())
	id, err := s.Orders.BySourceNo(ctx, "", biz.ChannelPOS, source)
	if id == "" || err != nil {
		return nil, err
	}
	r, err := s.Orders.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	if r.Fingerprint != print {
		return nil, biz.NumberTaken(req.GetReceiptNo())
	}
	return s.info(ctx, r)
}

// forTill refuses a caller who does not sell in the store.
func forTill(ctx context.Context, store string) error {
	p, err := tenancy.FromContext(ctx)
	switch {
	case err != nil:
		return err
	case !isStaff(p):
		return biz.Forbidden("device of the store")
	case p.Store == store, p.Kind == tenancy.HQ && p.Store == "":
		return nil
	}
	return biz.NotFound("store")
}

// fingerprint tells a repeat from another document under the same number: all of a request but what names the request.
func fingerprint[M proto.Message](req M, strip func(m proto.Message)) (string, error) {
	m := proto.Clone(req)
	strip(m)
	sum, err := command.Hash(m)
	return hex.EncodeToString(sum), err
}
