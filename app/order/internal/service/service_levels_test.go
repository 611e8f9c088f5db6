package service

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func (s *shop) levels() *ServiceLevels { return NewServiceLevels(s.Order) }

func (s *shop) level(channel string, accept, ship time.Duration, version int64) error {
	_, err := s.levels().PutServiceLevel(s.as(boss), &orderv1.PutServiceLevelRequest{
		RequestId: requestID(), Channel: channel, AcceptS: int64(accept.Seconds()), ShipS: int64(ship.Seconds()), ExpectedVersion: version,
	})
	return err
}

func (s *shop) overdue(p tenancy.Principal, location string) (ids []string) {
	s.t.Helper()
	for token := ""; ; {
		got, err := s.levels().ListOverdue(s.as(p), &orderv1.ListOverdueRequest{PageSize: 1, PageToken: token, Location: location})
		require.NoError(s.t, err)
		for _, f := range got.Fulfilments {
			ids = append(ids, f.Id)
		}
		if token = got.NextPageToken; token == "" {
			return ids
		}
	}
}

// Each step that is late is told once, whoever of several processes finds it: to the seller, and to the location's organisation.
func TestWhatIsLateIsToldOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		_, err := s.levels().PutServiceLevel(s.as(boss), &orderv1.PutServiceLevelRequest{RequestId: requestID(), AcceptS: 3600, PickS: 7200, ShipS: 10_800})
		require.NoError(t, err)
		o := s.paid(0)
		there := o.Fulfilments[1]
		require.Equal(t, []int64{start + 3600*second, start + 7200*second, start + 10_800*second}, []int64{there.AcceptByUs, there.PickByUs, there.ShipByUs})
		replicas := []*Order{s.Order, s.replica()}
		later := func(d time.Duration) {
			s.clock.Advance(d)
			for range 2 {
				var all sync.WaitGroup
				for _, r := range replicas {
					all.Go(func() { _ = r.Tick(t.Context()) })
				}
				all.Wait()
			}
		}
		later(time.Hour)
		_, err = s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: there.Id})
		require.NoError(t, err)
		later(time.Hour)
		require.Contains(t, s.overdue(keeper, ""), there.Id)
		_, err = NewFulfilments(s.Order).PickFulfilment(s.as(keeper), &orderv1.PickFulfilmentRequest{RequestId: requestID(), FulfilmentId: there.Id})
		require.NoError(t, err)
		require.Empty(t, s.overdue(keeper, ""), "it is picked")
		later(time.Hour)
		late := fulfilmentOf(s.get(o.Id), there.Id)
		require.Equal(t, []int64{start + 3600*second, start + 7200*second, start + 10_800*second}, []int64{late.AcceptLateUs, late.PickLateUs, late.ShipLateUs})
		s.number()
		steps := func(p tenancy.Principal) (list []string) {
			events, _ := s.follow(p, "", orderv1.TradeTopic_TRADE_OVERDUE)
			for _, e := range events {
				if e.FulfilmentId == there.Id {
					require.Equal(t, []any{"S2", e.DueAtUs}, []any{e.Location, e.AtUs}, "found when it was due")
					require.NotEmpty(t, e.Lines)
					list = append(list, e.Late.String())
				}
			}
			return list
		}
		require.Equal(t, []string{"LATE_ACCEPT", "LATE_PICK", "LATE_SHIP"}, steps(boss))
		require.Equal(t, []string{"LATE_ACCEPT", "LATE_PICK", "LATE_SHIP"}, steps(keeper))
		require.Empty(t, steps(other))
		require.Empty(t, s.audit())
	})
}

// A channel's system is told of its late orders through its webhook.
func TestAChannelIsToldWhatIsLate(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		require.NoError(t, s.level("tmall", 0, time.Hour, 0))
		l := listen(t)
		s.subscribe(l, tmall)
		o, err := s.ImportChannelOrder(s.as(tmall), external("T-LATE", "tea", 1, 19900))
		require.NoError(t, err)
		s.later(time.Hour)
		s.later(time.Second)
		s.deliver(s.deliverer(s.Order))
		var late []heard
		for _, e := range l.events {
			if e.Topic == "TRADE_OVERDUE" {
				late = append(late, e)
			}
		}
		require.Len(t, late, 1)
		require.Equal(t, []string{o.Id, "T-LATE", "SHIP"}, []string{late[0].OrderID, late[0].SourceNo, late[0].Late})
	})
}

