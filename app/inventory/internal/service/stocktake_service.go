package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Stocktakes compares shelves with books.
type Stocktakes struct {
	inventoryv1.UnimplementedStocktakesServer
	db    *database.DB
	store *data.Store

	opens   biz.OpenStocktake
	counts  biz.CountStocktake
	submits biz.SubmitStocktake
	decides biz.DecideStocktake
	ends    biz.EndFreezes
}

// NewStocktakes puts the use cases together.
func NewStocktakes(db *database.DB, store *data.Store, catalogue biz.Catalogue) *Stocktakes {
	counting := biz.Counting{Stocktakes: store, Writer: store}
	return &Stocktakes{db: db, store: store,
		opens:  biz.OpenStocktake{Counting: counting, Catalogue: catalogue, Locations: store},
		counts: biz.CountStocktake{Counting: counting}, submits: biz.SubmitStocktake{Counting: counting}, decides: biz.DecideStocktake{Counting: counting},
		ends: biz.EndFreezes{Counting: counting, InTx: db.InTx, NowUS: db.Now}}
}

// EndFreezes ends stocktakes that were forgotten with their stock frozen, and says how many it was.
func (s *Stocktakes) EndFreezes(ctx context.Context) (int, error) { return s.ends.Run(ctx) }

// OpenStocktake begins to count.
func (s *Stocktakes) OpenStocktake(ctx context.Context, in *inventoryv1.OpenStocktakeRequest) (*inventoryv1.Stocktake, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	input := biz.OpenStocktakeInput{Location: in.GetLocation(), Note: in.GetNote(), SKUs: in.GetSkus(), Blind: in.GetBlind(), Frozen: in.GetFrozen()}
	return command.Local[biz.SKUs, *inventoryv1.Stocktake]{
		Method:  inventoryv1.Stocktakes_OpenStocktake_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.SKUs, error) { return s.opens.Gather(ctx, input) },
		Decide: func(ctx context.Context, known biz.SKUs) (*inventoryv1.Stocktake, error) {
			opened := input
			opened.ID = ids.New("stk")
			row, err := s.opens.Decide(ctx, by, opened, known)
			return s.answer(ctx, row, err)
		},
	}.Run(ctx, s.db)
}

// CountStocktake notes what somebody has counted.
func (s *Stocktakes) CountStocktake(ctx context.Context, in *inventoryv1.CountStocktakeRequest) (*inventoryv1.Stocktake, error) {
	input := biz.CountInput{Request: in.GetRequestId(), ID: in.GetId()}
	for _, c := range in.GetCounts() {
		counted := c.GetCounted()
		input.Counts = append(input.Counts, biz.StocktakeLine{SKU: c.GetSku(), Owner: c.GetOwner(), Batch: c.GetBatch(), Counted: &counted})
	}
	return s.step(ctx, inventoryv1.Stocktakes_CountStocktake_FullMethodName, in, func(ctx context.Context, by biz.Caller) (biz.StocktakeRow, error) {
		return s.counts.Decide(ctx, by, input)
	})
}

// SubmitStocktake ends the counting.
func (s *Stocktakes) SubmitStocktake(ctx context.Context, in *inventoryv1.SubmitStocktakeRequest) (*inventoryv1.Stocktake, error) {
	return s.step(ctx, inventoryv1.Stocktakes_SubmitStocktake_FullMethodName, in, func(ctx context.Context, by biz.Caller) (biz.StocktakeRow, error) {
		return s.submits.Decide(ctx, by, biz.SubmitInput{ID: in.GetId(), LeaveOut: in.GetLeaveOutMissed()})
	})
}

// ApproveStocktake books the differences.
func (s *Stocktakes) ApproveStocktake(ctx context.Context, in *inventoryv1.DecideStocktakeRequest) (*inventoryv1.Stocktake, error) {
	return s.step(ctx, inventoryv1.Stocktakes_ApproveStocktake_FullMethodName, in, func(ctx context.Context, by biz.Caller) (biz.StocktakeRow, error) {
		return s.decides.Approve(ctx, by, biz.DecideInput{Request: in.GetRequestId(), ID: in.GetId(), Version: in.GetVersion()})
	})
}

// RejectStocktake books nothing.
func (s *Stocktakes) RejectStocktake(ctx context.Context, in *inventoryv1.RejectStocktakeRequest) (*inventoryv1.Stocktake, error) {
	return s.step(ctx, inventoryv1.Stocktakes_RejectStocktake_FullMethodName, in, func(ctx context.Context, by biz.Caller) (biz.StocktakeRow, error) {
		return s.decides.Reject(ctx, by, biz.DecideInput{Request: in.GetRequestId(), ID: in.GetId(), Version: in.GetVersion(), Recount: in.GetRecount()})
	})
}

