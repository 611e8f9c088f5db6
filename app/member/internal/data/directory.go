package data

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/member/internal/biz"
)

// maxCodes is how many codes one call may name.
const maxCodes = 200

// Directory asks the store center for guides and stores.
type Directory struct {
	dial func(center string) grpc.ClientConnInterface
}

// NewDirectory finds the store center by dial.
func NewDirectory(dial func(center string) grpc.ClientConnInterface) *Directory {
	return &Directory{dial}
}

// Guides returns the known ones of the codes, by code. Whoever works in a store may bind customers.
func (d *Directory) Guides(ctx context.Context, codes []string) (map[string]biz.Guide, error) {
	known := map[string]biz.Guide{}
	if len(codes) == 0 {
		return known, nil
	}
	store := storev1.NewStoreClient(d.dial("store"))
	for part := range slices.Chunk(codes, maxCodes) {
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

// Stores returns which of the codes are stores.
func (d *Directory) Stores(ctx context.Context, codes []string) (map[string]bool, error) {
	known := map[string]bool{}
	if len(codes) == 0 {
		return known, nil
	}
	store := storev1.NewStoreClient(d.dial("store"))
	for part := range slices.Chunk(codes, maxCodes) {
		reply, err := store.GetSellerFacts(ctx, &storev1.GetSellerFactsRequest{Stores: part})
		if err != nil {
			return nil, fmt.Errorf("ask for %d stores: %w", len(part), err)
		}
		for _, s := range reply.GetStores() {
			known[s.GetStoreCode()] = true
		}
	}
	return known, nil
}

// SandboxSMS sends nothing and shows the code: for trying things out.
type SandboxSMS struct{}

// SendCode returns the code instead of sending it.
func (SandboxSMS) SendCode(_ context.Context, _, code string) (string, error) { return code, nil }
