package biz

import (
	"fmt"
	"hash/fnv"
	"slices"
	"sync/atomic"
)

// Sharing is the policies that are in force at one moment, made ready to be asked for very many locations and SKUs. It
// never changes: when something comes into force or ends, another takes its place.
//
// For a (channel, location, SKU) one policy counts: the one with the most specific place (location, region by length of its
// code, store type, everywhere), among those the one with the most specific product (SKU, category, everything), and among
// those the one that names the channel before the one for every channel. That last step is this center's reading: place and
// product are compared first, and what names a channel was meant for it.
type Sharing struct {
	sinceUS, untilUS int64
	channels         map[string]*channelRules
	others           *channelRules             // of channels that no policy names
	rivals           []*channelRules           // channels with an exclusive quota somewhere
	quotas           map[string]*SharingPolicy // exclusive quotas by id
	categories       bool
	free             bool
}

// channelRules are the rules of one channel, by place.
type channelRules struct {
	channel   string
	all       *placeRules
	types     [FranchiseStore + 1]*placeRules
	regions   map[string]*placeRules
	locations map[string]*placeRules
}

// placeRules are the rules of one channel at one place, by product.
type placeRules struct {
	within     *placeRules // of the region around this one
	skus       map[string]*SharingPolicy
	categories map[string]*SharingPolicy
	everything *SharingPolicy
}

// NewSharing makes the policies that are in force at a moment ready.
func NewSharing(policies []*SharingPolicy, atUS int64) *Sharing {
	s := &Sharing{untilUS: maxSharingUS, channels: map[string]*channelRules{}, quotas: map[string]*SharingPolicy{}}
	var live []*SharingPolicy
	for _, p := range policies {
		for _, edge := range []int64{p.row.FromUS, p.overUS()} {
			if edge <= atUS {
				s.sinceUS = max(s.sinceUS, edge)
			} else {
				s.untilUS = min(s.untilUS, edge)
			}
		}
		if p.InForce(atUS) {
			live = append(live, p)
		}
	}
	slices.SortFunc(live, comparePolicies)
	s.free = len(live) == 0
	s.others = newChannelRules("", live)
	for _, p := range live {
		s.categories = s.categories || p.row.ProductKind == OfCategory
		if c := p.row.Channel; c != "" && s.channels[c] == nil {
			s.channels[c] = newChannelRules(c, live)
		}
		if p.row.Mode != ShareQuota {
			continue
		}
		if s.quotas[p.row.ID] = p; !slices.Contains(s.rivals, s.channels[p.row.Channel]) {
			s.rivals = append(s.rivals, s.channels[p.row.Channel])
		}
	}
	return s
}

func newChannelRules(channel string, live []*SharingPolicy) *channelRules {
	r := &channelRules{channel: channel, regions: map[string]*placeRules{}, locations: map[string]*placeRules{}}
	for _, p := range live {
		if p.row.Channel == "" || p.row.Channel == channel {
			r.place(p).add(p)
		}
	}
	for code, rules := range r.regions {
		for n := len(code) - 1; n > 0 && rules.within == nil; n-- {
			rules.within = r.regions[code[:n]]
		}
	}
	return r
}

// place returns the rules of a policy's place, and opens them when it is the first.
func (r *channelRules) place(p *SharingPolicy) *placeRules {
	at := &r.all
	switch p.row.PlaceKind {
	case OfStoreType:
		at = &r.types[storeTypes[p.row.Place]]
	case InRegion, AtLocation:
		places := r.regions
		if p.row.PlaceKind == AtLocation {
			places = r.locations
		}
		if places[p.row.Place] == nil {
			places[p.row.Place] = &placeRules{}
		}
		return places[p.row.Place]
	}
	if *at == nil {
		*at = &placeRules{}
	}
	return *at
}

func (r *placeRules) add(p *SharingPolicy) {
	switch p.row.ProductKind {
	case Everything:
		if r.everything == nil || p.row.Channel != "" {
			r.everything = p
		}
	case OfCategory:
		r.categories = put(r.categories, p)
	case OfSKU:
		r.skus = put(r.skus, p)
	}
}

