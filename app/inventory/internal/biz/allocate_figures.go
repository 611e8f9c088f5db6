package biz

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/onepool/onepool/app/internal/geo"
)

// SplitFigures say how good the exact search for a split is.
type SplitFigures struct {
	Instances int // that can be filled at all
	Proven    int // whose optimum was proven within the bound of nodes
	Better    int // better than greedy choice with local search
	Worse     int // worse than it: must be none
	Wrong     int // a set that does not fill the demand: must be none
	Nodes     []int
}

// MeasureSplit searches random instances of so many lines and stores. The stores lie at random around the destination;
// each has each SKU with a chance that differs between instances from one in ten to six in ten, in up to four pieces; a line
// wants up to four. The same seed makes the same instances.
func MeasureSplit(instances, lines, stores, nodes int, seed uint64) (SplitFigures, error) {
	r := rand.New(rand.NewPCG(seed, 0))
	strategy := NearThenSplit()
	strategy.stages = strategy.stages[1:]
	strategy.stages[0].split.Parcels = 0
	f := SplitFigures{}
	for f.Instances < instances {
		d, candidates, err := instance(r, lines, stores)
		if err != nil {
			return f, err
		}
		kept, _ := guard(d, rank(d, candidates), strategy)
		t := strategy.stages[0].table(d, strategy, kept)
		if t.single() >= 0 || !newSearch(t, nodes).possible() {
			continue
		}
		f.Instances++
		s := newSearch(t, nodes)
		chosen := s.split()
		f.Nodes = append(f.Nodes, nodes-max(0, s.nodes))
		if s.proven() {
			f.Proven++
		}
		v, ok := t.value(chosen)
		if !ok {
			f.Wrong++
			continue
		}
		if local := t.greedyLocal(t.limit); local != nil {
			w, _ := t.value(local)
			switch c := v.compare(w); {
			case c > 0:
				f.Worse++
			case c < 0:
				f.Better++
			}
		}
	}
	slices.Sort(f.Nodes)
	return f, nil
}

func instance(r *rand.Rand, lines, stores int) (Demand, []Candidate, error) {
	d := Demand{Document: "figures", Channel: "figures", Seller: "HQ", Way: Parcel, Destination: &geo.Point{Lat: 31.2304, Lng: 121.4737}}
	for i := range lines {
		d.Lines = append(d.Lines, DemandLine{ID: fmt.Sprint(i), SKU: fmt.Sprintf("SKU-%02d", i), Quantity: 1 + r.Int64N(4)})
	}
	chance := 0.1 + 0.5*r.Float64()
	candidates := make([]Candidate, stores)
	for i := range candidates {
		at := geo.Point{Lat: 31.2304 + r.NormFloat64()*0.3, Lng: 121.4737 + r.NormFloat64()*0.3}
		l := Location{Code: fmt.Sprintf("S-%03d", i), Org: "HQ", Kind: DirectStore, Active: true, Ways: WaysOf(Parcel), Point: &at}
		candidates[i] = Candidate{Location: l, DistanceM: metres(geo.Haversine(*d.Destination, at))}
		for _, line := range d.Lines {
			if r.Float64() >= chance {
				continue
			}
			s, err := RestoreStock(StockRow{Key: StockKey{line.SKU, l.Code, "HQ"}, Org: "HQ", OnHand: 1 + r.Int64N(4)})
			if err != nil {
				return d, nil, err
			}
			candidates[i].Stock = append(candidates[i].Stock, s)
		}
	}
	return d, candidates, nil
}
