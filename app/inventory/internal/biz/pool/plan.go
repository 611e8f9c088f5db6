package pool

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
)

// fewMeet: when about so few locations have all that is wanted, looking at each of them is cheaper than finding the near
// ones first.
const fewMeet = 96

// Want is a SKU and how many pieces of it are needed in one place.
type Want struct {
	Shelf *Shelf
	Need  int64 // less than 1 counts as 1
	Limit Limit // of what may be promised; nil: all of it
	// Shown: instead of Need pieces to promise, as many that can be shown there, if only at the till.
	Shown bool
}

// Question asks for the locations that have all of what is wanted, the nearest first.
type Question struct {
	Wants []Want     // each of another SKU; none: the nearest locations, whatever they have
	From  *geo.Point // nil: by the chart's own order
	Most  int
	// Keep says whether a location may be in the answer; nil: all may. It must not come back to the index.
	Keep func(ref int, mm int64) bool
	// WithinMM: what is farther is not looked at. 0: no limit.
	WithinMM int64
	NowUS    int64
}

// Found is a location of an answer: its place in the list, and the chord to it, or its rank where no distance counts.
type Found struct {
	Ref int
	MM  int64
}

// Nearest answers a question, by distance in millimetres, then by code. When many locations have all, it goes outwards from
// the point, box by box, until none that is left can be nearer; when few do, it intersects their sets and looks at each.
func (c *Chart) Nearest(q Question) []Found {
	wants := slices.Clone(q.Wants)
	for _, w := range wants {
		if w.Shelf == nil {
			return nil
		}
	}
	if len(wants) == 0 && q.From == nil || q.Most <= 0 || len(c.vectors) == 0 {
		return nil
	}
	// In one order: a writer that waits for one shelf keeps new readers out, so two questions could wait for each other.
	slices.SortFunc(wants, func(a, b Want) int { return cmp.Compare(a.Shelf.serial, b.Shelf.serial) })
	for _, w := range wants {
		w.Shelf.mu.RLock()
		defer w.Shelf.mu.RUnlock()
	}
	slices.SortStableFunc(wants, func(a, b Want) int { return cmp.Compare(a.count(), b.count()) })
	a := answer{chart: c, q: q, wants: wants, best: make([]near, 0, min(q.Most, 64)), limit: math.Inf(1)}
	if q.WithinMM > 0 {
		a.limit = geo.SquaredMM(q.WithinMM)
	}
	if q.From != nil {
		if q.From.Validate() != nil {
			return nil
		}
		a.at = q.From.Vector()
	}
	if len(wants) > 0 && (q.From == nil || a.fewMeet()) {
		a.intersect()
	} else {
		a.outwards()
	}
	return a.found()
}

// count is how many locations may have what is wanted.
func (w Want) count() int {
	if w.Shown {
		return len(w.Shelf.cells)
	}
	return w.Shelf.some
}

// set is where it may be; nil: the shelf has a list only.
func (w *Want) set() Set {
	if w.Shown {
		return w.Shelf.many
	}
	return w.Shelf.online
}

// told says that the set tells all: it holds those with a piece to promise, and nothing else is to be looked at.
func (w *Want) told() bool {
	return w.Need <= 1 && w.Limit == nil && !w.Shown && w.Shelf.many != nil && len(w.Shelf.several) == 0
}

type answer struct {
	chart *Chart
	q     Question
	wants []Want // the rarest first
	at    geo.Vector
	best  []near // in order
	limit float64
}

type near struct {
	mm  int64
	ref int32
}

// fewMeet says whether looking at all that have everything is little work. What is in a list only has no boxes.
func (a *answer) fewMeet() bool {
	all := float64(len(a.chart.numbers))
	for i := range a.wants {
		if a.wants[i].Shelf.many == nil {
			return true
		}
		all *= float64(a.wants[i].count()) / float64(len(a.chart.numbers))
	}
	return all < fewMeet
}

// word is which of 64 locations may have all, as far as the sets tell.
func (a *answer) word(w int) uint64 {
	word := ^uint64(0)
	for i := range a.wants {
		set := a.wants[i].set()
		if w >= len(set) {
			return 0
		}
		word &= set[w]
	}
	return word
}

// bound is a box that waits to be opened.
type bound struct {
	squared float64
	level   int32
	at      int32
}

