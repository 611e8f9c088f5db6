package biz

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// StocktakeState says how far a stocktake is.
type StocktakeState int8

// The states. The last three are final.
const (
	StocktakeCounting  StocktakeState = 1
	StocktakeSubmitted StocktakeState = 2
	StocktakeApproved  StocktakeState = 3
	StocktakeRejected  StocktakeState = 4
	StocktakeCancelled StocktakeState = 5
)

// StocktakeSteps is the state machine: what is not here cannot happen.
var StocktakeSteps = map[StocktakeState][]StocktakeState{
	StocktakeCounting:  {StocktakeSubmitted, StocktakeCancelled},
	StocktakeSubmitted: {StocktakeCounting, StocktakeApproved, StocktakeRejected, StocktakeCancelled},
}

// String names the state as the API does.
func (s StocktakeState) String() string {
	names := []string{"UNKNOWN", "STOCKTAKE_COUNTING", "STOCKTAKE_SUBMITTED", "STOCKTAKE_APPROVED", "STOCKTAKE_REJECTED", "STOCKTAKE_CANCELLED"}
	if s < 0 || int(s) >= len(names) {
		return names[0]
	}
	return names[s]
}

// Open says that it is not decided yet.
func (s StocktakeState) Open() bool { return s == StocktakeCounting || s == StocktakeSubmitted }

const (
	// MaxStocktakeLines is the most lines of one stocktake.
	MaxStocktakeLines = 5000
	// FreezeMost is how long a stocktake may keep stock from being promised: one that is forgotten ends by itself.
	FreezeMost = 72 * time.Hour
)

// StocktakeRow is a stocktake as it is stored.
type StocktakeRow struct {
	ID, Org, Location                 string
	Blind, Frozen                     bool
	State                             StocktakeState
	Version                           int64
	Note                              string
	CreatedBy, SubmittedBy, DecidedBy string
	CreatedUS, UpdatedUS              int64
}

// Stocktake counts what is on the shelves of a location.
type Stocktake struct{ row StocktakeRow }

// RestoreStocktake takes over a stored row.
func RestoreStocktake(r StocktakeRow) (*Stocktake, error) {
	if r.ID == "" || r.Org == "" || r.Location == "" || r.State < StocktakeCounting || r.State > StocktakeCancelled {
		return nil, broken("stocktake %q is %s", r.ID, r.State)
	}
	return &Stocktake{r}, nil
}

// Row is the stored form.
func (s *Stocktake) Row() StocktakeRow { return s.row }

func (s *Stocktake) at() Location { return Location{Code: s.row.Location, Org: s.row.Org} }

func (s *Stocktake) seen(version int64) error {
	if version != 0 && version != s.row.Version {
		return MovedOn{State: s.row.State.String(), Version: s.row.Version}
	}
	return nil
}

func (s *Stocktake) enter(to StocktakeState, nowUS int64) error {
	if !slices.Contains(StocktakeSteps[s.row.State], to) {
		return WrongState{"stocktake", s.row.State.String()}
	}
	s.row.State = to
	s.row.Version++
	s.row.UpdatedUS = nowUS
	return nil
}

// StocktakeLine is a stock row, or a lot of it, that is counted. Book and Seq are what the books had, and their last movement,
// at the moment of the count: what comes later is not part of the difference.
type StocktakeLine struct {
	SKU, Owner, Batch string
	Counted           *int64 // nil: not counted yet
	Book, Seq         int64
	CountedBy         string
	CountedUS         int64
	Difference        int64 // that was booked
}

// Differs is what was counted less what the books had.
func (l StocktakeLine) Differs() int64 {
	if l.Counted == nil {
		return 0
	}
	return *l.Counted - l.Book
}

// Compare is the order of the list.
func (l StocktakeLine) Compare(o StocktakeLine) int {
	return cmp.Or(strings.Compare(l.SKU, o.SKU), strings.Compare(l.Owner, o.Owner), strings.Compare(l.Batch, o.Batch))
}

