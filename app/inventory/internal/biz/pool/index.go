// Package pool keeps in memory what every location has of every SKU: the one pool of stock, ready to be asked where
// something is and how much of it may be promised.
//
// Always true:
//   - It is a hint. Whoever takes stock asks the rows again, under their lock.
//   - Of one stock row the highest version counts, in whatever order, and however often, rows are told: telling it old news
//     changes nothing. So a scan of the tables and the log of their changes may be told side by side.
//   - A location keeps its number for as long as the index lives. Numbers follow the places: what is near has, mostly, a
//     near number, so that what one question needs lies together in memory.
//   - Figures of a location are summed over the owners of its goods; where somebody else's goods lie, or something is
//     special about a row, each owner's figures are kept too.
//
// Size: 12 bytes for a SKU at a location, and 20 bits for each location of a SKU that many locations have.
package pool

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// Row is what one owner has of a SKU at a location. Quantities are pieces, never below zero.
type Row struct {
	SKU string
	// At is the number of the location.
	At uint32
	// Owner is empty when it is the location's own organisation.
	Owner string
	// Online is what may be promised, Till what a customer in the shop may take.
	Online, Till int64
	// OutageUntilUS: until then nothing is promised online. 0: no outage.
	OutageUntilUS int64
	Version       int64
}

// Figures are pieces at one location, of all owners.
type Figures struct{ Online, Till int64 }

// Index is the pool. It may be asked and told at the same time.
type Index struct {
	mu      sync.RWMutex
	shelves map[string]*Shelf
	codes   []string // by number
	numbers map[string]uint32
}

// New makes an empty index.
func New() *Index { return &Index{shelves: map[string]*Shelf{}, numbers: map[string]uint32{}} }

// Number is the number of a location; an unknown one gets the next.
func (x *Index) Number(code string) uint32 {
	x.mu.RLock()
	n, known := x.numbers[code]
	x.mu.RUnlock()
	if known {
		return n
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if n, known = x.numbers[code]; !known {
		n = uint32(len(x.codes))
		x.codes, x.numbers[code] = append(x.codes, code), n
	}
	return n
}

// Locations is how many numbers were given.
func (x *Index) Locations() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.codes)
}

// Shelf is what all locations have of a SKU; nil: nobody ever had it. A nil Shelf may be asked like an empty one.
func (x *Index) Shelf(sku string) *Shelf {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.shelves[sku]
}

// Shelves are those of many SKUs, in their order.
func (x *Index) Shelves(skus []string) []*Shelf {
	x.mu.RLock()
	defer x.mu.RUnlock()
	shelves := make([]*Shelf, len(skus))
	for i, sku := range skus {
		shelves[i] = x.shelves[sku]
	}
	return shelves
}

// Rows counts the places that the index knows: a SKU at a location is one.
func (x *Index) Rows() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	rows := 0
	for _, s := range x.shelves {
		rows += s.Places()
	}
	return rows
}

// Tell takes rows in. It sorts them.
func (x *Index) Tell(rows []Row) {
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Or(strings.Compare(a.SKU, b.SKU), cmp.Compare(a.At, b.At)) })
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && rows[to].SKU == rows[from].SKU {
			to++
		}
		x.open(rows[from].SKU).tell(rows[from:to])
		from = to
	}
}

func (x *Index) open(sku string) *Shelf {
	if s := x.Shelf(sku); s != nil {
		return s
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.shelves[sku]
	if s == nil {
		s = &Shelf{serial: len(x.shelves) + 1}
		x.shelves[sku] = s
	}
	return s
}
