package biz

import (
	"context"
	"slices"
)

// maxDryRun bounds the (SKU, location) pairs that one page of a dry run looks at.
const maxDryRun = 2000

// DryRunInput says what would change, and for what the figures are wanted.
type DryRunInput struct {
	Policy *SharingRow // would come into force; nil: none
	End    []string    // would end
	// Empty: all.
	SKUs, Locations []string
	// Size is how many differences to return at most; After is where the page before ended.
	Size  int
	After Shelf
}

// SharingDifference is a figure that would change.
type SharingDifference struct {
	Location, SKU string
	SharingChange
}

// DryRun is what a page of a dry run found.
type DryRun struct {
	Differences []SharingDifference
	LookedAt    int
	// Next is where the page ended; More says that there is something to continue with.
	Next Shelf
	More bool
}

// StockWalker reads stock in an order of its own, which is the same for the same question.
type StockWalker interface {
	// Walk returns the rows after a place, at most limit, within these SKUs and locations if any are named. more says that
	// there are others; the rows of one place are never cut apart.
	Walk(ctx context.Context, skus, locations []string, after Shelf, limit int) (rows []*Stock, more bool, err error)
}

// DryRunSharing shows what a policy would change, and changes nothing. Its figures are those of now.
type DryRunSharing struct {
	Put     PutSharingPolicy
	End     EndSharingPolicy
	Explain ExplainShare
	Stock   StockWalker
}

// Run compares the figures of each channel that a policy names, and of all others together.
func (uc DryRunSharing) Run(ctx context.Context, by Caller, in DryRunInput) (DryRun, error) {
	before, after, err := uc.sets(ctx, by, &in)
	if err != nil {
		return DryRun{}, err
	}
	channels := slices.Compact(slices.Sorted(slices.Values(append(append(before.Channels(), after.Channels()...), ""))))
	rows, more, err := uc.Stock.Walk(ctx, in.SKUs, in.Locations, in.After, maxDryRun)
	if err != nil {
		return DryRun{}, err
	}
	directory, err := uc.Explain.Locations.Directory(ctx)
	if err != nil {
		return DryRun{}, err
	}
	skus, codes := namesOf(rows)
	categories := map[string]string{}
	if before.ByCategory() || after.ByCategory() {
		if categories, err = uc.Explain.Categories.Categories(ctx, skus); err != nil {
			return DryRun{}, err
		}
	}
	used, err := uc.Explain.Sharing.QuotasUsed(ctx, skus, codes)
	if err != nil {
		return DryRun{}, err
	}
	run := DryRun{Next: in.After, More: more}
	for len(rows) > 0 {
		key, n, online := rows[0].key, 0, int64(0)
		for n < len(rows) && rows[n].key.SKU == key.SKU && rows[n].key.Location == key.Location {
			online += rows[n].Promise()
			n++
		}
		if l, known := directory.Get(key.Location); known {
			changes := Differences(before, after, channels, l, key.SKU, categories[key.SKU], online, used)
			if len(run.Differences) > 0 && len(run.Differences)+len(changes) > in.Size {
				run.More = true
				return run, nil
			}
			for _, c := range changes {
				run.Differences = append(run.Differences, SharingDifference{key.Location, key.SKU, c})
			}
		}
		run.Next, rows = Shelf{key.SKU, key.Location}, rows[n:]
		run.LookedAt++
	}
	return run, nil
}

// sets are the policies in force now, and as they would be. What cannot change is left out of the question.
func (uc DryRunSharing) sets(ctx context.Context, by Caller, in *DryRunInput) (before, after *Sharing, err error) {
	if in.Policy == nil && len(in.End) == 0 {
		return nil, nil, Invalid{"policy", "must be set, or end: nothing would change"}
	}
	at, err := uc.Explain.NowUS(ctx)
	if err != nil {
		return nil, nil, err
	}
	set, err := uc.Explain.Sharing.Sharing(ctx)
	if err != nil {
		return nil, nil, err
	}
	left := set.Policies()
	var scopes []SharingScope
	for _, id := range in.End {
		p, err := uc.End.permitted(ctx, by, id)
		if err != nil {
			return nil, nil, err
		}
		if err := p.End(at); err != nil {
			return nil, nil, err
		}
		left = slices.DeleteFunc(left, func(other *SharingPolicy) bool { return other.row.ID == id })
		scopes = append(scopes, p.row.SharingScope)
	}
	if in.Policy != nil {
		if err := uc.Put.Gather(ctx, by, *in.Policy); err != nil {
			return nil, nil, err
		}
		p, err := NewSharingPolicy(*in.Policy, at)
		if err != nil {
			return nil, nil, err
		}
		if other := p.Conflict(left); other != nil {
			return nil, nil, PolicyConflict{other.row.ID}
		}
		at, left = p.row.FromUS, append(left, p)
		scopes = append(scopes, p.row.SharingScope)
	}
	in.narrow(scopes)
	return NewSharing(set.Policies(), at), NewSharing(left, at), nil
}

// narrow asks only for the locations and SKUs that the scopes name, when all of them name some.
func (in *DryRunInput) narrow(scopes []SharingScope) {
	var skus, locations []string
	for _, s := range scopes {
		if s.ProductKind == OfSKU {
			skus = append(skus, s.Product)
		}
		if s.PlaceKind == AtLocation {
			locations = append(locations, s.Place)
		}
	}
	if len(in.SKUs) == 0 && len(skus) == len(scopes) {
		in.SKUs = skus
	}
	if len(in.Locations) == 0 && len(locations) == len(scopes) {
		in.Locations = locations
	}
}

// namesOf lists the SKUs and the locations of rows, each once.
func namesOf(rows []*Stock) (skus, locations []string) {
	for _, s := range rows {
		skus, locations = append(skus, s.key.SKU), append(locations, s.key.Location)
	}
	return slices.Compact(slices.Sorted(slices.Values(skus))), slices.Compact(slices.Sorted(slices.Values(locations)))
}
