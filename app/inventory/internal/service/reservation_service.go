package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Reservations holds stock where the caller has chosen to. Like Hold it runs in the name of the center that calls.
type Reservations struct {
	inventoryv1.UnimplementedReservationsServer
	group *data.Group

	reserve biz.Reserve
	extend  biz.ExtendReservation
	confirm biz.ConfirmReservations
	part    biz.PartOf
}

// NewReservations puts the use cases together.
func NewReservations(db *database.DB, store *data.Store, categories biz.CategoryFinder) *Reservations {
	return &Reservations{group: store.Group(), reserve: biz.Reserve{Locations: store, Sharing: store, Categories: categories, Kits: store, NowUS: db.Now}}
}

// Reserve holds given quantities at given locations.
func (s *Reservations) Reserve(ctx context.Context, in *inventoryv1.ReserveRequest) (*inventoryv1.ReserveResponse, error) {
	ctx, by, err := serviceCaller(ctx)
	if err != nil {
		return nil, err
	}
	input := fromReserve(in)
	return command.Grouped[*biz.Book, biz.Need, biz.ReserveFacts, *inventoryv1.ReserveResponse]{
		Method:  inventoryv1.Reservations_Reserve_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context, _ int) (biz.ReserveFacts, error) { return s.reserve.Gather(ctx, input) },
		Need:    func(facts biz.ReserveFacts) biz.Need { return s.reserve.Need(input, facts) },
		Decide: func(book *biz.Book, facts biz.ReserveFacts) (*inventoryv1.ReserveResponse, error) {
			got, err := s.reserve.Decide(book, by.Name, input, facts)
			if err != nil {
				return nil, err
			}
			return toReserved(input, got), nil
		},
	}.Run(ctx, s.group)
}

// ExtendReservation gives what a document still holds a later deadline.
func (s *Reservations) ExtendReservation(ctx context.Context, in *inventoryv1.ExtendReservationRequest) (*inventoryv1.ExtendReservationResponse, error) {
	ctx, by, err := serviceCaller(ctx)
	if err != nil {
		return nil, err
	}
	input := biz.ExtendInput{Document: in.GetDocument(), Lines: in.GetLineIds(), ExpiresAtUS: in.GetExpiresAtUs()}
	return command.Grouped[*biz.Book, biz.Need, nothing, *inventoryv1.ExtendReservationResponse]{
		Method:  inventoryv1.Reservations_ExtendReservation_FullMethodName,
		Request: in,
		Facts:   func(context.Context, int) (nothing, error) { return nothing{}, nil },
		Need:    func(nothing) biz.Need { return s.extend.Need(input) },
		Decide: func(book *biz.Book, _ nothing) (*inventoryv1.ExtendReservationResponse, error) {
			held, err := s.extend.Decide(book, by.Name, input)
			if err != nil {
				return nil, err
			}
			out := &inventoryv1.ExtendReservationResponse{}
			for _, r := range held {
				out.Reservations = append(out.Reservations, toReservation(r.Row()))
			}
			return out, nil
		},
	}.Run(ctx, s.group)
}

// ConfirmReservations takes the deadline of what a document holds away.
func (s *Reservations) ConfirmReservations(ctx context.Context, in *inventoryv1.ConfirmReservationsRequest) (*inventoryv1.ConfirmReservationsResponse, error) {
	ctx, by, err := serviceCaller(ctx)
	if err != nil {
		return nil, err
	}
	return command.Grouped[*biz.Book, biz.Need, nothing, *inventoryv1.ConfirmReservationsResponse]{
		Method:  inventoryv1.Reservations_ConfirmReservations_FullMethodName,
		Request: in,
		Facts:   func(context.Context, int) (nothing, error) { return nothing{}, nil },
		Need:    func(nothing) biz.Need { return s.confirm.Need(in.GetDocument()) },
		Decide: func(book *biz.Book, _ nothing) (*inventoryv1.ConfirmReservationsResponse, error) {
			held, err := s.confirm.Decide(book, by.Name, in.GetDocument(), in.GetReservationIds())
			return &inventoryv1.ConfirmReservationsResponse{Reservations: toThem(held)}, err
		},
	}.Run(ctx, s.group)
}

