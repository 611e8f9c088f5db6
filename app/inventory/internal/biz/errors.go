package biz

import (
	"fmt"
	"strconv"
)

const reasonSKUUnknown = "SKU_UNKNOWN"

// The refusals of this center. Each knows its public face (code, reason, message, metadata); the edge asks for it.

// Short refuses a demand: fewer pieces are left than are wanted.
type Short struct {
	SKU          string
	Wanted, Left int64
}

// Error says what is short.
func (s Short) Error() string {
	return fmt.Sprintf("%s: wanted %d, left %d", s.SKU, s.Wanted, s.Left)
}

// Fault is the public face.
func (s Short) Fault() (int, string, string, map[string]string) {
	return 409, "STOCK_INSUFFICIENT", "not enough stock: order less, or choose another way of delivery", map[string]string{
		"sku": s.SKU, "wanted": strconv.FormatInt(s.Wanted, 10), "left": strconv.FormatInt(s.Left, 10)}
}

// NoLocation refuses a demand that no location may deliver, whatever it has in stock.
type NoLocation struct{ Why string }

// Error says why.
func (n NoLocation) Error() string { return "no location may deliver: " + n.Why }

// Fault is the public face.
func (n NoLocation) Fault() (int, string, string, map[string]string) {
	return 409, "NO_LOCATION", "no location may deliver this way to this place: " + n.Why, nil
}

// UnknownLocation refuses a location that does not exist, or not for this caller.
type UnknownLocation struct{ Code string }

// Error names it.
func (u UnknownLocation) Error() string { return "location " + u.Code + " is not known" }

// Fault is the public face.
func (u UnknownLocation) Fault() (int, string, string, map[string]string) {
	return 404, "LOCATION_UNKNOWN", "there is no such location: check its code", map[string]string{"location": u.Code}
}

// UnknownSKU refuses stock of what is not in the catalogue: it could not be sold, and would hide a mistyped code.
type UnknownSKU struct{ Code string }

// Error names it.
func (u UnknownSKU) Error() string { return "SKU " + u.Code + " is not known" }

// Fault is the public face.
func (u UnknownSKU) Fault() (int, string, string, map[string]string) {
	return 404, reasonSKUUnknown, "there is no such SKU: check its code, or import the product first", map[string]string{"sku": u.Code}
}

// BelowReserved refuses to correct on hand below what customers hold.
type BelowReserved struct {
	Key              StockKey
	OnHand, Reserved int64
	Hidden           bool // the figures are not for the caller: they are counted blind
}

// Error says what is held.
func (b BelowReserved) Error() string {
	return fmt.Sprintf("%s: %d on hand, %d reserved", b.Key, b.OnHand, b.Reserved)
}

// Fault is the public face.
func (b BelowReserved) Fault() (int, string, string, map[string]string) {
	message := "on hand cannot go below what is reserved: release or move the reservations first"
	if b.Hidden {
		return 409, "STATE_CONFLICT", "there are not so many free pieces in the books: a blind stocktake counts them now, ask a manager", map[string]string{"state": "RESERVED"}
	}
	if b.Reserved == 0 {
		message = "there are fewer pieces on hand: check the quantity"
	}
	return 409, "STATE_CONFLICT", message, map[string]string{
		"state": "RESERVED", "on_hand": strconv.FormatInt(b.OnHand, 10), "reserved": strconv.FormatInt(b.Reserved, 10)}
}

// LiveHold refuses a second hold of a document.
type LiveHold struct {
	Document string
	State    ReservationState
}

// Error names the document.
func (l LiveHold) Error() string { return "document " + l.Document + " already holds stock" }

// Fault is the public face.
func (l LiveHold) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "this document already holds stock: release it first", map[string]string{"state": l.State.String()}
}

// NotHeld refuses to change a line of which nothing is held any more.
type NotHeld struct {
	Document, Line string
	State          ReservationState
}

// Error names the line.
func (n NotHeld) Error() string {
	return "line " + n.Line + " of " + n.Document + " is not held: " + n.State.String()
}

// Fault is the public face.
func (n NotHeld) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "nothing is held for this line any more: reserve it again", map[string]string{"state": n.State.String(), "line_id": n.Line}
}

// UnknownReservation says that nothing was ever held for this document, or for this line of it.
type UnknownReservation struct{ Document, Line string }

// Error names them.
func (u UnknownReservation) Error() string {
	return "no reservation of " + u.Document + ", line " + u.Line
}

