package webhook

import "context"

// Subscriber is who wants a channel to be told.
type Subscriber struct {
	Org string
	// Headquarters' people see all hooks; Operator says that they may also change them.
	Headquarters, Operator bool
	// Account is the channel whose own account it is; empty: it is none.
	Account string
}

// may refuses who has nothing to do with webhooks.
func (s Subscriber) may() error {
	if s.Account != "" || s.Headquarters && s.Operator {
		return nil
	}
	return Forbidden{"operator or admin, or the channel's own account"}
}

// owns says whether a webhook is there for the subscriber.
func (s Subscriber) owns(r Row) bool {
	return s.Headquarters || s.Account != "" && s.Account == r.Channel && s.Org == r.Org
}

// Sees is whose webhooks the subscriber is shown: empty stands for all.
func (s Subscriber) Sees() (org, channel string, err error) {
	if s.Headquarters {
		return "", "", s.may()
	}
	return s.Org, s.Account, s.may()
}

// Book keeps webhooks, in the context's transaction.
type Book interface {
	// Lock returns one, locked; false when there is none.
	Lock(ctx context.Context, id string) (Row, bool, error)
	// Count counts those of a channel of an organisation.
	Count(ctx context.Context, org, channel string) (int, error)
	Add(ctx context.Context, row Row) error
	// Save stores one that was changed. A delivery that is under way loses its say.
	Save(ctx context.Context, row Row) error
	Remove(ctx context.Context, id string) error
}

// PutInput is a subscription, new when ID is empty.
type PutInput struct {
	ID, Org, Channel string
	Terms            Terms
	Rotate           bool
}

// Put subscribes a channel, or changes its subscription.
type Put struct {
	Book Book
	// End is the last position of the log.
	End func(ctx context.Context) (int64, error)
	// Loopback allows receivers on this machine.
	Loopback bool
	NewID    func() string
	Random   func() []byte // a salt
}

// Decide returns the webhook, and whether its secret is new.
func (uc Put) Decide(ctx context.Context, by Subscriber, in PutInput, nowUS int64) (*Hook, bool, error) {
	if err := by.may(); err != nil {
		return nil, false, err
	}
	terms, err := in.Terms.Checked(uc.Loopback)
	if err != nil {
		return nil, false, err
	}
	if in.ID == "" {
		w, err := uc.add(ctx, by, in, terms, nowUS)
		return w, true, err
	}
	row, known, err := uc.Book.Lock(ctx, in.ID)
	if err != nil {
		return nil, false, err
	}
	if !known || !by.owns(row) || in.Channel != "" && in.Channel != row.Channel || in.Org != "" && in.Org != row.Org {
		return nil, false, Unknown{in.ID}
	}
	if in.Rotate {
		row.Salt = uc.Random()
	}
	w := Restore(row)
	w.change(terms, nowUS)
	return w, in.Rotate, uc.Book.Save(ctx, w.row)
}

func (uc Put) add(ctx context.Context, by Subscriber, in PutInput, terms Terms, nowUS int64) (*Hook, error) {
	row := Row{ID: uc.NewID(), Org: in.Org, Channel: in.Channel, Salt: uc.Random(), CreatedUS: nowUS}
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
	n, err := uc.Book.Count(ctx, row.Org, row.Channel)
	if err != nil {
		return nil, err
	}
	if n >= Most {
		return nil, TooMany{Most}
	}
	// It is told of what commits from now on; commits that have no number yet come as well.
	if row.Position, err = uc.End(ctx); err != nil {
		return nil, err
	}
	w := Restore(row)
	w.change(terms, nowUS)
	return w, uc.Book.Add(ctx, w.row)
}

// Delete ends a subscription.
type Delete struct{ Book Book }

// Decide refuses with Unknown what is not there for the caller.
func (uc Delete) Decide(ctx context.Context, by Subscriber, id string) error {
	if err := by.may(); err != nil {
		return err
	}
	row, known, err := uc.Book.Lock(ctx, id)
	if err != nil {
		return err
	}
	if !known || !by.owns(row) {
		return Unknown{id}
	}
	return uc.Book.Remove(ctx, id)
}
