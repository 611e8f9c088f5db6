package pool

import (
	"math"
	"math/bits"
	"slices"
	"sync"
)

const (
	// fewOf: a list is kept while fewer than one in so many numbers have the SKU. A longer one would be quicker to find
	// things in as sets, which cost 20 bits a number.
	fewOf = 64
	// extraordinary marks a cell whose figures are in the rows kept beside it.
	extraordinary = uint64(1) << 63
	vacant        = extraordinary | 1 // a new cell, which no row was put into
	most          = math.MaxInt32
)

// Shelf is what all locations have of one SKU. The places that have a row are kept in a list while they are few, in a set
// with counts otherwise; figures are in cells, in the order of numbers.
type Shelf struct {
	mu       sync.RWMutex
	serial   int      // of the index: who locks several does so in this order
	few      []uint32 // numbers in order; nil once there are many
	many     Set      // nil while there are few
	before   []uint32 // of many: how many there are before each word
	cells    []uint64 // online in the high half, at the till in the low half
	versions []uint32 // of ordinary cells, its low half: it is compared by difference
	online   Set      // of many: those that have some to promise, outages not regarded
	some     int      // how many have some to promise
	several  map[uint32][]Row
	changes  uint64
	totals   []total
}

// Places counts the locations that have a row.
func (s *Shelf) Places() int {
	if s == nil {
		return 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.cells)
}

