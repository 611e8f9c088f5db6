package biz

import "github.com/onepool/onepool/app/internal/ids"

// Terms are the times and bounds of the trade, from the configuration.
type Terms struct {
	PayWindowUS    int64
	HoldGraceUS    int64 // how much longer than the payment deadline stock is held
	ReturnWindowUS int64
	AutoReceiveUS  int64
	// Levels are service levels by channel; that of no channel is for all that have none of their own.
	Levels map[string]ServiceLevel
}

// Order is one order with all that belongs to it: the unit of change.
type Order struct {
	r       Record
	events  []HistoryEvent
	effects []Effect
	terms   Terms
	nowUS   int64
	actor   string
	// address is what has become of the receiver, label the version of it on what leaves, 0: not said; both where goods leave.
	address AddressState
	label   int64
	// transferable is what the replacement's order of a return that is under way still takes, by that order's id.
	transferable map[string]int64
}

// Restore makes an order of a copy of its record, for one change by actor at nowUS. An order whose method returned an
// error is half changed and must be thrown away; the record it came from is as it was.
func Restore(r Record, terms Terms, nowUS int64, actor string) *Order {
	return &Order{r: r.clone(), terms: terms, nowUS: nowUS, actor: actor}
}

// Record is the order as it is to be kept.
func (o *Order) Record() Record { return o.r }

// Events are the changes since the order was restored or made.
func (o *Order) Events() []HistoryEvent { return o.events }

// Effects are what has to follow in other centers.
func (o *Order) Effects() []Effect { return o.effects }

// Effect is something that has to follow in other centers, sent with the commit of the change.
type Effect interface{ effect() }

type (
	// Paid: holds are confirmed, points settled, rebates accrued.
	Paid struct{}
	// SoldAtTill: paid, and the goods have left.
	SoldAtTill struct{ FulfilmentID string }
	// SoldOffline: paid, and the inventory has booked the goods.
	SoldOffline struct{}
	// Allocated: a waiting order has its stock.
	Allocated struct{}
	// Shipped: a fulfilment's goods have left, or those of one of its parcels.
	Shipped struct{ FulfilmentID, ParcelID string }
	// WindowEnded: the last return window of these lines is over.
	WindowEnded struct{ LineIDs []string }
	// Cancelled: stock and points go back; of a paid order also what it accrued.
	// PointsBack are what lines of a paid order give back, by line.
	Cancelled struct {
		WasPaid    bool
		PointsBack map[string]int64
	}
	// PartCancelled: some pieces will not leave.
	PartCancelled struct{ Part CancelledPart }
	// Asked: locations of a paid order are asked for their answer, or not any more, as its review says.
	Asked struct{}
	// GoodsBack: a return was received.
	GoodsBack struct{ ReturnID string }
)

func (Paid) effect()          {}
func (SoldAtTill) effect()    {}
func (Allocated) effect()     {}
func (Shipped) effect()       {}
func (WindowEnded) effect()   {}
func (Cancelled) effect()     {}
func (PartCancelled) effect() {}
func (GoodsBack) effect()     {}
func (SoldOffline) effect()   {}
func (Asked) effect()         {}

// move changes a state by the table and appends the event.
func (o *Order) move(subject Subject, id string, state *State, event Event, note string) error {
	to, ok := Next(subject, *state, event)
	if !ok {
		return stateConflict(*state, string(subject)+" cannot "+string(event)+" now")
	}
	o.r.Version++
	o.r.UpdatedAtUS = o.nowUS
	o.events = append(o.events, HistoryEvent{
		Version: o.r.Version, Subject: subject, SubjectID: id, Event: event, From: *state, To: to,
		Actor: o.actor, Note: note, AtUS: o.nowUS,
	})
	*state = to
	return nil
}

func (o *Order) moveOrder(event Event, note string) error {
	return o.move(SubjectOrder, o.r.ID, &o.r.State, event, note)
}

func (o *Order) moveFulfilment(f *Fulfilment, event Event, note string) error {
	if err := o.move(SubjectFulfilment, f.ID, &f.State, event, note); err != nil {
		return err
	}
	f.Version++
	f.reckon()
	if event == EventCancel || event == EventDecline {
		f.Merged = "" // the others travel without it
		return o.undoParcels(f)
	}
	return nil
}

// ToPayMinor is what money has to pay.
func (h Header) ToPayMinor() int64 { return h.TotalMinor - h.PointsAmountMinor }

// Reservation is stock that inventory holds for a line at a location.
type Reservation struct {
	ID, LineID, SKU                     string
	Location, LocationName, LocationOrg string
	Owner                               string
	Quantity                            int64
	SettlementMinor, FeeMinor           int64
}

// Draft is an order that was priced and frozen, before stock is held: what a placement remembers while it runs.
type Draft struct {
	Record Record
	// CashMinor was taken at the till, and Cards by its terminal.
	CashMinor int64
	Cards     []CardTender
	// Wallet is what the member's stored value pays at the till.
	Wallet WalletTender
	// FromCart takes the lines out of the member's cart.
	FromCart bool
	// Destination of the goods, if it is known.
	Destination *Point
	// PointsToFreeze of the member.
	PointsToFreeze int64
	// Uses of budgets and quotas.
	Uses    []PromotionUse
	Coupons []CouponUse
	// WhileStocksLast are the lines of gifts that may be left out; LeftOut are those that were.
	WhileStocksLast []string
	LeftOut         []LeftOut
	// Region of the destination, and the goods, as far as rules of review ask for them; Hits are those that hold the order.
	Region string                `json:",omitempty"`
	Goods  map[string]GoodsFacts `json:",omitempty"`
	Hits   []ReviewHit           `json:",omitempty"`
}

