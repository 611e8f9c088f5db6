package biz

import "strconv"

// The refusals of the feed and its webhooks.

// FeedExpired refuses a cursor whose place in the log is not kept any more.
type FeedExpired struct{}

// Error says so.
func (FeedExpired) Error() string { return "the change log does not reach back to the cursor" }

// Fault is the public face.
func (FeedExpired) Fault() (int, string, string, map[string]string) {
	return 409, "FEED_EXPIRED", "changes since this cursor are no longer kept: begin anew without a cursor, and read all", map[string]string{"kept_days": "7"}
}

// CursorInvalid refuses a cursor that was not given out for this query.
type CursorInvalid struct{}

// Error says so.
func (CursorInvalid) Error() string { return "the cursor does not belong to this query" }

// Fault is the public face.
func (CursorInvalid) Fault() (int, string, string, map[string]string) {
	return 400, "CURSOR_INVALID", "the cursor is altered, or of another caller, channel or filter: begin anew without one", map[string]string{"field": "cursor"}
}

// URLRefused refuses where a webhook would go.
type URLRefused struct{ Why string }

// Error says why.
func (u URLRefused) Error() string { return "url: " + u.Why }

// Fault is the public face.
func (u URLRefused) Fault() (int, string, string, map[string]string) {
	return 400, "WEBHOOK_URL_REFUSED", "this url cannot be called: " + u.Why, map[string]string{"field": "url", "why": u.Why}
}

// TooManyWebhooks refuses one more of a channel.
type TooManyWebhooks struct{ Most int }

// Error says how many may be.
func (t TooManyWebhooks) Error() string {
	return "a channel has at most " + strconv.Itoa(t.Most) + " webhooks"
}

// Fault is the public face.
func (t TooManyWebhooks) Fault() (int, string, string, map[string]string) {
	return 409, "WEBHOOK_LIMIT", t.Error() + ": delete or change one", map[string]string{"most": strconv.Itoa(t.Most)}
}

// UnknownWebhook refuses one that does not exist, or not for this caller.
type UnknownWebhook struct{ ID string }

// Error names it.
func (u UnknownWebhook) Error() string { return "webhook " + u.ID + " is not known" }

// Fault is the public face.
func (u UnknownWebhook) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such webhook: check the id", map[string]string{"kind": "webhook"}
}
