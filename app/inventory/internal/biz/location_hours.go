package biz

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

const (
	dayMinutes = 24 * 60
	// daysAhead bounds how far the next working day is looked for.
	daysAhead = 60
)

// Times of day are read on the wall of the location: on the days when clocks are changed, an hour that is skipped never
// comes, and one that comes twice is open twice.

func (p *Profile) readHours() error {
	for i, w := range p.body.Weekly {
		field := fmt.Sprintf("weekly[%d]", i)
		s, err := spanOf(field, w.Open, w.Close)
		if err != nil {
			return err
		}
		if len(w.Days) == 0 || len(w.Days) > 7 {
			return refuseTime(field+".days", "must name 1 to 7 days")
		}
		for _, day := range w.Days {
			if day < 1 || day > 7 {
				return refuseTime(field+".days", "must be between 1 (Monday) and 7 (Sunday)")
			}
			at := day % 7
			if p.weekly[at], err = addSpan(field, p.weekly[at], s); err != nil {
				return err
			}
		}
	}
	if len(p.body.Exceptions) > maxExceptions {
		return refuseTime("exceptions", fmt.Sprintf("must have at most %d entries", maxExceptions))
	}
	for i, e := range p.body.Exceptions {
		field := fmt.Sprintf("exceptions[%d]", i)
		date, err := time.Parse(time.DateOnly, e.Date)
		if err != nil {
			return refuseTime(field+".date", "must be a date such as 2026-10-01")
		}
		if _, twice := p.exceptions[dayOf(date)]; twice {
			return refuseTime(field+".date", "occurs twice: "+e.Date)
		}
		spans := []span{}
		for j, h := range e.Hours {
			at := fmt.Sprintf("%s.hours[%d]", field, j)
			s, err := spanOf(at, h.Open, h.Close)
			if err != nil {
				return err
			}
			if spans, err = addSpan(at, spans, s); err != nil {
				return err
			}
		}
		p.exceptions[dayOf(date)] = spans
	}
	return nil
}

func spanOf(field, open, closes string) (span, error) {
	from, err := minuteOf(open)
	if err != nil || from == dayMinutes {
		return span{}, refuseTime(field+".open", "must be a time of day such as 09:00")
	}
	to, err := minuteOf(closes)
	if err != nil || to <= from {
		return span{}, refuseTime(field+".close", "must be a time of day after open, at most 24:00; what goes past midnight is written as two days")
	}
	return span{from, to}, nil
}

// addSpan keeps a day's hours in order. It refuses hours that overlap.
func addSpan(field string, spans []span, s span) ([]span, error) {
	for _, other := range spans {
		if s.from < other.to && other.from < s.to {
			return nil, refuseTime(field, "overlaps other hours of the day")
		}
	}
	spans = append(spans, s)
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	return spans, nil
}

// minuteOf reads HH:MM from 00:00 to 24:00.
func minuteOf(text string) (int, error) {
	if len(text) != 5 || text[2] != ':' {
		return 0, refuseTime("", "must be HH:MM")
	}
	h, err := strconv.ParseUint(text[:2], 10, 8)
	if err != nil {
		return 0, err
	}
	m, err := strconv.ParseUint(text[3:], 10, 8)
	if err != nil {
		return 0, err
	}
	minute := int(h*60 + m)
	if m > 59 || minute > dayMinutes {
		return 0, refuseTime("", "must be at most 24:00")
	}
	return minute, nil
}

// dayOf is the number of a date: days since 1970-01-01.
func dayOf(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86_400
}

func (p *Profile) local(us int64) time.Time { return time.UnixMicro(us).In(p.zone) }

// hours of a day; always says that there are no hours at all.
func (p *Profile) hours(day int64) (spans []span, always bool) {
	if spans, ok := p.exceptions[day]; ok {
		return spans, false
	}
	if len(p.body.Weekly) == 0 {
		return nil, true
	}
	return p.weekly[time.Unix(day*86_400, 0).UTC().Weekday()], false
}

// openAt says whether the location is open at a moment.
func (p *Profile) openAt(us int64) bool {
	if p == nil || p.zone == nil {
		return true
	}
	at := p.local(us)
	spans, always := p.hours(dayOf(at))
	minute := at.Hour()*60 + at.Minute()
	return always || slices.ContainsFunc(spans, func(s span) bool { return minute >= s.from && minute < s.to })
}

