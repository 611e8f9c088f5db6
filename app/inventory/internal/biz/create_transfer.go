package biz

import "context"

// TransferInput plans a transfer. An empty owner is the sending location's organisation.
type TransferInput struct {
	ID, Number, From, To, Note string
	Lines                      []TransferLine // SKU, owner, wanted
	ExpectedUS                 int64
}

// CreateTransfer plans a transfer of SKUs that exist; nothing is booked. Staff of the sending location drafts it, of goods
// that are its organisation's own; staff of the receiving location requests it; headquarters does either, for any owner.
type CreateTransfer struct {
	Catalogue Catalogue
	Locations LocationFinder
	Transfers TransferBook
	// NowUS is the database's time.
	NowUS func(ctx context.Context) (int64, error)
}

func (in TransferInput) keys(at string) []StockKey {
	keys := make([]StockKey, len(in.Lines))
	for i, l := range in.Lines {
		keys[i] = StockKey{l.SKU, at, l.Owner}
	}
	return keys
}

// Gather asks which of the SKUs exist, before the transaction.
func (uc CreateTransfer) Gather(ctx context.Context, in TransferInput) (SKUs, error) {
	return existing(ctx, uc.Catalogue, in.keys(in.From))
}

// Decide stores it inside the transaction.
func (uc CreateTransfer) Decide(ctx context.Context, by Caller, in TransferInput, known SKUs) (TransferRow, error) {
	locations, err := locationsOf(ctx, uc.Locations, []StockKey{{Location: in.From}, {Location: in.To}})
	if err != nil {
		return TransferRow{}, err
	}
	from, to, requested, err := ends(by, locations, in)
	if err != nil {
		return TransferRow{}, err
	}
	lines := make([]TransferLine, len(in.Lines))
	for i, l := range in.Lines {
		if l.Owner == "" {
			l.Owner = from.Org
		}
		if !requested {
			if err := by.MayName(l.Owner, from); err != nil {
				return TransferRow{}, err
			}
		}
		if !known[l.SKU] {
			return TransferRow{}, UnknownSKU{l.SKU}
		}
		lines[i] = TransferLine{SKU: l.SKU, Owner: l.Owner, Wanted: l.Wanted}
	}
	now, err := uc.NowUS(ctx)
	if err != nil {
		return TransferRow{}, err
	}
	if in.Number == "" {
		in.Number = in.ID
	}
	t, err := NewTransfer(TransferRow{ID: in.ID, Number: in.Number, From: from.Code, To: to.Code, FromOrg: from.Org, ToOrg: to.Org, Lines: lines, Note: in.Note,
		CreatedBy: by.Name, CreatedUS: now, ExpectedUS: in.ExpectedUS}, requested)
	if err != nil {
		return TransferRow{}, err
	}
	return t.Row(), uc.Transfers.AddTransfer(ctx, t.Row())
}

// ends says between which locations it goes, and whether it is the receiving side that asks. To those who may book at
// neither end, the sending location is not there.
func ends(by Caller, locations map[string]Location, in TransferInput) (from, to Location, requested bool, err error) {
	from, sends := locations[in.From]
	to, receives := locations[in.To]
	switch {
	case !sends:
		return from, to, false, UnknownLocation{in.From}
	case !receives:
		return from, to, false, UnknownLocation{in.To}
	}
	refusal := by.MayBook(from)
	if refusal == nil {
		return from, to, false, nil
	}
	if by.MayBook(to) != nil {
		return from, to, false, refusal
	}
	if in.Number != "" {
		return from, to, true, Invalid{"number", "is given by the side that sends: leave it empty"}
	}
	return from, to, true, nil
}
