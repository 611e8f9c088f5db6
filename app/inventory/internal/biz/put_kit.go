package biz

import "context"

// KitBook stores kits.
type KitBook interface {
	// LockKits makes changes of kits wait for each other.
	LockKits(ctx context.Context) error
	// Kit returns a kit whatever its state, or nil. Rows are read anew.
	Kit(ctx context.Context, sku string) (*Kit, error)
	// ActiveAmong returns those of the SKUs that are kits on sale.
	ActiveAmong(ctx context.Context, skus []string) ([]string, error)
	// Inside returns a kit on sale that has this part, or "".
	Inside(ctx context.Context, part string) (string, error)
	// HasStock says whether there is, or is held, some of the SKU anywhere.
	HasStock(ctx context.Context, sku string) (bool, error)
	// PutKit stores it, guarded by the version before.
	PutKit(ctx context.Context, k *Kit) error
}

// PutKitInput says what is in a kit.
type PutKitInput struct {
	SKU      string
	Parts    []KitPart
	Expected int64
}

// PutKit makes a kit or changes its parts.
type PutKit struct {
	Catalogue Catalogue
	Book      KitBook
	NowUS     func(ctx context.Context) (int64, error)
}

// Gather asks, before the transaction, which of the SKUs exist.
func (uc PutKit) Gather(ctx context.Context, in PutKitInput) (SKUs, error) {
	keys := []StockKey{{SKU: in.SKU}}
	for _, p := range in.Parts {
		keys = append(keys, StockKey{SKU: p.SKU})
	}
	return existing(ctx, uc.Catalogue, keys)
}

// Decide stores the kit inside the transaction. Changes of kits wait for each other, so that no two make a kit of a part of
// the other's.
func (uc PutKit) Decide(ctx context.Context, by Caller, in PutKitInput, known SKUs) (*Kit, error) {
	kit, now, err := lockKit(ctx, uc.Book, uc.NowUS, by, in.SKU)
	if err != nil {
		return nil, err
	}
	switch {
	case kit != nil:
		err = kit.Change(in.Parts, in.Expected, by.Name, now)
	case in.Expected != 0:
		err = UnknownKit{in.SKU}
	default:
		kit, err = NewKit(in.SKU, in.Parts, by.Name, now)
	}
	if err != nil {
		return nil, err
	}
	if err := uc.check(ctx, in, known); err != nil {
		return nil, err
	}
	return kit, uc.Book.PutKit(ctx, kit)
}

// check refuses what its parts or other kits forbid.
func (uc PutKit) check(ctx context.Context, in PutKitInput, known SKUs) error {
	parts := make([]string, len(in.Parts))
	for i, p := range in.Parts {
		parts[i] = p.SKU
	}
	for _, sku := range append([]string{in.SKU}, parts...) {
		if !known[sku] {
			return UnknownSKU{sku}
		}
	}
	kits, err := uc.Book.ActiveAmong(ctx, parts)
	if err != nil {
		return err
	}
	if len(kits) > 0 {
		return KitNested{kits[0]}
	}
	around, err := uc.Book.Inside(ctx, in.SKU)
	if err != nil {
		return err
	}
	if around != "" {
		return KitNested{in.SKU}
	}
	has, err := uc.Book.HasStock(ctx, in.SKU)
	if err == nil && has {
		err = StockedSKU{in.SKU}
	}
	return err
}

// RetireKit takes a kit out of sale. What is held of it stays held.
type RetireKit struct {
	Book  KitBook
	NowUS func(ctx context.Context) (int64, error)
}

// Decide retires it inside the transaction.
func (uc RetireKit) Decide(ctx context.Context, by Caller, sku string, expected int64) (*Kit, error) {
	kit, now, err := lockKit(ctx, uc.Book, uc.NowUS, by, sku)
	if err != nil {
		return nil, err
	}
	if kit == nil {
		return nil, UnknownKit{sku}
	}
	if err := kit.Retire(expected, by.Name, now); err != nil {
		return nil, err
	}
	return kit, uc.Book.PutKit(ctx, kit)
}

// lockKit reads a kit that the caller may change, nil where there is none, and the time, under the lock of all kits.
func lockKit(ctx context.Context, book KitBook, nowUS func(context.Context) (int64, error), by Caller, sku string) (*Kit, int64, error) {
	if err := by.MayChangeKits(); err != nil {
		return nil, 0, err
	}
	now, err := nowUS(ctx)
	if err != nil {
		return nil, 0, err
	}
	if err := book.LockKits(ctx); err != nil {
		return nil, 0, err
	}
	kit, err := book.Kit(ctx, sku)
	return kit, now, err
}

// MayChangeKits says whether the caller may say what is in a kit: what is sold is one thing in all channels, so it is
// headquarters' to say.
func (c Caller) MayChangeKits() error {
	if !c.Headquarters || !c.any("operator", "admin") {
		return Forbidden{"operator or admin of headquarters"}
	}
	return nil
}
