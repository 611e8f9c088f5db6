package biz

import (
	"errors"
	"net/http"
	"strconv"
)

// Insufficient refuses more points than can be spent.
type Insufficient struct{ Wanted, Left int64 }

func (e Insufficient) Error() string {
	return "wanted " + strconv.FormatInt(e.Wanted, 10) + " points, " + strconv.FormatInt(e.Left, 10) + " left"
}

// Fault tells a client.
func (e Insufficient) Fault() (int, string, string, map[string]string) {
	return http.StatusConflict, "POINTS_INSUFFICIENT", "not enough points: spend no more than what is left",
		map[string]string{"wanted": strconv.FormatInt(e.Wanted, 10), "left": strconv.FormatInt(e.Left, 10)}
}

// Invalid refuses a field that breaks its rule.
type Invalid struct{ Field, Rule string }

func (e Invalid) Error() string { return e.Field + ": " + e.Rule }

// Fault tells a client.
func (e Invalid) Fault() (int, string, string, map[string]string) {
	return http.StatusBadRequest, "VALIDATOR", e.Error(), map[string]string{"field": e.Field}
}

// Unknown says that there is no such thing for this caller.
type Unknown struct{ Kind string }

func (e Unknown) Error() string { return e.Kind + " not found" }

// Fault tells a client.
func (e Unknown) Fault() (int, string, string, map[string]string) {
	return http.StatusNotFound, "MEMBER_UNKNOWN", e.Kind + " not found: check the id", map[string]string{"kind": e.Kind}
}

// Conflict refuses what the state of a thing does not allow.
type Conflict struct{ State, Message string }

func (e Conflict) Error() string { return e.State + ": " + e.Message }

// Fault tells a client.
func (e Conflict) Fault() (int, string, string, map[string]string) {
	return http.StatusConflict, "STATE_CONFLICT", e.Message, map[string]string{"state": e.State}
}

// CodeInvalid refuses a one-time code, always with the same text: it must not help in guessing.
type CodeInvalid struct{}

func (CodeInvalid) Error() string { return "sign-in code is wrong, used or too old" }

// Fault tells a client.
func (e CodeInvalid) Fault() (int, string, string, map[string]string) {
	return http.StatusUnauthorized, "SIGN_IN_CODE_INVALID", "the code is wrong, used or too old: ask for a new one", nil
}

// MemberCodeInvalid refuses a member's code, always with the same text: it must not help in guessing.
type MemberCodeInvalid struct{}

func (MemberCodeInvalid) Error() string {
	return "member code is wrong, used, too old or another member's"
}

// Fault tells a client.
func (e MemberCodeInvalid) Fault() (int, string, string, map[string]string) {
	return http.StatusConflict, "MEMBER_CODE_INVALID", "the member's code is wrong, used or too old: ask the member for a new one, and use a new request id", nil
}

// TooManyMisses sheds the tills of a store that guess codes.
type TooManyMisses struct{ RetryAfterS int64 }

func (TooManyMisses) Error() string { return "too many wrong member codes" }

// Fault tells a client.
func (e TooManyMisses) Fault() (int, string, string, map[string]string) {
	return http.StatusTooManyRequests, "RATE_LIMITED", "too many wrong member codes in this store: try again later",
		map[string]string{"retry_after_s": strconv.FormatInt(e.RetryAfterS, 10)}
}

// TooMany sheds requests for codes.
type TooMany struct{ RetryAfterS int64 }

func (TooMany) Error() string { return "too many sign-in codes" }

// Fault tells a client.
func (e TooMany) Fault() (int, string, string, map[string]string) {
	return http.StatusTooManyRequests, "RATE_LIMITED", "too many codes for this phone: try again later",
		map[string]string{"retry_after_s": strconv.FormatInt(e.RetryAfterS, 10)}
}

// ErrNotYet is a message that came before the one it follows: the coordinator sends it again.
var ErrNotYet = errors.New("the document has not accrued yet")
