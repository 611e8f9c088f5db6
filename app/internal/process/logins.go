package process

import (
	"context"

	"google.golang.org/grpc"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
)

// storeLogins asks the store center, which owns the logins of staff.
type storeLogins struct{ store storev1.StoreClient }

// LoginsOfStore verifies through the store center that logins are still in force.
func LoginsOfStore(dial func(center string) grpc.ClientConnInterface) authn.LoginVerifier {
	return storeLogins{storev1.NewStoreClient(dial("store"))}
}

func (l storeLogins) LoginInForce(ctx context.Context, staff, version string) (bool, error) {
	found, err := l.store.VerifyLogin(ctx, &storev1.VerifyLoginRequest{StaffCode: staff, Version: version})
	return found.GetInForce(), err
}
