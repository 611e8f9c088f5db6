package biz

import "slices"

// lower brings the demand of one that takes parts down to what these rows together have: the rest stays open, the last
// lines first. A group that none of them has as a whole stays open as a whole.
func (t *table) lower(rows [][]int64) {
	d := t.demand
	d.Lines = slices.Clone(d.Lines)
	left := make([]int64, len(t.skus))
	for _, row := range rows {
		for s := range left {
			left[s] += row[s]
		}
	}
	for _, g := range t.groups {
		if !slices.ContainsFunc(rows, g.fits) || !g.fits(left) {
			for _, l := range g.lines {
				d.Lines[l].Quantity = 0
			}
			continue
		}
		for s, need := range g.need {
			left[s] -= need
		}
	}
	for i := range d.Lines {
		if l := &d.Lines[i]; l.Group == "" {
			s := t.sku(l.SKU)
			l.Quantity = min(l.Quantity, left[s])
			left[s] -= l.Quantity
		}
	}
	t.restate(d)
}

// restate puts a smaller demand in place of the one that was asked; lines of which nothing is left fall out.
func (t *table) restate(d Demand) {
	d.Lines = slices.DeleteFunc(d.Lines, func(l DemandLine) bool { return l.Quantity == 0 })
	if t.asked == nil {
		t.asked = t.demand.Lines
	}
	smaller := newTable(d, t.candidates, t.at, t.lessen)
	t.demand, t.skus, t.need, t.has, t.groups = d, smaller.skus, smaller.need, smaller.has, smaller.groups
}

// waiting are the lines that stay open.
func (t *table) waiting() []OpenLine {
	var open []OpenLine
	for _, asked := range t.asked {
		covered := int64(0)
		for _, l := range t.demand.Lines {
			if l.ID == asked.ID && l.SKU == asked.SKU {
				covered = l.Quantity
			}
		}
		if covered < asked.Quantity {
			open = append(open, OpenLine{asked.ID, asked.SKU, asked.Quantity - covered})
		}
	}
	return open
}

// part chooses for a demand that cannot be filled as far as the stock goes within the allowed parcels: those few that have
// the most, and what they have. Groups that stand in each other's way stay open, the last first.
func (t *table) part() []int {
	for {
		set := t.greedy(t.limit)
		rows := make([][]int64, len(set))
		for i, c := range set {
			rows[i] = t.has[c]
		}
		if t.lower(rows); len(t.demand.Lines) == 0 {
			return nil
		}
		if _, ok := t.value(set); ok {
			return t.prune(set)
		}
		if n := len(t.groups); n > 0 {
			d := t.demand
			d.Lines = slices.Clone(d.Lines)
			for _, l := range t.groups[n-1].lines {
				d.Lines[l].Quantity = 0
			}
			t.restate(d)
			continue
		}
		if t.limit--; t.limit == 0 { // parcels that are worth too little: fewer of them
			return nil
		}
	}
}
