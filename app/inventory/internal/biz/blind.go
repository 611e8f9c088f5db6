package biz

// Blind are the shelves whose figures a caller must not read: a blind stocktake counts them just now, and the caller is one
// of those who count.
//
// Who counts is the location's own staff that may not decide about its goods. A manager has the books to run the store by,
// and cannot approve what he has counted; headquarters does not stand at the shelf. A till is nobody, and sells on.
type Blind map[Shelf]bool

// At says whether any shelf of a location is counted blind.
func (b Blind) At(location string) bool {
	for shelf := range b {
		if shelf.Location == location {
			return true
		}
	}
	return false
}

// SeesFigures says whether exact figures of these SKUs at a location are for this caller.
func (c Caller) SeesFigures(l Location, skus ...string) bool {
	for _, sku := range skus {
		if c.Blind[Shelf{sku, l.Code}] {
			return false
		}
	}
	return c.SeesExactly(l)
}
