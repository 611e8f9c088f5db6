// Package fault builds and maps the errors that leave a process.
//
// Always true:
//   - What Public returns is {code, reason, message, metadata} with a reason; it never carries the text of an error
//     that was not made for a client. The cause stays inside, for the log.
//   - A message says what to do next. Metadata holds the facts (field, left, price), as text.
//   - Public and Branch are the only two mappers. Both are here, side by side, because the same error means different
//     things to a client and to the transaction coordinator.
package fault

import (
	"net/http"
	"strconv"

	"github.com/go-kratos/kratos/v2/errors"
)

// Reasons that every center may answer; api/common/v1/reason.proto is their register, and a test compares.
const (
	ReasonCodec            = "CODEC"
	ReasonValidator        = "VALIDATOR"
	ReasonAmountInvalid    = "AMOUNT_INVALID"
	ReasonPageTokenInvalid = "PAGE_TOKEN_INVALID"
	ReasonBodyTooLarge     = "BODY_TOO_LARGE"
	ReasonTimeInvalid      = "TIME_INVALID"
	ReasonGeoInvalid       = "GEO_INVALID"
	ReasonUnauthenticated  = "UNAUTHENTICATED"
	ReasonSignatureInvalid = "SIGNATURE_INVALID"
	ReasonReplayed         = "REPLAYED"
	ReasonForbidden        = "FORBIDDEN"
	ReasonNotFound         = "NOT_FOUND"
	ReasonMethodNotAllowed = "METHOD_NOT_ALLOWED"
	ReasonRequestIDReused  = "REQUEST_ID_REUSED"
	ReasonInProgress       = "IN_PROGRESS"
	ReasonRateLimited      = "RATE_LIMITED"
	ReasonUnavailable      = "UNAVAILABLE"
	ReasonTimeout          = "TIMEOUT"
	ReasonInternal         = "INTERNAL"
	ReasonStateConflict    = "STATE_CONFLICT"
)

// Reasons of single centers that more than one room builds.
const (
	ReasonStockInsufficient        = "STOCK_INSUFFICIENT"
	ReasonPointsInsufficient       = "POINTS_INSUFFICIENT"
	ReasonLateTry                  = "LATE_TRY"
	reasonCanceled                 = "CANCELED"
	codeClientClosed               = 499
	retryAfterMetadata             = "retry_after_s"
	defaultRetryAfterS       int64 = 1
)

// Typed is a domain error that knows its public face. It needs no import, so that biz packages can implement it.
type Typed interface {
	error
	// Fault returns the HTTP code, the reason, what the client is told, and the facts.
	Fault() (code int, reason, message string, metadata map[string]string)
}

// New returns an error with metadata given as key, value, key, value...; a key without a value is dropped.
func New(code int, reason, message string, kv ...string) *errors.Error {
	e := errors.New(code, reason, message)
	if len(kv) < 2 {
		return e
	}
	md := make(map[string]string, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		md[kv[i]] = kv[i+1]
	}
	return e.WithMetadata(md)
}

// Codec refuses a message that cannot be decoded; what says which part, in the client's own terms.
func Codec(what string) *errors.Error {
	return New(http.StatusBadRequest, ReasonCodec, "the request cannot be decoded: "+what)
}

// Validator refuses a field that breaks its rule.
func Validator(field, rule string) *errors.Error {
	return New(http.StatusBadRequest, ReasonValidator, field+": "+rule, "field", field)
}

// AmountInvalid refuses money that overflows, has a fraction of a minor unit, or an unknown currency.
func AmountInvalid(field, why string) *errors.Error {
	return New(http.StatusBadRequest, ReasonAmountInvalid, field+": "+why, "field", field)
}

// PageTokenInvalid refuses a page token of another query, or an altered one.
func PageTokenInvalid() *errors.Error {
	return New(http.StatusBadRequest, ReasonPageTokenInvalid, "the page token does not belong to this query: start again without one", "field", "page_token")
}

// BodyTooLarge refuses a body above limit bytes.
func BodyTooLarge(limit int64) *errors.Error {
	n := strconv.FormatInt(limit, 10)
	return New(http.StatusRequestEntityTooLarge, ReasonBodyTooLarge, "the body is larger than "+n+" bytes: send less at once", "limit_bytes", n)
}

