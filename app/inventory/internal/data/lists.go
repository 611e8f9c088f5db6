package data

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data/ent"
	"github.com/onepool/onepool/app/inventory/internal/data/ent/allocation"
	"github.com/onepool/onepool/app/inventory/internal/data/ent/location"
	"github.com/onepool/onepool/app/inventory/internal/data/ent/movement"
	"github.com/onepool/onepool/app/inventory/internal/data/ent/reservation"
	"github.com/onepool/onepool/app/inventory/internal/data/ent/stock"
)

// Page is what a caller asks of a list.
type Page struct {
	Size  int32
	Token string
}

// list is the one shape of a paged list: the key columns of the last row, in the order of the list, continue it.
type list struct {
	store *Store
	query string
	size  int
	after []string
}

// open checks the token against the query: method, filters, and whose list it is.
func (s *Store) open(ctx context.Context, p Page, keys int, query ...string) (list, error) {
	by, err := tenancy.FromContext(ctx)
	if err != nil {
		return list{}, err
	}
	l := list{store: s, query: page.Query(append(query, by.Caller())...), size: page.Size(p.Size)}
	l.after, err = page.Decode(s.pageSecret, p.Token, l.query)
	if err == nil && len(l.after) != 0 && len(l.after) != keys {
		err = page.ErrToken
	}
	return l, err
}

// at is the time that the last row's key begins with.
func (l list) at() (int64, error) {
	at, err := strconv.ParseInt(l.after[0], 10, 64)
	if err != nil {
		return 0, page.ErrToken
	}
	return at, nil
}

// older continues a list of the newest first: rows made before the last one.
func (l list) older(table string) (cond string, args []any, err error) {
	at, err := l.at()
	return "(" + table + "created_us < ? OR " + table + "created_us = ? AND " + table + "id < ?)", []any{at, at, l.after[1]}, err
}

// cut drops the row that was read to see whether there are more, and makes the token of the next page.
func cut[T any](l list, rows []T, key func(T) []string) ([]T, string) {
	if len(rows) <= l.size {
		return rows, ""
	}
	rows = rows[:l.size]
	return rows, page.Encode(l.store.pageSecret, l.query, key(rows[len(rows)-1])...)
}

// beyond continues a list: rows whose key columns come after the last ones, in one direction.
func beyond(columns []string, after []any, descending bool) func(*entsql.Selector) {
	return func(q *entsql.Selector) {
		compare := entsql.CompositeGT
		if descending {
			compare = entsql.CompositeLT
		}
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i] = q.C(c)
		}
		q.Where(compare(names, after...))
	}
}

// ListLocations lists by code.
func (s *Store) ListLocations(ctx context.Context, kind biz.LocationKind, p Page) ([]biz.Location, string, error) {
	l, err := s.open(ctx, p, 1, "locations", strconv.Itoa(int(kind)))
	if err != nil {
		return nil, "", err
	}
	q := s.ent.Location.Query().Order(ent.Asc(location.FieldID)).Limit(l.size + 1)
	if kind != 0 {
		q = q.Where(location.Kind(int8(kind)))
	}
	if len(l.after) > 0 {
		q = q.Where(location.IDGT(l.after[0]))
	}
	rows, err := q.All(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("list locations: %w", err)
	}
	rows, next := cut(l, rows, func(r *ent.Location) []string { return []string{r.ID} })
	locations := make([]biz.Location, len(rows))
	for i, r := range rows {
		if locations[i], err = fromDBLocation(r); err != nil {
			return nil, "", err
		}
	}
	return locations, next, nil
}

// ListStock lists by location, SKU, owner, within the caller's organisations.
func (s *Store) ListStock(ctx context.Context, at, sku string, p Page) ([]*biz.Stock, string, error) {
	l, err := s.open(ctx, p, 3, "stock", at, sku)
	if err != nil {
		return nil, "", err
	}
	q := s.ent.Stock.Query().Order(ent.Asc(stock.FieldLocation, stock.FieldSku, stock.FieldOwner)).Limit(l.size + 1)
	if at != "" {
		q = q.Where(stock.LocationEQ(at))
	}
	if sku != "" {
		q = q.Where(stock.SkuEQ(sku))
	}
	if len(l.after) > 0 {
		q.WhereP(beyond([]string{stock.FieldLocation, stock.FieldSku, stock.FieldOwner}, anys(l.after), false))
	}
	rows, err := q.All(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("list stock: %w", err)
	}
	rows, next := cut(l, rows, func(r *ent.Stock) []string { return []string{r.Location, r.Sku, r.Owner} })
	all := make([]*biz.Stock, len(rows))
	var out []*biz.Stock
	for i, r := range rows {
		if all[i], err = fromDBStock(r); err != nil {
			return nil, "", err
		}
		if r.OutageUntilUs > 0 {
			out = append(out, all[i])
		}
	}
	return all, next, s.asOf(ctx, out)
}

