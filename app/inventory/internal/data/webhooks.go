package data

import (
	"strconv"

	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// Hooks are the webhooks that follow the change log.
func (s *Store) Hooks() hooks.Store { return hooks.Store{DB: s.db, Log: "stock_changes"} }

// PageSecret is the key of page tokens.
func (s *Store) PageSecret() []byte { return s.pageSecret }

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
