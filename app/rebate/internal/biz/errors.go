package biz

import (
	"errors"
	"net/http"
)

// Invalid refuses a field that breaks its rule.
type Invalid struct{ Field, Rule string }

func (e Invalid) Error() string { return e.Field + ": " + e.Rule }

// Fault tells a client.
func (e Invalid) Fault() (int, string, string, map[string]string) {
	return http.StatusBadRequest, "VALIDATOR", e.Error(), map[string]string{"field": e.Field}
}

// Open refuses to close a month that has not ended, or before an earlier one.
type Open struct{ Period, Message string }

func (e Open) Error() string { return e.Period + " is open: " + e.Message }

// Fault tells a client.
func (e Open) Fault() (int, string, string, map[string]string) {
	return http.StatusConflict, "PERIOD_OPEN", e.Message, map[string]string{"period": e.Period}
}

// Closed refuses to close a month again.
type Closed struct{ Period string }

func (e Closed) Error() string { return e.Period + " is closed" }

// Fault tells a client.
func (e Closed) Fault() (int, string, string, map[string]string) {
	return http.StatusConflict, "PERIOD_CLOSED", "the month is closed: later corrections go into the next one", map[string]string{"period": e.Period}
}

// ErrNotYet is a message that came before the one it follows: the coordinator sends it again.
var ErrNotYet = errors.New("the order has not accrued yet")
