package pricing

import "github.com/onepool/onepool/app/internal/money"

// Earned says what earned a gift. It is frozen with the line: when goods come back, it tells how much of the gift the rest
// still earns, whatever the promotion says by then.
type Earned struct {
	Levels []Level    `json:"levels"`
	Every  bool       `json:"every,omitempty"`
	Pieces int64      `json:"pieces"` // of the gift, each time that a level is reached
	By     []EarnedBy `json:"by"`
}

// EarnedBy is what a line brought in: money after earlier discounts, and pieces.
type EarnedBy struct {
	Line   string `json:"line"`
	Minor  int64  `json:"minor"`
	Pieces int64  `json:"pieces"`
}

// earned freezes what lines bring in for a gift.
func (p Promotion) earned(t taking) *Earned {
	e := &Earned{Levels: p.Levels, Every: p.Every, Pieces: p.GiftPieces}
	for _, l := range t.lines {
		e.By = append(e.By, EarnedBy{Line: l.ID, Minor: l.openMinor, Pieces: l.openPieces})
	}
	return e
}

// Kept is how many pieces of the gift are earned by what is left of the lines: left of their quantity.
func (e Earned) Kept(left func(line string) (left, quantity int64)) int64 {
	var minor, pieces int64
	for _, by := range e.By {
		n, of := left(by.Line)
		minor += money.Proportion(by.Minor, n, of)
		pieces += money.Proportion(by.Pieces, n, of)
	}
	_, times := reach(e.Levels, e.Every, minor, pieces)
	return e.Pieces * times
}

// reach is the highest level that so much money and so many pieces reach, and how often.
func reach(levels []Level, every bool, minor, pieces int64) (level Level, times int64) {
	for _, l := range levels {
		have, from := minor, l.FromMinor
		if l.FromQuantity > 0 {
			have, from = pieces, l.FromQuantity
		}
		if have >= from {
			level, times = l, 1
			if every {
				times = have / from
			}
		}
	}
	return level, times
}