// Fault is the public face.
func (u UnknownReservation) Fault() (int, string, string, map[string]string) {
	return 404, "RESERVATION_UNKNOWN", "there is no such reservation: check the document and its lines", map[string]string{"document": u.Document, "line_id": u.Line}
}

// Forbidden refuses a caller without the role.
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

// UnknownDocument says that there is nothing under this document for this caller.
type UnknownDocument struct{ Document string }

// Error names it.
func (u UnknownDocument) Error() string { return "nothing is known of document " + u.Document }

// Fault is the public face.
func (u UnknownDocument) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such allocation", map[string]string{"kind": "allocation"}
}

// PolicyConflict refuses a sharing policy that is equal to one in force at the same time: nobody could say which counts.
type PolicyConflict struct{ Other string }

// Error names the other.
func (p PolicyConflict) Error() string { return "sharing policy " + p.Other + " is about the same" }

// Fault is the public face.
func (p PolicyConflict) Fault() (int, string, string, map[string]string) {
	return 409, "POLICY_CONFLICT", "another policy for the same channel, place and product is in force then: end it first, or choose another time", map[string]string{"policy": p.Other}
}

// PolicyOver refuses to end a sharing policy that is over.
type PolicyOver struct{ ID string }

// Error names it.
func (p PolicyOver) Error() string { return "sharing policy " + p.ID + " is over" }

// Fault is the public face.
func (p PolicyOver) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "this sharing policy is over already", map[string]string{"state": "OVER", "policy": p.ID}
}

// UnknownPolicy says that there is no such sharing policy for this caller.
type UnknownPolicy struct{ ID string }

// Error names it.
func (u UnknownPolicy) Error() string { return "sharing policy " + u.ID + " is not known" }

// Fault is the public face.
func (u UnknownPolicy) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such sharing policy", map[string]string{"kind": "sharing policy"}
}

// TooManyPolicies refuses another sharing policy.
type TooManyPolicies struct{ Most int }

// Error says how many there may be.
func (t TooManyPolicies) Error() string {
	return fmt.Sprintf("%d sharing policies are in force", t.Most)
}

// Fault is the public face.
func (t TooManyPolicies) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "there are too many sharing policies: end some, or say the same with regions, store types and categories", map[string]string{
		"state": "FULL", "most": strconv.Itoa(t.Most)}
}

// UnknownCategory refuses a policy for what no SKU is of: it would hide a mistyped name.
type UnknownCategory struct{ Category string }

// Error names it.
func (u UnknownCategory) Error() string { return "no SKU is of category " + u.Category }

// Fault is the public face.
func (u UnknownCategory) Fault() (int, string, string, map[string]string) {
	return 404, "CATEGORY_UNKNOWN", "no SKU is of this category: check its name, or import its products first", map[string]string{"category": u.Category}
}

// UnknownRegion refuses a policy for where no location is.
type UnknownRegion struct{ Region string }

// Error names it.
func (u UnknownRegion) Error() string { return "no location is in region " + u.Region }

// Fault is the public face.
func (u UnknownRegion) Fault() (int, string, string, map[string]string) {
	return 404, "REGION_UNKNOWN", "no location is in this region: check its code, or say first where the locations are", map[string]string{"region": u.Region}
}

// UnknownAssignment says that nothing of this document was given to this location, for this caller.
type UnknownAssignment struct{ Document, Location string }

// Error names both.
func (u UnknownAssignment) Error() string {
	return "nothing of document " + u.Document + " was given to " + u.Location
}

// Fault is the public face.
func (u UnknownAssignment) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such assignment", map[string]string{"kind": "assignment"}
}

// NothingOpen refuses an answer about what the location does not hold any more.
type NothingOpen struct{ Document, State string }

// Error says how it stands.
func (n NothingOpen) Error() string {
	return "document " + n.Document + " has nothing open there: " + n.State
}

// Fault is the public face.
func (n NothingOpen) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "nothing of this document is open at the location any more", map[string]string{"state": n.State}
}

// NotOpenWork refuses a decision about a document that waits for none.
type NotOpenWork struct{ Document, State string }

// Error says how it stands.
func (n NotOpenWork) Error() string { return "document " + n.Document + " is " + n.State }

// Fault is the public face.
func (n NotOpenWork) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "this document does not wait for a decision", map[string]string{"state": n.State}
}
