package biz

import "time"

// ServiceLevel is how soon a channel wants its goods to be accepted and shipped, from when they are assigned to a location.
type ServiceLevel struct {
	Channel          string // empty: all channels that have none of their own
	AcceptUS, ShipUS int64  // 0: no deadline
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

// assigned notes when a location has got a fulfilment, and by when it has to answer and ship. What another platform has promised
// its buyer counts too. What a buyer collects is not shipped.
func (o *Order) assigned(f *Fulfilment) {
	f.AssignedAtUS = o.nowUS
	level := o.terms.Level(o.r.Channel)
	if level.AcceptUS > 0 {
		f.AcceptByUS = o.nowUS + level.AcceptUS
	}
	if f.Way != WayPickup {
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
	toShip := f.Open() && f.State != FulfilmentPlanned && f.State != FulfilmentUncollected || f.State == FulfilmentPartShipped
	for _, by := range []struct {
		waits    bool
		due, was int64
	}{{f.State == FulfilmentAssigned, f.AcceptByUS, f.AcceptLateUS}, {toShip, f.ShipByUS, f.ShipLateUS}} {
		switch {
		case !by.waits || by.due == 0:
		case by.was > 0:
			f.OverdueUS = earlier(f.OverdueUS, by.was)
		default:
			f.DueUS = earlier(f.DueUS, by.due)
		}
	}
}

// earlier of two times, of which 0 is none.
func earlier(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// Overdue notes that a location is late with its answer, or with shipping: each once.
func (o *Order) Overdue(fulfilmentID string) error {
	f := o.fulfilment(fulfilmentID)
	if f == nil || f.DueUS == 0 || f.DueUS > o.nowUS {
		return stateConflict(None, "the fulfilment is not overdue")
	}
	note := "not shipped in time"
	if f.State == FulfilmentAssigned && f.AcceptByUS == f.DueUS {
		note, f.AcceptLateUS = "not accepted in time", o.nowUS
	} else {
		f.ShipLateUS = o.nowUS
	}
	return o.moveFulfilment(f, EventOverdue, note)
}

// Overtaken says that somebody else has changed what a caller goes by.
func Overtaken(message string) Refusal { return stateConflict(None, message) }