// At says what a location has.
func (s *Shelf) At(n uint32, nowUS int64) Figures {
	if s == nil {
		return Figures{}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.at(n, nowUS)
}

// Owners says what each owner has at a location; an empty owner is the location's organisation.
func (s *Shelf) Owners(n uint32) []Row {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := s.find(n)
	if i < 0 {
		return nil
	}
	if cell := s.cells[i]; cell&extraordinary == 0 {
		return []Row{ordinary(n, cell, s.versions[i])}
	}
	return slices.Clone(s.several[n])
}

// Each visits the locations of a set that have a row, in the order of their numbers. visit must not come back here.
func (s *Shelf) Each(in Set, nowUS int64, visit func(n uint32, f Figures)) {
	if s == nil {
		return
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, n := range s.few {
		if in.Has(n) {
			visit(n, s.figures(i, n, nowUS))
		}
	}
	for w := range min(len(s.many), len(in)) {
		word := s.many[w]
		for hits := word & in[w]; hits != 0; hits &= hits - 1 {
			b := bits.TrailingZeros64(hits)
			visit(uint32(w<<6+b), s.figures(int(s.before[w])+bits.OnesCount64(word&(1<<b-1)), uint32(w<<6+b), nowUS))
		}
	}
}

// Sum adds up what may be promised over a set; most bounds what counts of one location.
func (s *Shelf) Sum(in Set, most func(online int64) int64, nowUS int64) int64 {
	if s == nil || len(in) == 0 {
		return 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if most == nil {
		return s.sum(in, nowUS)
	}
	online := int64(0)
	s.promised(in, func(i int, n uint32) { online += most(s.figures(i, n, nowUS).Online) })
	return online
}

// promised visits the locations of a set that may have some to promise.
func (s *Shelf) promised(in Set, visit func(i int, n uint32)) {
	for i, n := range s.few {
		if in.Has(n) {
			visit(i, n)
		}
	}
	for w := range min(len(s.online), len(in)) {
		for hits := s.online[w] & in[w]; hits != 0; hits &= hits - 1 {
			b := bits.TrailingZeros64(hits)
			visit(int(s.before[w])+bits.OnesCount64(s.many[w]&(1<<b-1)), uint32(w<<6+b))
		}
	}
}

func (s *Shelf) sum(in Set, nowUS int64) int64 {
	if s.many == nil || len(s.several) > 0 {
		online := int64(0)
		s.promised(in, func(i int, n uint32) { online += s.figures(i, n, nowUS).Online })
		return online
	}
	online := uint64(0)
	for w := range min(len(s.online), len(in)) {
		hits := s.online[w] & in[w]
		if hits == 0 {
			continue
		}
		word, cells := s.many[w], s.cells[s.before[w]:]
		for ; hits != 0; hits &= hits - 1 {
			online += cells[bits.OnesCount64(word&(hits&-hits-1))] >> 32
		}
	}
	return int64(online)
}

// Shown looks for the first locations of a list that have something to show, if only at the till. It gives their places in
// the list.
func (s *Shelf) Shown(list []Found, numbers []uint32, most int, nowUS int64, found []int) []int {
	if s == nil {
		return found
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for at := range list {
		if n := numbers[at]; s.many == nil || s.many.Has(n) {
			if s.at(n, nowUS).Till > 0 {
				if found = append(found, at); len(found) == most {
					break
				}
			}
		}
	}
	return found
}

func (s *Shelf) at(n uint32, nowUS int64) Figures {
	i := s.find(n)
	if i < 0 {
		return Figures{}
	}
	return s.figures(i, n, nowUS)
}

func (s *Shelf) figures(i int, n uint32, nowUS int64) Figures {
	cell := s.cells[i]
	if cell&extraordinary == 0 {
		return Figures{int64(cell >> 32), int64(uint32(cell))}
	}
	var f Figures
	for _, r := range s.several[n] {
		f.Till += r.Till
		if r.OutageUntilUS <= nowUS {
			f.Online += r.Online
		}
	}
	return f
}

func (s *Shelf) hasOnline(i int, n uint32) bool {
	if cell := s.cells[i]; cell&extraordinary == 0 {
		return cell>>32 != 0
	}
	return slices.ContainsFunc(s.several[n], func(r Row) bool { return r.Online > 0 })
}

// find returns the cell of a location, or -1.
func (s *Shelf) find(n uint32) int {
	if s.many == nil {
		if i, found := slices.BinarySearch(s.few, n); found {
			return i
		}
		return -1
	}
	if !s.many.Has(n) {
		return -1
	}
	return int(s.before[n>>6]) + bits.OnesCount64(s.many[n>>6]&(1<<(n&63)-1))
}

// tell takes rows of this SKU in, which are in the order of numbers.
func (s *Shelf) tell(rows []Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var absent []uint32
	for _, r := range rows {
		if s.find(r.At) < 0 && (len(absent) == 0 || absent[len(absent)-1] != r.At) {
			absent = append(absent, r.At)
		}
	}
	s.extend(absent)
	for _, r := range rows {
		s.put(r)
	}
}

// put takes one row in, whose cell is there.
func (s *Shelf) put(r Row) {
	i := s.find(r.At)
	had := s.hasOnline(i, r.At)
	cell := s.cells[i]
	if cell == vacant && r.plain() {
		s.cells[i], s.versions[i] = uint64(r.Online)<<32|uint64(r.Till), uint32(r.Version)
		s.adjust(r.At, r.Online)
	} else if cell&extraordinary == 0 && r.plain() {
		if int32(uint32(r.Version)-s.versions[i]) <= 0 {
			return
		}
		s.cells[i], s.versions[i] = uint64(r.Online)<<32|uint64(r.Till), uint32(r.Version)
		s.adjust(r.At, r.Online-int64(cell>>32))
	} else if !s.putBeside(i, cell, r) {
		return
	} else {
		s.changes++
	}
	if has := s.hasOnline(i, r.At); has != had {
		if has {
			s.some++
		} else {
			s.some--
		}
		if s.many != nil && has {
			s.online.Add(r.At)
		} else if s.many != nil {
			s.online.Remove(r.At)
		}
	}
}

// putBeside keeps a row whose place has more to tell than fits into a cell, and says whether it was news.
func (s *Shelf) putBeside(i int, cell uint64, r Row) bool {
	rows := s.several[r.At]
	if cell&extraordinary == 0 {
		rows = []Row{ordinary(r.At, cell, s.versions[i])}
	}
	r.SKU = ""
	at := slices.IndexFunc(rows, func(o Row) bool { return o.Owner == r.Owner })
	switch {
	case at < 0:
		rows = append(rows, r)
	case int32(uint32(r.Version)-uint32(rows[at].Version)) <= 0:
		return false
	default:
		rows[at] = r
	}
	if len(rows) == 1 && rows[0].plain() {
		s.cells[i], s.versions[i] = uint64(rows[0].Online)<<32|uint64(rows[0].Till), uint32(rows[0].Version)
		delete(s.several, r.At)
		return true
	}
	if s.several == nil {
		s.several = map[uint32][]Row{}
	}
	s.cells[i], s.several[r.At] = extraordinary, rows
	return true
}

// plain says whether a row fits into a cell.
func (r Row) plain() bool {
	return r.Owner == "" && r.OutageUntilUS == 0 && r.Online <= most && r.Till <= most
}

func ordinary(n uint32, cell uint64, version uint32) Row {
	return Row{At: n, Online: int64(cell >> 32), Till: int64(uint32(cell)), Version: int64(version)}
}

// extend makes cells for locations that have none, in order: until they are put, they hold nothing.
func (s *Shelf) extend(absent []uint32) {
	switch len(absent) {
	case 0:
		return
	case 1:
		at := s.rank(absent[0])
		s.cells, s.versions = slices.Insert(s.cells, at, vacant), slices.Insert(s.versions, at, 0)
	default:
		s.extendMany(absent)
	}
	if s.many != nil {
		for _, n := range absent {
			s.many.Add(n)
		}
		s.count()
		return
	}
	s.few = append(s.few, absent...)
	slices.Sort(s.few)
	if last := int(s.few[len(s.few)-1]); len(s.few)*fewOf > last {
		s.spread()
	}
}

// extendMany moves what lies between two new cells in one piece.
func (s *Shelf) extendMany(absent []uint32) {
	cells, versions := make([]uint64, len(s.cells)+len(absent)), make([]uint32, len(s.cells)+len(absent))
	from := 0
	for i, n := range absent {
		at := s.rank(n)
		copy(cells[from+i:], s.cells[from:at])
		copy(versions[from+i:], s.versions[from:at])
		cells[at+i] = vacant
		from = at
	}
	copy(cells[from+len(absent):], s.cells[from:])
	copy(versions[from+len(absent):], s.versions[from:])
	s.cells, s.versions = cells, versions
}

// rank is where the cell of a location is, or would be.
func (s *Shelf) rank(n uint32) int {
	if s.many == nil {
		i, _ := slices.BinarySearch(s.few, n)
		return i
	}
	w := int(n >> 6)
	if w >= len(s.many) {
		return len(s.cells)
	}
	return int(s.before[w]) + bits.OnesCount64(s.many[w]&(1<<(n&63)-1))
}

// spread turns the list into sets.
func (s *Shelf) spread() {
	words := int(s.few[len(s.few)-1]>>6) + 1
	s.many, s.online = make(Set, words), make(Set, words)
	for i, n := range s.few {
		s.many.Add(n)
		if s.hasOnline(i, n) {
			s.online.Add(n)
		}
	}
	s.few = nil
	s.count()
}

func (s *Shelf) count() {
	if len(s.before) != len(s.many) {
		s.before = make([]uint32, len(s.many))
	}
	n := 0
	for w, word := range s.many {
		s.before[w] = uint32(n)
		n += bits.OnesCount64(word)
	}
}
