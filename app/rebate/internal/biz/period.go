package biz

import (
	"fmt"
	"time"

	"github.com/onepool/onepool/app/internal/clock"
)

// Period is a month of the brand, in its time zone: [StartUS, EndUS).
type Period struct {
	Name           string // YYYY-MM
	StartUS, EndUS int64
}

const monthLayout = "2006-01"

// ParsePeriod reads YYYY-MM.
func ParsePeriod(name string, zone *time.Location) (Period, error) {
	month, err := time.Parse(monthLayout, name)
	if err != nil || month.Format(monthLayout) != name || month.Year() < 1970 {
		return Period{}, Invalid{Field: "period", Rule: "must be a month, YYYY-MM"}
	}
	within := time.Date(month.Year(), month.Month(), 15, 0, 0, 0, 0, zone)
	return PeriodAt(within.UnixMicro(), zone), nil
}

// PeriodAt is the month a time belongs to.
func PeriodAt(us int64, zone *time.Location) Period {
	start, end := clock.MonthUS(us, zone, 0)
	return Period{Name: time.UnixMicro(us).In(zone).Format(monthLayout), StartUS: start, EndUS: end}
}

// Next is the month that starts where this one ends.
func (p Period) Next(zone *time.Location) Period { return PeriodAt(p.EndUS, zone) }

// Contains says whether a time is in the period.
func (p Period) Contains(us int64) bool { return p.StartUS <= us && us < p.EndUS }

// CloseMarginUS is how long after its end a period can be closed: longer than any transaction lives, so that no entry
// with a time inside it is still to be committed.
const CloseMarginUS = 5 * 60 * 1_000_000

// MaxPeriodsAtOnce bounds how many months one close can cover: empty ones before it are closed with it.
const MaxPeriodsAtOnce = 1200

// ToClose returns the months that closing target closes: it and the empty ones since the last close. last is nil before
// the first close; oldestUS is the time of the oldest entry after the last close that is in no statement, 0 if there is
// none. It refuses with Open or Closed.
func ToClose(target Period, last *Period, oldestUS, nowUS int64, zone *time.Location) ([]Period, error) {
	switch {
	case last != nil && target.StartUS < last.EndUS:
		return nil, Closed{Period: target.Name}
	case nowUS < target.EndUS+CloseMarginUS:
		return nil, Open{Period: target.Name, Message: "the month has not ended: close it some minutes after its end"}
	case oldestUS != 0 && oldestUS < target.StartUS:
		return nil, Open{Period: PeriodAt(oldestUS, zone).Name, Message: "an earlier month is open: close it first"}
	}
	next := target
	if last != nil {
		next = last.Next(zone)
	}
	var months []Period
	for ; next.StartUS <= target.StartUS; next = next.Next(zone) {
		if len(months) == MaxPeriodsAtOnce {
			return nil, fmt.Errorf("more than %d months to close", MaxPeriodsAtOnce)
		}
		months = append(months, next)
	}
	return months, nil
}
