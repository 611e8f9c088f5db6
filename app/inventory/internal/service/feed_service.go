package service

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/webhook"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

const (
	saltBytes = 32
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
	hooks   hooks.Store
	put     webhook.Put
	remove  webhook.Delete
	waiters chan struct{}
}

// NewFeed makes the feed of what inventory promises.
func NewFeed(db *database.DB, store *data.Store, inventory *Inventory, c FeedConfig) *StockFeed {
	return &StockFeed{
		db: db, store: store, config: c, waiters: make(chan struct{}, waitersMost),
		feed:  biz.ReadFeed{Log: store, Kits: store, Promises: promises{inventory, store}},
		hooks: store.Hooks(),
		put: webhook.Put{Book: store.Hooks(), End: func(ctx context.Context) (int64, error) {
			_, last, err := store.ChangeEnds(ctx)
			return last, err
		}, Loopback: c.Loopback, NewID: func() string { return ids.New("whk") }, Random: func() []byte {
			salt := make([]byte, saltBytes)
			rand.Read(salt) // never fails: the runtime ends the process if the system has no randomness
			return salt
		}},
		remove: webhook.Delete{Book: store.Hooks()},
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
	by, err := subscriber(ctx)
	if err != nil {
		return nil, err
	}
	out, err := command.Local[nothing, *inventoryv1.Webhook]{
		Method:  inventoryv1.StockFeed_PutWebhook_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Webhook, error) {
			now, err := s.db.Now(ctx)
			if err != nil {
				return nil, err
			}
			w, fresh, err := s.put.Decide(ctx, by, webhook.PutInput{ID: in.GetId(), Org: in.GetOrg(), Channel: in.GetChannel(), Rotate: in.GetRotateSecret(),
				Terms: webhook.Terms{URL: in.GetUrl(), CoalesceMS: in.GetCoalesceMs(), Active: in.GetActive()}}, now)
			if err != nil {
				return nil, err
			}
			out := toWebhook(w.Row())
			if fresh {
				out.Secret = secretToShow
			}
			return out, nil
		},
	}.Run(ctx, s.db)
	if err != nil || out.GetSecret() == "" {
		return out, err
	}
	return out, s.show(ctx, out)
}

// secretToShow stands in the recorded answer for a secret, which is recorded nowhere.
const secretToShow = "once"

// show puts the secret into an answer, unless it has changed since.
func (s *StockFeed) show(ctx context.Context, out *inventoryv1.Webhook) error {
	out.Secret = ""
	row, known, err := s.hooks.Find(ctx, out.GetId())
	if err == nil && known && webhook.SecretID(row.ID, row.Salt) == out.GetSecretId() {
		out.Secret = webhook.Secret(s.config.Key, row.ID, row.Salt)
	}
	return err
}

// ListWebhooks lists the oldest first.
func (s *StockFeed) ListWebhooks(ctx context.Context, in *inventoryv1.ListWebhooksRequest) (*inventoryv1.ListWebhooksResponse, error) {
	by, err := subscriber(ctx)
	if err != nil {
		return nil, err
	}
	org, channel, err := by.Sees()
	if err != nil {
		return nil, err
	}
	out := &inventoryv1.ListWebhooksResponse{}
	switch wanted := in.GetChannel(); {
	case channel == "":
		channel = wanted
	case wanted != "" && wanted != channel:
		return out, nil // another channel's are not there
	}
	rows, next, err := s.store.ListWebhooks(ctx, org, channel, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	out.NextPageToken = next
	out.Webhooks = all(rows, toWebhook)
	return out, nil
}

// DeleteWebhook ends a subscription.
func (s *StockFeed) DeleteWebhook(ctx context.Context, in *inventoryv1.DeleteWebhookRequest) (*inventoryv1.DeleteWebhookResponse, error) {
	by, err := subscriber(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.DeleteWebhookResponse]{
		Method:  inventoryv1.StockFeed_DeleteWebhook_FullMethodName,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.DeleteWebhookResponse, error) {
			return &inventoryv1.DeleteWebhookResponse{}, s.remove.Decide(ctx, by, in.GetId())
		},
	}.Run(ctx, s.db)
}

// subscriber says who asks about webhooks. A member's channel is the one it came through, not one that it speaks for.
func subscriber(ctx context.Context) (webhook.Subscriber, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return webhook.Subscriber{}, err
	}
	return hooks.Subscriber(p), nil
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