// ReleasePart gives a part of what reservations hold back.
func (s *Reservations) ReleasePart(ctx context.Context, in *inventoryv1.ReleasePartRequest) (*inventoryv1.ReleasePartResponse, error) {
	ctx, by, err := serviceCaller(ctx)
	if err != nil {
		return nil, err
	}
	parts := fromParts(in.GetParts())
	return command.Grouped[*biz.Book, biz.Need, nothing, *inventoryv1.ReleasePartResponse]{
		Method:  inventoryv1.Reservations_ReleasePart_FullMethodName,
		Request: in,
		Facts:   func(context.Context, int) (nothing, error) { return nothing{}, nil },
		Need:    func(nothing) biz.Need { return s.part.Need(in.GetDocument(), nil) },
		Decide: func(book *biz.Book, _ nothing) (*inventoryv1.ReleasePartResponse, error) {
			left, err := s.part.Release(book, by.Name, in.GetReason(), in.GetDocument(), parts)
			return &inventoryv1.ReleasePartResponse{Reservations: toThem(left)}, err
		},
	}.Run(ctx, s.group)
}

// ShipPart turns a part of what reservations hold into movements.
func (s *Reservations) ShipPart(ctx context.Context, in *inventoryv1.ShipPartRequest) (*inventoryv1.ShipPartResponse, error) {
	ctx, by, err := serviceCaller(ctx)
	if err != nil {
		return nil, err
	}
	input := biz.ShipInput{Document: in.GetDocument(), Fulfilment: in.GetFulfilment(), Reason: biz.ReasonShip}
	parts := fromParts(in.GetParts())
	for _, p := range parts {
		input.Lines = append(input.Lines, biz.ShipLine(p))
	}
	return command.Grouped[*biz.Book, biz.Need, nothing, *inventoryv1.ShipPartResponse]{
		Method:  inventoryv1.Reservations_ShipPart_FullMethodName,
		Request: in,
		Facts:   func(context.Context, int) (nothing, error) { return nothing{}, nil },
		Need:    func(nothing) biz.Need { return s.part.Need(in.GetDocument(), &input) },
		Decide: func(book *biz.Book, _ nothing) (*inventoryv1.ShipPartResponse, error) {
			left, err := s.part.Ship(book, by.Name, in.GetDocument(), in.GetFulfilment(), parts)
			return &inventoryv1.ShipPartResponse{Reservations: toThem(left)}, err
		},
	}.Run(ctx, s.group)
}

func fromParts(in []*inventoryv1.ReservationPart) []biz.Part {
	parts := make([]biz.Part, len(in))
	for i, p := range in {
		parts[i] = biz.Part{ReservationID: p.GetReservationId(), Quantity: p.GetQuantity()}
	}
	return parts
}

func toThem(list []*biz.Reservation) []*inventoryv1.Reservation {
	out := make([]*inventoryv1.Reservation, len(list))
	for i, r := range list {
		out[i] = toReservation(r.Row())
	}
	return out
}

func fromReserve(in *inventoryv1.ReserveRequest) biz.ReserveInput {
	out := biz.ReserveInput{Document: in.GetDocument(), Channel: in.GetChannel(), Seller: in.GetSellerOrg(), Way: biz.Way(in.GetWay()),
		Lines: make([]biz.ReserveLine, len(in.GetLines())), ExpiresAtUS: in.GetExpiresAtUs(), Partial: in.GetPartial()}
	for i, l := range in.GetLines() {
		out.Lines[i] = biz.ReserveLine{ID: l.GetLineId(), SKU: l.GetSku(), Location: l.GetLocation(), Owner: l.GetOwner(), Quantity: l.GetQuantity(), ListPriceMinor: l.GetListPriceMinor()}
	}
	return out
}

func toReserved(in biz.ReserveInput, got biz.Reserved) *inventoryv1.ReserveResponse {
	out := &inventoryv1.ReserveResponse{Document: in.Document}
	for i, l := range in.Lines {
		out.Lines = append(out.Lines, &inventoryv1.ReservedLine{LineId: l.ID, Wanted: l.Quantity, Reserved: got.Quantities[i]})
	}
	for _, r := range got.Reservations {
		out.Reservations = append(out.Reservations, toReservation(r.Row()))
	}
	return out
}
