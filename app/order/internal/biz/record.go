package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
)

// Kind says how an order came to be.
type Kind string

// The kinds of orders.
const (
	KindMall    Kind = "mall"    // placed by a member, paid with a provider
	KindTill    Kind = "till"    // sold and paid in a store
	KindChannel Kind = "channel" // paid on another platform
	KindPresale Kind = "presale" // as in the mall, a deposit first
	KindGift    Kind = "gift"    // as in the mall, for somebody else
)

// Mall says whether a member has placed the order, to pay it with a provider.
func (k Kind) Mall() bool { return k == KindMall || k == KindPresale || k == KindGift }

// Way is how goods reach the buyer; the names are those of inventory's DeliveryWay.
type Way string

// The ways of delivery.
const (
	WayParcel   Way = "PARCEL"
	WayLocal    Way = "LOCAL_DELIVERY"
	WayPickup   Way = "PICKUP"
	WayCarryOut Way = "CARRY_OUT"
)

// ProviderWallet is stored value of the member, which the member center keeps.
const ProviderWallet = "wallet"

// Providers that are no service: money that was taken elsewhere.
const (
	ProviderCash     = "cash"
	ProviderCard     = "card" // by a terminal at the till, where it also goes back
	ProviderPlatform = "platform"
	// ProviderExchange is money of another order, whose goods came back: the transaction is that order's refund.
	ProviderExchange = "exchange"
)

// Point is a place on earth.
type Point struct {
	Lat float64 `json:"lat"`
	Lng float64 `json:"lng"`
}

// Receiver is who gets the goods: personal data, never logged.
type Receiver struct {
	Name       string `json:"name,omitempty"`
	Phone      string `json:"phone,omitempty"`
	Address    string `json:"address,omitempty"`
	Point      *Point `json:"point,omitempty"`
	Ciphertext bool   `json:"ciphertext,omitempty"`
}

// check refuses a place that is not on earth.
func (r Receiver) check() error {
	if r.Point == nil {
		return nil
	}
	if err := (geo.Point{Lat: r.Point.Lat, Lng: r.Point.Lng}).Validate(); err != nil {
		return refuse(400, reasonGeo, "receiver.point: latitude and longitude must be on earth", "field", "receiver.point")
	}
	return nil
}

// Attribution says who has a share in an order, and why. Frozen at placement.
type Attribution struct {
	Role     string `json:"role"` // GUIDE, HOME_STORE, DEALER_ABOVE
	Payee    string `json:"payee"`
	PayeeOrg string `json:"payee_org"`
	Reason   string `json:"reason"`
}

// Record is an order as it is kept, with all that belongs to it except its history.
type Record struct {
	Header
	Lines       []Line
	Fulfilments []Fulfilment
	Payments    []Payment
	Captures    []Capture
	Refunds     []Refund
	Returns     []Return
	Goodwills   []Goodwill
	// Invoices are read where the header says that there are some.
	Invoices  []Invoice
	Reviews   []Review
	Deposit   *Deposit // of a presale
	GiftOrder *GiftOrder
}

// clone copies all that a method of Order may change.
func (r Record) clone() Record {
	r.Lines = slices.Clone(r.Lines)
	r.Fulfilments = slices.Clone(r.Fulfilments)
	for i := range r.Fulfilments {
		r.Fulfilments[i].Lines = slices.Clone(r.Fulfilments[i].Lines)
		r.Fulfilments[i].Parcels = slices.Clone(r.Fulfilments[i].Parcels)
	}
	r.Payments, r.Captures, r.Refunds = slices.Clone(r.Payments), slices.Clone(r.Captures), slices.Clone(r.Refunds)
	r.Goodwills, r.Invoices, r.Reviews = slices.Clone(r.Goodwills), slices.Clone(r.Invoices), slices.Clone(r.Reviews)
	if r.Deposit != nil {
		d := *r.Deposit
		r.Deposit = &d
	}
	if r.GiftOrder != nil {
		g := *r.GiftOrder
		r.GiftOrder = &g
	}
	r.Returns = slices.Clone(r.Returns)
	for i := range r.Returns {
		r.Returns[i].Lines = slices.Clone(r.Returns[i].Lines)
	}
	return r
}