// openBy says whether the location is open at some moment from one to another, at most daysAhead later.
func (p *Profile) openBy(fromUS, byUS int64) bool {
	if p.openAt(fromUS) {
		return true
	}
	opens, known := p.opensUntil(fromUS, dayOf(p.local(byUS)))
	return known && opens <= byUS
}

// opening is the first moment from this one on at which the location is open; false: there is none within daysAhead.
func (p *Profile) opening(fromUS int64) (int64, bool) {
	if p.openAt(fromUS) {
		return fromUS, true
	}
	return p.opensUntil(fromUS, math.MaxInt64)
}

// opensUntil is when it opens next, on a day up to last, at most daysAhead later.
func (p *Profile) opensUntil(fromUS, last int64) (int64, bool) {
	first := dayOf(p.local(fromUS))
	last = min(last, first+daysAhead)
	for day := first; day <= last; day++ {
		spans, always := p.hours(day)
		if always {
			spans = []span{{0, dayMinutes}}
		}
		for _, s := range spans {
			if opens := p.instant(day, s.from).UnixMicro(); opens >= fromUS && p.openAt(opens) {
				return opens, true
			}
		}
	}
	return 0, false
}

// instant is the first moment of a day at which the wall clock shows the minute or, where it is skipped, more.
func (p *Profile) instant(day int64, minute int) time.Time {
	date := time.Unix(day*86_400, 0).UTC()
	t := time.Date(date.Year(), date.Month(), date.Day(), 0, minute, 0, 0, p.zone)
	start, end := t.ZoneBounds()
	wanted := day*dayMinutes + int64(minute)
	shown := func(t time.Time) int64 { return dayOf(t)*dayMinutes + int64(t.Hour()*60+t.Minute()) }
	switch now := shown(t); {
	case now < wanted: // skipped, and t is before the change
		return end
	case now > wanted: // skipped, and t is after it
		return start
	case !start.IsZero(): // it may have been shown before the change already
		_, offset := t.Zone()
		_, before := start.Add(-time.Second).Zone()
		if earlier := t.Add(time.Duration(offset-before) * time.Second); earlier.Before(start) && shown(earlier) == wanted {
			return earlier
		}
	}
	return t
}

// beforeCutOff says whether today's work is still taken: the location works today, and it is not too late.
func (p *Profile) beforeCutOff(us int64) bool {
	if p == nil || p.zone == nil {
		return true
	}
	at := p.local(us)
	spans, always := p.hours(dayOf(at))
	return (always || len(spans) > 0) && (p.cutOff < 0 || at.Hour()*60+at.Minute() < p.cutOff)
}

// workDay is the day whose capacity an order of this moment takes: today before the cut-off, else the next day on which
// the location works. 0: nothing is counted.
func (p *Profile) workDay(us int64) int64 {
	if p == nil || p.zone == nil {
		return 0
	}
	today := dayOf(p.local(us))
	if p.beforeCutOff(us) {
		return today
	}
	for day := today + 1; day <= today+daysAhead; day++ {
		if spans, always := p.hours(day); always || len(spans) > 0 {
			return day
		}
	}
	return today + 1
}

// worked is the first moment at which the work of a moment may be done: then, before the cut-off of a day on which the location
// works, else the beginning of the day whose work it is.
func (p *Profile) worked(us int64) int64 {
	if p.beforeCutOff(us) {
		return us
	}
	return max(us, p.instant(p.workDay(us), 0).UnixMicro())
}

// full says which limit of a day would be passed by another order of so many lines, when only so many percent of it are to be
// used; empty: none.
func (p *Profile) full(load Load, lines, percent int64) string {
	if limit := p.body.DailyOrders; limit > 0 && (load.Orders+1)*100 > limit*percent {
		return fmt.Sprintf("its day is full (%d of %d orders)", load.Orders, limit)
	}
	if limit := p.body.DailyLines; limit > 0 && (load.Lines+lines)*100 > limit*percent {
		return fmt.Sprintf("its day is full (%d of %d lines)", load.Lines, limit)
	}
	return ""
}

// limited says whether a day's work has a limit.
func (p *Profile) limited() bool {
	return p != nil && (p.body.DailyOrders > 0 || p.body.DailyLines > 0)
}
