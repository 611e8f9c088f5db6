package biz

import (
	"cmp"
	"slices"
	"strings"
)

// LoadKey is a day of a location: days since 1970-01-01 in its zone.
type LoadKey struct {
	Location string
	Day      int64
}

// Compare is the one order in which days are locked.
func (k LoadKey) Compare(o LoadKey) int {
	return cmp.Or(strings.Compare(k.Location, o.Location), cmp.Compare(k.Day, o.Day))
}

// LoadRow is what a location has been given for a day, as it is stored.
type LoadRow struct {
	ID int64
	LoadKey
	Orders, Lines int64
	Version       int64
}

// LoadChange is what a Book has added to a day, or given back. Row is the locked row; without one (ID 0) it was not locked,
// and only gives back.
type LoadChange struct {
	Row           LoadRow
	Orders, Lines int64
}

// loads are the days of locations that a Book knows. What a day has been given follows from the reservations: a document
// counts as one order at a location while something of it is open or has shipped there, and so does each of its lines. So
// whatever changes a reservation, and whatever is undone, the day has the right sum.
type loads struct {
	rows  map[LoadKey]LoadRow
	taken map[LoadKey]*taken
}

// taken compares what documents take of a day now with what they took when the book was opened.
type taken struct {
	before        map[string][2]int64 // orders and lines, by document
	stale         bool
	orders, lines int64 // more than before
}

// AddLoads takes locked days in.
func (b *Book) AddLoads(rows ...LoadRow) {
	if b.loads.rows == nil {
		b.loads.rows = map[LoadKey]LoadRow{}
	}
	for _, r := range rows {
		if _, in := b.loads.rows[r.LoadKey]; !in {
			b.loads.rows[r.LoadKey] = r
		}
	}
}

// Load is what a location has been given for a day, what was decided here included. It is not ok for a day that is not
// locked.
func (b *Book) Load(key LoadKey) (l Load, ok bool) {
	row, ok := b.loads.rows[key]
	if !ok {
		return Load{}, false
	}
	orders, lines := b.more(key)
	return Load{Day: key.Day, Orders: row.Orders + orders, Lines: row.Lines + lines}, true
}

// counts remembers what a document takes of a day before its reservation changes.
func (b *Book) counts(t Terms) {
	if t.CapacityDay == 0 {
		return
	}
	key := LoadKey{t.Key.Location, t.CapacityDay}
	if b.loads.taken == nil {
		b.loads.taken = map[LoadKey]*taken{}
	}
	day := b.loads.taken[key]
	if day == nil {
		day = &taken{before: map[string][2]int64{}}
		b.loads.taken[key] = day
	}
	if _, known := day.before[t.Document]; !known {
		day.before[t.Document] = b.takes(t.Document, key)
	}
	day.stale = true
	b.undoable(func() { day.stale = true })
}

// takes is what a document takes of a day: orders (0 or 1) and lines.
func (b *Book) takes(document string, key LoadKey) [2]int64 {
	var lines []string
	for _, r := range b.of[document] {
		t := r.terms
		if t.CapacityDay == key.Day && t.Key.Location == key.Location && r.open+r.shipped > 0 && !slices.Contains(lines, t.LineID) {
			lines = append(lines, t.LineID)
		}
	}
	return [2]int64{min(1, int64(len(lines))), int64(len(lines))}
}

// more is what the Book has added to a day, below zero for what it has given back.
func (b *Book) more(key LoadKey) (orders, lines int64) {
	day := b.loads.taken[key]
	if day == nil {
		return 0, 0
	}
	if day.stale {
		day.orders, day.lines, day.stale = 0, 0, false
		for document, before := range day.before {
			now := b.takes(document, key)
			day.orders, day.lines = day.orders+now[0]-before[0], day.lines+now[1]-before[1]
		}
	}
	return day.orders, day.lines
}

func (b *Book) loadChanges() []LoadChange {
	var all []LoadChange
	for key := range b.loads.taken {
		if orders, lines := b.more(key); orders != 0 || lines != 0 {
			row := b.loads.rows[key]
			row.LoadKey = key
			all = append(all, LoadChange{row, orders, lines})
		}
	}
	slices.SortFunc(all, func(x, y LoadChange) int { return x.Row.Compare(y.Row.LoadKey) })
	return all
}

// loadKey is the day of a location whose capacity a document would take now; ok is false where nothing is counted: a location
// without limits, and a customer at the till.
func (l Location) loadKey(d Demand, nowUS int64) (key LoadKey, ok bool) {
	if d.Way == CarryOut || !l.Profile.limited() {
		return LoadKey{}, false
	}
	return LoadKey{l.Code, l.Profile.workDay(nowUS)}, true
}
