package service

import (
	"context"
	"errors"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// Redirects sends what is held to another place.
type Redirects struct {
	inventoryv1.UnimplementedRedirectsServer
	db       *database.DB
	redirect biz.Redirect
}

// redirectTries bounds how often the facts are gathered for a document whose goods move meanwhile.
const redirectTries = 3

// NewRedirects puts the use case together. It allocates as Hold does.
func NewRedirects(s *Inventory) *Redirects {
	return &Redirects{db: s.db, redirect: biz.Redirect{Work: s.store, Reallocate: biz.Reallocate{Hold: s.hold}, Writer: s.store}}
}

// Redirect asks again where a document's goods come from.
func (s *Redirects) Redirect(ctx context.Context, in *inventoryv1.RedirectRequest) (*inventoryv1.RedirectResponse, error) {
	ctx, by, err := answering(ctx, in.GetActor())
	if err != nil {
		return nil, err
	}
	if err := by.MayHold(); err != nil {
		return nil, err
	}
	input := biz.RedirectInput{Document: in.GetDocument(), To: geo.Point{Lat: in.GetDestination().GetLat(), Lng: in.GetDestination().GetLng()}, Region: in.GetRegion()}
	if err := input.To.Validate(); err != nil {
		return nil, err
	}
	if err := failpoint.Hit("inventory.redirect.before"); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		moved := false
		out, err := command.Local[biz.RedirectFacts, *inventoryv1.RedirectResponse]{
			Method:  inventoryv1.Redirects_Redirect_FullMethodName,
			Request: in,
			Facts:   func(ctx context.Context) (biz.RedirectFacts, error) { return s.redirect.Gather(ctx, input) },
			Decide: func(ctx context.Context, facts biz.RedirectFacts) (*inventoryv1.RedirectResponse, error) {
				got, err := s.redirect.Decide(ctx, by, input, facts)
				if err != nil {
					moved = errors.Is(err, biz.ErrMovedMeanwhile)
					return nil, err
				}
				out := &inventoryv1.RedirectResponse{Left: got.Left}
				for _, r := range got.Held {
					out.Reservations = append(out.Reservations, toReservation(r.Row()))
				}
				return out, nil
			},
		}.Run(ctx, s.db)
		if moved && try < redirectTries {
			continue
		}
		if err != nil {
			return nil, err
		}
		return out, failpoint.Hit("inventory.redirect.after")
	}
}
