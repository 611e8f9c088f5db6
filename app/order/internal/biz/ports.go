package biz

import "context"

// CatalogReader knows what is sold.
type CatalogReader interface {
	// SKUs returns facts by code; unknown codes are absent.
	SKUs(ctx context.Context, codes []string) (map[string]SKU, error)
	// Prices returns them as they cost in a sale.
	Prices(ctx context.Context, codes []string, sale Sale) (map[string]SKU, error)
	// Codes returns the codes of all that is sold, at most limit.
	Codes(ctx context.Context, limit int) ([]string, error)
}

// Sale is what price lists go by.
type Sale struct {
	Channel, Store, Region, Tier string
	AtUS                         int64
	WantUntil                    bool // ask too until when the prices are known not to change
}

// SellerDirectory knows who sells and where stores stand.
type SellerDirectory interface {
	Seller(ctx context.Context, q SellerQuery) (Seller, error)
}

// SellerQuery asks for a store's seller, or an organisation; neither: headquarters.
type SellerQuery struct {
	Store, Org string
	// Stores whose standing is wanted too.
	Stores []string
}

// Seller is the seller of record; Region is the administrative one of the store that sells.
type Seller struct {
	Org, MerchantAccount string
	HeadquartersOrg      string // the brand's
	Region               string
	Timezone             string // of the store that sells, or of the platform
	Taxpayer             string // what kind
	Stores               map[string]Standing
}

// Standing is a store's organisation, the dealer above, if any, and the store's time zone.
type Standing struct{ Org, DealerOrg, Timezone string }

// MemberDirectory knows what an order freezes of its member.
type MemberDirectory interface {
	OrderFacts(ctx context.Context, memberID string) (MemberFacts, error)
}

// MemberFacts are what attributions, points and prices come from.
type MemberFacts struct {
	HomeStore                          string
	GuideCode, GuideStore, GuideReason string
	SpendablePoints, PointValueMinor   int64
	Tier                               string
	Segments                           []string
}

// StockHolder holds stock for a document, all or nothing, and lets it go.
type StockHolder interface {
	// Hold refuses with STOCK_INSUFFICIENT or NO_LOCATION. The same request id again gives the same answer.
	Hold(ctx context.Context, h Hold) ([]Reservation, error)
	// ReleaseHold undoes a hold of gid, also one that has not arrived yet.
	ReleaseHold(ctx context.Context, requestID, document, gid string) error
	// Reservations of documents, by document.
	Reservations(ctx context.Context, documents []string) (map[string][]HeldStock, error)
	// Standings are reservations, and whether a part of the document waits: for stock, a person, or the buyer.
	Standings(ctx context.Context, documents []string) (map[string]StockStanding, error)
}

// StockStanding is what inventory holds for a document, and whether something of it waits there.
type StockStanding struct {
	Held    []HeldStock
	Waiting bool
}

// LocationAnswers takes what locations say to inventory, which holds their stock.
type LocationAnswers interface {
	// Accept says that a location will ship what it has of a document. What was given to another meanwhile is refused with
	// STATE_CONFLICT. The same request id again gets the same answer.
	Accept(ctx context.Context, requestID, document, location, actor string) error
	// Decline says what a location does not ship. It may be refused with STOCK_INSUFFICIENT, while the document is not paid.
	Decline(ctx context.Context, d Decline) error
	// Choose carries out what the buyer of a pickup has chosen. It may be refused with STOCK_INSUFFICIENT or NO_LOCATION.
	Choose(ctx context.Context, c Choice) error
}

// StockRouter sends what is held for a document to another place.
type StockRouter interface {
	// Redirect refuses with STOCK_INSUFFICIENT or NO_LOCATION, and has changed nothing then. The same request id again gets the
	// same answer.
	Redirect(ctx context.Context, r Redirect) error
}

// Redirect is another place for the goods of a document.
type Redirect struct {
	RequestID, Document, Actor string
	To                         Point
	Region                     string
}

// Choice is where goods come from that wait for their buyer's word: a store, or wherever a delivery to a place is made from.
type Choice struct {
	RequestID, Document, Actor string
	Way                        Way
	Store                      string
	To                         *Point
}

// Decline is what a location does not ship of a fulfilment, by its reservations; no lines: all of it.
type Decline struct {
	RequestID, Document, Location, Actor string
	Reservations                         []string
	Lines                                []MissingPieces
	Reason, Effect                       string // names of inventory's enums
	Text                                 string
	OutageUntilUS                        int64
	OthersToo                            bool
}

// MissingPieces of a stock SKU of a line.
type MissingPieces struct {
	LineID, SKU string
	Quantity    int64
}

// Hold is what is to be held.
type Hold struct {
	RequestID, Document, GID string
	Channel, SellerOrg       string
	Way                      Way
	Destination              *Point
	Location                 string
	Lines                    []Line
	ExpiresAtUS              int64
	// Wait: without stock the document waits instead of being refused, which is answered by no reservations. Only with
	// ExpiresAtUS 0. ShipByUS: when the goods have to leave; the earlier gets stock first.
	Wait     bool
	ShipByUS int64
	// Presale: what is not there may be taken from stock that is promised to arrive.
	Presale bool
}

// HeldStock is a reservation as it stands.
type HeldStock struct {
	Reservation
	Open, Shipped int64
	State         string
	// Replaces is the reservation in whose place this one stands: the order knows that one only.
	Replaces string
}

// PointsHolder freezes a member's points for a document and gives them back.
type PointsHolder interface {
	Freeze(ctx context.Context, requestID, memberID, document, gid string, points int64) error
	Unfreeze(ctx context.Context, requestID, document, gid string) error
	// DocumentPoints as they stand, by document.
	DocumentPoints(ctx context.Context, documents []string) (map[string]DocumentPoints, error)
}

// DocumentPoints are a document's points: spent ones, and what its lines accrued.
type DocumentPoints struct {
	Frozen, Spent, GivenBack int64
	Lines                    map[string]LinePoints
}

// LinePoints are the points of a line.
type LinePoints struct{ Accrued, Earned, ClawedBack int64 }

// RebateReader knows what orders have accrued.
type RebateReader interface {
	Rebates(ctx context.Context, orderIDs []string) (map[string]OrderRebates, error)
}

// OrderRebates are an order's accruals and supply entries.
type OrderRebates struct {
	Accruals []Accrual
	Supplies []Supply
}

// Accrual is what one payee accrued on a line.
type Accrual struct {
	ID, LineID                           string
	BaseMinor, AccruedMinor, ClawedMinor int64
}

// Supply is goods of another owner that left (or came back, negative).
type Supply struct {
	ID, LineID, SKU, Document, Owner string
	Quantity, PriceMinor             int64
}
