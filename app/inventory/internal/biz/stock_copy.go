package biz

import (
	"context"
	"slices"

	"github.com/onepool/onepool/app/inventory/internal/biz/pool"
)

// StockCopy is a copy of stock rows at one moment, for trying things on. It is for one goroutine.
type StockCopy struct {
	rows map[string]map[string][]*Stock // by SKU, then location; owners in order
}

// NewStockCopy takes rows over.
func NewStockCopy(rows []*Stock) *StockCopy {
	s := &StockCopy{rows: map[string]map[string][]*Stock{}}
	for _, r := range rows {
		s.add(r)
	}
	for _, at := range s.rows {
		for _, owners := range at {
			slices.SortFunc(owners, func(a, b *Stock) int { return a.key.Compare(b.key) })
		}
	}
	return s
}

func (s *StockCopy) add(r *Stock) {
	at := s.rows[r.key.SKU]
	if at == nil {
		at = map[string][]*Stock{}
		s.rows[r.key.SKU] = at
	}
	at[r.key.Location] = append(at[r.key.Location], r)
}

// Copy is another shelf with the same goods.
func (s *StockCopy) Copy() *StockCopy {
	other := &StockCopy{rows: make(map[string]map[string][]*Stock, len(s.rows))}
	for _, at := range s.rows {
		for _, owners := range at {
			for _, r := range owners {
				row := *r
				other.add(&row)
			}
		}
	}
	return other
}

func (s *StockCopy) at(key StockKey) *Stock {
	for _, r := range s.rows[key.SKU][key.Location] {
		if r.key == key {
			return r
		}
	}
	return nil
}

// AtLocations returns what these locations have of the SKUs.
func (s *StockCopy) AtLocations(_ context.Context, skus, locations []string) ([]*Stock, error) {
	var found []*Stock
	for _, sku := range skus {
		at := s.rows[sku]
		for _, l := range locations {
			found = append(found, at[l]...)
		}
	}
	return found, nil
}

// hints are all rows as a pool is told of them.
func (s *StockCopy) hints(index *pool.Index) []pool.Row {
	var rows []pool.Row
	for _, at := range s.rows {
		for _, owners := range at {
			for _, r := range owners {
				rows = append(rows, r.Row().Hint(index.Number(r.key.Location)))
			}
		}
	}
	return rows
}
