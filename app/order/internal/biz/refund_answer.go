package biz

import "strings"

const (
	// refundFirst and refundMost bound the pause between two attempts to refund, waitMost that between two questions about a
	// refund which is under way: to a bank account it takes days.
	refundFirst = 2 * second_us
	refundMost  = 600 * second_us
	waitMost    = 3600 * second_us
	// maxFailure is what is kept of a provider's words.
	maxFailure = 255
)

// RefundAnswered notes what the provider says about a refund; again, late, or about a number that is over it changes nothing.
// A return whose refunds are all paid is refunded.
func (o *Order) RefundAnswered(refundID string, a RefundAnswer) error {
	f := o.refundOf(refundID)
	switch {
	case f == nil:
		return NotFound("refund")
	case f.State == RefundDone || a.Number != f.Number():
		return nil
	}
	switch a.Standing {
	case RefundPaidOut:
		if err := o.move(SubjectRefund, f.ID, &f.State, EventPay, a.Reference); err != nil {
			return err
		}
		f.Reference, f.Failure, f.DoneAtUS = a.Reference, "", o.nowUS
		return o.endReturn(f.ReturnID)
	case RefundRefused:
		if f.State == RefundFailed {
			return nil
		}
		f.Failure = clip(a.Failure, maxFailure)
		if a.Spent {
			f.Round++
		}
		return o.move(SubjectRefund, f.ID, &f.State, EventFail, f.Failure)
	case RefundUnderWay:
		if f.State == RefundPending {
			if err := o.move(SubjectRefund, f.ID, &f.State, EventWait, a.Reference); err != nil {
				return err
			}
			f.Reference, f.Attempts = a.Reference, 0
		}
	}
	o.RefundLater(refundID)
	return nil
}

// RefundLater sets when the provider is asked next; the pause doubles.
func (o *Order) RefundLater(refundID string) {
	f := o.refundOf(refundID)
	if f == nil {
		return
	}
	most := refundMost
	switch f.State {
	case RefundWaiting:
		most = waitMost
	case RefundPending:
	default:
		return
	}
	f.NextAtUS = o.nowUS + min(refundFirst<<min(f.Attempts, 16), most)
	f.Attempts++
}

// RetryRefund asks the provider again for a refund that has failed.
func (o *Order) RetryRefund(refundID, note string) (Refund, error) {
	f := o.refundOf(refundID)
	if f == nil {
		return Refund{}, NotFound("refund")
	}
	if f.State != RefundFailed {
		return Refund{}, stateConflict(f.State, "only a refund that has failed is asked for again")
	}
	if err := o.move(SubjectRefund, f.ID, &f.State, EventRetry, note); err != nil {
		return Refund{}, err
	}
	f.NextAtUS, f.Attempts = o.nowUS, 0
	return *f, nil
}

func (o *Order) refundOf(id string) *Refund {
	for i := range o.r.Refunds {
		if o.r.Refunds[i].ID == id {
			return &o.r.Refunds[i]
		}
	}
	return nil
}

// clip cuts text to so many bytes, between characters.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}
