package biz

// StorePlace is a store with its organisation and the dealer above, if any.
type StorePlace struct {
	Store        Store
	Organisation Organisation
	Dealer       string
}

// Place finds the dealer above a store: the nearest organisation of that kind, beginning above the store's own. A store
// of a dealer itself has none above unless another dealer stands over that one.
func Place(s Store, byCode map[string]Organisation) (StorePlace, bool) {
	org, ok := byCode[s.Org]
	if !ok {
		return StorePlace{}, false
	}
	place := StorePlace{Store: s, Organisation: org}
	at := org.Parent
	for range MaxDepth + 1 {
		above, ok := byCode[at]
		if !ok || above.Kind == Headquarters {
			break
		}
		if above.Kind == Dealer {
			place.Dealer = above.Code
			break
		}
		at = above.Parent
	}
	return place, true
}
