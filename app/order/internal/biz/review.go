package biz

import (
	"slices"
	"strings"
	"unicode"

	"github.com/onepool/onepool/app/internal/ids"
)

// An order that is held waits for a person of its seller. Of one it holds:
//   - its stock stays held, and its fulfilments stay planned: no location is told of them, and none has to answer;
//   - it ends with the order: released, rejected, which cancels the order in the same change, or cancelled with it;
//   - no fulfilment of it leaves that was not planned before.

// Review is one time that an order was stopped for a person.
type Review struct {
	ID    string
	State State
	// Hits are the rules that stop it; none: a person has, for Reason.
	Hits                                         []ReviewHit
	Reason, OpenedBy                             string
	OpenedAtUS, HeldAtUS, DueAtUS, EscalatedAtUS int64
	DoneAtUS                                     int64
	DoneBy, Answer                               string
}

// Held says that the order waits for a person.
func (h Header) Held() bool { return h.Review == ReviewHeld }

// Place is the address that the goods are delivered to, as addresses are compared: without spaces, marks and case. Empty: there is
// none, or it is a platform's ciphertext, by which nobody is matched.
func (h Header) Place() string {
	if h.Receiver.Ciphertext || h.Way != WayParcel && h.Way != WayLocal {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, h.Receiver.Address)
}

// review is the last one, or nil.
func (o *Order) review() *Review {
	if len(o.r.Reviews) == 0 {
		return nil
	}
	return &o.r.Reviews[len(o.r.Reviews)-1]
}

func (o *Order) moveReview(event Event, note string) error {
	v := o.review()
	if v == nil {
		return stateConflict(None, "the order is not held")
	}
	if err := o.move(SubjectReview, v.ID, &v.State, event, note); err != nil {
		return err
	}
	o.r.Review = v.State
	return nil
}

// found notes at placement which rules will hold the order once it is paid.
func (o *Order) found(hits []ReviewHit) error {
	if len(hits) == 0 {
		return nil
	}
	o.r.Reviews = append(o.r.Reviews, Review{ID: ids.New("rev"), Hits: hits, OpenedBy: o.actor, OpenedAtUS: o.nowUS})
	return o.moveReview(EventFind, "")
}

// holdFound holds a paid order that rules have found.
func (o *Order) holdFound() error {
	v := o.review()
	if v == nil || v.State != ReviewFound {
		return nil
	}
	v.HeldAtUS = o.nowUS
	if silence, after := silenceOf(v.Hits); silence != SilenceWaits {
		v.DueAtUS = o.nowUS + after
	}
	return o.moveReview(EventHold, "")
}

// Hold stops an order for a person, before any location has said that it will ship. Locations that were told of it are told that
// it is not theirs yet.
func (o *Order) Hold(reason string) error {
	switch {
	case o.r.Kind == KindTill || !o.r.ToBePaid() && o.r.State != OrderPaid:
		return stateConflict(o.r.State, "only an order of which nothing has left is held")
	case o.r.Held():
		return stateConflict(o.r.Review, "the order is held already")
	}
	for _, f := range o.r.Fulfilments {
		if f.Ends() && f.State != FulfilmentPlanned && f.State != FulfilmentAssigned {
			return stateConflict(f.State, "a location has accepted it: cancel it, or ask the location to decline")
		}
	}
	if o.r.Review == ReviewFound { // a person is before the rules
		if err := o.moveReview(EventRelease, ""); err != nil {
			return err
		}
		v := o.review()
		v.DoneAtUS, v.DoneBy = o.nowUS, o.actor
	}
	o.r.Reviews = append(o.r.Reviews, Review{ID: ids.New("rev"), Reason: reason, OpenedBy: o.actor, OpenedAtUS: o.nowUS, HeldAtUS: o.nowUS})
	if err := o.moveReview(EventHold, ""); err != nil {
		return err
	}
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		if f.State != FulfilmentAssigned {
			continue
		}
		if err := o.moveFulfilment(f, EventHold, ""); err != nil {
			return err
		}
		f.AssignedAtUS, f.AcceptByUS, f.PickByUS, f.ShipByUS, f.AcceptLateUS, f.PickLateUS, f.ShipLateUS = 0, 0, 0, 0, 0, 0, 0
		f.reckon()
	}
	if o.r.State == OrderPaid {
		o.effects = append(o.effects, Asked{})
	}
	return nil
}

