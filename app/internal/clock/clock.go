// Package clock is the port through which the platform learns the time.
//
// Always true:
//   - A time is an int64 of UTC microseconds since 1970, on every engine and in every message.
//   - Deadlines are compared with the database's time, read once per transaction or batch and passed on.
//   - Nothing that decides calls time.Now: it takes a time, or asks a port of its own that a test can choose.
package clock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // store zones must resolve on a machine without zone files
)

// Manual is a clock that a test moves, also backwards. It may be shared by goroutines.
type Manual struct {
	mu    sync.Mutex
	nowUS int64
}

// NewManual returns a clock that shows nowUS until it is moved.
func NewManual(nowUS int64) *Manual { return &Manual{nowUS: nowUS} }

// NowUS returns the time that the clock was last moved to.
func (m *Manual) NowUS(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.nowUS, nil
}

// Advance moves the clock by d, which may be negative.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.nowUS += d.Microseconds()
}

// Set moves the clock to nowUS.
func (m *Manual) Set(nowUS int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.nowUS = nowUS
}

// ErrTime is a time, zone or window that cannot be. Its reason at the edge is TIME_INVALID.
var ErrTime = errors.New("time is invalid")

// Zone finds an IANA time zone. The empty name and "Local" are refused: a store's zone never depends on the server's.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, refuse("%.60q is not a time zone", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, refuse("unknown time zone %.60q", name)
	}
	return zone, nil
}

// MonthUS returns the half-open range of the month that lies months after the month of us in zone.
func MonthUS(us int64, zone *time.Location, months int) (startUS, endUS int64) {
	year, month, _ := time.UnixMicro(us).In(zone).Date()
	return firstOf(year, month+time.Month(months), 1, zone).UnixMicro(), firstOf(year, month+time.Month(months)+1, 1, zone).UnixMicro()
}

// firstOf finds the first instant of a calendar day. Where midnight does not exist, time.Date answers with an instant on
// one side of the gap that it does not promise; where midnight exists twice, with one of the two. Stepping from the day
// before in quarters of an hour, the finest step that zones change by in this century, finds the first of the day.
func firstOf(year int, month time.Month, day int, zone *time.Location) time.Time {
	want := time.Date(year, month, day, 12, 0, 0, 0, zone).Format(time.DateOnly)
	at := time.Date(year, month, day, 0, 0, 0, 0, zone)
	for range 8 { // two hours back are more than any gap or overlap
		earlier := at.Add(-15 * time.Minute)
		if earlier.Format(time.DateOnly) != want {
			break
		}
		at = earlier
	}
	for range 8 {
		if at.Format(time.DateOnly) == want {
			break
		}
		at = at.Add(15 * time.Minute)
	}
	return at
}

// refusal is ErrTime with its particulars. Its Fault is what a client is told, so that no handler maps it again.
type refusal string

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func (r refusal) Error() string        { return ErrTime.Error() + ": " + string(r) }
func (r refusal) Is(target error) bool { return target == ErrTime }

// Fault is the public face of the error.
func (r refusal) Fault() (code int, reason, message string, metadata map[string]string) {
	return 400, "TIME_INVALID", r.Error(), nil
}

// Stopwatch counts the microseconds from now on, for metrics and pauses: no decision of the domain rests on it.
func Stopwatch() func() int64 {
	began := time.Now()
	return func() int64 { return time.Since(began).Microseconds() }
}
