package geo

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
)

// Item is something at a place. Ref belongs to the caller: a row of its own table, so that a walk needs no map.
type Item struct {
	ID string
	Point
	Ref uint32
}

// Neighbour is an item and its distance.
type Neighbour struct {
	Item
	KM float64
}

// leafSize is how many items share a leaf: few enough to look at all, enough to keep the tree in the cache.
const leafSize = 8

// Index is an immutable k-d tree over unit vectors.
type Index struct {
	items   []Item   // by id: an item's number is also its rank among equals
	leaves  []int32  // item numbers, each leaf's side by side
	vectors []Vector // of leaves, in the same order
	nodes   []node   // nodes[0] is the root; empty if there are no items
	queues  sync.Pool
}

// node is a box with the items in leaves[from:to]; an inner node's children are left and left+1.
type node struct {
	low, high Vector
	from, to  int32
	left      int32 // 0 in a leaf: the root is nobody's child
}

// Build makes an index. It refuses invalid points and ids that occur twice. items is not kept.
func Build(items []Item) (*Index, error) {
	if len(items) > math.MaxInt32/2 {
		return nil, fmt.Errorf("%w: an index holds at most %d items", ErrGeo, math.MaxInt32/2)
	}
	x := &Index{items: slices.Clone(items), leaves: make([]int32, len(items)), vectors: make([]Vector, len(items))}
	x.queues.New = func() any { return new(queue) }
	slices.SortFunc(x.items, func(a, b Item) int { return strings.Compare(a.ID, b.ID) })
	byNumber := make([]Vector, len(items))
	for i, item := range x.items {
		if err := item.Validate(); err != nil {
			return nil, fmt.Errorf("%q: %w", item.ID, err)
		}
		if i > 0 && x.items[i-1].ID == item.ID {
			return nil, fmt.Errorf("%w: id %q occurs twice", ErrGeo, item.ID)
		}
		x.leaves[i], byNumber[i] = int32(i), item.Vector()
	}
	if len(items) > 0 {
		x.nodes = append(x.nodes, node{from: 0, to: int32(len(items))})
		x.split(0, byNumber)
	}
	for at, number := range x.leaves {
		x.vectors[at] = byNumber[number]
	}
	return x, nil
}

// Len is the number of items.
func (x *Index) Len() int { return len(x.items) }

// split bounds node n and halves it along its longest side until it is a leaf. Halving by number bounds the depth by
// log2 of the items, also when all of them lie on one point.
func (x *Index) split(n int, byNumber []Vector) {
	from, to := x.nodes[n].from, x.nodes[n].to
	low, high := byNumber[x.leaves[from]], byNumber[x.leaves[from]]
	for _, number := range x.leaves[from+1 : to] {
		for axis, v := range byNumber[number] {
			low[axis], high[axis] = min(low[axis], v), max(high[axis], v)
		}
	}
	x.nodes[n].low, x.nodes[n].high = low, high
	if to-from <= leafSize {
		return
	}
	axis := 0
	for other := 1; other < 3; other++ {
		if high[other]-low[other] > high[axis]-low[axis] {
			axis = other
		}
	}
	slices.SortFunc(x.leaves[from:to], func(a, b int32) int {
		return cmp.Or(cmp.Compare(byNumber[a][axis], byNumber[b][axis]), cmp.Compare(a, b))
	})
	middle := (from + to) / 2
	left := len(x.nodes)
	x.nodes[n].left = int32(left)
	x.nodes = append(x.nodes, node{from: from, to: middle}, node{from: middle, to: to})
	x.split(left, byNumber)
	x.split(left+1, byNumber)
}

// Walk yields all items in order of distance, then id, with the distance in kilometres. It does the work as it goes: a
// caller that stops after k items has paid for little more than k. From a point that Validate refuses it yields nothing.
func (x *Index) Walk(from Point) iter.Seq2[Item, float64] {
	return func(yield func(Item, float64) bool) {
		x.walk(from, func(number int32, mm int64) bool { return yield(x.items[number], ArcKM(mm)) })
	}
}

