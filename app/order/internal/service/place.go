package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	kratos "github.com/go-kratos/kratos/v2/errors"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// PlacementWorkflow is the name under which the coordinator calls a placement back.
const PlacementWorkflow = "order.place"

// PlaceOrder holds stock, freezes points and creates the order, all or nothing.
func (s *Order) PlaceOrder(ctx context.Context, req *orderv1.PlaceOrderRequest) (*orderv1.OrderInfo, error) {
	var asked []biz.WantedLine // of inventory, at nowUS
	var nowUS int64
	answer, err := s.place(ctx, orderv1.Order_PlaceOrder_FullMethodName, req, func(ctx context.Context) (biz.Draft, error) {
		if err := forMember(ctx, req.GetMemberId()); err != nil {
			return biz.Draft{}, err
		}
		if err := s.bounded(req.GetLines()); err != nil {
			return biz.Draft{}, err
		}
		lines, err := s.wanted(ctx, req)
		if err != nil {
			return biz.Draft{}, err
		}
		now, err := s.DB.Now(ctx)
		if err != nil {
			return biz.Draft{}, err
		}
		if err := s.refuseSoldOut(ctx, req.GetChannel(), lines, now); err != nil {
			return biz.Draft{}, err
		}
		asked, nowUS = lines, now
		return s.Seeker.Draft(ctx, biz.PlaceInput{
			Channel: req.GetChannel(), MemberID: req.GetMemberId(), ShopStore: req.GetShopStoreCode(), Way: biz.Way(req.GetWay().String()),
			Receiver: fromReceiver(req.GetReceiver()), PickupStore: req.GetPickupStoreCode(), Lines: lines,
			Points: req.GetPoints(), Coupons: req.GetCouponIds(), SeenToPayMinor: req.ToPayMinor, Remark: req.GetRemark(), FromCart: req.GetFromCart(),
			FinalSale: req.GetFinalSaleSkus(), DestinationRegion: req.GetDestinationRegion(), SeenDepositMinor: req.DepositMinor,
		}, s.settings.FreightMinor, s.settings.Terms, now)
	})
	s.soldOut.learn(err, asked, nowUS)
	if err != nil {
		return nil, err
	}
	answer.Receiver = toReceiver(fromReceiver(req.GetReceiver()))
	return answer, nil
}

// frozen is a draft as its intent keeps it: the receiver is hidden.
type frozen struct {
	biz.Draft
	Sealed []byte `json:",omitempty"`
}

func (s *Order) freeze(d biz.Draft) ([]byte, error) {
	sealed, err := s.Orders.Seal(d.Record.Receiver, d.Record.ID)
	if err != nil {
		return nil, err
	}
	d.Record.Receiver, d.Destination = biz.Receiver{}, nil
	return json.Marshal(frozen{d, sealed})
}

func (s *Order) thaw(raw []byte) (biz.Draft, error) {
	var f frozen
	if err := json.Unmarshal(raw, &f); err != nil {
		return biz.Draft{}, err
	}
	if len(f.Sealed) == 0 { // without a receiver, or of an older version
		return f.Draft, nil
	}
	r, err := s.Orders.Open(f.Sealed, f.Record.ID)
	f.Record.Receiver, f.Destination = r, r.Point
	return f.Draft, err
}

// wanted is what is ordered. A request that orders the cart names no lines: a repeat, for which the cart is empty already,
// must be the same request to get the first one's answer.
func (s *Order) wanted(ctx context.Context, req *orderv1.PlaceOrderRequest) ([]biz.WantedLine, error) {
	if !req.GetFromCart() || len(req.GetLines()) > 0 {
		return fromLines(req.GetLines()), nil
	}
	lines, err := s.Orders.Cart(ctx, req.GetMemberId())
	if err != nil {
		return nil, err
	}
	var wanted []biz.WantedLine
	for _, l := range biz.InShop(lines, req.GetShopStoreCode()) {
		wanted = append(wanted, biz.WantedLine{SKU: l.SKU, Quantity: l.Quantity, SeenUnitMinor: l.SeenMinor})
	}
	if len(wanted) == 0 {
		return nil, fault.StateConflict("empty", "the cart is empty: put something in")
	}
	return wanted, nil
}

