package process

import (
	"context"

	"google.golang.org/grpc"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// storeKeys asks the store center, which owns all keys.
type storeKeys struct{ store storev1.StoreClient }

// KeysOfStore resolves opaque keys through the store center.
func KeysOfStore(dial func(center string) grpc.ClientConnInterface) authn.KeyResolver {
	return storeKeys{storev1.NewStoreClient(dial("store"))}
}

func (k storeKeys) ResolveKey(ctx context.Context, key string) (tenancy.Principal, error) {
	found, err := k.store.ResolveKey(ctx, &storev1.ResolveKeyRequest{Key: key})
	if err != nil {
		return tenancy.Principal{}, err
	}
	p := tenancy.Principal{Kind: tenancy.Kind(found.Kind), ID: found.Id, Org: found.Org, Store: found.Store, Channel: found.Channel, Roles: found.Roles}
	return p.WithScope(found.Orgs...), nil
}
