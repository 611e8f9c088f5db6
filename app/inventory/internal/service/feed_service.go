package service

import (
	"context"
	"slices"
	"time"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/webhook"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

const (
	// waitersMost bounds the requests of a process that wait for a change; the others are answered at once.
	waitersMost = 128
	// answerRoom is what a waiting request keeps of its own deadline for its answer.
	answerRoom = time.Second
)

// FeedConfig says how channels are told.
type FeedConfig struct {
	// Key makes the secrets of webhooks.
	Key []byte
	// Loopback allows webhooks to this machine.
	Loopback bool
	// Hit counts bounds that were hit.
	Hit func(bound string)
}

// StockFeed is the service of the change feed and its webhooks.
type StockFeed struct {
	inventoryv1.UnimplementedStockFeedServer
	db      *database.DB
	store   *data.Store
	config  FeedConfig
	feed    biz.ReadFeed
	hooks   *hooks.Subscriptions
	waiters chan struct{}
}

// NewFeed makes the feed of what inventory promises.
func NewFeed(db *database.DB, store *data.Store, inventory *Inventory, c FeedConfig) *StockFeed {
	return &StockFeed{
		db: db, store: store, config: c, waiters: make(chan struct{}, waitersMost),
		feed: biz.ReadFeed{Log: store, Kits: store, Promises: promises{inventory, store}},
		hooks: hooks.NewSubscriptions(store.Hooks(), c.Key, store.PageSecret(), c.Loopback, func(ctx context.Context) (int64, error) {
			_, last, err := store.ChangeEnds(ctx)
			return last, err
		}),
	}
}

// ListStockChanges tells what has changed since a cursor.
func (s *StockFeed) ListStockChanges(ctx context.Context, in *inventoryv1.ListStockChangesRequest) (*inventoryv1.ListStockChangesResponse, error) {
	reader, channel, err := feedReader(ctx, in)
	if err != nil {
		return nil, err
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	q := biz.FeedQuery{Channel: channel, Limit: page.Size(in.GetLimit()), SKUs: in.GetSkus(), Locations: in.GetLocations()}
	bound := page.Query("stock changes", p.Caller(), p.Org, q.Channel, page.Query(sorted(q.SKUs)...), page.Query(sorted(q.Locations)...))
	if in.GetCursor() == "" {
		return s.begin(ctx, in, reader, q, bound)
	}
	if in.GetBegin() != inventoryv1.FeedBegin_FEED_BEGIN_UNSPECIFIED {
		return nil, biz.Invalid{Field: "begin", Rule: "not together with a cursor"}
	}
	from, err := s.store.FeedPlace(bound, in.GetCursor())
	if err != nil {
		return nil, err
	}
	return s.follow(ctx, in, reader, q, bound, from)
}

// begin answers without a cursor: with the place where the next change will come, or with the oldest changes.
func (s *StockFeed) begin(ctx context.Context, in *inventoryv1.ListStockChangesRequest, r biz.FeedReader, q biz.FeedQuery, bound string) (*inventoryv1.ListStockChangesResponse, error) {
	oldest := in.GetBegin() == inventoryv1.FeedBegin_BEGIN_OLDEST
	from, err := s.feed.Begin(ctx, oldest)
	if err != nil {
		return nil, err
	}
	if oldest {
		return s.follow(ctx, in, r, q, bound, from)
	}
	return &inventoryv1.ListStockChangesResponse{NextCursor: s.store.FeedCursor(bound, from), Position: from.Position}, nil
}

func (s *StockFeed) follow(ctx context.Context, in *inventoryv1.ListStockChangesRequest, r biz.FeedReader, q biz.FeedQuery, bound string, from biz.FeedPlace) (*inventoryv1.ListStockChangesResponse, error) {
	wait, over := s.waiting(ctx, in.GetWaitMs())
	defer over()
	got, err := s.feed.Follow(ctx, wait, r, q, from)
	if err != nil {
		return nil, err
	}
	out := &inventoryv1.ListStockChangesResponse{NextCursor: s.store.FeedCursor(bound, got.To), Position: got.To.Position, AtUs: got.AtUS, Behind: got.Behind, Reset_: got.Reset}
	for _, item := range got.Items {
		out.Changes = append(out.Changes, toStockChange(item))
	}
	return out, nil
}

// waiting is the time that a request may wait: it ends before the request's own, and when too many wait there is none.
func (s *StockFeed) waiting(ctx context.Context, waitMS int64) (context.Context, func()) {
	none := func() {}
	wait := time.Duration(waitMS) * time.Millisecond
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)-answerRoom)
	}
	if wait <= 0 {
		return nil, none
	}
	select {
	case s.waiters <- struct{}{}:
	default:
		s.config.Hit("feed_waiters")
		return nil, none
	}
	until, stop := context.WithTimeout(ctx, wait)
	return until, func() { stop(); <-s.waiters }
}

