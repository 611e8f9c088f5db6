package biz

// QuotaKey names the count of what was drawn from an exclusive quota: a quota counts for each SKU at each location by itself.
type QuotaKey struct {
	Policy, SKU, Location string
}

// Drawn knows what exclusive quotas have been used for.
type Drawn interface {
	// Used is what is held, or was shipped, from a quota.
	Used(k QuotaKey) int64
}

// QuotasUsed is Drawn from a map.
type QuotasUsed map[QuotaKey]int64

// Used is what is held, or was shipped, from a quota.
func (u QuotasUsed) Used(k QuotaKey) int64 { return u[k] }

// Share is what one channel may promise, asked at one location after another. It is made once a question: moving it and
// asking it allocate nothing. Not for concurrent use.
type Share struct {
	rules  *channelRules
	at     localRules
	place  string
	rivals []rival
}

// rival is a channel that has an exclusive quota somewhere.
type rival struct {
	rules *channelRules
	at    localRules
}

// For asks in the name of a channel.
func (s *Sharing) For(channel string) *Share {
	share := &Share{rules: s.rules(channel)}
	for _, r := range s.rivals {
		if r != share.rules {
			share.rivals = append(share.rivals, rival{rules: r})
		}
	}
	return share
}

// At moves to a location, and says whether any policy may count there: where none does, all that is online may be promised.
func (s *Share) At(l *Location) bool {
	s.at, s.place = s.rules.at(l), l.Code
	any := !s.at.none()
	for i := range s.rivals {
		s.rivals[i].at = s.rivals[i].rules.at(l)
		any = any || !s.rivals[i].at.none()
	}
	return any
}

// Policy returns the one that counts for a SKU here, or nil: all is shared then.
func (s *Share) Policy(sku, category string) *SharingPolicy { return s.at.policy(sku, category) }

// Promise is what the channel may promise now of what is online here, never below zero: what other channels' exclusive
// quotas still keep is taken away first, then the channel's own policy counts. A channel with a quota may promise what is
// left of it, as far as there is that much online.
func (s *Share) Promise(sku, category string, online int64, drawn Drawn) int64 {
	online = max(0, online)
	own := s.at.policy(sku, category)
	if own != nil && own.row.Mode == ShareQuota {
		return min(online, own.left(sku, s.place, drawn))
	}
	left := max(0, online-s.Kept(sku, category, drawn))
	if own == nil {
		return left
	}
	switch own.row.Mode {
	case SharePercentage:
		return left * own.row.Value / basisPoints
	case ShareAllBut:
		return max(0, left-own.row.Value)
	case ShareNone:
		return 0
	}
	return left
}

// Kept is what exclusive quotas of other channels still keep here. A quota's own channel is not kept from its pieces by
// another's quota: who comes first has them.
func (s *Share) Kept(sku, category string, drawn Drawn) int64 {
	kept := int64(0)
	for i := range s.rivals {
		if p := s.rivals[i].at.policy(sku, category); p != nil && p.row.Mode == ShareQuota {
			kept += p.left(sku, s.place, drawn)
		}
	}
	return kept
}

// Quota names the count that a reservation of the channel draws on here; false: it draws on none.
func (s *Share) Quota(sku, category string) (QuotaKey, bool) {
	if p := s.at.policy(sku, category); p != nil && p.row.Mode == ShareQuota {
		return QuotaKey{p.row.ID, sku, s.place}, true
	}
	return QuotaKey{}, false
}

// Counts yields all counts that what the channel may promise here depends on.
func (s *Share) Counts(sku, category string, yield func(QuotaKey)) {
	if k, own := s.Quota(sku, category); own {
		yield(k)
		return
	}
	for i := range s.rivals {
		if p := s.rivals[i].at.policy(sku, category); p != nil && p.row.Mode == ShareQuota {
			yield(QuotaKey{p.row.ID, sku, s.place})
		}
	}
}

func (p *SharingPolicy) left(sku, location string, drawn Drawn) int64 {
	return max(0, p.row.Value-drawn.Used(QuotaKey{p.row.ID, sku, location}))
}

// SharingChange is what a channel may promise of a SKU at a location, before and after a change of policies.
type SharingChange struct {
	Channel       string // empty: channels that no policy names
	Before, After int64
}

// Differences compares two sets of policies for one SKU at one location: the channels that would see another figure.
func Differences(before, after *Sharing, channels []string, l Location, sku, category string, online int64, drawn Drawn) []SharingChange {
	var list []SharingChange
	for _, channel := range channels {
		was, will := before.For(channel), after.For(channel)
		was.At(&l)
		will.At(&l)
		c := SharingChange{channel, was.Promise(sku, category, online, drawn), will.Promise(sku, category, online, drawn)}
		if c.Before != c.After {
			list = append(list, c)
		}
	}
	return list
}