// NewDraft freezes a price into an order that does not exist yet.
func NewDraft(h Header, p Price) Draft {
	h.Currency, h.GoodsMinor, h.DiscountMinor = p.Currency, p.GoodsMinor, p.DiscountMinor
	h.FreightMinor, h.TotalMinor = p.FreightMinor, p.TotalMinor
	h.Points, h.PointsAmountMinor = p.Points, p.PointsAmountMinor
	h.FreightDiscounts, h.TaxMinor, h.TaxOnTop = p.FreightDiscounts, p.TaxMinor, p.TaxOnTop
	r := Record{Header: h, Lines: make([]Line, len(p.Lines))}
	var optional []string
	for i, l := range p.Lines {
		r.Lines[i] = Line{
			ID: ids.New("lin"), No: int64(i + 1), SKU: l.SKU, Title: l.Title, TaxClass: l.TaxClass, Returnable: l.Returnable,
			Quantity: l.Quantity, UnitMinor: l.UnitMinor, GrossMinor: l.GrossMinor, DiscountMinor: l.DiscountMinor,
			PayableMinor: l.PayableMinor, PointsAmountMinor: l.PointsAmountMinor, Points: l.Points, Discounts: l.Discounts, GiftOf: l.GiftOf, TaxBP: l.TaxBP, TaxMinor: l.TaxMinor,
			ReceiptsMinor: FrozenReceipts(l.PayableMinor, l.Discounts),
		}
		if l.WhileStocksLast {
			optional = append(optional, r.Lines[i].ID)
		}
	}
	r.earned(p)
	return Draft{Record: r, PointsToFreeze: p.Points, Uses: p.Uses, Coupons: p.Coupons, WhileStocksLast: optional}
}

// Place makes the order of a draft whose stock is held. An order of which nothing is left to pay is paid at once, but for a
// replacement: that waits for what it replaces.
func Place(d Draft, held []Reservation, terms Terms, nowUS int64, actor string) (*Order, error) {
	o := Restore(d.Record, terms, nowUS, actor)
	o.r.PlacedAtUS = nowUS
	if err := o.moveOrder(EventPlace, ""); err != nil {
		return nil, err
	}
	if err := o.sayLeftOut(d.LeftOut); err != nil {
		return nil, err
	}
	if err := o.found(d.Hits); err != nil {
		return nil, err
	}
	if err := o.plan(held, EventPlan); err != nil {
		return nil, err
	}
	if o.r.ToPayMinor() == 0 && o.r.OriginReturn == "" {
		return o, o.pay()
	}
	return o, nil
}

// plan makes one fulfilment for each location. Lines of a kit name its parts.
func (o *Order) plan(held []Reservation, event Event) error {
	titles := make(map[string]map[string]string, len(o.r.Lines))
	for _, l := range o.r.Lines {
		titles[l.ID] = l.Title
	}
	at := map[string]int{}
	for _, h := range held {
		i, ok := at[h.Location]
		if !ok {
			i = len(o.r.Fulfilments)
			at[h.Location] = i
			o.r.Fulfilments = append(o.r.Fulfilments, Fulfilment{
				ID: ids.New("ful"), Org: h.LocationOrg, Way: o.r.Way, Location: h.Location, LocationName: h.LocationName, CreatedAtUS: o.nowUS,
			})
		}
		f := &o.r.Fulfilments[i]
		f.Lines = append(f.Lines, FulfilmentLine{
			ID: ids.New("fln"), LineID: h.LineID, SKU: h.SKU, Title: titles[h.LineID], Quantity: h.Quantity, Owner: h.Owner,
			ReservationID: h.ID, SettlementMinor: h.SettlementMinor, FeeMinor: h.FeeMinor,
		})
	}
	if err := o.r.whole(); err != nil {
		return err
	}
	for i := range o.r.Fulfilments {
		f := &o.r.Fulfilments[i]
		if f.State != None {
			continue
		}
		if err := o.moveFulfilment(f, event, ""); err != nil {
			return err
		}
		if event == EventAssign {
			o.assigned(f)
		}
	}
	return nil
}

// pay makes the order paid and gives its fulfilments to their locations.
func (o *Order) pay() error {
	if err := o.moveOrder(EventPay, ""); err != nil {
		return err
	}
	o.r.PaidAtUS = o.nowUS
	if o.r.Deposit != nil {
		o.r.Deposit.DueUS = 0
	}
	if err := o.closePayments(); err != nil { // others were open: there is nothing left to pay
		return err
	}
	o.effects = append(o.effects, Paid{})
	if err := o.holdFound(); err != nil {
		return err
	}
	if g := o.r.GiftOrder; g != nil { // nobody knows yet where it goes
		g.UntilUS = o.nowUS + g.OpenUS
		g.DueUS = g.UntilUS
	}
	if o.r.waits() {
		return nil
	}
	return o.assignPlanned()
}

func (o *Order) line(id string) *Line { return o.r.line(id) }

func (o *Order) fulfilment(id string) *Fulfilment {
	for i := range o.r.Fulfilments {
		if o.r.Fulfilments[i].ID == id {
			return &o.r.Fulfilments[i]
		}
	}
	return nil
}