func put(rules map[string]*SharingPolicy, p *SharingPolicy) map[string]*SharingPolicy {
	if rules == nil {
		rules = map[string]*SharingPolicy{}
	}
	if rules[p.row.Product] == nil || p.row.Channel != "" {
		rules[p.row.Product] = p
	}
	return rules
}

// Valid says whether nothing comes into force or ends between the moment this was made for and that one.
func (s *Sharing) Valid(atUS int64) bool { return s.sinceUS <= atUS && atUS < s.untilUS }

// ByCategory says whether a policy names a category: SKUs' categories must be known then.
func (s *Sharing) ByCategory() bool { return s.categories }

// Quotas says whether an exclusive quota is in force anywhere.
func (s *Sharing) Quotas() bool { return len(s.rivals) > 0 }

// Free says that no policy is in force: every channel may promise all that is online.
func (s *Sharing) Free() bool { return s.free }

// quota returns an exclusive quota that is in force, or nil.
func (s *Sharing) quota(id string) *SharingPolicy { return s.quotas[id] }

// Channels that policies in force name, in order.
func (s *Sharing) Channels() []string {
	list := make([]string, 0, len(s.channels))
	for c := range s.channels {
		list = append(list, c)
	}
	slices.Sort(list)
	return list
}

func (s *Sharing) rules(channel string) *channelRules {
	if r := s.channels[channel]; r != nil {
		return r
	}
	return s.others
}

// localRules are the rules of a channel at one location, the most specific place first.
type localRules [4]*placeRules

func (r *channelRules) at(l *Location) localRules {
	var at localRules
	if len(r.locations) > 0 {
		at[0] = r.locations[l.Code]
	}
	if len(r.regions) > 0 {
		at[1] = r.region(l.region())
	}
	if l.Kind > 0 && int(l.Kind) < len(r.types) {
		at[2] = r.types[l.Kind]
	}
	at[3] = r.all
	return at
}

// region returns the rules of the smallest region around a code.
func (r *channelRules) region(code string) *placeRules {
	for n := len(code); n > 0; n-- {
		if rules := r.regions[code[:n]]; rules != nil {
			return rules
		}
	}
	return nil
}

func (r localRules) none() bool { return r == localRules{} }

// policy returns the one that counts for a SKU, or nil.
func (r *localRules) policy(sku, category string) *SharingPolicy {
	for _, place := range r {
		for ; place != nil; place = place.within {
			if len(place.skus) > 0 {
				if p := place.skus[sku]; p != nil {
					return p
				}
			}
			if len(place.categories) > 0 {
				if p := place.categories[category]; p != nil {
					return p
				}
			}
			if place.everything != nil {
				return place.everything
			}
		}
	}
	return nil
}

// SharingSet is all policies that are not over, as they were at one moment. It never changes: a new one takes its place.
type SharingSet struct {
	policies []*SharingPolicy
	ready    atomic.Pointer[Sharing] // for the moment that was asked for last
	edition  uint64                  // another one for other policies
}

// NewSharingSet takes the policies over.
func NewSharingSet(policies []*SharingPolicy) *SharingSet {
	h := fnv.New64a()
	for _, p := range policies { // they never change, but end
		fmt.Fprintf(h, "%s %d;", p.row.ID, p.overUS())
	}
	return &SharingSet{policies: slices.Clone(policies), edition: h.Sum64()}
}

// At returns the policies that are in force at a moment. Between two moments at which something begins or ends it is the
// same.
func (s *SharingSet) At(atUS int64) *Sharing {
	if ready := s.ready.Load(); ready != nil && ready.Valid(atUS) {
		return ready
	}
	ready := NewSharing(s.policies, atUS)
	s.ready.Store(ready)
	return ready
}

// Empty says that no policy is in force, nor will be.
func (s *SharingSet) Empty() bool { return len(s.policies) == 0 }

// Policies of the set.
func (s *SharingSet) Policies() []*SharingPolicy { return slices.Clone(s.policies) }
