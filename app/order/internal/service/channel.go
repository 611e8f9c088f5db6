package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

const (
	// allocateEvery is the pause between two attempts to find stock for an order that inventory has refused.
	allocateEvery = 5 * time.Second
	// askEvery is the pause between two questions about an order that waits in inventory, which tells when it has stock: the
	// question is for a message that was lost.
	askEvery = 30 * time.Second
)

// ImportChannelOrder takes an order of another platform. It is paid, so it is taken whatever the stock; the answer is the
// order as it was taken, stock is looked for before the reply and, if there is none, by the worker.
func (s *Order) ImportChannelOrder(ctx context.Context, req *orderv1.ImportChannelOrderRequest) (*orderv1.OrderInfo, error) {
	print, err := fingerprint(req, func(m proto.Message) {
		r := m.(*orderv1.ImportChannelOrderRequest)
		r.RequestId = ""
	})
	if err != nil {
		return nil, err
	}
	answer, err := command.Local[biz.Draft, *orderv1.OrderInfo]{
		Method: orderv1.Order_ImportChannelOrder_FullMethodName, Request: req,
		Facts: func(ctx context.Context) (biz.Draft, error) { return s.channelDraft(ctx, req, print) },
		Decide: func(ctx context.Context, d biz.Draft) (*orderv1.OrderInfo, error) {
			return s.takeChannelOrder(ctx, req, print, d)
		},
	}.Run(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	if answer.GetUnallocated() {
		// Not the caller's concern if it fails: the order is taken.
		if err := s.allocate(data.AsService(ctx), answer.GetId()); err != nil {
			s.Report(ctx, fmt.Errorf("allocate %s: %w", answer.GetId(), err))
		}
	}
	answer.Receiver = toReceiver(fromReceiver(req.GetReceiver()))
	return answer, nil
}

// channelDraft checks the caller and asks the other centers, unless the order is there already.
func (s *Order) channelDraft(ctx context.Context, req *orderv1.ImportChannelOrderRequest, print string) (biz.Draft, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return biz.Draft{}, err
	}
	own := p.Kind == tenancy.Channel && p.Channel == req.GetChannel() && p.Org == req.GetSellerOrg()
	if !own && (p.Kind != tenancy.HQ || !isStaff(p)) {
		return biz.Draft{}, biz.Forbidden("account of the channel")
	}
	for _, l := range req.GetLines() {
		if l.GetQuantity() > s.settings.Limits.Quantity {
			return biz.Draft{}, biz.Invalid("lines.quantity", "is too large")
		}
	}
	if len(req.GetLines()) > s.settings.Limits.Lines {
		return biz.Draft{}, biz.Invalid("lines", "are too many")
	}
	known, err := s.Orders.BySourceNo(ctx, req.GetSellerOrg(), req.GetChannel(), req.GetExternalNo())
	if known != "" || err != nil {
		return biz.Draft{}, err
	}
	in := biz.ChannelInput{
		Channel: req.GetChannel(), ExternalNo: req.GetExternalNo(), SellerOrg: req.GetSellerOrg(), Receiver: fromReceiver(req.GetReceiver()),
		FreightMinor: req.GetFreightMinor(), PaidMinor: req.GetPaidMinor(), PaidAtUS: req.GetPaidAtUs(), ShipByUS: req.GetShipByUs(),
		Currency: req.GetCurrency(), Fingerprint: print,
	}
	for _, l := range req.GetLines() {
		in.Lines = append(in.Lines, biz.ChannelLine{SKU: l.GetSku(), Quantity: l.GetQuantity(), PaidMinor: l.GetPaidMinor()})
	}
	return s.Seeker.ChannelDraft(ctx, in)
}