// place runs a distributed command on the draft that its first call froze.
func (s *Order) place(ctx context.Context, method string, req command.Request, draft func(ctx context.Context) (biz.Draft, error)) (*orderv1.OrderInfo, error) {
	spec := command.Spec{Method: method, Request: req, GID: func(id string, attempt int) string { return ids.GID("po", id, attempt) }}
	known, err := command.Find(ctx, s.DB, method, req)
	if err != nil {
		return nil, err
	}
	if known == nil {
		d, err := draft(ctx)
		if err != nil {
			return nil, err
		}
		spec.BusinessID, spec.New = d.Record.ID, true
		if spec.Payload, err = s.freeze(d); err != nil {
			return nil, fmt.Errorf("freeze the draft: %w", err)
		}
	}
	return command.Distributed[*orderv1.OrderInfo]{Spec: spec, Execute: s.execute}.Run(ctx, s.DB)
}

// execute runs a placement, or a change of address. A refusal is recorded in the intent, where the caller finds it.
func (s *Order) execute(ctx context.Context, in *command.Intent) error {
	err := s.run(ctx, in)
	switch {
	case err == nil || saga.IsRefusal(err):
		return nil
	case errors.Is(err, saga.ErrUnknown):
		return errors.Join(command.ErrInProgress, err)
	}
	return err
}

// run runs the workflow of an intent, for the first time or again.
func (s *Order) run(ctx context.Context, in *command.Intent) error {
	if in.Method() == orderv1.AddressChanges_ChangeAddress_FullMethodName {
		return s.readdress(ctx, in)
	}
	d, err := s.thaw(in.Payload)
	if err != nil {
		return fmt.Errorf("draft of %s cannot be read: %w", in.BusinessID, err)
	}
	placement := &biz.Placement{Stock: s.Stock, Points: s.Points, Promotions: s.Promotions, Wallet: s.Payer, Draft: d, GID: in.GID, Terms: s.settings.Terms}
	w := saga.Workflow{
		GID:     in.GID,
		Resume:  saga.Call{Center: "order", Method: PlacementWorkflow},
		Final:   func(ctx context.Context) error { return s.final(ctx, in, placement) },
		Abandon: func(ctx context.Context, refusal error) error { return s.abandon(ctx, in, refusal) },
		Decided: func(ctx context.Context) (bool, error) { return decided(ctx, in) },
	}
	for _, step := range placement.Steps() {
		undo := func(ctx context.Context) error {
			if err := failpoint.Hit("order.place." + step.Name + ".undo.before"); err != nil {
				return err
			}
			if err := step.Undo(ctx); err != nil {
				return err
			}
			return failpoint.Hit("order.place." + step.Name + ".undo.after")
		}
		w.Steps = append(w.Steps, saga.Step{Name: step.Name, Undo: undo, Do: func(ctx context.Context) error {
			if err := failpoint.Hit("order.place." + step.Name + ".before"); err != nil {
				return err
			}
			if err := step.Do(ctx); err != nil {
				return err
			}
			return failpoint.Hit("order.place." + step.Name + ".after")
		}})
	}
	return s.Saga.Run(ctx, w)
}

// final is the one local transaction: the order, and the answer of its placement.
func (s *Order) final(ctx context.Context, in *command.Intent, placement *biz.Placement) error {
	if err := failpoint.Hit("order.place.final.before"); err != nil {
		return err
	}
	err := s.DB.InTx(ctx, func(ctx context.Context) error {
		o, err := s.create(ctx, in, placement)
		if err != nil {
			return err
		}
		answer, err := s.keptNew(ctx, o)
		if err != nil {
			return err
		}
		return in.Finish(ctx, answer, nil)
	})
	if errors.Is(err, command.ErrFinished) {
		committed, refusal := decided(ctx, in)
		if committed {
			return nil
		}
		return refusal
	}
	if err != nil {
		return err
	}
	return failpoint.Hit("order.place.final.after")
}

