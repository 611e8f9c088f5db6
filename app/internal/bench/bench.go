// Package bench measures what the platform promises about speed.
//
// Always true:
//   - A figure that is compared with a target is a ratio of two measurements of one run: machines differ, and one machine
//     differs from hour to hour.
//   - The two sides of a ratio take turns (A B A B ...), and the median of the pairs' ratios counts.
//   - A case that fails is an error of the run, not a missing line of the table.
//
// A center registers its cases in a program of its own (app/<center>/cmd/<center>-bench), which calls Main with the lists
// of its packages.
package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Result is one line of the table.
type Result struct {
	Name string `json:"name"`
	// Value and Baseline are the medians of both sides, in Unit.
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Baseline float64 `json:"baseline"`
	// Ratio is the median of the pairs' ratios, value / baseline; without a baseline it is 0.
	Ratio float64 `json:"ratio"`
	// Target is what the ratio must be, or the value where there is no baseline: ">= 20", "<= 1.5"; empty: none.
	Target string `json:"target"`
	Met    bool   `json:"met"`
}

// Target is a bound of a ratio, or of a value without a baseline. The zero value bounds nothing.
type Target struct {
	atMost bool
	bound  float64
	set    bool
}

// AtLeast is met by the bound and all above it.
func AtLeast(bound float64) Target { return Target{bound: bound, set: true} }

// AtMost is met by the bound and all below it.
func AtMost(bound float64) Target { return Target{atMost: true, bound: bound, set: true} }

// String is how the table shows it.
func (t Target) String() string {
	switch {
	case !t.set:
		return ""
	case t.atMost:
		return fmt.Sprintf("<= %.4g", t.bound)
	}
	return fmt.Sprintf(">= %.4g", t.bound)
}

func (t Target) met(figure float64) bool {
	switch {
	case !t.set:
		return true
	case t.atMost:
		return figure <= t.bound
	}
	return figure >= t.bound
}

// Case measures something and gives one or more results.
type Case struct {
	// Name says what is measured, and where: "inventory/hold, hot row, MariaDB". Its results' names begin with it.
	Name string
	// Slow cases need minutes, or much memory: they run when they are asked for.
	Slow bool
	Run  func(ctx context.Context, e *Env) ([]Result, error)
}

// Env is what a case may use.
type Env struct {
	// Pairs is how many times each side of a ratio is measured.
	Pairs int
	// Span is how long one measurement of a rate takes.
	Span time.Duration
	// Log tells a person what goes on.
	Log func(format string, args ...any)
}

// Value makes the result of a figure that has no baseline.
func Value(name, unit string, value float64, target Target) Result {
	return Result{Name: name, Value: value, Unit: unit, Target: target.String(), Met: target.met(value)}
}

// Sample is what one measurement of one side gives, several figures at once: figures of one index belong together.
type Sample []float64

// Figure names a figure of a Sample. Ratio says how the pair is compared; nil: value / baseline.
type Figure struct {
	Name, Unit string
	Target     Target
}

// Compare measures both sides in turns and gives a result for each figure.
func (e *Env) Compare(ctx context.Context, figures []Figure, baseline, value func(ctx context.Context) (Sample, error)) ([]Result, error) {
	bases, values := make([]Sample, e.Pairs), make([]Sample, e.Pairs)
	for i := range e.Pairs {
		for _, side := range []struct {
			run func(ctx context.Context) (Sample, error)
			to  *Sample
		}{{baseline, &bases[i]}, {value, &values[i]}} {
			s, err := side.run(ctx)
			if err != nil {
				return nil, err
			}
			if len(s) != len(figures) {
				return nil, fmt.Errorf("bench: %d figures, %d are named", len(s), len(figures))
			}
			*side.to = s
		}
		e.Log("  pair %d: %.4g against %.4g", i+1, []float64(values[i]), []float64(bases[i]))
	}
	results := make([]Result, len(figures))
	for f, figure := range figures {
		var b, v, r []float64
		for i := range e.Pairs {
			if bases[i][f] == 0 {
				return nil, fmt.Errorf("bench: the baseline of %s is nothing", figure.Name)
			}
			b, v, r = append(b, bases[i][f]), append(v, values[i][f]), append(r, values[i][f]/bases[i][f])
		}
		ratio := Median(r)
		results[f] = Result{Name: figure.Name, Value: Median(v), Unit: figure.Unit, Baseline: Median(b), Ratio: ratio, Target: figure.Target.String(), Met: figure.Target.met(ratio)}
	}
	return results, nil
}

// Median of a list that is not empty.
func Median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	if n%2 == 1 {
		return list[n/2]
	}
	return (list[n/2-1] + list[n/2]) / 2
}

// Rate has clients call op, one call after the other each, for the span, and says how many calls a second there were, and
// how much CPU of the meter each took, in microseconds. Calls before the span begins, a fifth of it, are not counted.
func (e *Env) Rate(ctx context.Context, clients int, meter Meter, op func(ctx context.Context, client int) error) (perSecond, cpuUS float64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var calls atomic.Int64
	var stop atomic.Bool
	errs := make(chan error, clients)
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			for !stop.Load() {
				if err := op(ctx, client); err != nil {
					errs <- err
					stop.Store(true)
					return
				}
				calls.Add(1)
			}
		})
	}
	wait(&stop, e.Span/5)
	cpu, err := meter.read()
	from, start := calls.Load(), time.Now()
	wait(&stop, e.Span)
	done, took := calls.Load()-from, time.Since(start)
	after, err2 := meter.read()
	stop.Store(true)
	all.Wait()
	close(errs)
	for failed := range errs {
		err = errors.Join(err, failed)
	}
	if err = errors.Join(err, err2); err != nil {
		return 0, 0, err
	}
	if done == 0 {
		return 0, 0, errors.New("bench: not one call ended in time")
	}
	return float64(done) / took.Seconds(), (after - cpu).Seconds() * 1e6 / float64(done), nil
}

// wait until the span is over, or a client has failed.
func wait(stop *atomic.Bool, span time.Duration) {
	for end := time.Now().Add(span); !stop.Load() && time.Now().Before(end); {
		time.Sleep(min(10*time.Millisecond, time.Until(end)))
	}
}
