package biz

import "context"

// Accept notes that a location will ship: the time to answer stops.
//
// Accepting twice is fine. What was declined, by word or by silence, is somebody else's.
type Accept struct {
	Locations LocationFinder
	Writer    StockWriter
}

// Decide accepts inside the transaction.
func (uc Accept) Decide(ctx context.Context, by Caller, document, location string) (AssignmentRow, error) {
	locations, err := uc.Locations.Fresh(ctx, []string{location})
	if err != nil {
		return AssignmentRow{}, err
	}
	if len(locations) == 0 {
		return AssignmentRow{}, UnknownAssignment{document, location}
	}
	if err := by.MayAnswer(document, locations[0]); err != nil {
		return AssignmentRow{}, err
	}
	book, err := openWork(ctx, uc.Writer, by.Name, []string{document})
	if err != nil {
		return AssignmentRow{}, err
	}
	if err := openThere(book, document, location); err != nil {
		return AssignmentRow{}, err
	}
	a := book.live(document, location)
	switch {
	case a == nil:
		open := openAt(book.Of(document), location, nil)
		a = book.give(book.Document(document), locations[0], Accepted, len(open), 0, "")
	case a.r.State == Assigned:
		if err := book.answer(a, Accepted, ""); err != nil {
			return AssignmentRow{}, err
		}
	}
	return a.r, uc.Writer.Write(ctx, book.Changes())
}