// Release lets a held order go on: its fulfilments are given to their locations, as after the payment. Of one that is not paid yet, no
// rule holds it when it is.
func (o *Order) Release(answer string) error {
	if err := o.moveReview(EventRelease, ""); err != nil {
		return err
	}
	v := o.review()
	v.DoneAtUS, v.DoneBy, v.Answer, v.DueAtUS = o.nowUS, o.actor, answer, 0
	if o.r.State != OrderPaid || o.r.GiftWaits() {
		return nil
	}
	if err := o.assignPlanned(); err != nil {
		return err
	}
	o.effects = append(o.effects, Asked{})
	return nil
}

// Reject cancels a held order in whole: money, stock, points, coupons and budgets go back. reason is for the buyer.
func (o *Order) Reject(reason, answer string) error {
	if !o.r.Held() {
		return stateConflict(o.r.Review, "the order is not held")
	}
	if err := o.moveReview(EventReject, ""); err != nil {
		return err
	}
	v := o.review()
	v.DoneAtUS, v.DoneBy, v.Answer, v.DueAtUS = o.nowUS, o.actor, answer, 0
	return o.Cancel(reason)
}

// Silent does what silence means about an order that is held for long enough.
func (o *Order) Silent() error {
	v := o.review()
	if v == nil || v.State != ReviewHeld || v.DueAtUS == 0 || v.DueAtUS > o.nowUS {
		return stateConflict(o.r.Review, "nothing is due about the order")
	}
	if silence, _ := silenceOf(v.Hits); silence == SilenceReleases {
		return o.Release("nobody has objected in time")
	}
	v.DueAtUS, v.EscalatedAtUS = 0, o.nowUS
	return o.moveReview(EventEscalate, "")
}

// endReview ends a review with its order.
func (o *Order) endReview() error {
	v := o.review()
	if v == nil || v.State != ReviewFound && v.State != ReviewHeld {
		return nil
	}
	v.DoneAtUS, v.DoneBy, v.DueAtUS = o.nowUS, o.actor, 0
	return o.moveReview(EventCancel, "")
}

// assignPlanned gives planned fulfilments to their locations.
func (o *Order) assignPlanned() error {
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		if f.State != FulfilmentPlanned {
			continue
		}
		if err := o.moveFulfilment(f, EventAssign, ""); err != nil {
			return err
		}
		o.assigned(f)
	}
	return nil
}

// given is how what was found for a paid order becomes a fulfilment.
func (o *Order) given() Event {
	if o.r.waits() {
		return EventPlan
	}
	return EventAssign
}

// WaitsInInventory notes that inventory looks for stock, until askAtUS at least. It has to know whether locations are to answer.
func (o *Order) WaitsInInventory(askAtUS int64) {
	o.AllocateLater(false, askAtUS)
	if o.r.Held() {
		o.effects = append(o.effects, Asked{})
	}
}

// Flag is the colour that a remark puts on an order.
type Flag string

// Flags are the colours that there are.
var Flags = []Flag{"", "RED", "YELLOW", "GREEN", "BLUE", "PURPLE"}

// OrderRemark is what somebody of the seller's has written on an order. It stays as it is; of an internal one the buyer does not know.
type OrderRemark struct {
	ID, OrderID, Org string
	Text             string
	Flag             Flag
	Internal         bool
	Actor            string
	AtUS             int64
}

// NewRemark refuses an empty one.
func NewRemark(orderID, org, text string, flag Flag, internal bool, actor string, nowUS int64) (OrderRemark, error) {
	if strings.TrimSpace(text) == "" && flag == "" {
		return OrderRemark{}, Invalid("text", "or a flag must be there")
	}
	if !slices.Contains(Flags, flag) {
		return OrderRemark{}, Invalid("flag", "is none that there is")
	}
	return OrderRemark{ID: ids.New("rmk"), OrderID: orderID, Org: org, Text: text, Flag: flag, Internal: internal, Actor: actor, AtUS: nowUS}, nil
}
