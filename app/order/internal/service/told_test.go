package service

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/sequence"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/order/internal/data"
)

func (s *shop) events() *TradeEvents { return NewTradeEvents(s.Orders, secretKey, secretKey, true) }

// number gives what has been committed its numbers.
func (s *shop) number() {
	for {
		n, err := sequence.Assign(s.t.Context(), s.DB, data.ToldFeed())
		require.NoError(s.t, err)
		if n == 0 {
			return
		}
	}
}

// follow reads all that a caller is told from a cursor on ("": the oldest), a few at a time, and returns the last cursor.
func (s *shop) follow(p tenancy.Principal, cursor string, topics ...orderv1.TradeTopic) (events []*orderv1.TradeEvent, next string) {
	req := &orderv1.ListTradeEventsRequest{Cursor: cursor, Limit: 3, Topics: topics}
	if cursor == "" {
		req.Begin = orderv1.TradeEventsBegin_TRADE_EVENTS_OLDEST
	}
	for {
		got, err := s.events().ListTradeEvents(s.as(p), req)
		require.NoError(s.t, err)
		events = append(events, got.Events...)
		req = &orderv1.ListTradeEventsRequest{Cursor: got.NextCursor, Limit: 3, Topics: topics}
		if got.Behind == 0 {
			return events, got.NextCursor
		}
	}
}

// topicsOf writes events as topic@location, or topic alone.
func topicsOf(events []*orderv1.TradeEvent) (list []string) {
	for _, e := range events {
		name := strings.TrimPrefix(e.Topic.String(), "TRADE_")
		if e.Location != "" {
			name += "@" + e.Location
		}
		list = append(list, name)
	}
	return list
}

func TestOthersAreToldWhatBecomesOfAnOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.paid(0)
		s.number()
		_, cursor := s.follow(boss, "")
		s.ship(o)
		s.receive(o)
		_, err := s.giveBack(ann, boss, o, o.Lines[1].LineId, 5)
		require.NoError(t, err)
		s.later(time.Second) // the provider pays
		s.later(2 * time.Hour)
		require.Equal(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State)
		s.number()

		all, _ := s.follow(boss, "")
		require.ElementsMatch(t, []string{
			"PLACED", "PAID", "ALLOCATED@S1", "ALLOCATED@S2", "SHIPPED@S1", "SHIPPED@S2", "DELIVERED@S1", "DELIVERED@S2", "RETURNED@S1", "RETURNED@S2", "REFUNDED", "COMPLETED",
		}, topicsOf(all))
		later, _ := s.follow(boss, cursor)
		require.Equal(t, topicsOf(all[4:]), topicsOf(later))
		for i, e := range all {
			require.Equal(t, o.Id, e.OrderId)
			require.Equal(t, int64(i+1), e.Position-all[0].Position+1-partsBefore(all, e), "only the other organisation's copies stand between")
			if i > 0 {
				require.GreaterOrEqual(t, e.Version, all[i-1].Version)
			}
		}
		require.Equal(t, int64(19900+6*1500+1000), all[0].Amount.AmountMinor)
		require.Len(t, all[0].Lines, 2)
		require.Equal(t, "SF1", all[4].TrackingNo)
		require.Equal(t, int64(7500), all[10].Amount.AmountMinor)
		require.NotEmpty(t, all[10].RefundId)
		require.Equal(t, all[10].ReturnId, all[8].ReturnId)
		require.Equal(t, int64(5), all[8].Lines[0].Quantity+all[9].Lines[0].Quantity)

		part, _ := s.follow(keeper, "")
		require.Equal(t, []string{"ALLOCATED@S2", "SHIPPED@S2", "DELIVERED@S2", "RETURNED@S2"}, topicsOf(part))
		for _, e := range part {
			require.Nil(t, e.Amount, "the money is the seller's")
			require.Equal(t, "hq", e.SellerOrg)
		}
		none, _ := s.follow(other, "")
		require.Empty(t, none)
		money, _ := s.follow(boss, "", orderv1.TradeTopic_TRADE_REFUNDED, orderv1.TradeTopic_TRADE_PAID)
		require.Equal(t, []string{"PAID", "REFUNDED"}, topicsOf(money))
		dealer := tenancy.Principal{Kind: tenancy.Dealer, ID: "d", Org: "deal", Roles: []string{"manager"}}.WithScope("hq", "fra")
		once, _ := s.follow(dealer, "")
		require.Equal(t, topicsOf(all), topicsOf(once), "who sees seller and location is told once")
		require.Empty(t, s.audit())
	})
}

// partsBefore counts the numbers that copies for another organisation have taken before an event.
func partsBefore(all []*orderv1.TradeEvent, until *orderv1.TradeEvent) (n int64) {
	for _, e := range all {
		if e.Position < until.Position && e.Location == "S2" {
			n++
		}
	}
	return n
}