func TestServiceLevelsAreHeadquarters(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		require.NoError(t, s.level("", time.Hour, 24*time.Hour, 0))
		requireReason(t, "STATE_CONFLICT", s.level("", time.Hour, 24*time.Hour, 0))
		requireReason(t, "STATE_CONFLICT", s.level("", time.Hour, 24*time.Hour, 2))
		require.NoError(t, s.level("", 2*time.Hour, 24*time.Hour, 1))
		require.NoError(t, s.level("tmall", 0, 48*time.Hour, 0))
		requireReason(t, "VALIDATOR", s.level("jd", 2*time.Hour, time.Hour, 0))
		for _, p := range []tenancy.Principal{keeper, till, ann, tmall} {
			_, err := s.levels().PutServiceLevel(s.as(p), &orderv1.PutServiceLevelRequest{RequestId: requestID(), Channel: "x"})
			requireReason(t, "FORBIDDEN", err)
		}
		list, err := s.levels().ListServiceLevels(s.as(keeper), &orderv1.ListServiceLevelsRequest{})
		require.NoError(t, err)
		require.Len(t, list.Levels, 2)
		require.Equal(t, []any{"", int64(7200), int32(2), "hq:boss"}, []any{list.Levels[0].Channel, list.Levels[0].AcceptS, list.Levels[0].Version, list.Levels[0].ChangedBy})
		_, err = s.levels().ListServiceLevels(s.as(ann), &orderv1.ListServiceLevelsRequest{})
		requireReason(t, "FORBIDDEN", err)
	})
}

func TestWhatIsLateIsNotedOnceAndListedUntilItIsDone(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		require.NoError(t, s.level("", time.Hour, 2*time.Hour, 0))
		o := s.paid(0)
		require.Len(t, o.Fulfilments, 2)
		here, there := o.Fulfilments[0], o.Fulfilments[1]
		require.Equal(t, []string{"hq", "fra"}, []string{here.Org, there.Org})
		require.Equal(t, []int64{start + 3600*second, start + 7200*second}, []int64{here.AcceptByUs, here.ShipByUs})
		s.later(3599 * time.Second)
		require.Empty(t, s.overdue(boss, ""))
		s.clock.Advance(time.Second)
		var replicas sync.WaitGroup // both work: no lease keeps them apart here
		for range 4 {
			replicas.Go(func() { _ = s.Tick(t.Context()) })
		}
		replicas.Wait()
		require.NoError(t, s.Tick(t.Context()))
		notes := map[string]int{}
		for _, e := range s.get(o.Id).History {
			if e.Event == "fulfilment.overdue" {
				notes[e.Note]++
			}
		}
		require.Equal(t, map[string]int{here.Id + " not accepted in time": 1, there.Id + " not accepted in time": 1}, notes)

		require.ElementsMatch(t, []string{here.Id, there.Id}, s.overdue(boss, ""))
		require.Equal(t, []string{there.Id}, s.overdue(boss, "S2"))
		require.Equal(t, []string{there.Id}, s.overdue(keeper, ""))
		require.Empty(t, s.overdue(keeper, "S1"))
		require.Empty(t, s.overdue(other, ""))
		for _, p := range []tenancy.Principal{ann, tmall} {
			_, err := s.levels().ListOverdue(s.as(p), &orderv1.ListOverdueRequest{})
			requireReason(t, "FORBIDDEN", err)
		}

		_, err := s.AcceptFulfilment(s.as(keeper), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: there.Id})
		require.NoError(t, err)
		require.Empty(t, s.overdue(keeper, ""))
		s.later(time.Hour)
		require.Equal(t, []string{there.Id}, s.overdue(keeper, ""), "now it is not shipped in time")
		_, err = s.shipOne(keeper, there.Id)
		require.NoError(t, err)
		require.Empty(t, s.overdue(keeper, ""))
		late := fulfilmentOf(s.get(o.Id), there.Id)
		require.Equal(t, []int64{start + 3600*second, start + 7200*second}, []int64{late.AcceptLateUs, late.ShipLateUs})
		require.Empty(t, s.audit())
	})
}

// A level counts for what is assigned after it; what a platform has promised counts at once.
func TestWhatAPlatformHasPromisedIsDue(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		req := external("T1", "tea", 1, 19900)
		o, err := s.ImportChannelOrder(s.as(tmall), req)
		require.NoError(t, err)
		f := s.get(o.Id).Fulfilments[0]
		require.Equal(t, []int64{0, req.ShipByUs}, []int64{f.AcceptByUs, f.ShipByUs})
		require.NoError(t, s.level("tmall", time.Minute, time.Hour, 0))
		s.later(23 * time.Hour)
		require.Empty(t, s.overdue(boss, ""))
		s.later(time.Hour)
		require.Equal(t, []string{f.Id}, s.overdue(boss, ""))
		require.Empty(t, s.audit())
	})
}
