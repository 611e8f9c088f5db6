package biz

import (
	"context"
	"fmt"
	"strings"
)

// ShareExplained says why a channel may promise what it may promise.
type ShareExplained struct {
	Policy   *SharingPolicy // nil: none counts, all is shared
	Location Location
	// OnHand and Reserved are of all owners together; Online is what may be promised before the policy.
	OnHand, Reserved, Online int64
	// KeptForOthers is what exclusive quotas of other channels keep; QuotaUsed is of the channel's own.
	KeptForOthers, QuotaUsed int64
	Promise, AtTheTill       int64
	Text                     string
}

// ExplainShare says which policy counts for a channel at a location, and the figures.
type ExplainShare struct {
	Locations  LocationFinder
	Stock      StockReader
	Sharing    SharingReader
	Categories CategoryFinder
	NowUS      func(ctx context.Context) (int64, error)
}

// Get answers those who may see the location's figures; to all others it is not there.
func (uc ExplainShare) Get(ctx context.Context, by Caller, channel, location, sku string) (ShareExplained, error) {
	directory, err := uc.Locations.Directory(ctx)
	if err != nil {
		return ShareExplained{}, err
	}
	l, known := directory.Get(location)
	if !known || !by.SeesExactly(l) {
		return ShareExplained{}, UnknownLocation{location}
	}
	if !by.SeesFigures(l, sku) {
		return ShareExplained{}, Forbidden{"somebody who does not count: a blind stocktake counts it now"}
	}
	now, err := uc.NowUS(ctx)
	if err != nil {
		return ShareExplained{}, err
	}
	set, err := uc.Sharing.Sharing(ctx)
	if err != nil {
		return ShareExplained{}, err
	}
	sharing := set.At(now)
	categories, err := CategoriesOf(ctx, uc.Categories, sharing, []string{sku})
	if err != nil {
		return ShareExplained{}, err
	}
	rows, err := uc.Stock.AtLocations(ctx, []string{sku}, []string{location})
	if err != nil {
		return ShareExplained{}, err
	}
	used, err := uc.Sharing.QuotasUsed(ctx, []string{sku}, []string{location})
	if err != nil {
		return ShareExplained{}, err
	}
	return explainShare(sharing.For(channel), channel, l, sku, categories[sku], rows, used), nil
}

// CategoriesOf asks for the categories of SKUs only if a policy in force names one.
func CategoriesOf(ctx context.Context, finder CategoryFinder, sharing *Sharing, skus []string) (map[string]string, error) {
	if !sharing.ByCategory() {
		return nil, nil
	}
	return finder.Categories(ctx, skus)
}

func explainShare(share *Share, channel string, l Location, sku, category string, rows []*Stock, used QuotasUsed) ShareExplained {
	e := ShareExplained{Location: l}
	for _, s := range rows {
		e.OnHand, e.Reserved = e.OnHand+s.onHand, e.Reserved+s.reserved
		e.Online, e.AtTheTill = e.Online+s.Promise(), e.AtTheTill+s.AtTheTill()
	}
	share.At(&l)
	e.Policy = share.Policy(sku, category)
	if k, own := share.Quota(sku, category); own {
		e.QuotaUsed = used.Used(k)
	} else {
		e.KeptForOthers = share.Kept(sku, category, used)
	}
	e.Promise = share.Promise(sku, category, e.Online, used)

	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s: %d on hand, %d reserved, %d online", sku, l.Code, e.OnHand, e.Reserved, e.Online)
	if e.KeptForOthers > 0 {
		fmt.Fprintf(&b, ", %d kept for other channels", e.KeptForOthers)
	}
	if e.Policy == nil {
		b.WriteString("; no policy counts, all is shared")
	} else {
		fmt.Fprintf(&b, "; policy %s for %s: %s", e.Policy.row.ID, e.Policy.row.SharingScope.words(), e.Policy.row.words())
	}
	fmt.Fprintf(&b, "; %s may promise %d, the till %d", channel, e.Promise, e.AtTheTill)
	e.Text = b.String()
	return e
}

// words say a scope as people do.
func (s SharingScope) words() string {
	channel := "every channel"
	if s.Channel != "" {
		channel = "channel " + s.Channel
	}
	place := map[PlaceKind]string{Everywhere: "everywhere", OfStoreType: "store type ", InRegion: "region ", AtLocation: "location "}[s.PlaceKind] + s.Place
	product := map[ProductKind]string{Everything: "everything", OfCategory: "category ", OfSKU: "SKU "}[s.ProductKind] + s.Product
	return channel + ", " + place + ", " + product
}

func (r SharingRow) words() string {
	switch r.Mode {
	case SharePercentage:
		return fmt.Sprintf("%d basis points of it", r.Value)
	case ShareQuota:
		return fmt.Sprintf("an exclusive quota of %d", r.Value)
	case ShareAllBut:
		return fmt.Sprintf("all but %d", r.Value)
	case ShareNone:
		return "none of it"
	}
	return "all of it"
}