// feedReader says whose eyes the feed is for, and which channel's promises.
func feedReader(ctx context.Context, in *inventoryv1.ListStockChangesRequest) (biz.FeedReader, string, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return biz.FeedReader{}, "", err
	}
	switch p.Kind {
	case tenancy.Member:
		return biz.FeedReader{}, "", fault.Forbidden("staff, or a channel's account")
	case tenancy.Channel:
		if p.Channel == "" || in.GetChannel() != "" && in.GetChannel() != p.Channel {
			return biz.FeedReader{}, "", fault.Forbidden("the channel's own account")
		}
		if len(in.GetLocations()) > 0 {
			return biz.FeedReader{}, "", fault.Forbidden("staff, to see locations")
		}
		return biz.FeedReader{Org: p.Org, Totals: true}, p.Channel, nil
	}
	return biz.FeedReader{Org: p.Org, All: p.Kind == tenancy.HQ || p.Kind == tenancy.Service}, in.GetChannel(), nil
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// PutWebhook subscribes a channel, or changes its subscription.
func (s *StockFeed) PutWebhook(ctx context.Context, in *inventoryv1.PutWebhookRequest) (*inventoryv1.Webhook, error) {
	return hooks.Put(ctx, s.hooks, inventoryv1.StockFeed_PutWebhook_FullMethodName, in, webhook.PutInput{
		ID: in.GetId(), Org: in.GetOrg(), Channel: in.GetChannel(), Rotate: in.GetRotateSecret(),
		Terms: webhook.Terms{URL: in.GetUrl(), CoalesceMS: in.GetCoalesceMs(), Active: in.GetActive()},
	}, toWebhook, func(w *inventoryv1.Webhook, text string) { w.Secret = text })
}

// ListWebhooks lists the oldest first.
func (s *StockFeed) ListWebhooks(ctx context.Context, in *inventoryv1.ListWebhooksRequest) (*inventoryv1.ListWebhooksResponse, error) {
	rows, next, err := s.hooks.List(ctx, in.GetChannel(), in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListWebhooksResponse{Webhooks: all(rows, toWebhook), NextPageToken: next}, nil
}

// DeleteWebhook ends a subscription.
func (s *StockFeed) DeleteWebhook(ctx context.Context, in *inventoryv1.DeleteWebhookRequest) (*inventoryv1.DeleteWebhookResponse, error) {
	return hooks.Delete(ctx, s.hooks, inventoryv1.StockFeed_DeleteWebhook_FullMethodName, in, in.GetId(), &inventoryv1.DeleteWebhookResponse{})
}

func toStockChange(i biz.FeedItem) *inventoryv1.StockChange {
	out := &inventoryv1.StockChange{Sku: i.SKU, Location: i.Location, Online: i.Online}
	if out.CountedBlind = i.Hidden; i.Location != "" && !i.Hidden {
		out.AtTheTill = &i.AtTheTill
	}
	return out
}

func toWebhook(r webhook.Row) *inventoryv1.Webhook {
	return &inventoryv1.Webhook{Id: r.ID, Org: r.Org, Channel: r.Channel, Url: r.URL, CoalesceMs: r.CoalesceMS, Active: r.Active, Position: r.Position,
		Failures: r.Failures, NextUs: r.NextUS, LastError: r.LastError, CreatedAtUs: r.CreatedUS, UpdatedAtUs: r.UpdatedUS, SecretId: webhook.SecretID(r.ID, r.Salt)}
}
