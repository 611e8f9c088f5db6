package biz

import "context"

// PresaleBook stores presales.
type PresaleBook interface {
	// AddPresale stores a new one.
	AddPresale(ctx context.Context, p *Presale) error
}

// OpenPresale promises stock that will arrive at a location.
type OpenPresale struct {
	Catalogue Catalogue
	Locations LocationFinder
	Writer    StockWriter
	Book      PresaleBook
	NewID     func(prefix string) string
}

// OpenPresaleInput is what is promised. An empty owner is the location's organisation.
type OpenPresaleInput struct {
	Key              StockKey
	Quota, ArrivesUS int64
}

// Gather asks, before the transaction, whether the SKU exists.
func (uc OpenPresale) Gather(ctx context.Context, in OpenPresaleInput) (SKUs, error) {
	return existing(ctx, uc.Catalogue, []StockKey{in.Key})
}

// Decide opens it inside the transaction. The stock row that it will fill is opened too.
func (uc OpenPresale) Decide(ctx context.Context, by Caller, in OpenPresaleInput, known SKUs) (*Presale, error) {
	book, key, at, err := openRow(ctx, uc.Locations, uc.Writer, by, in.Key, known)
	if err != nil {
		return nil, err
	}
	p, err := NewPresale(PresaleRow{ID: uc.NewID("psl"), Key: key, Org: at.Org, Quota: in.Quota, ArrivesUS: in.ArrivesUS, CreatedBy: by.Name}, book.NowUS())
	if err != nil {
		return nil, err
	}
	return p, uc.Book.AddPresale(ctx, p)
}

// ChangePresale changes quota and date of a presale, or closes it.
type ChangePresale struct {
	Locations LocationFinder
	Writer    StockWriter
}

// Change sets quota and date inside the transaction.
func (uc ChangePresale) Change(ctx context.Context, by Caller, id string, quota, arrivesUS int64) (*Presale, error) {
	return uc.decide(ctx, by, id, func(p *Presale, nowUS int64) error { return p.Change(quota, arrivesUS, nowUS) })
}

// Close ends the sale inside the transaction.
func (uc ChangePresale) Close(ctx context.Context, by Caller, id string) (*Presale, error) {
	return uc.decide(ctx, by, id, func(p *Presale, _ int64) error { p.Close(); return nil })
}

func (uc ChangePresale) decide(ctx context.Context, by Caller, id string, change func(p *Presale, nowUS int64) error) (*Presale, error) {
	book, err := uc.Writer.Open(ctx, by.Name)
	if err != nil {
		return nil, err
	}
	if err := uc.Writer.LockPresales(ctx, book, []string{id}); err != nil {
		return nil, err
	}
	p := book.Presale(id)
	if p == nil {
		return nil, UnknownPresale{id}
	}
	locations, err := locationsOf(ctx, uc.Locations, []StockKey{p.row.Key})
	if err != nil {
		return nil, err
	}
	if _, err := booking(by, locations, p.row.Key); err != nil {
		if _, hidden := err.(UnknownLocation); hidden {
			err = UnknownPresale{id}
		}
		return nil, err
	}
	if err := book.ChangePresale(p, change); err != nil {
		return nil, err
	}
	if err := uc.Writer.Write(ctx, book.Changes()); err != nil {
		return nil, err
	}
	return p, nil
}