// Header is the order itself.
type Header struct {
	ID        string
	Org       string // seller of record
	Kind      Kind
	Channel   string
	SourceNo  string // number in the channel; unique in (seller, channel)
	ShopStore string // whose online shop or till sold
	MemberID  string
	State     State
	Currency  string

	GoodsMinor, DiscountMinor, FreightMinor, TotalMinor int64
	Points, PointsAmountMinor                           int64
	// TaxMinor is in the goods; TaxOnTop: unit prices are without it.
	TaxMinor int64
	TaxOnTop bool
	// CapturedMinor is all money that ever came, RefundedMinor all that went back or is about to.
	CapturedMinor, RefundedMinor int64
	// FreightRefundedMinor is the part of RefundedMinor that was freight.
	FreightRefundedMinor int64
	// GiftChargedMinor was kept of refunds for gifts that stayed with the buyer though what earned them came back.
	GiftChargedMinor int64

	// OriginOrder and OriginReturn are what this order is the replacement for; CreditMinor is what that will bring in.
	OriginOrder, OriginReturn string
	CreditMinor               int64

	// FreightDiscounts are what promotions took off the freight; FreightMinor is what is left of it.
	FreightDiscounts []Discount

	MerchantAccount string
	Attributions    []Attribution
	Way             Way
	PickupStore     string
	Receiver        Receiver
	Remark          string
	Device, Clerk   string
	// Fingerprint of what the source sent, to tell a repeat from another order under the same number.
	Fingerprint string

	// InvoiceCount is how many invoices and red letters there are.
	InvoiceCount int64

	// TaxProfile names the seller's at placement; empty: it had none.
	TaxProfile string

	// ReturnTerms were promised at placement; nil: before they were frozen.
	ReturnTerms *ReturnTerms

	PlacedAtUS, PaidAtUS, PayUntilUS, ShipByUS, UpdatedAtUS int64
	// HeldUntilUS is until when its stock is held while it waits for its payment; 0: as configured.
	HeldUntilUS int64

	// AskedAtUS is since when the buyer of a pickup has to choose, ChooseByUS by when; 0: not, or without end.
	AskedAtUS, ChooseByUS int64

	// Review is how the last one stands.
	Review State

	Unallocated     bool
	AllocateAttempt int64
	AllocateAtUS    int64 // when to try next
	Version         int64
}

// Line is a line with its frozen shares, and what has come back of it.
type Line struct {
	ID                string
	No                int64
	SKU               string
	Title             map[string]string
	TaxClass          string
	Returnable        bool
	Quantity          int64
	UnitMinor         int64
	GrossMinor        int64
	DiscountMinor     int64
	PayableMinor      int64
	PointsAmountMinor int64
	Points            int64
	ReturnedQuantity  int64 // units: pieces, or kits
	CancelledQuantity int64 // units that were cancelled before they left
	RefundedMinor     int64 // money
	PointsBack        int64
	// Discounts make up DiscountMinor. GiftOf is the promotion that gives the line away.
	Discounts []Discount
	GiftOf    string
	// Earned is what earned a gift, by ids of lines.
	Earned *Earned
	// TaxMinor is in PayableMinor, at TaxBP basis points; in GrossMinor too where prices are without tax.
	TaxBP, TaxMinor int64
	// ReceiptsMinor is what the line brings its seller: see Receipts.
	ReceiptsMinor int64
}

// BaseMinor is the money paid for the line: what points and rebates accrue on.
func (l Line) BaseMinor() int64 { return l.PayableMinor - l.PointsAmountMinor }

// Fulfilment is what one location ships.
type Fulfilment struct {
	ID           string
	Org          string // of the location
	Way          Way    // the order's when it was planned
	Location     string
	LocationName string
	State        State
	Carrier      string
	TrackingNo   string
	Lines        []FulfilmentLine
	Parcels      []Parcel // none: it leaves as a whole

	// When each step was taken for the first time; a step that was left out has none.
	CreatedAtUS, AssignedAtUS, AcceptedAtUS, PickedAtUS, PackedAtUS, ShippedAtUS, DeliveredAtUS, ReceivedAtUS int64
	FailedAtUS, BackAtUS, ShortenedAtUS                                                                       int64
	// AcceptByUS, PickByUS and ShipByUS are what the service level asks of the location; 0: nothing. AcceptLateUS, PickLateUS and
	// ShipLateUS are when it was found to be late.
	AcceptByUS, PickByUS, ShipByUS, AcceptLateUS, PickLateUS, ShipLateUS int64
	// OverdueUS is since when it is known that the location is late with what it still has to do, DueUS when to look again.
	OverdueUS, DueUS int64
	// CollectUntilUS is how long the goods wait for the buyer; 0: as long as it takes.
	CollectUntilUS int64
	// Merged is the parcel in which it travels with fulfilments of other orders.
	Merged string
	// Failure is why the goods could not be handed over the last time that they could not.
	Failure                        string
	AutoReceiveAtUS, ReturnUntilUS int64
	// CloseAtUS is when to look whether it can be closed: the end of the window, later while a return is open.
	CloseAtUS int64
	Version   int64
}

