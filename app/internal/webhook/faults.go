package webhook

import "strconv"

// Forbidden refuses who may not.
type Forbidden struct{ Need string }

// Error says what it takes.
func (f Forbidden) Error() string { return "needs " + f.Need }

// Fault is the public face.
func (f Forbidden) Fault() (int, string, string, map[string]string) {
	return 403, "FORBIDDEN", "you may not do this: it needs " + f.Need, nil
}

// Invalid refuses a field.
type Invalid struct{ Field, Rule string }

// Error names the field and its rule.
func (i Invalid) Error() string { return i.Field + ": " + i.Rule }

// Fault is the public face.
func (i Invalid) Fault() (int, string, string, map[string]string) {
	return 400, "VALIDATOR", i.Field + ": " + i.Rule, map[string]string{"field": i.Field}
}

// URLRefused refuses where a webhook would go.
type URLRefused struct{ Why string }

// Error says why.
func (u URLRefused) Error() string { return "url: " + u.Why }

// Fault is the public face.
func (u URLRefused) Fault() (int, string, string, map[string]string) {
	return 400, "WEBHOOK_URL_REFUSED", "this url cannot be called: " + u.Why, map[string]string{"field": "url", "why": u.Why}
}

// TooMany refuses one more of a channel.
type TooMany struct{ Most int }

// Error says how many may be.
func (t TooMany) Error() string {
	return "a channel has at most " + strconv.Itoa(t.Most) + " webhooks"
}

// Fault is the public face.
func (t TooMany) Fault() (int, string, string, map[string]string) {
	return 409, "WEBHOOK_LIMIT", t.Error() + ": delete or change one", map[string]string{"most": strconv.Itoa(t.Most)}
}

// Unknown refuses one that does not exist, or not for this caller.
type Unknown struct{ ID string }

// Error names it.
func (u Unknown) Error() string { return "webhook " + u.ID + " is not known" }

// Fault is the public face.
func (u Unknown) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such webhook: check the id", map[string]string{"kind": "webhook"}
}
