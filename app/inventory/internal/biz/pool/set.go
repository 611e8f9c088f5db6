package pool

import "math/bits"

// Set is a set of locations, a bit for each number.
type Set []uint64

// Has says whether n is in the set.
func (s Set) Has(n uint32) bool {
	w := int(n >> 6)
	return w < len(s) && s[w]>>(n&63)&1 != 0
}

// Add puts n in.
func (s *Set) Add(n uint32) {
	if w := int(n >> 6); w >= len(*s) {
		*s = append(*s, make(Set, w+1-len(*s))...)
	}
	(*s)[n>>6] |= 1 << (n & 63)
}

// Remove takes n out.
func (s Set) Remove(n uint32) {
	if w := int(n >> 6); w < len(s) {
		s[w] &^= 1 << (n & 63)
	}
}

// Len counts what is in the set.
func (s Set) Len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}