// Counted says how far a stocktake has come.
type Counted struct{ Lines, Counted int64 }

// StocktakeBook keeps stocktakes. A stocktake's row is locked before stock rows.
type StocktakeBook interface {
	// LockCounting lets one stocktake at a time be opened at a location.
	LockCounting(ctx context.Context, location string) error
	// RowsAt names the stock rows of a location, of these SKUs or all, at most limit.
	RowsAt(ctx context.Context, location string, skus []string, limit int) ([]StockKey, error)
	// CountedBy finds an open stocktake of the location that counts one of the rows.
	CountedBy(ctx context.Context, location string, keys []StockKey) (id string, key StockKey, err error)
	// AddStocktake stores a new one with its lines.
	AddStocktake(ctx context.Context, r StocktakeRow, lines []StocktakeLine) error
	// LockStocktake locks one of the caller's organisations; UnknownStocktake if there is none.
	LockStocktake(ctx context.Context, id string) (*Stocktake, error)
	// SaveStocktake stores a step of a locked one.
	SaveStocktake(ctx context.Context, r StocktakeRow) error
	// LinesOf reads all lines, in their order.
	LinesOf(ctx context.Context, id string) ([]StocktakeLine, error)
	// AddCounts stores what was counted, and who has.
	AddCounts(ctx context.Context, id, request string, lines []StocktakeLine) error
	// SaveDifferences stores what was booked.
	SaveDifferences(ctx context.Context, id string, lines []StocktakeLine) error
	// Counters are all who have counted.
	Counters(ctx context.Context, id string) ([]string, error)
	// FrozenBefore finds open stocktakes that freeze since before then, at most limit.
	FrozenBefore(ctx context.Context, beforeUS int64, limit int) ([]string, error)
}

// Counting is what the commands of a stocktake work with.
type Counting struct {
	Stocktakes StocktakeBook
	Writer     StockWriter
}

// lock takes a stocktake that the caller may act on, at the version that he has seen, and opens a Book.
func (uc Counting) lock(ctx context.Context, by Caller, id string, version int64, may func(Caller, Location) error) (*Stocktake, *Book, error) {
	s, err := uc.Stocktakes.LockStocktake(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if err := may(by, s.at()); err != nil {
		if _, elsewhere := err.(UnknownLocation); elsewhere {
			err = Forbidden{"staff of the location that is counted"}
		}
		return nil, nil, err
	}
	if err := s.seen(version); err != nil {
		return nil, nil, err
	}
	book, err := uc.Writer.Open(ctx, by.Name)
	return s, book, err
}

// second refuses who has counted or submitted: four eyes see more than two.
func (uc Counting) second(ctx context.Context, by Caller, s *Stocktake) error {
	counters, err := uc.Stocktakes.Counters(ctx, s.row.ID)
	if err != nil {
		return err
	}
	if by.Is(s.row.SubmittedBy) || slices.ContainsFunc(counters, by.Is) {
		return SecondPersonNeeded{}
	}
	return nil
}

// end gives the rows back that were frozen, and stores the last step.
func (uc Counting) end(ctx context.Context, book *Book, s *Stocktake, lines []StocktakeLine) error {
	if s.row.Frozen {
		if err := uc.Writer.LockStock(ctx, book, lineKeys(s.row.Location, lines), nil); err != nil {
			return err
		}
		for _, key := range lineKeys(s.row.Location, lines) {
			if err := book.Thaw(key); err != nil {
				return err
			}
		}
	}
	if err := uc.Writer.Write(ctx, book.Changes()); err != nil {
		return err
	}
	return uc.Stocktakes.SaveStocktake(ctx, s.row)
}

// lineKeys are the stock rows of lines, each once, in the order of locking.
func lineKeys(location string, lines []StocktakeLine) []StockKey {
	keys := make([]StockKey, len(lines))
	for i, l := range lines {
		keys[i] = StockKey{l.SKU, location, l.Owner}
	}
	return slices.Compact(sortKeys(keys))
}
