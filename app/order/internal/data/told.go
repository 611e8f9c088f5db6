package data

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/sequence"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/predicate"
	"github.com/onepool/onepool/app/order/internal/data/ent/tradeevent"
)

// Trade events tell sellers' systems, channels and the organisations that ship what becomes of orders.
//
// Always true:
//   - A change that is told is one event for the seller, and one for the organisation of a location that is another one, both
//     in the commit of the change.
//   - Who reads by position misses nothing. Of one order, events come in the order of its versions.

// ToldKept is how long events are kept. Who was away for longer begins anew.
const ToldKept = 35 * 24 * time.Hour

const topicTold = "trade_events"

// ToldFeed is the log for the sequencer. An order's events that wait for their numbers are all there: each commit of it came
// after the one before.
func ToldFeed() sequence.Feed {
	return sequence.Feed{Table: "trade_events", ID: "id", OrderBy: "order_id, version, fulfilment_id, part", Topic: topicTold}
}

// ErrToldExpired means that events after a position are not kept any more.
var ErrToldExpired = errors.New("order: the events after the cursor are gone")

// tell writes what others are told of an order's changes, in their transaction.
func (s *Orders) tell(ctx context.Context, o *biz.Order) error {
	var rows []*ent.TradeEventCreate
	h := o.Record().Header
	for _, e := range o.Told() {
		row := func(org string, part bool) *ent.TradeEventCreate {
			body := e.Body
			if part { // what the seller has of it is not its locations' concern
				body.Receipts = nil
			}
			if !part && h.SourceNo != h.ID {
				body.SourceNo = h.SourceNo
			}
			return s.ent.TradeEvent.Create().SetID(ids.New("tev")).SetOrg(org).SetOrderID(h.ID).SetSellerOrg(h.Org).SetPart(part).SetVersion(e.Version).
				SetTopic(string(e.Topic)).SetState(string(e.State)).SetKind(string(h.Kind)).SetChannel(h.Channel).SetShopStore(h.ShopStore).
				SetFulfilmentID(e.FulfilmentID).SetLocation(e.Location).SetAtUs(e.AtUS).SetBody(body)
		}
		rows = append(rows, row(h.Org, false))
		if e.LocationOrg != "" && e.LocationOrg != h.Org {
			rows = append(rows, row(e.LocationOrg, true))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := s.ent.TradeEvent.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("events of %s: %w", h.ID, err)
	}
	return s.db.AfterCommit(ctx, func() { s.db.Signal(topicTold) })
}

// ToldFilter says whose eyes the events are for, beside the scope of the context; empty fields do not narrow.
type ToldFilter struct {
	// Orgs of a reader who does not see all: it is not told twice of its own orders' fulfilments at locations of its own. None:
	// all organisations' events, each once.
	Orgs []string
	// Store: only what it sells or ships.
	Store string
	// Channel: only orders that it has sent, or that came through it.
	Channel string
	// Sent: only orders that a channel has sent.
	Sent   bool
	Topics []string
}

// Told is an event at its position.
type Told struct {
	biz.TradeEvent
	ID                 string
	Position           int64
	OrderID, SellerOrg string
	Kind               biz.Kind
	Channel, ShopStore string
}

const (
	// toldWindow is how many positions one query looks at, toldWindows how many queries make an answer: who sees little of a long
	// log gets an empty answer and a cursor that is further on.
	toldWindow  = 2000
	toldWindows = 10
)

// ToldAfter reads what the caller may see after a position, at most limit events, and where to read on. Nothing is missed:
// what was gone already is ErrToldExpired.
func (s *Orders) ToldAfter(ctx context.Context, f ToldFilter, position int64, limit int) (list []Told, to int64, err error) {
	_, last, err := s.ToldEnds(ctx)
	if err != nil {
		return nil, 0, err
	}
	for to = position; to < last && len(list) < limit; {
		end := min(to+toldWindow, last)
		rows, err := s.ent.TradeEvent.Query().Where(f.where(to, end)).Order(ent.Asc(tradeevent.FieldPosition)).Limit(limit - len(list)).All(ctx)
		if err != nil {
			return nil, 0, fmt.Errorf("events after %d: %w", position, err)
		}
		for _, row := range rows {
			list = append(list, toTold(row))
		}
		if to = end; len(list) == limit {
			to = list[limit-1].Position
		}
		if end >= position+toldWindow*toldWindows {
			break
		}
	}
	first, _, err := s.ToldEnds(ctx) // afterwards: a purge may be at work
	if err == nil && first > position+1 {
		err = ErrToldExpired
	}
	return list, to, err
}

func (f ToldFilter) where(after, end int64) predicate.TradeEvent {
	all := []predicate.TradeEvent{tradeevent.PositionGT(after), tradeevent.PositionLTE(end)}
	if len(f.Orgs) > 0 {
		all = append(all, tradeevent.Or(tradeevent.Part(false), tradeevent.SellerOrgNotIn(f.Orgs...)))
	} else {
		all = append(all, tradeevent.Part(false))
	}
	if f.Store != "" {
		all = append(all, tradeevent.Or(tradeevent.ShopStore(f.Store), tradeevent.Location(f.Store)))
	}
	if f.Channel != "" {
		all = append(all, tradeevent.Channel(f.Channel))
	}
	if f.Sent {
		all = append(all, tradeevent.Kind(string(biz.KindChannel)), tradeevent.Part(false))
	}
	if len(f.Topics) > 0 {
		all = append(all, tradeevent.TopicIn(f.Topics...))
	}
	return tradeevent.And(all...)
}

// ToldEnds returns the first position that is kept and the last one that was given; both 0 while there is none.
func (s *Orders) ToldEnds(ctx context.Context) (first, last int64, err error) {
	for _, end := range []struct {
		order sql.OrderTermOption
		at    *int64
	}{{sql.OrderAsc(), &first}, {sql.OrderDesc(), &last}} {
		row, err := s.ent.TradeEvent.Query().Where(tradeevent.PositionNotNil()).Order(tradeevent.ByPosition(end.order)).Select(tradeevent.FieldPosition).First(AsService(ctx))
		if ent.IsNotFound(err) {
			return 0, 0, nil
		}
		if err != nil {
			return 0, 0, fmt.Errorf("ends of the events: %w", err)
		}
		*end.at = *row.Position
	}
	return first, last, nil
}

func toTold(row *ent.TradeEvent) Told {
	t := Told{
		ID: row.ID, Position: *row.Position, OrderID: row.OrderID, SellerOrg: row.SellerOrg, Kind: biz.Kind(row.Kind), Channel: row.Channel, ShopStore: row.ShopStore,
		TradeEvent: biz.TradeEvent{Topic: biz.Topic(row.Topic), Version: row.Version, State: biz.State(row.State), AtUS: row.AtUs, FulfilmentID: row.FulfilmentID,
			Location: row.Location, Body: row.Body},
	}
	if row.Part {
		t.LocationOrg = row.Org
	}
	return t
}

// Hooks are the webhooks that follow the events.
func (s *Orders) Hooks() hooks.Store { return hooks.Store{DB: s.db, Log: "trade_events"} }

// SequenceTold numbers events until ctx ends.
func (s *Orders) SequenceTold(ctx context.Context, report func(context.Context, error)) {
	sequence.Run(ctx, s.db, ToldFeed(), report)
}

// PurgeTold removes what is past its retention, but never the last position: the log's end stays known.
func (s *Orders) PurgeTold(ctx context.Context) error {
	now, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	_, last, err := s.ToldEnds(ctx)
	if err != nil {
		return err
	}
	_, err = platform.Purge(ctx, s.db, "trade_events", "id", "at_us < ? AND position IS NOT NULL AND position < ?", now-ToldKept.Microseconds(), last)
	return err
}

// toldChecks compare what was told with what has happened, as far back as events are kept (and since there are any: orders may
// be older than the first).
func toldChecks() []invariant.Check {
	var kept []string
	for _, e := range biz.Edges {
		if _, told := e.Told(); told {
			kept = append(kept, fmt.Sprintf("h.subject = '%s' AND h.from_state = '%s' AND h.event = '%s'", e.Subject, e.From, e.Event))
		}
	}
	told := "(" + strings.Join(kept, " OR ") + ")"
	return []invariant.Check{{
		ID: "I14", Title: "others are told of every change that concerns them, once, and of nothing else; an order's events say its state",
		Counted: "SELECT COUNT(*) FROM trade_events",
		Violations: "SELECT h.order_id, 'a change was told to nobody' FROM order_events h LEFT JOIN trade_events t ON t.order_id = h.order_id AND t.version = h.version AND t.part = ?" +
			" WHERE " + told + " AND t.id IS NULL AND (h.event <> 'overdue' OR h.at_us >= (SELECT MIN(at_us) FROM trade_events WHERE topic = 'OVERDUE')) AND h.at_us >= ? AND h.at_us >= (SELECT MIN(at_us) FROM trade_events)" +
			" UNION ALL SELECT t.order_id, 'an event tells what has not happened' FROM trade_events t LEFT JOIN order_events h ON h.order_id = t.order_id AND h.version = t.version" +
			" AND h.to_state = t.state AND " + told + " LEFT JOIN orders o ON o.id = t.order_id WHERE h.id IS NULL OR o.id IS NULL OR o.org <> t.seller_org OR o.channel <> t.channel" +
			" UNION ALL SELECT t.order_id, 'a fulfilment''s event is for another organisation' FROM trade_events t LEFT JOIN fulfilments f ON f.id = t.fulfilment_id" +
			" WHERE (t.part = ? AND t.org <> t.seller_org) OR (t.part = ? AND (f.id IS NULL OR f.org <> t.org OR t.org = t.seller_org))" +
			" UNION ALL SELECT t.order_id, 'the organisation of a fulfilment was not told' FROM trade_events t JOIN fulfilments f ON f.id = t.fulfilment_id AND f.org <> t.org" +
			" LEFT JOIN trade_events p ON p.order_id = t.order_id AND p.version = t.version AND p.fulfilment_id = t.fulfilment_id AND p.part = ?" +
			" WHERE t.part = ? AND p.id IS NULL AND t.at_us >= ?" +
			" UNION ALL SELECT o.id, 'state is not what its events say' FROM orders o JOIN (SELECT t.order_id, MAX(t.version) AS version FROM trade_events t" +
			" JOIN order_events h ON h.order_id = t.order_id AND h.version = t.version AND h.subject = 'order' GROUP BY t.order_id) m ON m.order_id = o.id" +
			" JOIN trade_events t ON t.order_id = m.order_id AND t.version = m.version WHERE t.state <> o.state",
		Args: func(nowUS int64) []any {
			since := nowUS - ToldKept.Microseconds()
			return []any{false, since, false, true, true, false, since}
		},
	}}
}
