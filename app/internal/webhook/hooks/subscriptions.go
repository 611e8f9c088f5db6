package hooks

import (
	"context"
	"crypto/rand"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/webhook"
)

const saltBytes = 32

// secretToShow stands in the recorded answer for a secret, which is recorded nowhere.
const secretToShow = "once"

// Subscriptions are the commands and lists of a center's webhooks.
type Subscriptions struct {
	db         *database.DB
	store      Store
	key        []byte
	pageSecret []byte
	put        webhook.Put
	remove     webhook.Delete
}

// NewSubscriptions needs the key of secrets, that of page tokens, and where the log ends now.
func NewSubscriptions(store Store, key, pageSecret []byte, loopback bool, end func(ctx context.Context) (int64, error)) *Subscriptions {
	return &Subscriptions{
		db: store.DB, store: store, key: key, pageSecret: pageSecret, remove: webhook.Delete{Book: store},
		put: webhook.Put{Book: store, End: end, Loopback: loopback, NewID: func() string { return ids.New("whk") }, Random: func() []byte {
			salt := make([]byte, saltBytes)
			rand.Read(salt) // never fails: the runtime ends the process if the system has no randomness
			return salt
		}},
	}
}

// Answer is what shows a subscription in an API.
type Answer interface {
	proto.Message
	GetId() string
	GetSecret() string
	GetSecretId() string
}

// Put subscribes a channel, or changes its subscription. answer makes the API's message of a row; secret shows a secret in it.
func Put[A Answer](ctx context.Context, s *Subscriptions, method string, req command.Request, in webhook.PutInput, answer func(webhook.Row) A, secret func(a A, text string)) (A, error) {
	var none A
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return none, err
	}
	out, err := command.Local[struct{}, A]{
		Method:  method,
		Request: req,
		Decide: func(ctx context.Context, _ struct{}) (A, error) {
			now, err := s.db.Now(ctx)
			if err != nil {
				return none, err
			}
			hook, fresh, err := s.put.Decide(ctx, subscriber(p), in, now)
			if err != nil {
				return none, err
			}
			out := answer(hook.Row())
			if fresh {
				secret(out, secretToShow)
			}
			return out, nil
		},
	}.Run(ctx, s.db)
	if err != nil || out.GetSecret() == "" {
		return out, err
	}
	// The secret is in no answer that is kept: it is made again, unless it has changed since.
	secret(out, "")
	row, known, err := s.store.Find(ctx, out.GetId())
	if err == nil && known && webhook.SecretID(row.ID, row.Salt) == out.GetSecretId() {
		secret(out, webhook.Secret(s.key, row.ID, row.Salt))
	}
	return out, err
}

// Delete ends a subscription.
func Delete[A proto.Message](ctx context.Context, s *Subscriptions, method string, req command.Request, id string, done A) (A, error) {
	var none A
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return none, err
	}
	return command.Local[struct{}, A]{
		Method: method, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (A, error) { return done, s.remove.Decide(ctx, subscriber(p), id) },
	}.Run(ctx, s.db)
}

// List reads a page of the subscriptions that the caller may see, of one channel or all, the oldest first.
func (s *Subscriptions) List(ctx context.Context, wanted string, size int32, token string) ([]webhook.Row, string, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, "", err
	}
	org, channel, err := subscriber(p).Sees()
	if err != nil {
		return nil, "", err
	}
	switch {
	case channel == "":
		channel = wanted
	case wanted != "" && wanted != channel:
		return nil, "", nil // another channel's are not there
	}
	query := page.Query("webhooks", org, channel, p.Caller())
	keys, err := page.Decode(s.pageSecret, token, query)
	if err != nil {
		return nil, "", err
	}
	var after After
	if len(keys) > 0 {
		if after.US, err = strconv.ParseInt(keys[0], 10, 64); err != nil || len(keys) != 2 {
			return nil, "", page.ErrToken
		}
		after.ID = keys[1]
	}
	most := page.Size(size)
	rows, err := s.store.List(ctx, org, channel, after, most+1)
	if err != nil || len(rows) <= most {
		return rows, "", err
	}
	rows = rows[:most]
	last := rows[most-1]
	return rows, page.Encode(s.pageSecret, query, strconv.FormatInt(last.CreatedUS, 10), last.ID), nil
}