func (s *Order) takeChannelOrder(ctx context.Context, req *orderv1.ImportChannelOrderRequest, print string, d biz.Draft) (*orderv1.OrderInfo, error) {
	known, err := s.Orders.BySourceNo(ctx, req.GetSellerOrg(), req.GetChannel(), req.GetExternalNo())
	if err != nil {
		return nil, err
	}
	if known != "" {
		r, err := s.Orders.Load(ctx, known)
		if err != nil {
			return nil, err
		}
		if r.Fingerprint != print {
			return nil, biz.NumberTaken(req.GetExternalNo())
		}
		return s.kept(ctx, r)
	}
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	if d.Hits, err = s.reviewed(ctx, d, nil, now); err != nil {
		return nil, err
	}
	o, err := biz.TakeChannelOrder(d, s.settings.Terms, now, actor(ctx))
	if err != nil {
		return nil, err
	}
	if err := s.Orders.Create(ctx, o); err != nil {
		if database.IsUniqueViolation(err) { // sent twice at once: the other one takes it
			return nil, command.ErrInProgress
		}
		return nil, err
	}
	return s.keptNew(ctx, o)
}

// errOvertaken means that somebody else has dealt with this attempt.
var errOvertaken = errors.New("order: the attempt has been dealt with")

// allocate looks for stock for a waiting order. A cancelled one gives back what an attempt that was under way may hold.
func (s *Order) allocate(ctx context.Context, orderID string) error {
	r, err := s.Orders.Load(ctx, orderID)
	if err != nil || !r.Unallocated {
		return err
	}
	if r.State == biz.OrderCancelled {
		gid := biz.AllocationGID(r)
		if err := s.Stock.ReleaseHold(ctx, gid+"-rels", r.ID, gid); err != nil {
			return err
		}
		return s.inTx(ctx, r.ID, (*biz.Order).StopWaiting)
	}
	if slices.ContainsFunc(r.Fulfilments, biz.Fulfilment.Ends) { // a part of it waits: inventory knows what for
		return s.follow(ctx, orderID)
	}
	held, err := s.Stock.Hold(ctx, biz.AllocationHold(r))
	refused := saga.IsRefusal(err)
	failure := err
	if err := failpoint.Hit("order.allocate.commit.before"); err != nil {
		return err
	}
	now, err := s.DB.Now(ctx)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, r.ID, func(o *biz.Order) error {
		if o.Record().AllocateAttempt != r.AllocateAttempt || o.Record().State != biz.OrderPaid || !o.Record().Unallocated {
			return errOvertaken
		}
		switch {
		case failure == nil && len(held) == 0: // it waits in inventory
			o.WaitsInInventory(now + askEvery.Microseconds())
			return nil
		case failure == nil:
			return o.Allocate(held)
		}
		o.AllocateLater(refused, now+allocateEvery.Microseconds())
		return nil
	})
	if errors.Is(err, errOvertaken) {
		return nil
	}
	if err == nil && !refused {
		err = failure
	}
	if err == nil {
		err = failpoint.Hit("order.allocate.commit.after")
	}
	return err
}

// followWaiting asks inventory about all waiting orders that are due at once. It returns those that inventory knows nothing
// of: stock has to be asked for them.
func (s *Order) followWaiting(ctx context.Context, found []data.Due) ([]data.Due, error) {
	wanted := make([]string, len(found))
	for i, d := range found {
		wanted[i] = d.OrderID
	}
	standings, err := s.Stock.Standings(ctx, wanted)
	if err != nil {
		return nil, err
	}
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	var left []data.Due
	var failures []error
	for _, d := range found {
		at, known := standings[d.OrderID]
		switch {
		case known && at.Waiting:
			err = s.inTx(ctx, d.OrderID, func(o *biz.Order) error { return s.askLater(o, now) })
		case known && open(at.Held):
			err = s.follow(ctx, d.OrderID)
		default:
			left, err = append(left, d), nil
		}
		if errors.Is(err, errOvertaken) {
			err = nil
			left = append(left, d)
		}
		failures = append(failures, err)
	}
	return left, errors.Join(failures...)
}

// askLater puts a waiting order off; a cancelled one has to be given up.
func (s *Order) askLater(o *biz.Order, nowUS int64) error {
	if o.Record().State != biz.OrderPaid {
		return errOvertaken
	}
	o.AllocateLater(false, nowUS+askEvery.Microseconds())
	return nil
}

func open(held []biz.HeldStock) bool {
	return slices.ContainsFunc(held, func(h biz.HeldStock) bool { return h.Open > 0 })
}
