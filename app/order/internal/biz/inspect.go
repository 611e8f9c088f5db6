package biz

// Inspected is what was found of a line's pieces of one stock SKU, which needs no name where the line has one. Of the missing
// ones, Forgiven are refunded all the same.
type Inspected struct {
	LineID, SKU                          string
	Sellable, Damaged, Missing, Forgiven int64
}

// inspect writes down what was found of a return's pieces; what is not named is there, and can be sold. Missing pieces are
// taken from the pieces that were shipped last, damaged ones from what is left before them.
func (o *Order) inspect(ret *Return, found []Inspected) error {
	named := map[string]bool{}
	for _, f := range found {
		if err := ret.note(f, named); err != nil {
			return err
		}
	}
	for _, l := range o.r.Lines {
		if err := o.r.wholeKits(l, ret.Lines); err != nil {
			return err
		}
	}
	return nil
}

// note spreads what was found over the pieces that it is about, none of which was named before.
func (ret *Return) note(f Inspected, named map[string]bool) error {
	var asked int64
	twice := false
	skus := map[string]bool{} // that f is about
	for _, p := range ret.Lines {
		if p.LineID == f.LineID && (f.SKU == "" || f.SKU == p.SKU) {
			skus[p.SKU] = true
			asked += p.Quantity
			twice = twice || named[p.ID]
			named[p.ID] = true
		}
	}
	switch {
	case len(skus) == 0:
		return Invalid("inspection.line_id", "must be a line of this return")
	case len(skus) > 1:
		return Invalid("inspection.sku", "is needed: the line is a kit")
	case twice:
		return Invalid("inspection", "names a line twice")
	case f.Forgiven > f.Missing:
		return Invalid("inspection.missing_refunded", "must not be above what is missing")
	case f.Sellable+f.Damaged+f.Missing != asked:
		return inspectionMismatch(f.LineID, f.SKU, asked)
	}
	for i := len(ret.Lines) - 1; i >= 0; i-- {
		p := &ret.Lines[i]
		if p.LineID != f.LineID || !skus[p.SKU] {
			continue
		}
		p.Missing = min(f.Missing, p.Quantity)
		p.Forgiven = min(f.Forgiven, p.Missing)
		p.Damaged = min(f.Damaged, p.Quantity-p.Missing)
		f.Missing, f.Forgiven, f.Damaged = f.Missing-p.Missing, f.Forgiven-p.Forgiven, f.Damaged-p.Damaged
	}
	return nil
}

// wholeKits refuses a return of a kit that is not whole: what is there of it stands for no money.
func (r Record) wholeKits(l Line, pieces []ReturnLine) error {
	parts := r.parts(l)
	if len(parts) == 1 && parts[0].sku == l.SKU {
		return nil
	}
	kits := int64(-1)
	for _, part := range parts {
		var n int64
		for _, p := range pieces {
			if p.LineID == l.ID && p.SKU == part.sku {
				n += p.Back()
			}
		}
		if kits < 0 {
			kits = n / max(1, part.pieces)
		}
		if n != kits*part.pieces {
			return Invalid("inspection", "a kit comes back whole: the same number of kits of each part, or say which missing parts are refunded")
		}
	}
	return nil
}

// Forgives says whether missing pieces are to be refunded: for the seller to decide.
func Forgives(found []Inspected) bool {
	for _, f := range found {
		if f.Forgiven > 0 {
			return true
		}
	}
	return false
}
