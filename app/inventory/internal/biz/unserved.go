package biz

import (
	"context"
	"slices"
	"strings"
)

// RecentFinder knows what has changed lately. It reads without locks.
type RecentFinder interface {
	// ChangedSince tells what was changed between a moment and now, or came into force or ended in between.
	ChangedSince(ctx context.Context, sinceUS, nowUS int64) (Recent, error)
}

// Recent is what has changed lately of what decides where documents that wait may get their stock.
type Recent struct {
	All  bool            // more than can be listed: policies, strategies, locations
	SKUs map[string]bool // of which stock rows have changed
	Days map[string]bool // locations of which the day's work has changed
}

// Unserved finds documents that wait although what they wait for has been there for longer than they may wait: nobody works
// for them.
//
// It asks as AllocateWaiting does, in its order, twice: now, and as if it were that long ago, so that what has opened or
// ended by its time alone counts from then. What was touched since is left out: whoever waits for it is not late yet.
type Unserved struct {
	Waiting AllocateWaiting
	Recent  RecentFinder
	NowUS   func(ctx context.Context) (int64, error)
	// GraceUS is how long a document may wait for stock that is there.
	GraceUS int64
}

// Late is a document that is not served, with what it waits for.
type Late struct {
	Document string
	Lines    []DemandLine
}

// String lists what it waits for.
func (l Late) String() string {
	skus := make([]string, len(l.Lines))
	for i, line := range l.Lines {
		skus[i] = line.SKU
	}
	slices.Sort(skus)
	return "waits for " + strings.Join(slices.Compact(skus), ", ") + ", which has been there for too long"
}

// Find returns them, and how many documents wait.
func (uc Unserved) Find(ctx context.Context) (checked int64, late []Late, err error) {
	now, err := uc.NowUS(ctx)
	if err != nil {
		return 0, nil, err
	}
	then := now - uc.GraceUS
	recent, err := uc.Recent.ChangedSince(ctx, then, now)
	if err != nil {
		return 0, nil, err
	}
	kept := map[queue]bool{}
	err = uc.Waiting.each(ctx, func(s Standing) error {
		checked++
		asked, known := s.asked()
		if !known {
			return nil
		}
		lines := asked.lacks(s.Reservations)
		may := !recent.All && s.Document.waitingSinceUS < then && !slices.ContainsFunc(lines, func(l DemandLine) bool {
			return recent.SKUs[l.SKU] || kept[queue{asked.Seller, l.SKU}]
		})
		nowhere := false
		if may {
			ready, err := uc.ready(ctx, s, lines, recent)
			if _, nowhere = err.(NoLocation); err != nil && !unfilled(err) {
				return err
			}
			if ready {
				late = append(late, Late{s.Document.id, lines})
			}
		}
		for _, l := range lines {
			if !nowhere {
				kept[queue{asked.Seller, l.SKU}] = true
			}
		}
		return nil
	})
	if err != nil || len(late) == 0 {
		return checked, nil, err
	}
	late, err = uc.still(ctx, late)
	return checked, late, err
}

// ready says whether the lines could be allocated now, and could have been when the time began.
func (uc Unserved) ready(ctx context.Context, s Standing, lines []DemandLine, recent Recent) (bool, error) {
	for _, agoUS := range []int64{0, uc.GraceUS} {
		again := uc.Waiting.Reallocate
		again.Hold.Search = again.Hold.Search.ago(agoUS)
		facts, err := again.Look(ctx, s, lines, nil, nil)
		if err != nil {
			return false, err
		}
		plan, err := facts.plan(s, lines)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(plan.Chosen, func(i int) bool { return recent.Days[facts.candidates[i].Location.Code] }) {
			return false, nil
		}
	}
	return true, nil
}

// still leaves those that wait yet: somebody may have served them meanwhile.
func (uc Unserved) still(ctx context.Context, late []Late) ([]Late, error) {
	documents := make([]string, len(late))
	for i, l := range late {
		documents[i] = l.Document
	}
	standing, err := uc.Waiting.Work.Standing(ctx, documents)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(late, func(l Late) bool {
		s := standing[l.Document]
		return s.Document == nil || s.Document.state != Waiting
	}), nil
}

// ago is a search whose clocks are behind: what it finds could have been found then, of stock as it is now.
func (s Search) ago(behindUS int64) Search {
	if behindUS == 0 {
		return s
	}
	clock := s.ClockUS
	s.ClockUS = func(ctx context.Context) (int64, error) {
		now, err := clock(ctx)
		return now - behindUS, err
	}
	s.Pool, s.Stock = poolAgo{s.Pool, behindUS}, stockAgo{s.Stock, s.ClockUS}
	return s
}

type poolAgo struct {
	PoolKeeper
	behindUS int64
}

func (p poolAgo) Pool(ctx context.Context) (Pool, error) { return p.at(p.PoolKeeper.Pool(ctx)) }

func (p poolAgo) PoolNow(ctx context.Context) (Pool, error) { return p.at(p.PoolKeeper.PoolNow(ctx)) }

func (p poolAgo) at(pool Pool, err error) (Pool, error) {
	pool.NowUS -= p.behindUS
	return pool, err
}

type stockAgo struct {
	StockReader
	clock func(ctx context.Context) (int64, error)
}

// AtLocations reads rows whose outages count as of then.
func (s stockAgo) AtLocations(ctx context.Context, skus, locations []string) ([]*Stock, error) {
	rows, err := s.StockReader.AtLocations(ctx, skus, locations)
	if err != nil {
		return nil, err
	}
	then, err := s.clock(ctx)
	for _, row := range rows {
		row.AsOf(then)
	}
	return rows, err
}
