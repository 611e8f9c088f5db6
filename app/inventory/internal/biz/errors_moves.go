package biz

import (
	"fmt"
	"strconv"
)

// The refusals of moving stock.

// UnknownStock refuses to move what a location has never had.
type UnknownStock struct{ Key StockKey }

// Error names it.
func (u UnknownStock) Error() string { return "there is no stock of " + u.Key.String() }

// Fault is the public face.
func (u UnknownStock) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "this location has never had this SKU of this owner", map[string]string{"kind": "stock", "sku": u.Key.SKU, "location": u.Key.Location}
}

// NotDamaged refuses to take more from what is damaged than there is.
type NotDamaged struct {
	Key             StockKey
	Wanted, Damaged int64
}

// Error says how many there are.
func (n NotDamaged) Error() string {
	return fmt.Sprintf("%s: wanted %d, %d damaged", n.Key, n.Wanted, n.Damaged)
}

// Fault is the public face.
func (n NotDamaged) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "fewer pieces are damaged: check the quantity", map[string]string{
		"state": "DAMAGED", "wanted": strconv.FormatInt(n.Wanted, 10), "left": strconv.FormatInt(n.Damaged, 10)}
}

// UnknownDiscrepancy says that there is no such discrepancy for this caller.
type UnknownDiscrepancy struct{ ID string }

// Error names it.
func (u UnknownDiscrepancy) Error() string { return "there is no discrepancy " + u.ID }

// Fault is the public face.
func (u UnknownDiscrepancy) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such discrepancy", map[string]string{"kind": "discrepancy"}
}

// ClosesByItself refuses to close a shortfall by hand: it is as large as what is missing.
type ClosesByItself struct{ ID string }

// Error names it.
func (c ClosesByItself) Error() string { return "discrepancy " + c.ID + " closes when stock comes in" }

// Fault is the public face.
func (c ClosesByItself) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "a shortfall closes by itself: receive stock, count the shelf, or release what is reserved", map[string]string{"state": KindShortfall}
}

// UnknownTransfer says that there is no such transfer for this caller.
type UnknownTransfer struct{ ID string }

// Error names it.
func (u UnknownTransfer) Error() string { return "there is no transfer " + u.ID }

// Fault is the public face.
func (u UnknownTransfer) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such transfer", map[string]string{"kind": "transfer"}
}

// TransferNumberTaken refuses a paper's number that the sending organisation has used.
type TransferNumberTaken struct{ Number string }

// Error names it.
func (n TransferNumberTaken) Error() string { return "there is a transfer with the number " + n.Number }

// Fault is the public face.
func (n TransferNumberTaken) Fault() (int, string, string, map[string]string) {
	return 409, "TRANSFER_NUMBER_TAKEN", "this number is on another transfer: look that one up, or choose another number", map[string]string{"number": n.Number}
}

// TransferExceeded refuses more pieces than a line has left to send, or on their way.
type TransferExceeded struct {
	Line int
	Left int64
}

// Error says how many are left.
func (e TransferExceeded) Error() string { return fmt.Sprintf("line %d has %d left", e.Line, e.Left) }

// Fault is the public face.
func (e TransferExceeded) Fault() (int, string, string, map[string]string) {
	return 409, "TRANSFER_EXCEEDED", "more pieces than the line has left: correct it, and receive what came in excess by itself", map[string]string{
		"line": strconv.Itoa(e.Line), "left": strconv.FormatInt(e.Left, 10)}
}

// TooManySteps refuses one more part of a transfer that came in too many: the next one must be the last.
type TooManySteps struct{ Most int }

// Error says how many there may be.
func (t TooManySteps) Error() string { return fmt.Sprintf("more than %d steps", t.Most) }

// Fault is the public face.
func (t TooManySteps) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "it came in too many parts: say of each line what is missing, or that this was the last", map[string]string{
		"state": TransferReceiving.String(), "most": strconv.Itoa(t.Most)}
}

// WrongState refuses what a transfer or stocktake cannot do in its state.
type WrongState struct{ What, State string }

// Error names the state.
func (w WrongState) Error() string { return "the " + w.What + " is " + w.State }

// Fault is the public face.
func (w WrongState) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "the " + w.What + " is in another state: look at it again", map[string]string{"state": w.State}
}

// MovedOn refuses a caller who decided on an older version.
type MovedOn struct {
	State   string
	Version int64
}

// Error says where it is.
func (m MovedOn) Error() string { return fmt.Sprintf("%s, version %d", m.State, m.Version) }