// CancelStocktake ends it before a decision.
func (s *Stocktakes) CancelStocktake(ctx context.Context, in *inventoryv1.DecideStocktakeRequest) (*inventoryv1.Stocktake, error) {
	return s.step(ctx, inventoryv1.Stocktakes_CancelStocktake_FullMethodName, in, func(ctx context.Context, by biz.Caller) (biz.StocktakeRow, error) {
		return s.decides.Cancel(ctx, by, biz.DecideInput{Request: in.GetRequestId(), ID: in.GetId(), Version: in.GetVersion()})
	})
}

func (s *Stocktakes) step(ctx context.Context, method string, in command.Request, decide func(context.Context, biz.Caller) (biz.StocktakeRow, error)) (*inventoryv1.Stocktake, error) {
	by, err := staffOf(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.Stocktake]{
		Method:  method,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Stocktake, error) {
			row, err := decide(ctx, by)
			return s.answer(ctx, row, err)
		},
	}.Run(ctx, s.db)
}

// answer shows a stocktake and how far it is.
func (s *Stocktakes) answer(ctx context.Context, r biz.StocktakeRow, err error) (*inventoryv1.Stocktake, error) {
	if err != nil {
		return nil, err
	}
	progress, err := s.store.Progress(ctx, []string{r.ID})
	if err != nil {
		return nil, err
	}
	return toStocktake(r, progress[r.ID]), nil
}

// GetStocktake returns one within the caller's organisations.
func (s *Stocktakes) GetStocktake(ctx context.Context, in *inventoryv1.GetStocktakeRequest) (*inventoryv1.Stocktake, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	r, progress, err := s.store.Stocktake(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return toStocktake(r, progress), nil
}

// ListStocktakeLines lists what is counted. A blind one shows the books' figures when it is submitted.
func (s *Stocktakes) ListStocktakeLines(ctx context.Context, in *inventoryv1.ListStocktakeLinesRequest) (*inventoryv1.ListStocktakeLinesResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	of, lines, next, err := s.store.ListStocktakeLines(ctx, in.GetId(), in.GetMissed(), data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	out := &inventoryv1.ListStocktakeLinesResponse{NextPageToken: next}
	for _, l := range lines {
		out.Lines = append(out.Lines, toStocktakeLine(l, of.Blind && of.State == biz.StocktakeCounting))
	}
	return out, nil
}

// ListStocktakes lists those of the caller's organisations.
func (s *Stocktakes) ListStocktakes(ctx context.Context, in *inventoryv1.ListStocktakesRequest) (*inventoryv1.ListStocktakesResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	f := data.StocktakeFilter{Location: in.GetLocation(), State: biz.StocktakeState(in.GetState())}
	rows, next, err := s.store.ListStocktakes(ctx, f, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	listed := make([]string, len(rows))
	for i, r := range rows {
		listed[i] = r.ID
	}
	progress, err := s.store.Progress(ctx, listed)
	if err != nil {
		return nil, err
	}
	out := &inventoryv1.ListStocktakesResponse{NextPageToken: next}
	for _, r := range rows {
		out.Stocktakes = append(out.Stocktakes, toStocktake(r, progress[r.ID]))
	}
	return out, nil
}

func toStocktake(r biz.StocktakeRow, c biz.Counted) *inventoryv1.Stocktake {
	return &inventoryv1.Stocktake{Id: r.ID, Org: r.Org, Location: r.Location, Blind: r.Blind, Frozen: r.Frozen && r.State.Open(), State: inventoryv1.StocktakeState(r.State),
		Version: r.Version, Note: r.Note, CreatedBy: r.CreatedBy, SubmittedBy: r.SubmittedBy, DecidedBy: r.DecidedBy, CreatedUs: r.CreatedUS, UpdatedUs: r.UpdatedUS,
		Lines: c.Lines, Counted: c.Counted}
}

func toStocktakeLine(l biz.StocktakeLine, hidden bool) *inventoryv1.StocktakeLine {
	out := &inventoryv1.StocktakeLine{Sku: l.SKU, Owner: l.Owner, Batch: l.Batch, Counted: l.Counted, CountedBy: l.CountedBy, CountedUs: l.CountedUS}
	if hidden {
		return out
	}
	out.Book = &l.Book
	if l.Counted != nil {
		difference := l.Differs()
		out.Difference = &difference
	}
	return out
}
