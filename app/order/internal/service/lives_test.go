package service

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/fault"
)

// life is a random order: what is done with it may be refused, but nothing else may go wrong.
type life struct {
	*shop
	random   *rand.Rand
	id       string
	payments []*orderv1.Payment
	merged   *[]string // merged parcels of this life and those before
}

func (l *life) pick(n int) int { return l.random.IntN(max(1, n)) }

// tolerate lets refusals pass; everything else is a defect.
func (l *life) tolerate(err error) {
	if err == nil {
		return
	}
	code := codeOf(fault.Public(err))
	require.True(l.t, code >= 400 && code < 500, "%v", err)
}

func (l *life) step() {
	ctx := l.as(boss)
	o := l.get(l.id)
	switch l.pick(21) {
	case 0, 1:
		p, err := l.CreatePayment(ctx, &orderv1.CreatePaymentRequest{RequestId: requestID(), OrderId: l.id, Provider: "sandbox"})
		l.tolerate(err)
		if err == nil {
			l.payments = append(l.payments, p)
		}
	case 2, 3: // also again, and late
		if len(l.payments) > 0 {
			l.notify(l.notification(l.payments[l.pick(len(l.payments))]))
		}
	case 4:
		if l.pick(4) == 0 {
			_, err := l.CancelOrder(ctx, &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: l.id, Reason: "x"})
			l.tolerate(err)
		}
	case 5, 6, 7:
		for _, f := range o.Fulfilments {
			var err error
			switch l.pick(8) {
			case 3:
				_, err = l.fulfilments().PickFulfilment(ctx, &orderv1.PickFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
			case 4:
				_, err = l.fulfilments().PackFulfilment(ctx, &orderv1.PackFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
			case 5:
				_, err = l.fulfilments().DeliverFulfilment(ctx, &orderv1.DeliverFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
			case 6:
				_, err = l.fail(f.Id)
			case 7:
				_, err = l.takeBack(f.Id)
			case 0:
				_, err = l.AcceptFulfilment(ctx, &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
			case 1:
				_, err = l.ShipFulfilment(ctx, &orderv1.ShipFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id, Carrier: "SF", TrackingNo: "1"})
			case 2:
				_, err = l.ConfirmReceipt(ctx, &orderv1.ConfirmReceiptRequest{RequestId: requestID(), FulfilmentId: f.Id})
			}
			l.tolerate(err)
		}
	case 15, 16:
		l.declines(o)
	case 17, 18:
		l.decides()
	case 19, 20:
		l.together()
	case 14:
		line := o.Lines[l.pick(len(o.Lines))]
		_, err := NewOrderChanges(l.Order).CancelLines(ctx, &orderv1.CancelLinesRequest{RequestId: requestID(), OrderId: l.id, Reason: "x",
			Lines: []*orderv1.CancelledLine{{LineId: line.LineId, Quantity: 1 + l.random.Int64N(line.Quantity)}}})
		l.tolerate(err)
	case 12, 13:
		for _, f := range o.Fulfilments {
			l.parcels(f)
		}
	case 8, 9:
		line := o.Lines[l.pick(len(o.Lines))]
		by := ann
		if l.pick(2) == 0 {
			by = boss
		}
		_, err := l.giveBack(by, boss, o, line.LineId, 1+l.random.Int64N(line.Quantity))
		l.tolerate(err)
	case 10:
		l.clock.Advance(time.Duration(l.pick(900)) * time.Second)
	case 11:
		l.later(0)
	}
	if l.pick(3) == 0 {
		l.leaving()
	}
}

// decides holds an order for a person, lets it go or ends it.
func (l *life) decides() {
	var err error
	switch l.pick(6) {
	case 0, 1:
		_, err = l.holdBack(boss, l.id)
	case 2:
		_, err = l.reject(boss, l.id)
	default:
		_, err = l.release(boss, l.id)
	}
	l.tolerate(err)
}

// together merges what could travel in one parcel, ships, delivers and splits such parcels.
func (l *life) together() {
	ctx, merges := l.as(boss), NewMergedParcels(l.Order)
	found, err := merges.ListMergeable(ctx, &orderv1.ListMergeableRequest{Location: []string{"S1", "S2"}[l.pick(2)]})
	require.NoError(l.t, err)
	if len(found.Groups) > 0 {
		req := &orderv1.MergeFulfilmentsRequest{RequestId: requestID()}
		for _, f := range found.Groups[0].Fulfilments {
			req.FulfilmentIds = append(req.FulfilmentIds, f.FulfilmentId)
		}
		m, err := merges.MergeFulfilments(ctx, req)
		require.NoError(l.t, err, "what was offered")
		*l.merged = append(*l.merged, m.Id)
	}
	if len(*l.merged) == 0 {
		return
	}
	id := (*l.merged)[l.pick(len(*l.merged))]
	switch l.pick(4) {
	case 0:
		_, err = merges.SplitMergedParcel(ctx, &orderv1.SplitMergedParcelRequest{RequestId: requestID(), MergedParcelId: id})
	case 1, 2:
		_, err = merges.ShipMergedParcel(ctx, &orderv1.ShipMergedParcelRequest{RequestId: requestID(), MergedParcelId: id, Carrier: "SF", TrackingNo: id[len(id)-4:]})
	case 3:
		_, err = merges.DeliverMergedParcel(ctx, &orderv1.DeliverMergedParcelRequest{RequestId: requestID(), MergedParcelId: id})
	}
	l.tolerate(err)
}

// declines says that a store lacks something, or lets its buyer choose, collect or wait.
func (l *life) declines(o *orderv1.OrderInfo) {
	ctx := l.as(boss)
	if o.Choice != nil {
		choice := []*orderv1.ChoosePickupRequest{otherStore(o.Id, "S1"), otherStore(o.Id, "S2"), deliver(o.Id, nil), moneyBack(o.Id), later(o.Id)}[l.pick(5)]
		_, err := l.choose(boss, choice)
		l.tolerate(err)
		return
	}
	f := o.Fulfilments[l.pick(len(o.Fulfilments))]
	if l.pick(2) == 0 && f.Way == inventoryv1.DeliveryWay_PICKUP {
		_, err := l.collect(boss, l.pickupCode(f.Id).Code, f.Location)
		l.tolerate(err)
		return
	}
	req := decline(f)
	if line := f.Lines[l.pick(len(f.Lines))]; l.pick(2) == 0 && line.Quantity > 0 && line.Sku == skuOf(o, line.LineId) {
		req = decline(f, &inventoryv1.MissingLine{LineId: line.LineId, Sku: line.Sku, Quantity: 1 + l.random.Int64N(line.Quantity)})
	}
	_, err := l.DeclineFulfilment(ctx, req)
	l.tolerate(err)
}

func skuOf(o *orderv1.OrderInfo, lineID string) string {
	for _, l := range o.Lines {
		if l.LineId == lineID {
			return l.Sku
		}
	}
	return ""
}

// parcels plans, ships, delivers, loses and finds parcels of a fulfilment, or says so at least.
func (l *life) parcels(f *orderv1.Fulfilment) {
	ctx, parcels := l.as(boss), NewParcels(l.Order)
	content := func() (lines []*orderv1.ParcelContent) {
		for _, x := range f.Lines {
			if n := l.random.Int64N(x.Quantity + 1); n > 0 {
				lines = append(lines, &orderv1.ParcelContent{LineId: x.LineId, Sku: x.Sku, Quantity: n})
			}
		}
		return lines
	}
	var err error
	switch l.pick(5) {
	case 0:
		_, err = parcels.PutParcels(ctx, &orderv1.PutParcelsRequest{RequestId: requestID(), FulfilmentId: f.Id, Parcels: []*orderv1.PlannedParcel{{Lines: content()}, {Lines: content()}}})
	case 1:
		_, err = parcels.ShipPart(ctx, &orderv1.ShipPartRequest{RequestId: requestID(), FulfilmentId: f.Id, Lines: content(), Carrier: "SF", TrackingNo: strconv.Itoa(l.pick(3))})
	default:
		for _, p := range f.Parcels {
			switch l.pick(4) {
			case 0:
				_, err = parcels.ShipParcel(ctx, &orderv1.ShipParcelRequest{RequestId: requestID(), ParcelId: p.Id, Carrier: "YTO", TrackingNo: strconv.Itoa(l.pick(9))})
			case 1:
				_, err = parcels.DeliverParcel(ctx, &orderv1.DeliverParcelRequest{RequestId: requestID(), ParcelId: p.Id})
			case 2:
				_, err = parcels.FailParcel(ctx, &orderv1.FailParcelRequest{RequestId: requestID(), ParcelId: p.Id, Reason: "x"})
			case 3:
				_, err = parcels.TakeBackParcel(ctx, &orderv1.TakeBackParcelRequest{RequestId: requestID(), ParcelId: p.Id})
			}
			l.tolerate(err)
		}
		return
	}
	l.tolerate(err)
}

// notification is sometimes another transaction for the same payment.
func (l *life) notification(p *orderv1.Payment) string {
	return fmt.Sprintf(`{"notification_id":"n","payment_id":%q,"transaction_no":%q,"amount_minor":%d,"currency":"CNY","payee":%q,"status":"PAID"}`,
		p.Id, p.Id+"-"+strconv.Itoa(l.pick(2)), p.Amount.AmountMinor, p.Payee)
}

func TestRandomLivesEndInAHealthyAudit(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = given
	}
	lives := 25
	if testing.Short() {
		lives = 5
	}
	eachEngine(t, func(t *testing.T, s *shop) {
		defer func() {
			if t.Failed() {
				t.Logf("SEED=%d", seed)
			}
		}()
		random := rand.New(rand.NewPCG(seed, 1))
		s.giftBox()
		s.collectable()
		var merged []string
		some := rule("some", &orderv1.ReviewConditions{PiecesFrom: 22})
		some.Silence, some.AfterS = orderv1.ReviewSilence_REVIEW_RELEASES, 900
		s.ruled(some)
		for _, stock := range s.world.stock {
			stock["tea"], stock["cup"], stock["pot"] = 5000, 5000, 5000
		}
		for range lives {
			s.world.points["mbr_ann"] = 1000
			req := wish(line("tea", 1+random.Int64N(3)), line("pot", 1), line("cup", 1+random.Int64N(40)), line("box", 1+random.Int64N(2)))
			req.Points = random.Int64N(1000)
			if random.IntN(3) == 0 {
				req.Way, req.PickupStoreCode = inventoryv1.DeliveryWay_PICKUP, "S2"
			}
			o, err := s.PlaceOrder(s.as(ann), req)
			if err != nil {
				requireReason(t, "STOCK_INSUFFICIENT", err)
				continue
			}
			l := &life{shop: s, random: random, id: o.Id, merged: &merged}
			l.t = t
			for range 5 + random.IntN(35) {
				l.step()
			}
		}
		require.Empty(t, s.audit())
		s.later(48 * time.Hour) // all deadlines
		s.later(48 * time.Hour)
		require.Empty(t, s.audit())
	})
}

// A payment, a cancel and the deadline race: one wins, and the money is where it belongs.
func TestAPaymentRacesWithTheEndOfItsOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.world.stock["S1"]["cup"] = 1000
		for range 8 {
			o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 1)))
			require.NoError(t, err)
			p := s.payment(o)
			l := &life{shop: s, random: rand.New(rand.NewPCG(1, 1)), id: o.Id}
			body := l.notification(p)
			s.clock.Advance(600 * time.Second)
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() { require.Equal(t, 200, s.notify(body)) })
			}
			all.Go(func() { _ = s.Tick(t.Context()) })
			all.Go(func() { _ = s.TickPayments(t.Context()) })
			all.Go(func() {
				_, _ = s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: "race-" + o.Id, OrderId: o.Id, Reason: "x"})
			})
			all.Wait()
		}
		s.later(time.Second)
		require.Empty(t, s.audit())
	})
}

func TestOnePlacementAskedForManyTimesAtOnceIsOneOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := wish(line("tea", 1))
		var mu sync.Mutex
		found := map[string]bool{}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 200 {
					o, err := s.PlaceOrder(s.as(ann), req)
					if err == nil {
						mu.Lock()
						found[o.Id] = true
						mu.Unlock()
						return
					}
					if reasonOf(fault.Public(err)) != fault.ReasonInProgress {
						t.Error(err)
						return
					}
					time.Sleep(5 * time.Millisecond) // as a client would
				}
			})
		}
		all.Wait()
		require.Len(t, found, 1)
		require.Equal(t, 1, s.world.holdings)
		require.Empty(t, s.audit())
	})
}
