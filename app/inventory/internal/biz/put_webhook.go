package biz

import "context"

// Subscriber is who wants a channel to be told.
type Subscriber struct {
	Caller
	// Account is the channel whose own account it is; empty: it is none.
	Account string
}

// may refuses who has nothing to do with webhooks.
func (s Subscriber) may() error {
	switch {
	case s.Account != "":
		return nil
	case s.Headquarters && s.any("operator", "admin"):
		return nil
	}
	return Forbidden{"operator or admin, or the channel's own account"}
}

// owns says whether a webhook is there for the subscriber.
func (s Subscriber) owns(r WebhookRow) bool {
	return s.Headquarters || s.Account != "" && s.Account == r.Channel && s.Org == r.Org
}

// Sees is whose webhooks the subscriber is shown: empty stands for all.
func (s Subscriber) Sees() (org, channel string, err error) {
	if s.Headquarters {
		return "", "", s.may()
	}
	return s.Org, s.Account, s.may()
}

// WebhookBook keeps webhooks, in the context's transaction.
type WebhookBook interface {
	// LockWebhook returns one, locked; false when there is none.
	LockWebhook(ctx context.Context, id string) (WebhookRow, bool, error)
	// CountWebhooks counts those of a channel of an organisation.
	CountWebhooks(ctx context.Context, org, channel string) (int, error)
	AddWebhook(ctx context.Context, row WebhookRow) error
	// SaveWebhook stores one that was changed. A delivery that is under way loses its say.
	SaveWebhook(ctx context.Context, row WebhookRow) error
	RemoveWebhook(ctx context.Context, id string) error
}

// PutWebhookInput is a subscription, new when ID is empty.
type PutWebhookInput struct {
	ID, Org, Channel string
	Terms            WebhookTerms
	Rotate           bool
}

// PutWebhook subscribes a channel, or changes its subscription.
type PutWebhook struct {
	Book WebhookBook
	Log  ChangeLog
	// Loopback allows receivers on this machine.
	Loopback bool
	NewID    func() string
	Random   func() []byte // a salt
}

// Decide returns the webhook, and whether its secret is new.
func (uc PutWebhook) Decide(ctx context.Context, by Subscriber, in PutWebhookInput, nowUS int64) (*Webhook, bool, error) {
	if err := by.may(); err != nil {
		return nil, false, err
	}
	terms, err := in.Terms.checked(uc.Loopback)
	if err != nil {
		return nil, false, err
	}
	if in.ID == "" {
		w, err := uc.add(ctx, by, in, terms, nowUS)
		return w, true, err
	}
	row, known, err := uc.Book.LockWebhook(ctx, in.ID)
	if err != nil {
		return nil, false, err
	}
	if !known || !by.owns(row) || in.Channel != "" && in.Channel != row.Channel || in.Org != "" && in.Org != row.Org {
		return nil, false, UnknownWebhook{in.ID}
	}
	if in.Rotate {
		row.Salt = uc.Random()
	}
	w := RestoreWebhook(row)
	w.change(terms, nowUS)
	return w, in.Rotate, uc.Book.SaveWebhook(ctx, w.row)
}

func (uc PutWebhook) add(ctx context.Context, by Subscriber, in PutWebhookInput, terms WebhookTerms, nowUS int64) (*Webhook, error) {
	row := WebhookRow{ID: uc.NewID(), Org: in.Org, Channel: in.Channel, Salt: uc.Random(), CreatedUS: nowUS}
	if row.Org == "" {
		row.Org = by.Org
	}
	if row.Channel == "" {
		row.Channel = by.Account
	}
	switch {
	case row.Channel == "":
		return nil, Invalid{"channel", "must be named"}
	case row.Org == "":
		return nil, Invalid{"org", "must be named"}
	case !by.owns(row):
		return nil, Forbidden{"headquarters, for another channel"}
	}
	n, err := uc.Book.CountWebhooks(ctx, row.Org, row.Channel)
	if err != nil {
		return nil, err
	}
	if n >= WebhooksMost {
		return nil, TooManyWebhooks{WebhooksMost}
	}
	// It is told of what commits from now on; commits that have no number yet come as well.
	if _, row.Position, err = uc.Log.ChangeEnds(ctx); err != nil {
		return nil, err
	}
	w := RestoreWebhook(row)
	w.change(terms, nowUS)
	return w, uc.Book.AddWebhook(ctx, w.row)
}

// DeleteWebhook ends a subscription.
type DeleteWebhook struct{ Book WebhookBook }

// Decide refuses with UnknownWebhook what is not there for the caller.
func (uc DeleteWebhook) Decide(ctx context.Context, by Subscriber, id string) error {
	if err := by.may(); err != nil {
		return err
	}
	row, known, err := uc.Book.LockWebhook(ctx, id)
	if err != nil {
		return err
	}
	if !known || !by.owns(row) {
		return UnknownWebhook{id}
	}
	return uc.Book.RemoveWebhook(ctx, id)
}
