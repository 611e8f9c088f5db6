package service

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/protobuf/types/known/emptypb"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Branch is what the transaction coordinator calls: any number of times, in any order. Each call has one effect, by the
// barrier and by the documents themselves. None refuses.
type Branch struct {
	inventoryv1.UnimplementedInventoryBranchServer
	db       *database.DB
	group    *data.Group
	log      *slog.Logger
	branchOf func(context.Context) (saga.Branch, bool)

	confirm   biz.ConfirmHold
	release   biz.Release
	part      biz.PartOf
	ship      biz.Ship
	takeBack  biz.TakeBack
	locations biz.PutLocations
}

// NewBranch puts the use cases together.
func NewBranch(db *database.DB, store *data.Store, log *slog.Logger) *Branch {
	return &Branch{db: db, group: store.Group(), log: log, branchOf: saga.BranchFromContext,
		takeBack: biz.TakeBack{Locations: store, Writer: store}, locations: biz.PutLocations{Book: store}}
}

// actor of what the coordinator asks for, unless the call names a person.
const (
	branchActor = "service:coordinator"
	maxActor    = 128
)

// once runs fn in one transaction, once for each branch of a distributed transaction. step names it for the kill points.
func (b *Branch) once(ctx context.Context, step string, fn func(ctx context.Context) error) (*emptypb.Empty, error) {
	return b.called(ctx, step, func(ctx context.Context, branch saga.Branch) error {
		return b.db.InTx(ctx, func(ctx context.Context) error {
			return barrier.Once(ctx, branch.GID, branch.ID, branch.Op, fn)
		})
	})
}

// together is once for a decision that shares its transaction with others.
func (b *Branch) together(ctx context.Context, step string, need biz.Need, decide func(book *biz.Book) error) (*emptypb.Empty, error) {
	return b.called(ctx, step, func(ctx context.Context, branch saga.Branch) error {
		at := barrier.Named(branch.GID, branch.ID, branch.Op)
		return b.group.Do(ctx, &at, need, decide)
	})
}

// called checks who calls, and answers as the coordinator expects it.
func (b *Branch) called(ctx context.Context, step string, run func(ctx context.Context, branch saga.Branch) error) (*emptypb.Empty, error) {
	branch, verified := b.branchOf(ctx)
	if !verified {
		return nil, fault.Unauthenticated()
	}
	ctx = tenancy.WithService(ctx, "coordinator")
	if err := failpoint.Hit("inventory." + step + ".before"); err != nil {
		return nil, fault.Branch(fault.Confirm, err)
	}
	if err := run(ctx, branch); err != nil {
		return nil, fault.Branch(fault.Confirm, err)
	}
	if err := failpoint.Hit("inventory." + step + ".after"); err != nil {
		return nil, fault.Branch(fault.Confirm, err)
	}
	return &emptypb.Empty{}, nil
}

// ConfirmHold takes the deadlines of a paid document away.
func (b *Branch) ConfirmHold(ctx context.Context, in *inventoryv1.ConfirmHoldCall) (*emptypb.Empty, error) {
	return b.together(ctx, "confirm", b.confirm.Need(in.GetDocument()), func(book *biz.Book) error {
		return b.confirm.Decide(book, branchActor, in.GetDocument(), biz.Asking{Quiet: in.GetQuiet(), Version: in.GetVersion()})
	})
}

// Release gives the stock of a cancelled document back.
func (b *Branch) Release(ctx context.Context, in *inventoryv1.ReleaseCall) (*emptypb.Empty, error) {
	return b.together(ctx, "release", b.release.Need(in.GetDocument()), func(book *biz.Book) error {
		_, err := b.release.Decide(book, branchActor, in.GetDocument())
		return err
	})
}

// ReleaseParts gives the stock of a cancelled part back.
func (b *Branch) ReleaseParts(ctx context.Context, in *inventoryv1.ReleasePartsCall) (*emptypb.Empty, error) {
	parts, notHeld := fromShipLines(in.GetLines()), fromShipLines(in.GetNotHeld())
	return b.together(ctx, "release_parts", b.part.Need(in.GetDocument(), nil), func(book *biz.Book) error {
		return b.part.ReleaseOpen(book, actorOr(in.GetActor()), in.GetDocument(), parts, notHeld)
	})
}

func fromShipLines(lines []*inventoryv1.ShipLine) []biz.Part {
	parts := make([]biz.Part, len(lines))
	for i, l := range lines {
		parts[i] = biz.Part{ReservationID: l.GetReservationId(), Quantity: l.GetQuantity()}
	}
	return parts
}

// Ship turns reservations into movements.
func (b *Branch) Ship(ctx context.Context, in *inventoryv1.ShipCall) (*emptypb.Empty, error) {
	input := biz.ShipInput{Document: in.GetDocument(), Fulfilment: in.GetFulfilment(), Reason: biz.Reason(in.GetReason()), Request: b.request(ctx)}
	for _, l := range in.GetLines() {
		input.Lines = append(input.Lines, biz.ShipLine{ReservationID: l.GetReservationId(), Quantity: l.GetQuantity()})
	}
	return b.together(ctx, "ship", b.ship.Need(input), func(book *biz.Book) error { return b.ship.Decide(book, actorOr(in.GetActor()), input) })
}

// TakeBack books returned goods in.
func (b *Branch) TakeBack(ctx context.Context, in *inventoryv1.TakeBackCall) (*emptypb.Empty, error) {
	input := biz.TakeBackInput{Document: in.GetDocument(), Request: b.request(ctx), Lines: make([]biz.TakeBackLine, len(in.GetLines()))}
	for i, l := range in.GetLines() {
		input.Lines[i] = biz.TakeBackLine{LineID: l.GetLineId(), Key: biz.StockKey{SKU: l.GetSku(), Location: l.GetLocation(), Owner: l.GetOwner()}, Quantity: l.GetQuantity(), Damaged: l.GetDamaged()}
	}
	return b.once(ctx, "takeback", func(ctx context.Context) error { return b.takeBack.Decide(ctx, actorOr(in.GetActor()), input) })
}

// PutLocations takes over where stock can be.
func (b *Branch) PutLocations(ctx context.Context, in *inventoryv1.PutLocationsCall) (*emptypb.Empty, error) {
	locations := make([]biz.Location, len(in.GetLocations()))
	for i, l := range in.GetLocations() {
		locations[i] = fromLocationFacts(l)
	}
	var bad []error
	out, err := b.once(ctx, "locations", func(ctx context.Context) (err error) {
		bad, err = b.locations.Decide(ctx, locations)
		return err
	})
	if err == nil && len(bad) > 0 {
		b.log.ErrorContext(ctx, "locations left out", "center", "inventory", "error", errors.Join(bad...))
	}
	return out, err
}

// request names the distributed transaction on what it books, and the branch of it.
func (b *Branch) request(ctx context.Context) string {
	branch, _ := b.branchOf(ctx)
	return branch.GID + "/" + branch.ID
}

// actorOr names who did it; what is too long for the ledger is cut, because a branch does not refuse.
func actorOr(actor string) string {
	if actor == "" {
		return branchActor
	}
	if runes := []rune(actor); len(runes) > maxActor {
		return string(runes[:maxActor])
	}
	return actor
}
