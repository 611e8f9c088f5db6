package service

import (
	"context"
	"slices"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// holdBranch names this center's step in a distributed transaction, for the barrier.
const holdBranch = "hold"

// nothing are the facts of a command that needs none from outside.
type nothing struct{}

// Hold chooses locations and holds stock there. A repeat within one distributed transaction, under whatever request id,
// gets what is held already.
func (s *Inventory) Hold(ctx context.Context, in *inventoryv1.HoldRequest) (*inventoryv1.HoldResponse, error) {
	ctx, err := asService(ctx)
	if err != nil {
		return nil, err
	}
	input := fromHold(in)
	if input.Destination != nil {
		if err := input.Destination.Validate(); err != nil {
			return nil, err
		}
	}
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	var facts biz.HoldFacts // of the last round
	return command.Grouped[*biz.Book, biz.Need, biz.HoldFacts, *inventoryv1.HoldResponse]{
		Method:  inventoryv1.Inventory_Hold_FullMethodName,
		Request: in,
		Step:    holdStep(input.GID),
		Facts: func(ctx context.Context, round int) (_ biz.HoldFacts, err error) {
			facts, err = s.hold.Look(ctx, input, round)
			return facts, err
		},
		Need: func(facts biz.HoldFacts) biz.Need { return s.hold.Need(input, facts) },
		Decide: func(book *biz.Book, facts biz.HoldFacts) (*inventoryv1.HoldResponse, error) {
			held, err := s.hold.DecideOn(book, by.Name, input, facts)
			if err != nil {
				return nil, err
			}
			return toHeld(input.Document, held, facts), nil
		},
		Repeated: func(book *biz.Book) (*inventoryv1.HoldResponse, error) {
			return toHeld(input.Document, s.hold.HeldBefore(book, input, facts), facts), nil
		},
		Last: func(ctx context.Context) (*inventoryv1.HoldResponse, error) { return s.holdAlone(ctx, by, in, input) },
	}.Run(ctx, s.group)
}

// holdStep is the step of the distributed transaction that a hold belongs to, if it belongs to one.
func holdStep(gid string) *barrier.Step {
	if gid == "" {
		return nil
	}
	step := barrier.Action(gid, holdBranch)
	return &step
}

// holdAlone is a hold whose rows others took each time before they were locked: it locks more of them, in a transaction of
// its own.
func (s *Inventory) holdAlone(ctx context.Context, by biz.Caller, in *inventoryv1.HoldRequest, input biz.HoldInput) (*inventoryv1.HoldResponse, error) {
	return command.Local[biz.HoldFacts, *inventoryv1.HoldResponse]{
		Method:  inventoryv1.Inventory_Hold_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.HoldFacts, error) { return s.hold.Gather(ctx, input) },
		Decide: func(ctx context.Context, facts biz.HoldFacts) (*inventoryv1.HoldResponse, error) {
			var held biz.Holding
			done := false
			hold := func(ctx context.Context) (err error) {
				held, err = s.hold.Decide(ctx, by.Name, input, facts)
				done = true
				return err
			}
			var err error
			if input.GID == "" {
				err = hold(ctx)
			} else if err = barrier.Do(ctx, input.GID, holdBranch, hold); err == nil && !done {
				return s.heldAlready(ctx, input, facts)
			}
			if err != nil {
				return nil, err
			}
			return toHeld(input.Document, held, facts), nil
		},
	}.Run(ctx, s.db)
}

// heldAlready answers a hold that this distributed transaction has made before.
func (s *Inventory) heldAlready(ctx context.Context, in biz.HoldInput, facts biz.HoldFacts) (*inventoryv1.HoldResponse, error) {
	rows, err := s.store.ListReservations(ctx, []string{in.Document})
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r biz.ReservationRow) bool { return r.GID != in.GID })
	out := &inventoryv1.HoldResponse{Document: in.Document, Reservations: toReservations(rows)}
	if len(rows) == 0 {
		waiting, err := s.store.WaitingOf(ctx, []string{in.Document})
		if err != nil || len(waiting) > 0 {
			out.Waiting = true
			return out, err
		}
	}
	out.Short = toShort(facts.ShortOf(rows))
	return out, nil
}

func toHeld(document string, held biz.Holding, facts biz.HoldFacts) *inventoryv1.HoldResponse {
	out := &inventoryv1.HoldResponse{Document: document, Short: toShort(held.Short), Waiting: held.Waiting}
	for _, r := range held.Reservations {
		row := toReservation(r.Row())
		if r.Waits() {
			row.ArrivesUs = facts.ArrivesUS(row.Presale)
		}
		out.Reservations = append(out.Reservations, row)
	}
	return out
}

func toShort(missing []biz.Missing) []*inventoryv1.ShortLine {
	var out []*inventoryv1.ShortLine
	for _, m := range missing {
		out = append(out, &inventoryv1.ShortLine{LineId: m.LineID, Sku: m.SKU, Wanted: m.Wanted, Short: m.Short})
	}
	return out
}