// Fault is the public face.
func (m MovedOn) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "it has changed since you looked: look at it again", map[string]string{"state": m.State, "version": strconv.FormatInt(m.Version, 10)}
}

// UnknownStocktake says that there is no such stocktake for this caller.
type UnknownStocktake struct{ ID string }

// Error names it.
func (u UnknownStocktake) Error() string { return "there is no stocktake " + u.ID }

// Fault is the public face.
func (u UnknownStocktake) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "there is no such stocktake", map[string]string{"kind": "stocktake"}
}

// StocktakeOpen refuses to count what another stocktake counts.
type StocktakeOpen struct {
	ID  string
	Key StockKey
}

// Error names both.
func (s StocktakeOpen) Error() string { return s.Key.String() + " is counted by " + s.ID }

// Fault is the public face.
func (s StocktakeOpen) Fault() (int, string, string, map[string]string) {
	return 409, "STOCKTAKE_OPEN", "another stocktake counts this: finish or cancel that one first", map[string]string{
		"stocktake": s.ID, "sku": s.Key.SKU, "owner": s.Key.Owner}
}

// NotListed refuses a count of what the stocktake does not count.
type NotListed struct{ SKU, Owner, Batch string }

// Error names it.
func (n NotListed) Error() string { return n.SKU + " of " + n.Owner + " is not on the list" }

// Fault is the public face.
func (n NotListed) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "this is not on the list: open a stocktake of it", map[string]string{"kind": "stocktake line", "sku": n.SKU, "owner": n.Owner, "batch": n.Batch}
}

// Incomplete refuses to submit while lines are not counted.
type Incomplete struct {
	Missed int
	SKU    string
}

// Error says how many.
func (i Incomplete) Error() string { return fmt.Sprintf("%d lines are not counted", i.Missed) }

// Fault is the public face.
func (i Incomplete) Fault() (int, string, string, map[string]string) {
	return 409, "STOCKTAKE_INCOMPLETE", "count the lines that are missed, or leave them out", map[string]string{"missed": strconv.Itoa(i.Missed), "sku": i.SKU}
}

// SecondPersonNeeded refuses a decision by somebody who has counted or submitted.
type SecondPersonNeeded struct{}

// Error says so.
func (SecondPersonNeeded) Error() string { return "who has counted or submitted does not decide" }

// Fault is the public face.
func (SecondPersonNeeded) Fault() (int, string, string, map[string]string) {
	return 403, "SECOND_PERSON_NEEDED", "you have counted or submitted this stocktake: somebody else decides", nil
}

// UnknownLot refuses a lot that a stock row has never had.
type UnknownLot struct {
	Key  StockKey
	Code string
}

// Error names it.
func (u UnknownLot) Error() string { return "there is no lot " + u.Code + " of " + u.Key.String() }

// Fault is the public face.
func (u UnknownLot) Fault() (int, string, string, map[string]string) {
	return 404, "NOT_FOUND", "this location has never had this lot", map[string]string{"kind": "lot", "batch": u.Code}
}

// LotShort refuses to take more from a lot than nobody holds of it.
type LotShort struct {
	Code         string
	Wanted, Left int64
}

// Error says how many there are.
func (l LotShort) Error() string {
	return fmt.Sprintf("lot %s: wanted %d, left %d", l.Code, l.Wanted, l.Left)
}

// Fault is the public face.
func (l LotShort) Fault() (int, string, string, map[string]string) {
	return 409, "STATE_CONFLICT", "fewer pieces of this lot are free: check the quantity", map[string]string{
		"state": "LOT", "batch": l.Code, "wanted": strconv.FormatInt(l.Wanted, 10), "left": strconv.FormatInt(l.Left, 10)}
}

// LotDiffers refuses goods under the code of a lot that has other dates.
type LotDiffers struct{ Code string }

// Error names it.
func (l LotDiffers) Error() string { return "lot " + l.Code + " has other dates" }

// Fault is the public face.
func (l LotDiffers) Fault() (int, string, string, map[string]string) {
	return 409, "LOT_DIFFERS", "this lot has other dates here: check the box", map[string]string{"batch": l.Code}
}

// LotExpired refuses to move an expired lot to another location: it is only written off.
type LotExpired struct{ Code string }

// Error names it.
func (l LotExpired) Error() string { return "lot " + l.Code + " is expired" }

// Fault is the public face.
func (l LotExpired) Fault() (int, string, string, map[string]string) {
	return 409, "LOT_EXPIRED", "this lot is expired: write it off", map[string]string{"batch": l.Code}
}
