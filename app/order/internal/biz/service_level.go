package biz

import "time"

// ServiceLevel is how soon a channel wants its goods to be accepted, picked and shipped, from when they are assigned to a location.
type ServiceLevel struct {
	Channel                  string // empty: all channels that have none of their own
	AcceptUS, PickUS, ShipUS int64  // 0: no deadline
	// CollectUS is how long goods wait for a buyer who collects, AnswerUS how long he may choose what becomes of them.
	CollectUS, AnswerUS int64
	Version             int64
	ChangedBy           string
	ChangedAtUS         int64
}

// longestLevelUS bounds a service level.
const longestLevelUS = int64(90 * 24 * time.Hour / time.Microsecond)

// Check refuses a level that nobody can mean.
func (l ServiceLevel) Check() error {
	switch {
	case l.AcceptUS < 0 || l.AcceptUS > longestLevelUS:
		return Invalid("accept_s", "must be 0 to 90 days")
	case l.ShipUS < 0 || l.ShipUS > longestLevelUS:
		return Invalid("ship_s", "must be 0 to 90 days")
	case l.CollectUS < 0 || l.CollectUS > longestLevelUS:
		return Invalid("collect_s", "must be 0 to 90 days")
	case l.AnswerUS < 0 || l.AnswerUS > longestLevelUS:
		return Invalid("answer_s", "must be 0 to 90 days")
	case l.PickUS < 0 || l.PickUS > longestLevelUS:
		return Invalid("pick_s", "must be 0 to 90 days")
	case l.PickUS > 0 && (l.AcceptUS > l.PickUS || l.ShipUS > 0 && l.PickUS > l.ShipUS):
		return Invalid("pick_s", "must not be below accept_s, nor above ship_s")
	case l.ShipUS > 0 && l.AcceptUS > l.ShipUS:
		return Invalid("accept_s", "must not be above ship_s")
	}
	return nil
}

// Level is the one that counts for a channel.
func (t Terms) Level(channel string) ServiceLevel {
	if l, own := t.Levels[channel]; own {
		return l
	}
	return t.Levels[""]
}

// assigned notes when a location has got a fulfilment, and by when it has to answer, pick and ship. What another platform has
// promised its buyer counts too. What a buyer collects is not shipped.
func (o *Order) assigned(f *Fulfilment) {
	f.AssignedAtUS = o.nowUS
	level := o.terms.Level(o.r.Channel)
	if level.AcceptUS > 0 {
		f.AcceptByUS = o.nowUS + level.AcceptUS
	}
	if f.Way != WayPickup {
		if level.PickUS > 0 {
			f.PickByUS = o.nowUS + level.PickUS
		}
		if level.ShipUS > 0 {
			f.ShipByUS = o.nowUS + level.ShipUS
		}
		if promised := o.r.ShipByUS; promised > 0 && (f.ShipByUS == 0 || promised < f.ShipByUS) {
			f.ShipByUS = promised
		}
	}
	f.reckon()
}

// reckon says from a fulfilment's state and times whether it is late with something, and when it will be.
func (f *Fulfilment) reckon() {
	f.DueUS, f.OverdueUS = 0, 0
	for _, s := range f.steps() {
		switch {
		case !s.waits || s.byUS == 0:
		case *s.lateUS > 0:
			f.OverdueUS = earlier(f.OverdueUS, *s.lateUS)
		default:
			f.DueUS = earlier(f.DueUS, s.byUS)
		}
	}
}

// The steps that a location may be late with.
const (
	StepAccept = "ACCEPT"
	StepPick   = "PICK"
	StepShip   = "SHIP"
)

// step is what a location has to do by a time.
type step struct {
	name, note string
	// waits: it is still to be done.
	waits  bool
	byUS   int64
	lateUS *int64 // when it was found to be late
}

// steps are what the service level asks, in the order of a life. A house that does not pick has done so when the goods are packed or
// leave.
func (f *Fulfilment) steps() []step {
	toShip := f.Open() && f.State != FulfilmentPlanned && f.State != FulfilmentUncollected || f.State == FulfilmentPartShipped
	return []step{
		{StepAccept, "not accepted in time", f.State == FulfilmentAssigned, f.AcceptByUS, &f.AcceptLateUS},
		{StepPick, "not picked in time", f.State == FulfilmentAssigned || f.State == FulfilmentAccepted, f.PickByUS, &f.PickLateUS},
		{StepShip, "not shipped in time", toShip, f.ShipByUS, &f.ShipLateUS},
	}
}

// earlier of two times, of which 0 is none.
func earlier(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// Overdue notes that a location is late with a step: with each once.
func (o *Order) Overdue(fulfilmentID string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil || f.DueUS == 0 || f.DueUS > o.nowUS {
		return stateConflict(None, "the fulfilment is not overdue")
	}
	for _, s := range f.steps() {
		if s.waits && s.byUS == f.DueUS && *s.lateUS == 0 {
			*s.lateUS = o.nowUS
			return o.moveFulfilment(f, EventOverdue, s.note)
		}
	}
	return stateConflict(f.State, "the fulfilment is not overdue")
}

// lateWith is the step that an event of a fulfilment says is late, and by when it should have been done.
func (f *Fulfilment) lateWith(note string) (name string, byUS int64) {
	for _, s := range f.steps() {
		if s.note == note {
			return s.name, s.byUS
		}
	}
	return "", 0
}

// Overtaken says that somebody else has changed what a caller goes by.
func Overtaken(message string) Refusal { return stateConflict(None, message) }
