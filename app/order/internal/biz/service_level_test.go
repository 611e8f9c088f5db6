package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDueTimesAreFrozenAtAssignment(t *testing.T) {
	terms := demoTerms
	terms.Levels = map[string]ServiceLevel{"": {AcceptUS: 10 * second, ShipUS: 30 * second}, "tmall": {Channel: "tmall", ShipUS: 50 * second}}
	for name, c := range map[string]struct {
		channel      string
		way          Way
		promised     int64
		accept, ship int64
	}{
		"of all channels":     {channel: "jd", way: WayParcel, accept: 110, ship: 130},
		"of its own":          {channel: "tmall", way: WayParcel, ship: 150},
		"promised earlier":    {channel: "tmall", way: WayParcel, promised: 120, ship: 120},
		"promised later":      {channel: "tmall", way: WayParcel, promised: 190, ship: 150},
		"the buyer collects":  {channel: "jd", way: WayPickup, promised: 120, accept: 110},
		"delivered next door": {channel: "jd", way: WayLocal, accept: 110, ship: 130},
	} {
		d := draft(t, 0)
		d.Record.Channel, d.Record.Way, d.Record.ShipByUS = c.channel, c.way, c.promised*second
		o, err := Place(d, holds(d), terms, 90*second, "test")
		require.NoError(t, err)
		require.Zero(t, o.r.Fulfilments[0].DueUS, "nobody has to do anything yet")
		o = Restore(o.r, terms, 100*second, "test")
		require.NoError(t, o.pay())
		f := o.r.Fulfilments[0]
		require.Equal(t, []int64{c.accept * second, c.ship * second}, []int64{f.AcceptByUS, f.ShipByUS}, name)
	}
	require.Zero(t, Terms{}.Level("x"))
	requireReason(t, "VALIDATOR", ServiceLevel{AcceptUS: 2, ShipUS: 1}.Check())
	requireReason(t, "VALIDATOR", ServiceLevel{AcceptUS: -1}.Check())
	require.NoError(t, ServiceLevel{AcceptUS: 2}.Check())
}

func TestEachDeadlineIsMissedOnceAndEndsWithItsStep(t *testing.T) {
	b := placed(t, 0)
	b.pay(t)
	f := &b.r.Fulfilments[0]
	f.AcceptByUS, f.ShipByUS = 10*second, 20*second
	f.reckon()
	id := f.ID
	overdue := func() error { return b.do(func(o *Order) error { return o.Overdue(id) }) }
	now := func() Fulfilment { return b.r.Fulfilments[0] }
	b.nowUS = 9 * second
	requireReason(t, "STATE_CONFLICT", overdue())
	b.nowUS = 11 * second
	require.NoError(t, overdue())
	requireReason(t, "STATE_CONFLICT", overdue())
	require.Equal(t, []int64{11 * second, 11 * second, 20 * second}, []int64{now().AcceptLateUS, now().OverdueUS, now().DueUS})
	b.nowUS = 12 * second
	require.NoError(t, b.do(func(o *Order) error { return o.Accept(id) }))
	require.Zero(t, now().OverdueUS, "it has answered")
	b.nowUS = 25 * second
	require.NoError(t, overdue())
	requireReason(t, "STATE_CONFLICT", overdue())
	require.NoError(t, b.do(func(o *Order) error { return o.Pack(id) }))
	require.Equal(t, []int64{25 * second, 25 * second, 0}, []int64{now().ShipLateUS, now().OverdueUS, now().DueUS})
	require.NoError(t, b.do(func(o *Order) error { return o.ShipPart(id, []Content{{b.r.Lines[0].ID, "", 1}}, "SF", "1") }))
	require.NotZero(t, now().OverdueUS, "a part is there still")
	require.NoError(t, b.do(func(o *Order) error { return o.ShipPart(id, []Content{{b.r.Lines[2].ID, "", 4}}, "SF", "2") }))
	require.Zero(t, now().OverdueUS)
	require.Equal(t, 11*second, now().AcceptLateUS, "what was late stays known")
	b.audit(t)
}
