package biz

import "slices"

// A gift order (送礼) is paid by its buyer and sent to somebody else, who says where: by a link with a key that is good once and
// until a deadline. Its stock is held meanwhile and given to its locations when the address has come; without one all goes back.
// The buyer never sees the address, the receiver neither the buyer nor what the goods had cost.

// GiftOrder is what an order has beside when it is a gift.
type GiftOrder struct {
	Message string // to the receiver
	OpenUS  int64  // how long the receiver has, from the payment on
	UntilUS int64
	// KeyHash is of the link's key, which is kept nowhere; empty: there is no link.
	KeyHash   string
	TakenAtUS int64
	TakenBy   string // a member
	DueUS     int64  // when it lapses; 0: not any more
}

const (
	giftStandardUS = 7 * dayUS
	giftMostUS     = 30 * dayUS
)

// NewGiftOrder is a gift that waits so long for its receiver, in seconds; 0: seven days.
func NewGiftOrder(message string, openS int64) (*GiftOrder, error) {
	g := &GiftOrder{Message: message, OpenUS: openS * second_us}
	if openS == 0 {
		g.OpenUS = giftStandardUS
	}
	if openS < 0 || g.OpenUS > giftMostUS {
		return nil, Invalid("open_s", "must not be above 30 days")
	}
	return g, nil
}

// GiftWaits says whether a gift has no address yet.
func (r Record) GiftWaits() bool { return r.GiftOrder != nil && r.GiftOrder.TakenAtUS == 0 }

// waits says whether a paid order is no location's yet: it is held for a person, or nobody knows where it goes.
func (r Record) waits() bool { return r.Held() || r.GiftWaits() }

// ShareGift makes a link with another key; the one before is no longer good.
func (o *Order) ShareGift(keyHash string) error {
	if err := o.open(); err != nil {
		return err
	}
	o.r.GiftOrder.KeyHash = keyHash
	return nil
}

// open refuses a gift that cannot be taken any more, or not yet.
func (o *Order) open() error {
	g := o.r.GiftOrder
	switch {
	case g == nil:
		return NotFound("gift")
	case g.TakenAtUS > 0:
		return giftTaken()
	case o.r.State == OrderUnpaid:
		return stateConflict(o.r.State, "the gift is not paid")
	case o.r.State != OrderPaid || g.UntilUS <= o.nowUS:
		return giftLapsed()
	}
	return nil
}

// TakeGift says where a gift goes: once, in time, and with the key of the last link, by its hash. The locations that hold its
// goods get it to ship.
func (o *Order) TakeGift(keyHash, member string, receiver Receiver) error {
	if g := o.r.GiftOrder; g == nil || g.KeyHash != keyHash { // another link was made meanwhile
		return NotFound("gift")
	}
	if err := o.open(); err != nil {
		return err
	}
	if receiver.Point == nil {
		return Invalid("receiver.point", "is needed to deliver")
	}
	if receiver.Ciphertext {
		return Invalid("receiver.ciphertext", "is for other platforms' orders")
	}
	if err := receiver.check(); err != nil {
		return err
	}
	if err := o.moveOrder(EventAddress, ""); err != nil {
		return err
	}
	g := o.r.GiftOrder
	o.r.Receiver, g.TakenAtUS, g.TakenBy, g.DueUS = receiver, o.nowUS, member, 0
	o.effects = append(o.effects, Allocated{})
	if o.r.waits() {
		return nil
	}
	return o.assignPlanned()
}

// LapseGift ends a gift that nobody has taken in time: all that was paid goes back.
func (o *Order) LapseGift() error {
	if !o.r.GiftWaits() || o.r.State != OrderPaid || o.r.GiftOrder.UntilUS > o.nowUS {
		return stateConflict(o.r.State, "only a gift whose time is over lapses")
	}
	return o.cancel(EventLapse, "nobody has said where it goes")
}

// GiftParts are what the receiver of a gift is shown: of each of the goods how many pieces, and on their way those fulfilments that
// stand.
func (r Record) GiftParts() []Fulfilment {
	return slices.DeleteFunc(slices.Clone(r.Fulfilments), func(f Fulfilment) bool { return !f.Ends() })
}

func giftTaken() Refusal {
	return refuse(409, "GIFT_TAKEN", "somebody has said already where this gift goes")
}

func giftLapsed() Refusal {
	return refuse(409, "GIFT_LAPSED", "the time to take this gift is over, or its buyer has cancelled it")
}

// LookAt is what a member who has the key of a gift may see of it: all while it is open, then only who has taken it.
func (r Record) LookAt(member string, nowUS int64) error {
	g := r.GiftOrder
	switch {
	case g == nil:
		return NotFound("gift")
	case g.TakenAtUS > 0 && g.TakenBy != member:
		return giftTaken()
	case g.TakenAtUS == 0 && (r.State != OrderPaid || g.UntilUS <= nowUS):
		return giftLapsed()
	}
	return nil
}
