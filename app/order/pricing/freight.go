package pricing

import "github.com/onepool/onepool/app/internal/money"

// Freight is what a delivery costs by weight: so much for the first grams, so much for each step that begins after them; nothing
// when the goods cost so much.
type Freight struct {
	FirstG        int64 `json:"first_g,omitempty"`
	FirstMinor    int64 `json:"first_minor,omitempty"`
	StepG         int64 `json:"step_g,omitempty"` // 0: the first amount is for any weight
	StepMinor     int64 `json:"step_minor,omitempty"`
	FreeFromMinor int64 `json:"free_from_minor,omitempty"` // 0: never free
}

// Validate refuses amounts and weights below zero, and steps that cost nothing or weigh nothing.
func (f Freight) Validate() error {
	if min(f.FirstG, f.FirstMinor, f.StepG, f.StepMinor, f.FreeFromMinor) < 0 {
		return Invalid{"freight", "must not be below 0"}
	}
	if (f.StepG == 0) != (f.StepMinor == 0) {
		return Invalid{"freight.step_g", "and step_minor come together"}
	}
	return nil
}

// For is what a delivery costs of goods of a weight and a worth.
func (f Freight) For(weightG, goodsMinor int64) (int64, error) {
	if f.free(goodsMinor) {
		return 0, nil
	}
	return f.of(weightG)
}

// free says whether goods are worth so much that their delivery costs nothing.
func (f Freight) free(goodsMinor int64) bool {
	return f.FreeFromMinor > 0 && goodsMinor >= f.FreeFromMinor
}

// of is the freight of a weight.
func (f Freight) of(weightG int64) (int64, error) {
	over := weightG - f.FirstG
	if over <= 0 || f.StepG == 0 {
		return f.FirstMinor, nil
	}
	steps := (over-1)/f.StepG + 1
	more, err := money.Mul(f.StepMinor, steps)
	if err != nil {
		return 0, err
	}
	return money.Add(f.FirstMinor, more)
}

// charge adds what the delivery costs, by the goods as they are after their promotions, gifts included.
func (c *calculation) charge() error {
	if c.charged {
		return nil
	}
	c.charged = true
	if c.in.Freight == nil {
		c.out.FreightMinor = c.in.FreightMinor
	} else {
		if err := c.in.Freight.Validate(); err != nil {
			return err
		}
		var weight, goods int64
		for _, l := range c.lines {
			grams, err := money.Mul(l.WeightG, l.Quantity)
			if err != nil {
				return err
			}
			if weight, err = money.Add(weight, grams); err != nil {
				return err
			}
			if goods, err = money.Add(goods, l.PayableMinor); err != nil {
				return err
			}
		}
		if c.in.Freight.free(goods) {
			c.step(Step{Kind: StepFreight, Reason: FreeFrom})
			return nil
		}
		var err error
		if c.out.FreightMinor, err = c.in.Freight.of(weight); err != nil {
			return err
		}
	}
	if c.out.FreightMinor > 0 {
		c.step(Step{Kind: StepFreight, AmountMinor: c.out.FreightMinor, Applied: true})
	}
	return nil
}