// outwards opens boxes, the nearest first, until the next is farther than the worst of the best.
func (a *answer) outwards() {
	levels := a.chart.levels
	queue := make(bounds, 0, 64)
	top := int32(len(levels) - 1)
	for at := range levels[top] {
		a.wait(&queue, top, int32(at))
	}
	for len(queue) > 0 {
		next := queue.pop()
		if next.squared > a.limit {
			return
		}
		if next.level > 0 {
			below := levels[next.level-1]
			for at := int(next.at) * fanout; at < min(int(next.at+1)*fanout, len(below)); at++ {
				a.wait(&queue, next.level-1, int32(at))
			}
			continue
		}
		for word := a.word(int(next.at)); word != 0; word &= word - 1 {
			a.consider(uint32(int(next.at)<<6 + bits.TrailingZeros64(word)))
		}
	}
}

// wait queues a box unless it is too far, or nothing in it can have all.
func (a *answer) wait(queue *bounds, level, at int32) {
	if level == 0 && a.word(int(at)) == 0 {
		return
	}
	if squared := a.chart.levels[level][at].squared(a.at); squared <= a.limit {
		queue.push(bound{squared, level, at})
	}
}

// has looks at the figures.
func (a *answer) has(n uint32) bool {
	for i := range a.wants {
		w := &a.wants[i]
		if w.told() {
			continue
		}
		f := w.Shelf.at(n, a.q.NowUS)
		if w.Shown {
			if f.Till < max(1, w.Need) {
				return false
			}
			continue
		}
		if f.Online >= w.Need && w.Limit != nil {
			f.Online = w.Limit(n, f.Online)
		}
		if f.Online < w.Need {
			return false
		}
	}
	return true
}

// intersect looks at all locations that may have all.
func (a *answer) intersect() {
	if slices.ContainsFunc(a.wants, func(w Want) bool { return w.Shelf.many == nil }) {
		a.intersectLists()
		return
	}
	for w := range a.wants[0].set() {
		for word := a.word(w); word != 0; word &= word - 1 {
			a.consider(uint32(w<<6 + bits.TrailingZeros64(word)))
		}
	}
}

// intersectLists goes along the lists side by side, as they are in one order; sets are asked for what all lists have.
func (a *answer) intersectLists() {
	lists := make([][]uint32, 0, 8)
	for i := range a.wants {
		if a.wants[i].Shelf.many == nil {
			lists = append(lists, a.wants[i].Shelf.few)
		}
	}
	slices.SortFunc(lists, func(x, y []uint32) int { return len(x) - len(y) })
next:
	for _, n := range lists[0] {
		for i := 1; i < len(lists); i++ {
			rest := lists[i]
			for len(rest) > 0 && rest[0] < n {
				rest = rest[1:]
			}
			if lists[i] = rest; len(rest) == 0 {
				return
			}
			if rest[0] != n {
				continue next
			}
		}
		for i := range a.wants {
			if s := a.wants[i].set(); a.wants[i].Shelf.many != nil && !s.Has(n) {
				continue next
			}
		}
		a.consider(n)
	}
}

// consider keeps a location if it is among the best so far. What costs most is asked last.
func (a *answer) consider(n uint32) {
	c := a.chart
	if int(n) >= len(c.refs) {
		return
	}
	mm := int64(c.order[n])
	if a.q.From != nil {
		squared := c.vectors[n].Squared(a.at)
		if squared > a.limit || c.vectors[n] == nowhere {
			return
		}
		mm = geo.MM(squared)
	}
	x := near{mm, c.refs[n]}
	full := len(a.best) == a.q.Most
	switch {
	case x.ref < 0 || full && !x.before(a.best[len(a.best)-1]) || a.q.From != nil && a.q.WithinMM > 0 && mm > a.q.WithinMM:
		return
	case !a.has(n) || a.q.Keep != nil && !a.q.Keep(int(x.ref), mm):
		return
	}
	if full {
		a.best = a.best[:len(a.best)-1]
	}
	a.best = append(a.best, x)
	for at := len(a.best) - 1; at > 0 && x.before(a.best[at-1]); at-- {
		a.best[at], a.best[at-1] = a.best[at-1], x
	}
	if a.q.From != nil && len(a.best) == a.q.Most {
		a.limit = min(a.limit, geo.SquaredMM(a.best[len(a.best)-1].mm))
	}
}