// Nearest returns up to n items that keep accepts, in order of distance, then id. A nil keep accepts all.
func (x *Index) Nearest(from Point, n int, keep func(Item) bool) []Neighbour {
	if n <= 0 {
		return nil
	}
	found := make([]Neighbour, 0, min(n, len(x.items)))
	x.walk(from, func(number int32, mm int64) bool {
		if keep == nil || keep(x.items[number]) {
			found = append(found, Neighbour{x.items[number], ArcKM(mm)})
		}
		return len(found) < n
	})
	return found
}

// Visit is Walk by reference and millimetres of the chord: for who compares very many places.
func (x *Index) Visit(from Point, visit func(ref uint32, mm int64) bool) {
	x.walk(from, func(number int32, mm int64) bool { return visit(x.items[number].Ref, mm) })
}

// Refs are the references of all items in the order of the tree: neighbours are near each other.
func (x *Index) Refs() []uint32 {
	refs := make([]uint32, len(x.leaves))
	for at, number := range x.leaves {
		refs[at] = x.items[number].Ref
	}
	return refs
}

func (x *Index) walk(from Point, visit func(number int32, mm int64) bool) {
	if len(x.nodes) == 0 || from.Validate() != nil {
		return
	}
	at := from.Vector()
	q := x.queues.Get().(*queue)
	defer func() {
		q.entries = q.entries[:0]
		x.queues.Put(q)
	}()
	q.push(entry{x.nodes[0].boundMM(at), -1})
	for len(q.entries) > 0 {
		next := q.pop()
		if next.what >= 0 {
			if !visit(next.what, next.mm) {
				return
			}
			continue
		}
		n := &x.nodes[-next.what-1]
		if n.left != 0 {
			q.push(entry{x.nodes[n.left].boundMM(at), -n.left - 1})
			q.push(entry{x.nodes[n.left+1].boundMM(at), -n.left - 2})
			continue
		}
		for i := n.from; i < n.to; i++ {
			v := &x.vectors[i]
			q.push(entry{chordMM(v[0]-at[0], v[1]-at[1], v[2]-at[2]), x.leaves[i]})
		}
	}
}

// boundMM is at most the distance of any item in the box: a box's coordinates are its items' own, each difference is at
// most the item's, and every step of chordMM keeps that order, also after rounding.
func (n *node) boundMM(at Vector) int64 {
	return chordMM(
		max(n.low[0]-at[0], at[0]-n.high[0], 0),
		max(n.low[1]-at[1], at[1]-n.high[1], 0),
		max(n.low[2]-at[2], at[2]-n.high[2], 0))
}

// entry waits in the queue: an item by its number, or a node by -1 - its number.
type entry struct {
	mm   int64
	what int32
}

// before puts nearer first; at the same distance a node (negative) before an item, since it may hold an item of a lower
// id, and then the lower number, which is the lower id.
func (e entry) before(o entry) bool { return e.mm < o.mm || e.mm == o.mm && e.what < o.what }

// queue is a binary heap. container/heap would box every entry.
type queue struct{ entries []entry }

func (q *queue) push(e entry) {
	q.entries = append(q.entries, e)
	i := len(q.entries) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !e.before(q.entries[parent]) {
			break
		}
		q.entries[i] = q.entries[parent]
		i = parent
	}
	q.entries[i] = e
}

func (q *queue) pop() entry {
	top := q.entries[0]
	last := len(q.entries) - 1
	e := q.entries[last]
	q.entries = q.entries[:last]
	if last == 0 {
		return top
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && q.entries[child+1].before(q.entries[child]) {
			child++
		}
		if !q.entries[child].before(e) {
			break
		}
		q.entries[i] = q.entries[child]
		i = child
	}
	q.entries[i] = e
	return top
}