// FulfilmentLine is pieces of one order line, of one owner: of its SKU, or of a part of the kit that was sold (see kit.go).
type FulfilmentLine struct {
	ID               string
	LineID           string
	SKU              string
	Title            map[string]string
	Quantity         int64
	ReturnedQuantity int64
	Owner            string
	ReservationID    string
	// Frozen at allocation; 0 when owner and seller are the same.
	SettlementMinor, FeeMinor int64
}

// Payment is money that was asked for.
type Payment struct {
	ID          string
	Provider    string
	State       State
	AmountMinor int64
	Payee       string
	ExpiresAtUS int64
	CreatedAtUS int64
	AskAtUS     int64 // when to ask the provider how it stands; 0: all is known
}

// Capture is money that came: one transaction of a provider.
type Capture struct {
	ID            string
	PaymentID     string
	Provider      string
	TransactionNo string
	AmountMinor   int64
	Currency      string
	Payee         string
	RefundedMinor int64 // pending and done
	AtUS          int64
}

// Refund is money that goes back to where it came from.
type Refund struct {
	ID          string
	CaptureID   string
	ReturnID    string // empty: of a cancelled order or a late payment
	Reason      string // return, cancel, late
	State       State
	AmountMinor int64
	Reference   string // the provider's
	Failure     string // why the provider does not pay
	Round       int64  // how often it needed a new number, see Number
	Attempts    int64
	NextAtUS    int64
	CreatedAtUS int64
	DoneAtUS    int64
}

// Return is goods that come back.
type Return struct {
	ID            string
	State         State
	Reason        string
	RefundOnly    bool           // the buyer keeps the goods
	Exchange      []ExchangeWish // what the buyer wants instead of money
	ExchangeOrder string         // the replacement's order, once it is approved
	CashAt        string         // the store whose till hands the money out; empty: to where it came from
	FreightMinor  int64          // of the order's freight, beside RefundMinor
	// GiftMinor is kept for gifts that do not come back; below zero: they have come now.
	GiftMinor                                           int64
	Pictures                                            []string // references
	Refusal                                             string   // why the seller refused
	Carrier, TrackingNo                                 string   // of the parcel that brings the goods
	SentAtUS                                            int64
	Location                                            string
	RefundMinor                                         int64 // a forecast until the goods are received
	PointsBack                                          int64
	Lines                                               []ReturnLine
	RequestedAtUS, ApprovedAtUS, ReceivedAtUS, DoneAtUS int64
}

// ReturnLine is pieces of one fulfilment line. What a kit gives back stands on the first of its pieces.
type ReturnLine struct {
	ID               string
	LineID           string
	FulfilmentLineID string
	SKU              string
	Quantity         int64 // that was asked for
	// What was found: Damaged pieces cannot be sold, Missing ones are not there. Of these, Forgiven ones are refunded all the same.
	Damaged, Missing, Forgiven int64
	RefundMinor                int64
	PointsBack                 int64
}

// Back are the pieces that count as given back: the rest is still the buyer's.
func (l ReturnLine) Back() int64 { return l.Quantity - l.Missing + l.Forgiven }

// Arrived are the pieces that are there, damaged ones too.
func (l ReturnLine) Arrived() int64 { return l.Quantity - l.Missing }

// HistoryEvent is one change of a state.
type HistoryEvent struct {
	Version   int64 // of the order, after it
	Subject   Subject
	SubjectID string
	Event     Event
	From, To  State
	Actor     string
	Note      string
	AtUS      int64
}