func (x near) before(o near) bool { return x.mm < o.mm || x.mm == o.mm && x.ref < o.ref }

func (a *answer) found() []Found {
	list := make([]Found, len(a.best))
	for i, x := range a.best {
		list[i] = Found{int(x.ref), x.mm}
	}
	return list
}

// Distance is the chord in millimetres from a point to a location; false: its position is not known.
func (c *Chart) Distance(from geo.Vector, n uint32) (int64, bool) {
	if int(n) >= len(c.vectors) || c.vectors[n] == nowhere {
		return 0, false
	}
	return geo.MM(c.vectors[n].Squared(from)), true
}

// Covering finds the locations that have some of as many of the wants as can be: the most wants first, then by distance
// (or the chart's order), then by code.
func (c *Chart) Covering(q Question) []Found {
	counts := make([]uint16, len(c.refs))
	for _, w := range q.Wants {
		w.Shelf.Each(c.all, q.NowUS, func(n uint32, f Figures) {
			if f.Online > 0 && (w.Limit == nil || w.Limit(n, f.Online) > 0) {
				counts[n]++
			}
		})
	}
	var at geo.Vector
	if q.From != nil {
		at = q.From.Vector()
	}
	type cover struct {
		Found
		lines uint16
	}
	compare := func(a, b cover) int {
		return cmp.Or(cmp.Compare(b.lines, a.lines), cmp.Compare(a.MM, b.MM), cmp.Compare(a.Ref, b.Ref))
	}
	var best []cover
	for n, lines := range counts {
		if lines == 0 || len(best) == q.Most && lines < best[q.Most-1].lines {
			continue
		}
		x := cover{Found{int(c.refs[n]), int64(c.order[n])}, lines}
		if q.From != nil {
			if mm, known := c.Distance(at, uint32(n)); known {
				x.MM = mm
			} else {
				continue
			}
		}
		if len(best) == q.Most && compare(x, best[q.Most-1]) >= 0 || q.WithinMM > 0 && x.MM > q.WithinMM || q.Keep != nil && !q.Keep(x.Ref, x.MM) {
			continue
		}
		if len(best) == q.Most {
			best = best[:q.Most-1]
		}
		i, _ := slices.BinarySearchFunc(best, x, compare)
		best = slices.Insert(best, i, x)
	}
	list := make([]Found, len(best))
	for i, x := range best {
		list[i] = x.Found
	}
	return list
}

// bounds is a binary heap, the nearest first. container/heap would box every entry.
type bounds []bound

func (q *bounds) push(b bound) {
	*q = append(*q, b)
	h := *q
	i := len(h) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if b.squared >= h[parent].squared {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = b
}

func (q *bounds) pop() bound {
	h := *q
	top, last := h[0], len(h)-1
	b := h[last]
	h = h[:last]
	*q = h
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && h[child+1].squared < h[child].squared {
			child++
		}
		if h[child].squared >= b.squared {
			break
		}
		h[i] = h[child]
		i = child
	}
	if last > 0 {
		h[i] = b
	}
	return top
}

// Richest finds the locations that have most of what is wanted, whatever their distance: the most pieces first, then by
// code.
func (c *Chart) Richest(w Want, most int, nowUS int64, keep func(ref int) bool) []int {
	type rich struct {
		pieces int64
		ref    int
	}
	var best []rich
	w.Shelf.Each(c.all, nowUS, func(n uint32, f Figures) {
		pieces := f.Online
		if pieces > 0 && w.Limit != nil {
			pieces = w.Limit(n, pieces)
		}
		ref, known := c.Ref(n)
		if !known || pieces <= 0 || len(best) == most && pieces <= best[most-1].pieces && (pieces < best[most-1].pieces || ref > best[most-1].ref) || !keep(ref) {
			return
		}
		at, _ := slices.BinarySearchFunc(best, rich{pieces, ref}, func(a, b rich) int {
			return cmp.Or(cmp.Compare(b.pieces, a.pieces), cmp.Compare(a.ref, b.ref))
		})
		if len(best) == most {
			best = best[:most-1]
		}
		best = slices.Insert(best, at, rich{pieces, ref})
	})
	refs := make([]int, len(best))
	for i, r := range best {
		refs[i] = r.ref
	}
	return refs
}
