package biz

import (
	"cmp"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/order/pricing"
)

// FreightTerms are what a delivery costs that is sold in a channel, to a region; empty parts are no limit.
type FreightTerms struct {
	Channel string `json:"channel,omitempty"`
	Region  string `json:"region,omitempty"`
	pricing.Freight
	// Withdrawn: these terms are over, what is less specific counts again.
	Withdrawn bool `json:"withdrawn,omitempty"`
	Dated     `json:"-"`
}

// Scope names what terms are for.
func (f FreightTerms) Scope() string { return f.Channel + "/" + f.Region }

// Validate refuses terms that say nothing, or that are withdrawn and say something.
func (f FreightTerms) Validate() error {
	if f.Withdrawn && f.Freight != (pricing.Freight{}) {
		return Invalid("withdrawn", "terms say nothing")
	}
	if err := f.Freight.Validate(); err != nil {
		return Invalid("terms", err.Error())
	}
	return nil
}

// Freight is what a delivery costs at a moment: by the terms of the longer region, of the channel before those of every channel.
// false: there are none.
func (t TradeTerms) Freight(channel, region string, atUS int64) (pricing.Freight, bool) {
	in := slices.DeleteFunc(current(t.Freights, atUS, FreightTerms.Scope, func(f FreightTerms) Dated { return f.Dated }), func(f FreightTerms) bool {
		return f.Withdrawn || f.Channel != "" && f.Channel != channel || !strings.HasPrefix(region, f.Region)
	})
	if len(in) == 0 {
		return pricing.Freight{}, false
	}
	return slices.MinFunc(in, func(a, b FreightTerms) int {
		return cmp.Or(cmp.Compare(len(b.Region), len(a.Region)), cmp.Compare(b.Channel, a.Channel))
	}).Freight, true
}