// TimeInvalid refuses an unknown time zone or a window that ends before it starts.
func TimeInvalid(field, why string) *errors.Error {
	return New(http.StatusBadRequest, ReasonTimeInvalid, field+": "+why, "field", field)
}

// GeoInvalid refuses coordinates that are not on earth.
func GeoInvalid(field, why string) *errors.Error {
	return New(http.StatusBadRequest, ReasonGeoInvalid, field+": "+why, "field", field)
}

// StockInsufficient refuses more than is left of a SKU.
func StockInsufficient(sku string, wanted, left int64) *errors.Error {
	return New(http.StatusConflict, ReasonStockInsufficient, "not enough stock: take no more than what is left",
		"sku", sku, "wanted", itoa(wanted), "left", itoa(left))
}

// PointsInsufficient refuses more points than are left.
func PointsInsufficient(wanted, left int64) *errors.Error {
	return New(http.StatusConflict, ReasonPointsInsufficient, "not enough points: spend no more than what is left",
		"wanted", itoa(wanted), "left", itoa(left))
}

// Unauthenticated refuses missing or wrong credentials, always with the same text: it must not help in guessing.
func Unauthenticated() *errors.Error {
	return New(http.StatusUnauthorized, ReasonUnauthenticated, "credentials are missing, wrong or expired: sign in again")
}

// SignatureInvalid refuses a wrong or stale signature.
func SignatureInvalid() *errors.Error {
	return New(http.StatusUnauthorized, ReasonSignatureInvalid, "the signature is wrong or too old: sign the raw body with the current time")
}

// Replayed refuses a nonce that was used before.
func Replayed() *errors.Error {
	return New(http.StatusUnauthorized, ReasonReplayed, "this nonce was used before: use a new one for each request")
}

// Forbidden refuses a caller without the role.
func Forbidden(need string) *errors.Error {
	return New(http.StatusForbidden, ReasonForbidden, "this needs another role", "need", need)
}

// NotFound says that there is no such thing for this caller. Another organisation's object gets the same body.
func NotFound(kind string) *errors.Error {
	return New(http.StatusNotFound, ReasonNotFound, kind+" not found: check the id", "kind", kind)
}

// MethodNotAllowed refuses a method that the path does not have.
func MethodNotAllowed() *errors.Error {
	return New(http.StatusMethodNotAllowed, ReasonMethodNotAllowed, "this path has no such method: see /openapi.yaml")
}

// RequestIDReused refuses another body under a request id that was used before.
func RequestIDReused() *errors.Error {
	return New(http.StatusConflict, ReasonRequestIDReused, "this request id was used with another body: use a new one", "field", "request_id")
}

// InProgress says that the outcome of a command is not known yet.
func InProgress() *errors.Error {
	return New(http.StatusServiceUnavailable, ReasonInProgress, "the request is being worked on: repeat it with the same request id", retryAfterMetadata, itoa(defaultRetryAfterS))
}

// RateLimited sheds load.
func RateLimited(retryAfterS int64) *errors.Error {
	return New(http.StatusTooManyRequests, ReasonRateLimited, "too many requests: try again later", retryAfterMetadata, itoa(retryAfterS))
}

// Unavailable says that something this needs is down; whether the request took effect is not known.
func Unavailable() *errors.Error {
	return New(http.StatusServiceUnavailable, ReasonUnavailable, "temporarily unavailable: repeat it with the same request id", retryAfterMetadata, itoa(defaultRetryAfterS))
}

// Timeout says that the time was up; whether the request took effect is not known.
func Timeout() *errors.Error {
	return New(http.StatusGatewayTimeout, ReasonTimeout, "no answer in time: repeat it with the same request id")
}

// Internal is a defect of ours.
func Internal() *errors.Error {
	return New(http.StatusInternalServerError, ReasonInternal, "an error of ours: repeat it with the same request id, and report it with the trace id if it stays")
}

// StateConflict refuses what the state of the object does not allow.
func StateConflict(state, message string) *errors.Error {
	return New(http.StatusConflict, ReasonStateConflict, message, "state", state)
}

// RetryAfterS is how long a client should wait, 0 when the error says nothing about it.
func RetryAfterS(err *errors.Error) int64 {
	n, _ := strconv.ParseInt(err.GetMetadata()[retryAfterMetadata], 10, 64)
	return n
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
