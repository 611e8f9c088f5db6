// Package service serves the operations console.
package service

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	consolev1 "github.com/onepool/onepool/api/frontend/console/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
)

// Auditor is a center that can prove its invariants.
type Auditor interface {
	CheckInvariants(ctx context.Context, in *commonv1.CheckInvariantsRequest, opts ...grpc.CallOption) (*commonv1.CheckInvariantsResponse, error)
}

// Console is the service.
type Console struct {
	consolev1.UnimplementedConsoleServer
	// Centers are all that are asked, by name.
	Centers map[string]Auditor
}

// New makes the service over all six centers.
func New(dial func(center string) grpc.ClientConnInterface) *Console {
	return &Console{Centers: map[string]Auditor{
		"product":   productv1.NewProductClient(dial("product")),
		"store":     storev1.NewStoreClient(dial("store")),
		"inventory": inventoryv1.NewInventoryClient(dial("inventory")),
		"order":     orderv1.NewOrderClient(dial("order")),
		"member":    memberv1.NewMemberClient(dial("member")),
		"rebate":    rebatev1.NewRebateClient(dial("rebate")),
	}}
}

// CheckInvariants asks every center at once and answers only when all have answered.
func (s *Console) CheckInvariants(ctx context.Context, in *commonv1.CheckInvariantsRequest) (*commonv1.CheckInvariantsResponse, error) {
	if err := authn.RequireHQ(ctx, "admin", "operator"); err != nil {
		return nil, err
	}
	answers := make(chan []*commonv1.InvariantResult, len(s.Centers))
	group, ctx := errgroup.WithContext(ctx)
	for name, center := range s.Centers {
		group.Go(func() error {
			got, err := center.CheckInvariants(ctx, in)
			if err != nil {
				return fmt.Errorf("invariants of %s: %w", name, err)
			}
			answers <- got.GetResults()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	close(answers)
	out := &commonv1.CheckInvariantsResponse{}
	for results := range answers {
		out.Results = append(out.Results, results...)
	}
	slices.SortFunc(out.Results, func(a, b *commonv1.InvariantResult) int {
		if by := compareIDs(a.GetId(), b.GetId()); by != 0 {
			return by
		}
		return cmp.Compare(a.GetCenter(), b.GetCenter())
	})
	return out, nil
}

// compareIDs orders I2 before I10 before I18 before I18a before S1.
func compareIDs(a, b string) int {
	letterA, numberA, restA := split(a)
	letterB, numberB, restB := split(b)
	return cmp.Or(cmp.Compare(letterA, letterB), cmp.Compare(numberA, numberB), cmp.Compare(restA, restB))
}

func split(id string) (letters string, number int, rest string) {
	i := 0
	for i < len(id) && (id[i] < '0' || id[i] > '9') {
		i++
	}
	letters = id[:i]
	for i < len(id) && id[i] >= '0' && id[i] <= '9' && number < 1_000_000 {
		number = number*10 + int(id[i]-'0')
		i++
	}
	return letters, number, id[i:]
}