// ReleaseHold undoes a hold that was not confirmed. With a gid it leaves a tombstone where there is nothing to undo, so
// that the hold cannot come afterwards.
func (s *Inventory) ReleaseHold(ctx context.Context, in *inventoryv1.ReleaseHoldRequest) (*inventoryv1.ReleaseHoldResponse, error) {
	ctx, err := asService(ctx)
	if err != nil {
		return nil, err
	}
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	var step *barrier.Step
	if gid := in.GetGid(); gid != "" {
		undo := barrier.Undoing(gid, holdBranch)
		step = &undo
	}
	return command.Grouped[*biz.Book, biz.Need, nothing, *inventoryv1.ReleaseHoldResponse]{
		Method:  inventoryv1.Inventory_ReleaseHold_FullMethodName,
		Request: in,
		Step:    step,
		Facts:   func(context.Context, int) (nothing, error) { return nothing{}, nil },
		Need:    func(nothing) biz.Need { return s.release.Need(in.GetDocument()) },
		Decide: func(book *biz.Book, _ nothing) (*inventoryv1.ReleaseHoldResponse, error) {
			released, err := s.release.Undo(book, by.Name, in.GetDocument(), in.GetGid())
			if err != nil {
				return nil, err
			}
			return &inventoryv1.ReleaseHoldResponse{Released: released}, nil
		},
	}.Run(ctx, s.group)
}

// ReceiveStock books goods in.
func (s *Inventory) ReceiveStock(ctx context.Context, in *inventoryv1.ReceiveStockRequest) (*inventoryv1.ReceiveStockResponse, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	input := biz.ReceiveInput{Request: in.GetRequestId(), Document: in.GetDocument()}
	for _, l := range in.GetLines() {
		input.Lines = append(input.Lines, biz.StockLine{Key: biz.StockKey{SKU: l.GetSku(), Location: l.GetLocation(), Owner: l.GetOwner()}, Quantity: l.GetQuantity(),
			Batch: l.GetBatch(), ProducedDay: l.GetProducedDay(), ExpiresDay: l.GetExpiresDay()})
	}
	return command.Local[biz.SKUs, *inventoryv1.ReceiveStockResponse]{
		Method:  inventoryv1.Inventory_ReceiveStock_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.SKUs, error) { return s.receive.Gather(ctx, input) },
		Decide: func(ctx context.Context, known biz.SKUs) (*inventoryv1.ReceiveStockResponse, error) {
			rows, err := s.receive.Decide(ctx, by, input, known)
			if err != nil {
				return nil, err
			}
			seen, err := looking(ctx, s.store)
			out := &inventoryv1.ReceiveStockResponse{Stock: toStocks(rows)}
			hideStock(seen.Blind, out.Stock...)
			return out, err
		},
	}.Run(ctx, s.db)
}

// AdjustStock corrects what is on hand.
func (s *Inventory) AdjustStock(ctx context.Context, in *inventoryv1.AdjustStockRequest) (*inventoryv1.AdjustStockResponse, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	input := biz.AdjustInput{Request: in.GetRequestId(), Document: in.GetDocument(), Reason: in.GetReason(),
		Key: biz.StockKey{SKU: in.GetSku(), Location: in.GetLocation(), Owner: in.GetOwner()}, Delta: in.GetDelta(), Safety: in.SafetyStock,
		Batch: in.GetBatch(), ProducedDay: in.GetProducedDay(), ExpiresDay: in.GetExpiresDay()}
	return command.Local[biz.SKUs, *inventoryv1.AdjustStockResponse]{
		Method:  inventoryv1.Inventory_AdjustStock_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.SKUs, error) { return s.adjust.Gather(ctx, input) },
		Decide: func(ctx context.Context, known biz.SKUs) (*inventoryv1.AdjustStockResponse, error) {
			seen, err := looking(ctx, s.store)
			if err != nil {
				return nil, err
			}
			row, err := s.adjust.Decide(ctx, by, input, known)
			if err != nil {
				return nil, hideRefusal(seen.Blind, shelfOf(in), err)
			}
			out := &inventoryv1.AdjustStockResponse{Stock: toStock(row)}
			hideStock(seen.Blind, out.Stock)
			return out, nil
		},
	}.Run(ctx, s.db)
}

// ImportStock takes opening stock from a file.
func (s *Inventory) ImportStock(ctx context.Context, in *inventoryv1.ImportStockRequest) (*commonv1.ImportResult, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if by.Service || by.Org == "" && !by.Headquarters {
		return nil, fault.Forbidden("headquarters or a store's staff")
	}
	rows := make([]biz.ImportRow, len(in.GetRows()))
	for i, r := range in.GetRows() {
		rows[i] = biz.ImportRow{Line: r.GetLine(), Key: biz.StockKey{SKU: r.GetSku(), Location: r.GetLocationCode(), Owner: r.GetOwner()}, OnHand: r.GetOnHand(), Safety: r.GetSafetyStock(),
			Batch: r.GetBatch(), ProducedDay: r.GetProducedDay(), ExpiresDay: r.GetExpiresDay()}
	}
	return command.Local[biz.SKUs, *commonv1.ImportResult]{
		Method:  inventoryv1.Inventory_ImportStock_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.SKUs, error) { return s.imports.Gather(ctx, rows) },
		Decide: func(ctx context.Context, known biz.SKUs) (*commonv1.ImportResult, error) {
			result, err := s.imports.Decide(ctx, by, biz.ImportInput{Request: in.GetRequestId(), Document: in.GetDocument(), Rows: rows}, known)
			if err != nil {
				return nil, err
			}
			return toImportResult(result), nil
		},
	}.Run(ctx, s.db)
}
