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
