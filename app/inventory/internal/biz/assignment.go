package biz

import "slices"

// AssignmentState says what a location has answered.
type AssignmentState int8

// The states. Assigned and Accepted are live; the others are final.
const (
	Assigned AssignmentState = 1
	Accepted AssignmentState = 2
	Declined AssignmentState = 3
	TimedOut AssignmentState = 4 // silence, which counts as a decline
	Lapsed   AssignmentState = 5 // nothing is open there any more, and nobody had answered
)

// AssignmentTransitions is the state machine: what is not here cannot happen.
var AssignmentTransitions = map[AssignmentState][]AssignmentState{
	Assigned: {Accepted, Declined, TimedOut, Lapsed},
	Accepted: {Declined, Lapsed},
}

// String names the state as the API does.
func (s AssignmentState) String() string {
	switch s {
	case Assigned:
		return "ASSIGNED"
	case Accepted:
		return "ACCEPTED"
	case Declined:
		return "DECLINED"
	case TimedOut:
		return "TIMED_OUT"
	case Lapsed:
		return "LAPSED"
	}
	return "UNKNOWN"
}

// Assignment gives a part of a document to a location in one round. One is kept when its answer is waited for, and when a
// location has answered; what is open at the location, the reservations say.
type Assignment struct{ r AssignmentRow }

// AssignmentRow is an assignment as it is stored.
type AssignmentRow struct {
	ID, Org, Document, Location string
	Round                       int64
	State                       AssignmentState
	Lines                       int64
	AnswerByUS                  int64 // 0: no answer is waited for
	Reason, Actor               string
	Version                     int64
	CreatedUS                   int64
}

// RestoreAssignment takes over a stored row.
func RestoreAssignment(r AssignmentRow) *Assignment { return &Assignment{r} }

// Row is the stored form.
func (a *Assignment) Row() AssignmentRow { return a.r }

// live says that the location may still answer, or has accepted.
func (a *Assignment) live() bool { return a.r.State == Assigned || a.r.State == Accepted }

// refused says that the location must not get the document again.
func (a *Assignment) refused() bool { return a.r.State == Declined || a.r.State == TimedOut }

// silent says whether the time to answer is over.
func (a *Assignment) silent(nowUS int64) bool {
	return a.r.State == Assigned && a.r.AnswerByUS > 0 && a.r.AnswerByUS <= nowUS
}

func (a *Assignment) enter(to AssignmentState, actor, reason string) error {
	if !slices.Contains(AssignmentTransitions[a.r.State], to) {
		return broken("assignment of %s to %s cannot go from %s to %s", a.r.Document, a.r.Location, a.r.State, to)
	}
	a.r.State, a.r.Actor, a.r.Reason, a.r.AnswerByUS = to, actor, reason, 0
	a.r.Version++
	return nil
}

// leastAnswerUS is what a location always has to answer, however late it is.
const leastAnswerUS = 5 * 60 * 1_000_000

// answerBy is when silence becomes a decline: the strategy's time from now, but so early that as much is left for each
// further round before the goods have to leave.
func answerBy(nowUS, withinUS, shipByUS, roundsLeft int64) int64 {
	if withinUS <= 0 {
		return 0
	}
	if shipByUS > 0 {
		share := (shipByUS - nowUS) / (max(0, roundsLeft) + 1)
		withinUS = min(withinUS, max(leastAnswerUS, share))
	}
	return nowUS + withinUS
}
