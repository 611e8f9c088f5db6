package biz

import (
	"context"
	"errors"

	"github.com/onepool/onepool/app/internal/webhook"
)

// noticeMost is how many SKUs one message holds.
const noticeMost = 500

// Notice is one message to a receiver: what has changed in the commits after From, up to To.
type Notice struct {
	Webhook string         `json:"webhook"`
	Channel string         `json:"channel"`
	From    int64          `json:"from"`
	To      int64          `json:"to"`
	Part    int            `json:"part"`
	Parts   int            `json:"parts"`
	AtUS    int64          `json:"at_us"`
	Reset   bool           `json:"reset"`
	Changes []NoticeChange `json:"changes"` // totals
}

// NoticeChange is what may be promised now of a SKU that has changed.
type NoticeChange struct {
	SKU    string `json:"sku"`
	Online int64  `json:"online"`
}

// Notices are what receivers of webhooks are told.
type Notices struct {
	Log      ChangeLog
	Kits     KitFollower
	Promises Promises
}

// Gather reads what a receiver has not taken yet, in the context of the channel's own account: in parts if one commit alone is
// more than a message holds.
func (uc Notices) Gather(ctx context.Context, row webhook.Row) (webhook.Batch, error) {
	key := FeedQuery{}.keyFor(FeedReader{Totals: true})
	got, err := gatherer{log: uc.Log, kits: uc.Kits, key: key, limit: noticeMost, whole: true}.after(ctx, FeedPlace{Position: row.Position})
	if errors.Is(err, FeedExpired{}) {
		// Away for too long: it has to read all, and is told from here on.
		got = &gathered{reset: true}
		_, got.to.Position, err = uc.Log.ChangeEnds(ctx)
	}
	if err != nil || got.to.Position == row.Position {
		return webhook.Batch{}, err
	}
	items, err := promised(ctx, uc.Promises, row.Channel, got.keys)
	if err != nil {
		return webhook.Batch{}, err
	}
	batch := webhook.Batch{To: got.to.Position, More: got.full}
	parts := max(1, (len(items)+noticeMost-1)/noticeMost)
	for i := range parts {
		n := Notice{Webhook: row.ID, Channel: row.Channel, From: row.Position, To: got.to.Position, Part: i + 1, Parts: parts, AtUS: got.atUS, Reset: got.reset, Changes: []NoticeChange{}}
		for _, item := range items[i*noticeMost : min(len(items), (i+1)*noticeMost)] {
			n.Changes = append(n.Changes, NoticeChange{item.SKU, item.Online})
		}
		batch.Messages = append(batch.Messages, n)
	}
	return batch, nil
}
