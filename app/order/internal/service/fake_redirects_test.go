package service

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
)

// north is from where on the locations that serve the south do not deliver.
const north = 40

type fakeRedirects struct {
	inventoryv1.RedirectsClient
	w *world
}

// Redirect moves what is held at locations that do not serve the new place to the other one: all of it, or nothing.
func (f fakeRedirects) Redirect(ctx context.Context, in *inventoryv1.RedirectRequest, _ ...grpc.CallOption) (*inventoryv1.RedirectResponse, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := outside(ctx); err != nil {
		return nil, err
	}
	if stored, ok := f.w.answer[in.RequestId]; ok {
		return stored.(*inventoryv1.RedirectResponse), nil
	}
	if err := f.w.refuse; err != nil {
		f.w.refuse = nil
		return nil, err
	}
	f.w.redirected = append(f.w.redirected, in)
	out := &inventoryv1.RedirectResponse{}
	other := map[string]string{"S1": "S2", "S2": "S1"}
	needs := map[string]int64{}
	var moving []*inventoryv1.Reservation
	for _, r := range f.w.holds[in.Document] {
		if r.Open > 0 && in.Destination.Lat >= north && f.w.near[r.Location] {
			moving = append(moving, r)
			to := other[r.Location]
			if needs[to+r.Sku] += r.Open; f.w.near[to] || f.w.stock[to][r.Sku] < needs[to+r.Sku] {
				return nil, fault.StockInsufficient(r.Sku, r.Open, 0)
			}
		}
	}
	for i, r := range moving {
		to, n := other[r.Location], r.Open
		f.w.stock[r.Location][r.Sku] += n
		f.w.stock[to][r.Sku] -= n
		r.Open, r.State = 0, inventoryv1.ReservationState_RELEASED
		held := &inventoryv1.Reservation{
			Id: ids.Derived("res", in.RequestId, fmt.Sprint(i)), Document: in.Document, LineId: r.LineId, Sku: r.Sku, Location: to, LocationName: to, LocationOrg: f.w.orgs[to],
			Owner: f.w.orgs[to], Quantity: n, Open: n, State: inventoryv1.ReservationState_CONFIRMED, Replaces: r.Id,
		}
		f.w.holds[in.Document] = append(f.w.holds[in.Document], held)
		out.Reservations = append(out.Reservations, held)
	}
	f.w.answer[in.RequestId] = out
	return out, nil
}