func TestNobodyIsToldWhoGetsTheGoods(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.placed(0)
		_, err := s.CancelOrder(s.as(ann), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "call 13812345678"})
		require.NoError(t, err)
		var all, written int
		require.NoError(t, s.DB.Conn(t.Context()).QueryRowContext(t.Context(), `SELECT COUNT(*), COALESCE(SUM(CASE WHEN body LIKE '%138%' OR body LIKE '%Ann%' OR body LIKE '%Nanjing%' THEN 1 ELSE 0 END), 0)
			FROM (SELECT CAST(body AS CHAR) AS body FROM trade_events) t WHERE body LIKE '%amount_minor%'`).Scan(&all, &written))
		require.Equal(t, []int{2, 0}, []int{all, written})
		s.number()
		told, _ := s.follow(boss, "")
		require.Equal(t, []string{"PLACED", "CANCELLED"}, topicsOf(told), "of goods that were planned for an unpaid order no location was told")
		for _, p := range []tenancy.Principal{ann, till} {
			_, err := s.events().ListTradeEvents(s.as(p), &orderv1.ListTradeEventsRequest{})
			requireReason(t, "FORBIDDEN", err)
		}
	})
}

func TestAChannelIsToldOfTheOrdersThatItHasSent(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.paid(0)
		o, err := s.ImportChannelOrder(s.as(tmall), external("T-1", "tea", 1, 19900))
		require.NoError(t, err)
		s.ship(s.get(o.Id))
		s.number()
		events, cursor := s.follow(tmall, "")
		require.Equal(t, []string{"PLACED", "PAID", "ALLOCATED@S1", "SHIPPED@S1"}, topicsOf(events))
		for _, e := range events {
			require.Equal(t, o.Id, e.OrderId)
			require.Equal(t, "T-1", e.SourceNo)
		}
		jd := tenancy.Principal{Kind: tenancy.Channel, ID: "acc_2", Org: "hq", Channel: "jd"}.WithScope()
		none, _ := s.follow(jd, "")
		require.Empty(t, none)
		_, err = s.events().ListTradeEvents(s.as(jd), &orderv1.ListTradeEventsRequest{Channel: "tmall"})
		requireReason(t, "FORBIDDEN", err)
		_, err = s.events().ListTradeEvents(s.as(jd), &orderv1.ListTradeEventsRequest{Cursor: cursor})
		requireReason(t, "PAGE_TOKEN_INVALID", err)
		_, err = s.events().ListTradeEvents(s.as(tmall), &orderv1.ListTradeEventsRequest{Cursor: cursor, Begin: orderv1.TradeEventsBegin_TRADE_EVENTS_NOW})
		requireReason(t, "VALIDATOR", err)
	})
}

// Writers of two replicas commit at once, and a reader follows all the while: it is told of everything once, of each order in
// the order of its versions.
func TestAFollowerMissesNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		const writers, each = 8, 6
		s.world.stock["S1"]["tea"], s.world.stock["S2"]["tea"] = writers*each+1, 1000 // the last but one is shared by both stores
		replicas := []*Order{s.Order}
		if s.DB.Engine() != database.SQLite { // one process writes a file
			replicas = append(replicas, s.replica())
		}
		wishes := make([][]*orderv1.ImportChannelOrderRequest, writers) // made here: request ids are counted
		for w := range writers {
			for i := range each {
				wishes[w] = append(wishes[w], external(fmt.Sprintf("N-%d-%d", w, i), "tea", 2, 30000))
			}
		}
		var writing sync.WaitGroup
		for w := range writers {
			o := replicas[w%len(replicas)]
			writing.Go(func() {
				for i := range each {
					placed, err := o.ImportChannelOrder(s.as(tmall), wishes[w][i])
					if err != nil {
						t.Error(err)
						return
					}
					for _, f := range placed.Fulfilments {
						_, err := o.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: "accept-" + f.Id, FulfilmentId: f.Id})
						if err == nil {
							_, err = o.ShipFulfilment(s.as(boss), &orderv1.ShipFulfilmentRequest{RequestId: "ship-" + f.Id, FulfilmentId: f.Id, Carrier: "SF", TrackingNo: "1"})
						}
						if err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		over, stop := context.WithCancel(t.Context())
		var numbering sync.WaitGroup
		for _, o := range replicas { // each process numbers
			numbering.Go(func() { o.Orders.SequenceTold(over, func(_ context.Context, err error) { t.Error(err) }) })
		}
		defer numbering.Wait()
		defer stop()
		done := make(chan struct{})
		go func() { writing.Wait(); close(done) }()
		seen, cursor, version, idle := map[string]int{}, "", map[string]int64{}, 0
		for idle < 2 {
			select {
			case <-done:
				s.number()
				idle++
			default:
			}
			var events []*orderv1.TradeEvent
			events, cursor = s.follow(tmall, cursor)
			for _, e := range events {
				seen[e.OrderId]++
				require.GreaterOrEqual(t, e.Version, version[e.OrderId])
				version[e.OrderId] = e.Version
			}
		}
		require.Len(t, seen, writers*each)
		for id, n := range seen {
			expected := 2 // placed and paid
			for _, f := range s.get(id).Fulfilments {
				if expected++; f.State == orderv1.FulfilmentState_FULFILMENT_SHIPPED {
					expected++
				}
			}
			require.Equal(t, expected, n, id)
		}
		require.Empty(t, s.audit())
	})
}