func (s *Order) create(ctx context.Context, in *command.Intent, placement *biz.Placement) (*biz.Order, error) {
	now, err := s.DB.Now(ctx)
	if err != nil {
		return nil, err
	}
	birth, d := biz.Place, placement.Settled()
	if d.Record.Kind == biz.KindTill {
		birth = biz.SellAtTill
	}
	terms, err := s.terms(ctx)
	if err != nil {
		return nil, err
	}
	if d.Hits, err = s.reviewed(ctx, d, placement.Held(), now); err != nil {
		return nil, err
	}
	o, err := birth(d, placement.Held(), terms, now, in.Principal.Actor())
	if err != nil {
		return nil, err
	}
	if err := s.Orders.Create(ctx, o); err != nil {
		if database.IsUniqueViolation(err) { // the till has booked this receipt by another request
			return nil, biz.NumberTaken(d.Record.SourceNo)
		}
		return nil, err
	}
	if d.Record.OriginReturn != "" {
		_, err := s.Orders.Change(ctx, d.Record.OriginOrder, s.settings.Terms, in.Principal.Actor(), func(o *biz.Order) error {
			return o.ApproveExchange(d.Record.OriginReturn, d.Record.ID, d.Record.CreditMinor)
		})
		if err != nil {
			return nil, err
		}
	}
	if d.FromCart {
		if err := s.Orders.TakeFromCart(ctx, d.Record.MemberID, d.Record.ShopStore, d.Record.Lines); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// abandon records a refusal, unless the placement has ended already.
func (s *Order) abandon(ctx context.Context, in *command.Intent, refusal error) error {
	if err := failpoint.Hit("order.place.abandon.before"); err != nil {
		return err
	}
	err := s.DB.InTx(ctx, func(ctx context.Context) error { return in.Finish(ctx, nil, fault.Public(refusal)) })
	if err == nil {
		return failpoint.Hit("order.place.abandon.after")
	}
	if !errors.Is(err, command.ErrFinished) {
		return err
	}
	committed, recorded := decided(ctx, in)
	if committed {
		return saga.ErrCommitted
	}
	return recorded
}

// decided says how an intent has ended; false without an error if it has not.
func decided(ctx context.Context, in *command.Intent) (committed bool, err error) {
	if err := in.Reload(ctx); err != nil {
		return false, err
	}
	if !in.Done() {
		return false, nil
	}
	if _, err := command.Answer[*orderv1.OrderInfo](in); err != nil {
		return false, err
	}
	return true, nil
}

// ResumePlacement is what the coordinator calls back.
func (s *Order) ResumePlacement(ctx context.Context, gid string, _ []byte) error {
	in, err := command.ByGID(ctx, s.DB, gid)
	if errors.Is(err, command.ErrNoIntent) {
		// The intent is committed before the coordinator hears of it: this one has been purged, long after its end.
		return kratos.NotFound(fault.ReasonNotFound, "no such placement")
	}
	if err != nil {
		return err
	}
	return s.resume(ctx, in)
}

// resume brings a placement to its end, also when only the undoing of a refused one is left to do. It returns how it
// ended, as package saga wants it.
func (s *Order) resume(ctx context.Context, in *command.Intent) error {
	if !in.Done() {
		var ended error
		ran := false
		err := command.Resume(ctx, in, 0, func(ctx context.Context, in *command.Intent) error {
			ran = true
			ended = s.run(ctx, in)
			if saga.IsRefusal(ended) {
				return nil
			}
			return ended
		})
		switch {
		case ran:
			return ended
		case errors.Is(err, command.ErrInProgress):
			return saga.ErrRunning
		case err != nil:
			return err
		}
	}
	return s.run(tenancy.NewContext(ctx, in.Principal), in)
}
