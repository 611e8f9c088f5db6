package biz

// ConfirmHold takes the deadlines of a paid document away.
//
// It never refuses: what expired before the payment was known is held again at the same place, even if the books do not
// have it any more; the gap is then listed. A document that was released stays released.
type ConfirmHold struct{}

// Need locks the document and the rows of what is held or expired.
func (ConfirmHold) Need(document string) Need {
	return Need{Documents: []DocumentLock{{Document: document}}, Answers: true, Touches: func(r *Reservation, _ int64) bool { return confirmable(r) }}
}

func confirmable(r *Reservation) bool { return r.state == Held || r.state == Expired }

// Asking says whether locations are to answer for a document, as of a version of it; 0: nothing is said.
type Asking struct {
	Quiet   bool
	Version int64
}

// Decide confirms on the Book.
func (ConfirmHold) Decide(book *Book, actor, document string, asking Asking) error {
	book.As(actor)
	for _, r := range book.Of(document) {
		if !confirmable(r) {
			continue
		}
		if err := book.Confirm(r); err != nil {
			return err
		}
	}
	if err := book.hush(document, asking); err != nil {
		return err
	}
	return giveOut(book, document)
}

// hush notes whether the locations of a document are to answer. What they were asked before is over when that changes: nobody is
// late with it, and who has said yes is asked again. That round does not count.
func (b *Book) hush(document string, asking Asking) error {
	d := b.documents[document]
	if d == nil || d.asked == nil || asking.Version <= d.asked.QuietVersion {
		return nil
	}
	b.turn(d)
	asked := *d.asked
	changed := asked.Quiet != asking.Quiet
	asked.Quiet, asked.QuietVersion = asking.Quiet, asking.Version
	if changed && asking.Quiet {
		ended := false
		for _, a := range b.assignments[document] {
			if !a.live() {
				continue
			}
			if err := b.answer(a, Lapsed, "the order is held for a person"); err != nil {
				return err
			}
			ended = true
		}
		if ended {
			asked.Unanswered++
		}
	}
	d.asked = &asked
	return nil
}

// giveOut asks the locations of a paid document for their answer, where the strategy waits for one.
func giveOut(book *Book, document string) error {
	d := book.Document(document)
	if d == nil || d.asked == nil || d.asked.AnswerWithinUS == 0 || d.asked.Quiet {
		return nil
	}
	lines := map[string]int{}
	at := map[string]*Reservation{}
	var codes []string
	for _, r := range book.Of(document) {
		if l := r.terms.Key.Location; r.state == Confirmed && r.open > 0 {
			if at[l] == nil {
				at[l], codes = r, append(codes, l)
			}
			lines[l]++
		}
	}
	for _, code := range codes {
		if book.live(document, code) != nil {
			continue
		}
		if book.asked(document, code, d.round) { // and had nothing to answer any more
			book.nextRound(d)
		}
		by := answerBy(book.nowUS, d.asked.AnswerWithinUS, d.shipByUS, d.asked.Rounds+1-d.rounds())
		book.give(d, Location{Code: code, Org: at[code].terms.LocationOrg}, Assigned, lines[code], by, "")
	}
	return nil
}
