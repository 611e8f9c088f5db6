package data

import (
	"context"
	"strconv"

	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/webhook"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// Hooks are the webhooks that follow the change log.
func (s *Store) Hooks() hooks.Store { return hooks.Store{DB: s.db, Log: "stock_changes"} }

// ListWebhooks lists the oldest first; an empty org or channel stands for all.
func (s *Store) ListWebhooks(ctx context.Context, org, channel string, p Page) ([]webhook.Row, string, error) {
	l, err := s.open(ctx, p, 2, "webhooks", org, channel)
	if err != nil {
		return nil, "", err
	}
	var after hooks.After
	if len(l.after) > 0 {
		if after.US, err = l.at(); err != nil {
			return nil, "", err
		}
		after.ID = l.after[1]
	}
	all, err := s.Hooks().List(ctx, org, channel, after, l.size+1)
	if err != nil {
		return nil, "", err
	}
	all, next := cut(l, all, func(r webhook.Row) []string { return []string{strconv.FormatInt(r.CreatedUS, 10), r.ID} })
	return all, next, nil
}

// FeedCursor writes a place as a cursor that only this query of this caller may use.
func (s *Store) FeedCursor(query string, at biz.FeedPlace) string {
	return page.Encode(s.pageSecret, query, strconv.FormatInt(at.Position, 10), strconv.Itoa(at.Rows))
}

// FeedPlace reads a cursor, or refuses with CursorInvalid.
func (s *Store) FeedPlace(query, cursor string) (at biz.FeedPlace, err error) {
	keys, err := page.Decode(s.pageSecret, cursor, query)
	if err != nil || len(keys) != 2 {
		return at, biz.CursorInvalid{}
	}
	at.Position, err = strconv.ParseInt(keys[0], 10, 64)
	if err == nil {
		at.Rows, err = strconv.Atoi(keys[1])
	}
	if err != nil || at.Position < 0 || at.Rows < 0 {
		return at, biz.CursorInvalid{}
	}
	return at, nil
}