// replica is the same center in another process, on the same database.
func (s *shop) replica() *Order {
	return New(parts(s.t, testkit.Open(s.t, s.config), s.world, s.Saga, s.Sandbox), s.settings)
}

func TestWhoWasAwayForTooLongBeginsAnew(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.paid(0)
		s.number()
		_, end := s.follow(boss, "")
		first, err := s.events().ListTradeEvents(s.as(boss), &orderv1.ListTradeEventsRequest{Begin: orderv1.TradeEventsBegin_TRADE_EVENTS_OLDEST, Limit: 1})
		require.NoError(t, err)
		s.clock.Advance(data.ToldKept + time.Hour)
		s.placed(0)
		require.NoError(t, s.Orders.PurgeTold(data.AsService(t.Context())))
		left, _ := s.follow(boss, end)
		require.Empty(t, left, "what has no number yet is neither told nor gone")
		s.number()
		left, _ = s.follow(boss, end)
		require.Equal(t, []string{"PLACED"}, topicsOf(left))
		_, err = s.events().ListTradeEvents(s.as(boss), &orderv1.ListTradeEventsRequest{Cursor: first.NextCursor})
		require.Equal(t, "35", requireReason(t, "TRADE_EVENTS_EXPIRED", err).Metadata["kept_days"])
		require.Empty(t, s.audit())
	})
}

func TestATillSaleIsToldToItsSeller(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		sold, err := s.SellAtTill(s.served(till), sale("R1", 2900, line("cup", 2)))
		require.NoError(t, err)
		require.Equal(t, inventoryv1.DeliveryWay_CARRY_OUT, sold.Fulfilments[0].Way)
		s.number()
		events, _ := s.follow(keeper, "")
		require.Equal(t, []string{"PLACED", "PAID", "DELIVERED@S2"}, topicsOf(events))
		elsewhere := keeper
		elsewhere.Store = "S3"
		none, _ := s.follow(elsewhere, "")
		require.Empty(t, none, "people of a store are told of that store")
	})
}

func TestOthersAreToldOfParcelsAndOfWhatIsCancelledByLine(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, _, pots, cups := s.potsAndCups()
		_, err := s.cancelLines(ann, less(o, of(s.get(o.Id).Lines[1], 1)))
		require.NoError(t, err)
		f := at(s.get(o.Id), "S2", orderv1.FulfilmentState_ACCEPTED)
		_, err = s.shipPart(keeper, f, "1", content(pots, 2))
		require.NoError(t, err)
		got, err := s.shipPart(keeper, f, "2", content(cups, 2))
		require.NoError(t, err)
		_, err = s.parcels().DeliverParcel(s.as(keeper), &orderv1.DeliverParcelRequest{RequestId: requestID(), ParcelId: got.Parcels[0].Id})
		require.NoError(t, err)
		_, err = s.parcels().FailParcel(s.as(keeper), &orderv1.FailParcelRequest{RequestId: requestID(), ParcelId: got.Parcels[1].Id, Reason: "call 13812345678"})
		require.NoError(t, err)
		_, err = s.parcels().TakeBackParcel(s.as(keeper), &orderv1.TakeBackParcelRequest{RequestId: requestID(), ParcelId: got.Parcels[1].Id})
		require.NoError(t, err)
		s.number()
		told, _ := s.follow(keeper, "")
		var list []string
		for _, e := range told {
			require.NotContains(t, e.String(), "138", "why it failed is not told: people write anything there")
			no := map[string]string{"": "all", got.Parcels[0].Id: "first", got.Parcels[1].Id: "second"}[e.ParcelId]
			list = append(list, strings.TrimPrefix(e.Topic.String(), "TRADE_")+" "+no+" "+e.TrackingNo)
		}
		for _, event := range []string{"SHIPPED first 1", "SHIPPED second 2", "DELIVERED first 1", "FAILED second 2", "RETURNED second 2"} {
			require.Contains(t, list, event)
		}
		all, _ := s.follow(boss, "")
		require.Contains(t, topicsOf(all), "CHANGED")
		require.Empty(t, s.audit())
	})
}
