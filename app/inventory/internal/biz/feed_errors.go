package biz

// The refusals of the feed.

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