// MovementFilter says which movements. What is empty does not narrow; an empty bucket is on hand, none is all of them.
type MovementFilter struct {
	Location, SKU, Document, Reason string
	Bucket                          *string
	FromUS, UntilUS                 int64
}

// query is the filter's part of a page token.
func (f MovementFilter) query() []string {
	bucket := "any"
	if f.Bucket != nil {
		bucket = "=" + *f.Bucket
	}
	return []string{"movements", f.Location, f.SKU, f.Document, f.Reason, bucket, strconv.FormatInt(f.FromUS, 10), strconv.FormatInt(f.UntilUS, 10)}
}

func (f MovementFilter) narrow(q *ent.MovementQuery, documents []string) *ent.MovementQuery {
	if f.Location != "" {
		q = q.Where(movement.LocationEQ(f.Location))
	}
	if f.SKU != "" {
		q = q.Where(movement.SkuEQ(f.SKU))
	}
	if len(documents) > 0 {
		q = q.Where(movement.DocumentIn(documents...))
	}
	if f.Reason != "" {
		q = q.Where(movement.ReasonEQ(f.Reason))
	}
	if f.Bucket != nil {
		q = q.Where(movement.BucketEQ(*f.Bucket))
	}
	if f.FromUS > 0 {
		q = q.Where(movement.AtUsGTE(f.FromUS))
	}
	if f.UntilUS > 0 {
		q = q.Where(movement.AtUsLT(f.UntilUS))
	}
	return q
}

// papers are the documents that go by a name: the one with that id, and transfers with that number on their paper, of
// whatever organisation. Whose movements are shown is decided by the movements.
func (s *Store) papers(ctx context.Context, document string) ([]string, error) {
	if document == "" {
		return nil, nil
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT id FROM transfers WHERE number = ? ORDER BY id LIMIT ?", document, maxParameters)
	if err != nil {
		return nil, fmt.Errorf("find transfers by number: %w", err)
	}
	ids, err := scanAll(rows, func(scan func(...any) error) (id string, err error) { return id, scan(&id) })
	return append(ids, document), err
}

// ListMovements lists the newest first, within the caller's organisations.
func (s *Store) ListMovements(ctx context.Context, f MovementFilter, p Page) ([]biz.Movement, string, error) {
	l, err := s.open(ctx, p, 2, f.query()...)
	if err != nil {
		return nil, "", err
	}
	documents, err := s.papers(ctx, f.Document)
	if err != nil {
		return nil, "", err
	}
	q := f.narrow(s.ent.Movement.Query().Order(ent.Desc(movement.FieldAtUs, movement.FieldID)).Limit(l.size+1), documents)
	if len(l.after) > 0 {
		at, err := l.at()
		if err != nil {
			return nil, "", err
		}
		q.WhereP(beyond([]string{movement.FieldAtUs, movement.FieldID}, []any{at, l.after[1]}, true))
	}
	rows, err := q.All(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("list movements: %w", err)
	}
	rows, next := cut(l, rows, func(r *ent.Movement) []string { return []string{strconv.FormatInt(r.AtUs, 10), r.ID} })
	all := make([]biz.Movement, len(rows))
	for i, r := range rows {
		all[i] = fromDBMovement(r)
	}
	return all, next, nil
}

// maxReservations of one answer: 200 documents of 200 lines never split more.
const maxReservations = 40_000

// ListReservations returns the documents' reservations, whatever their state, within the caller's organisations.
func (s *Store) ListReservations(ctx context.Context, documents []string) ([]biz.ReservationRow, error) {
	rows, err := s.ent.Reservation.Query().Where(reservation.DocumentIn(documents...)).
		Order(ent.Asc(reservation.FieldDocument, reservation.FieldCreatedUs, reservation.FieldID)).Limit(maxReservations).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list reservations: %w", err)
	}
	all := make([]biz.ReservationRow, len(rows))
	for i, r := range rows {
		all[i] = fromDBReservation(r)
	}
	return all, nil
}

