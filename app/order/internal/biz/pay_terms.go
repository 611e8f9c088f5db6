package biz

// PayTerms say how long orders of a channel wait for their payment, and how much longer their stock is held.
type PayTerms struct {
	// Channel is empty for all that have no terms of their own.
	Channel  string `json:"channel,omitempty"`
	WindowUS int64  `json:"window_us,omitempty"`
	// GraceUS past the deadline, for payments that are under way then; 0: as configured.
	GraceUS int64 `json:"grace_us,omitempty"`
	// Withdrawn: these terms are over, what is less specific counts again.
	Withdrawn bool `json:"withdrawn,omitempty"`
	Dated     `json:"-"`
}

// The bounds of pay terms.
const (
	minPayWindowUS = 60 * second_us
	maxPayWindowUS = 30 * dayUS
	minGraceUS     = 30 * second_us
	maxGraceUS     = dayUS
)

// Scope names what terms are for.
func (t PayTerms) Scope() string { return t.Channel }

// Validate refuses terms that say nothing, or that are withdrawn and say something.
func (t PayTerms) Validate() error {
	switch {
	case t.Withdrawn && (t.WindowUS != 0 || t.GraceUS != 0):
		return Invalid("withdrawn", "terms say nothing")
	case t.Withdrawn:
	case t.WindowUS < minPayWindowUS || t.WindowUS > maxPayWindowUS:
		return Invalid("pay_window_s", "must be 60 seconds to 30 days")
	case t.GraceUS != 0 && (t.GraceUS < minGraceUS || t.GraceUS > maxGraceUS):
		return Invalid("hold_grace_s", "must be 0, or 30 seconds to a day")
	}
	return nil
}

// Pay is how long an order of a channel waits for its payment at a moment, and how much longer its stock is held: by the channel's
// own terms, else by those of all channels, else as configured.
func (t TradeTerms) Pay(channel string, atUS int64, configured Terms) (windowUS, graceUS int64) {
	windowUS, graceUS = configured.PayWindowUS, configured.HoldGraceUS
	for _, p := range current(t.Pays, atUS, PayTerms.Scope, func(p PayTerms) Dated { return p.Dated }) {
		switch {
		case p.Withdrawn:
		case p.Channel == channel:
			return p.WindowUS, p.grace(configured)
		case p.Channel == "":
			windowUS, graceUS = p.WindowUS, p.grace(configured)
		}
	}
	return windowUS, graceUS
}

func (t PayTerms) grace(configured Terms) int64 {
	if t.GraceUS == 0 {
		return configured.HoldGraceUS
	}
	return t.GraceUS
}

// heldUntil is until when the stock of an order that waits for its payment is held; 0: without end. terms are for orders that did
// not freeze it.
func (h Header) heldUntil(terms Terms) int64 {
	switch {
	case h.HeldUntilUS > 0:
		return h.HeldUntilUS
	case h.PayUntilUS > 0:
		return h.PayUntilUS + terms.HoldGraceUS
	}
	return 0
}
