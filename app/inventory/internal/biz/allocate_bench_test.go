package biz

import (
	"fmt"
	"testing"
)

// Three lines among 64 candidates: all at the nearest one, or each SKU in another third of them.
func BenchmarkAllocate(b *testing.B) {
	d := demand(want("1", "A", 2), want("2", "B", 1), want("3", "C", 1))
	stock := map[string]func(i int) map[string]int64{
		"single": func(int) map[string]int64 { return map[string]int64{"A": 5, "B": 5, "C": 5} },
		"split":  func(i int) map[string]int64 { return map[string]int64{[]string{"A", "B", "C"}[i%3]: 5} },
	}
	for _, name := range []string{"single", "split"} {
		b.Run(name, func(b *testing.B) {
			candidates := make([]Candidate, 64)
			for i := range candidates {
				candidates[i] = candidate(b, fmt.Sprintf("S-%02d", i), int64(i)*500, stock[name](i))
			}
			for b.Loop() {
				if _, _, err := Allocate(d, candidates, NearThenSplit()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