// Allocation returns why the locations of a document were chosen, the last time they were.
func (s *Store) Allocation(ctx context.Context, document string) (biz.Explanation, string, error) {
	r, err := s.ent.Allocation.Query().Where(allocation.DocumentEQ(document)).Order(ent.Desc(allocation.FieldDecidedAtUs, allocation.FieldID)).First(ctx)
	if ent.IsNotFound(err) {
		return biz.Explanation{}, "", biz.UnknownDocument{Document: document}
	}
	if err != nil {
		return biz.Explanation{}, "", fmt.Errorf("read allocation: %w", err)
	}
	e := biz.Explanation{Document: r.Document, Strategy: r.Strategy, Considered: int(r.Considered), TookUS: r.TookUs, DecidedAtUS: r.DecidedAtUs}
	if err := json.Unmarshal(r.Candidates, &e.Candidates); err != nil {
		return e, "", fmt.Errorf("read allocation of %s: %w", document, err)
	}
	return e, r.Text, nil
}

func fromDBLocation(r *ent.Location) (l biz.Location, err error) {
	l = biz.Location{Code: r.ID, Name: r.Name, Org: r.Org, Kind: biz.LocationKind(r.Kind), Active: r.Active, Ways: biz.Ways(r.Ways), Shared: r.Shared,
		SettlementRateBP: r.SettlementRateBp, FulfilmentFeeMinor: r.FulfilmentFeeMinor, Version: r.Version, ProfileVersion: r.ProfileVersion}
	if r.Lat != nil && r.Lng != nil {
		l.Point = &geo.Point{Lat: *r.Lat, Lng: *r.Lng}
	}
	l.Profile, err = profileOf(r.Profile)
	return l, err
}

func fromDBStock(r *ent.Stock) (*biz.Stock, error) {
	return biz.RestoreStock(biz.StockRow{ID: r.ID, Key: biz.StockKey{SKU: r.Sku, Location: r.Location, Owner: r.Owner}, Org: r.Org,
		OnHand: r.OnHand, Reserved: r.Reserved, SafetyStock: r.Safety, Seq: r.Seq, Chain: r.Chain, Version: r.Version,
		InTransit: r.InTransit, Damaged: r.Damaged, Blocked: r.Blocked, Batched: r.Batched, OutageUntilUS: r.OutageUntilUs, ReceivedUS: r.ReceivedUs})
}

func fromDBMovement(r *ent.Movement) biz.Movement {
	return biz.Movement{ID: r.ID, Key: biz.StockKey{SKU: r.Sku, Location: r.Location, Owner: r.Owner}, Org: r.Org,
		Step: biz.Step{Seq: r.Seq, Quantity: r.Quantity, Before: r.QtyBefore, After: r.QtyAfter}, Reason: biz.Reason(r.Reason),
		Document: r.Document, Ref: r.Ref, Actor: r.Actor, Note: r.Note, AtUS: r.AtUs, Hash: r.Hash, Bucket: r.Bucket, Batch: r.Batch, Request: r.Request}
}

func fromDBReservation(r *ent.Reservation) biz.ReservationRow {
	return biz.ReservationRow{Terms: biz.Terms{ID: r.ID, Document: r.Document, LineID: r.LineID, GID: r.Gid,
		Key: biz.StockKey{SKU: r.Sku, Location: r.Location, Owner: r.Owner}, LocationName: r.LocationName, LocationOrg: r.Org, Seller: r.Seller,
		Channel: r.Channel, Way: biz.Way(r.Way), Quantity: r.Quantity, ExpiresAtUS: r.ExpiresAtUs, SettlementPriceMinor: r.SettlementPriceMinor,
		FulfilmentFeeMinor: r.FulfilmentFeeMinor, DistanceM: r.DistanceM, Replaces: r.Replaces, CreatedAtUS: r.CreatedUs, Batch: r.Batch, Quota: r.Quota, Presale: r.Presale, KitSKU: r.KitSku, CapacityDay: r.CapacityDay},
		State: biz.ReservationState(r.State), Open: r.Open, Shipped: r.Shipped, Released: r.Released, Expired: r.Expired, Version: r.Version}
}
