package data

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/member/internal/biz"
)

// maxGuides is how many codes one call may name.
const maxGuides = 200

// Guides asks the store center who the guides are.
type Guides struct {
	dial func(center string) grpc.ClientConnInterface
}

// NewGuides finds the store center by dial.
func NewGuides(dial func(center string) grpc.ClientConnInterface) *Guides {
	return &Guides{dial}
}

// Guides returns the known ones of the codes, by code. Whoever works in a store may bind customers.
func (g *Guides) Guides(ctx context.Context, codes []string) (map[string]biz.Guide, error) {
	known := map[string]biz.Guide{}
	if len(codes) == 0 {
		return known, nil
	}
	store := storev1.NewStoreClient(g.dial("store"))
	for part := range slices.Chunk(codes, maxGuides) {
		reply, err := store.GetStaff(ctx, &storev1.GetStaffRequest{Codes: part})
		if err != nil {
			return nil, fmt.Errorf("ask for %d guides: %w", len(part), err)
		}
		for _, s := range reply.GetStaff() {
			known[s.GetCode()] = biz.Guide{Code: s.GetCode(), StoreCode: s.GetStoreCode(), OrgCode: s.GetOrgCode(), Active: s.GetActive() && s.GetStoreCode() != ""}
		}
	}
	return known, nil
}

// SandboxSMS sends nothing and shows the code: for trying things out.
type SandboxSMS struct{}

// SendCode returns the code instead of sending it.
func (SandboxSMS) SendCode(_ context.Context, _, code string) (string, error) { return code, nil }
