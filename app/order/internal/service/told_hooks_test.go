package service

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/webhook"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
	"github.com/onepool/onepool/app/order/internal/data"
)

// listener is a channel's system: it keeps what it is told, and drops what it has.
type listener struct {
	*httptest.Server
	secret string

	mu     sync.Mutex
	fails  int // so many messages that come next are not taken
	calls  int
	last   int64
	events []heard
	reset  bool
}

type heard struct {
	Position  int64
	Topic     string
	OrderID   string `json:"order_id"`
	SourceNo  string `json:"source_no"`
	Carrier   string
	Late      string
	AmountMin int64 `json:"amount_minor"`
}

func listen(t *testing.T) *listener {
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		at, _ := strconv.ParseInt(r.Header.Get("X-Onepool-Timestamp"), 10, 64)
		if err != nil || r.Header.Get("X-Onepool-Signature") != webhook.Sign(l.secret, at, r.Header.Get("X-Onepool-Nonce"), body) {
			t.Error("the signature is wrong")
		}
		if l.calls++; l.fails > 0 {
			l.fails--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var m struct {
			To     int64
			Reset  bool
			Events []heard
		}
		if strings.Contains(string(body), "receipts") {
			t.Error("a channel's system is told what the seller has")
		}
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
		}
		for _, e := range m.Events {
			if e.Position > l.last {
				l.events, l.last = append(l.events, e), e.Position
			}
		}
		l.last, l.reset = max(l.last, m.To), l.reset || m.Reset
	}))
	t.Cleanup(l.Close)
	return l
}

func (s *shop) subscribe(l *listener, by tenancy.Principal) *orderv1.EventWebhook {
	hook, err := s.events().PutEventWebhook(s.as(by), &orderv1.PutEventWebhookRequest{RequestId: requestID(), Url: l.URL, Active: true})
	require.NoError(s.t, err)
	l.secret = hook.Secret
	return hook
}

func (s *shop) deliverer(o *Order) *hooks.Deliverer {
	return NewTradeEvents(o.Orders, secretKey, secretKey, true).Deliverer(hooks.Config{
		Key: secretKey, Loopback: true, Hit: func(string) {}, Note: func(string) {}, Report: func(_ context.Context, err error) { s.t.Error(err) }})
}

// deliver numbers what there is and tells it, until nobody is due.
func (s *shop) deliver(all ...*hooks.Deliverer) {
	s.number()
	for range 20 {
		due := 0
		for _, d := range all {
			n, err := d.Turn(tenancy.WithService(s.t.Context(), "order"))
			require.NoError(s.t, err)
			due += n
		}
		if due == 0 {
			return
		}
		s.clock.Advance(20 * time.Minute) // past each pause
	}
	s.t.Fatal("never done")
}

func TestAChannelIsToldByWebhook(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		first, second := s.deliverer(s.Order), s.deliverer(s.Order)
		if s.DB.Engine() != database.SQLite {
			second = s.deliverer(s.replica())
		}
		mine, theirs := listen(t), listen(t)
		hook := s.subscribe(mine, tmall)
		jd := tenancy.Principal{Kind: tenancy.Channel, ID: "acc_2", Org: "hq", Channel: "jd"}.WithScope()
		s.subscribe(theirs, jd)
		s.world.stock["S1"]["tea"] = 100
		s.paid(0) // of another channel
		o, err := s.ImportChannelOrder(s.as(tmall), external("T-1", "tea", 1, 19900))
		require.NoError(t, err)
		s.deliver(first, second)
		mine.fails = 3
		s.ship(s.get(o.Id))
		s.deliver(first, second)
		var topics []string
		for _, e := range mine.events {
			topics = append(topics, e.Topic)
			require.Equal(t, []string{o.Id, "T-1"}, []string{e.OrderID, e.SourceNo})
		}
		require.Equal(t, []string{"TRADE_PLACED", "TRADE_PAID", "TRADE_ALLOCATED", "TRADE_SHIPPED"}, topics)
		require.Equal(t, int64(20500), mine.events[0].AmountMin)
		require.Equal(t, "SF", mine.events[3].Carrier)
		require.Zero(t, theirs.calls, "what is not for a receiver is not told, not even as nothing")
		_, last, err := s.Orders.ToldEnds(t.Context())
		require.NoError(t, err)
		listed, err := s.events().ListEventWebhooks(s.as(boss), &orderv1.ListEventWebhooksRequest{PageSize: 1})
		require.NoError(t, err)
		require.NotEmpty(t, listed.NextPageToken)
		for token := ""; ; {
			page, err := s.events().ListEventWebhooks(s.as(boss), &orderv1.ListEventWebhooksRequest{PageSize: 1, PageToken: token})
			require.NoError(t, err)
			require.Len(t, page.Webhooks, 1)
			require.Equal(t, []int64{last, 0}, []int64{page.Webhooks[0].Position, page.Webhooks[0].Failures})
			require.Empty(t, page.Webhooks[0].Secret)
			if token = page.NextPageToken; token == "" {
				break
			}
		}
		own, err := s.events().ListEventWebhooks(s.as(jd), &orderv1.ListEventWebhooksRequest{})
		require.NoError(t, err)
		require.Len(t, own.Webhooks, 1)
		_, err = s.events().DeleteEventWebhook(s.as(jd), &orderv1.DeleteEventWebhookRequest{RequestId: requestID(), Id: hook.Id})
		requireReason(t, "NOT_FOUND", err)
		_, err = s.events().PutEventWebhook(s.as(keeper), &orderv1.PutEventWebhookRequest{RequestId: requestID(), Url: mine.URL})
		requireReason(t, "FORBIDDEN", err)

		// Who was away for longer than events are kept is told to read all, and goes on from there.
		s.clock.Advance(data.ToldKept + time.Hour)
		o, err = s.ImportChannelOrder(s.as(tmall), external("T-2", "tea", 1, 19900))
		require.NoError(t, err)
		s.number()
		s.clock.Advance(data.ToldKept + time.Hour)
		s.paid(0)
		s.number()
		require.NoError(t, s.Orders.PurgeTold(data.AsService(t.Context())))
		s.deliver(first, second)
		require.True(t, mine.reset)
		_, err = s.CancelOrder(s.as(boss), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
		require.NoError(t, err)
		s.deliver(first, second)
		require.Equal(t, "TRADE_REFUNDED", mine.events[len(mine.events)-1].Topic)

		_, err = s.events().DeleteEventWebhook(s.as(tmall), &orderv1.DeleteEventWebhookRequest{RequestId: requestID(), Id: hook.Id})
		require.NoError(t, err)
		calls := mine.calls
		_, err = s.ImportChannelOrder(s.as(tmall), external("T-3", "tea", 1, 19900))
		require.NoError(t, err)
		s.deliver(first, second)
		require.Equal(t, calls, mine.calls)
		require.Empty(t, s.audit())
	})
}
