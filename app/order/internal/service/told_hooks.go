package service

import (
	"context"
	"errors"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/webhook"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
)

// PutEventWebhook subscribes a channel, or changes its subscription.
func (s *TradeEvents) PutEventWebhook(ctx context.Context, in *orderv1.PutEventWebhookRequest) (*orderv1.EventWebhook, error) {
	return hooks.Put(ctx, s.hooks, orderv1.TradeEvents_PutEventWebhook_FullMethodName, in, webhook.PutInput{
		ID: in.GetId(), Org: in.GetOrg(), Channel: in.GetChannel(), Rotate: in.GetRotateSecret(),
		Terms: webhook.Terms{URL: in.GetUrl(), CoalesceMS: in.GetCoalesceMs(), Active: in.GetActive()},
	}, toEventWebhook, func(w *orderv1.EventWebhook, text string) { w.Secret = text })
}

// ListEventWebhooks lists the oldest first.
func (s *TradeEvents) ListEventWebhooks(ctx context.Context, in *orderv1.ListEventWebhooksRequest) (*orderv1.ListEventWebhooksResponse, error) {
	rows, next, err := s.hooks.List(ctx, in.GetChannel(), in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListEventWebhooksResponse{NextPageToken: next}
	for _, r := range rows {
		out.Webhooks = append(out.Webhooks, toEventWebhook(r))
	}
	return out, nil
}

// DeleteEventWebhook ends a subscription.
func (s *TradeEvents) DeleteEventWebhook(ctx context.Context, in *orderv1.DeleteEventWebhookRequest) (*orderv1.DeleteEventWebhookResponse, error) {
	return hooks.Delete(ctx, s.hooks, orderv1.TradeEvents_DeleteEventWebhook_FullMethodName, in, in.GetId(), &orderv1.DeleteEventWebhookResponse{})
}

func toEventWebhook(r webhook.Row) *orderv1.EventWebhook {
	return &orderv1.EventWebhook{
		Id: r.ID, Org: r.Org, Channel: r.Channel, Url: r.URL, CoalesceMs: r.CoalesceMS, Active: r.Active, Position: r.Position, Failures: r.Failures, NextUs: r.NextUS,
		LastError: r.LastError, CreatedAtUs: r.CreatedUS, UpdatedAtUs: r.UpdatedUS, SecretId: webhook.SecretID(r.ID, r.Salt),
	}
}

// toldMost is how many events one message to a receiver holds.
const toldMost = 200

// toldMessage is what a receiver of a webhook gets.
type toldMessage struct {
	Webhook string      `json:"webhook"`
	Channel string      `json:"channel"`
	From    int64       `json:"from"`
	To      int64       `json:"to"`
	Reset   bool        `json:"reset"`
	Events  []toldEvent `json:"events"`
}

type toldEvent struct {
	ID        string `json:"id"`
	Position  int64  `json:"position"`
	Topic     string `json:"topic"`
	OrderID   string `json:"order_id"`
	Version   int64  `json:"version"`
	State     string `json:"state"`
	AtUS      int64  `json:"at_us"`
	SellerOrg string `json:"seller_org"`
	// Of a fulfilment.
	FulfilmentID string `json:"fulfilment_id,omitempty"`
	Location     string `json:"location,omitempty"`
	biz.TradeBody
}

// Deliverer tells the receivers of webhooks what has become of their channels' orders.
func (s *TradeEvents) Deliverer(c hooks.Config) *hooks.Deliverer {
	return hooks.NewDeliverer(s.store, c, s.gather)
}

// gather reads what a receiver has not taken yet, with the eyes of its channel's own account.
func (s *TradeEvents) gather(ctx context.Context, to webhook.Row) (webhook.Batch, error) {
	filter := data.ToldFilter{Orgs: []string{to.Org}, Channel: to.Channel, Sent: true}
	found, end, err := s.orders.ToldAfter(hooks.AsAccount(ctx, to), filter, to.Position, toldMost)
	m := toldMessage{Webhook: to.ID, Channel: to.Channel, From: to.Position, Events: []toldEvent{}}
	_, last, ended := s.orders.ToldEnds(ctx)
	switch {
	case ended != nil:
		return webhook.Batch{}, ended
	case errors.Is(err, data.ErrToldExpired): // away for too long: it reads all, and is told from here on
		m.Reset, m.To = true, last
		return webhook.Batch{Messages: []any{m}, To: last}, nil
	case err != nil:
		return webhook.Batch{}, err
	}
	batch := webhook.Batch{To: end, More: end < last}
	if m.To = end; len(found) > 0 {
		for _, e := range found {
			e.Body.Receipts = nil // the seller's, not its channel's
			m.Events = append(m.Events, toldEvent{ID: e.ID, Position: e.Position, Topic: e.Topic.Name(), OrderID: e.OrderID, Version: e.Version, State: string(e.State), AtUS: e.AtUS,
				SellerOrg: e.SellerOrg, FulfilmentID: e.FulfilmentID, Location: e.Location, TradeBody: e.Body})
		}
		batch.Messages = []any{m}
	}
	return batch, nil
}
