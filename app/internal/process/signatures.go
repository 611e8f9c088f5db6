package process

import (
	"context"
	"net/http"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"google.golang.org/grpc"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// storeSignatures asks the store center, which owns the channel accounts' secrets and their nonces.
type storeSignatures struct{ store storev1.StoreClient }

// SignaturesOfStore verifies signed requests through the store center.
func SignaturesOfStore(dial func(center string) grpc.ClientConnInterface) authn.SignatureVerifier {
	return storeSignatures{storev1.NewStoreClient(dial("store"))}
}

func (v storeSignatures) VerifySignature(ctx context.Context, keyID string, s authn.Signed) (tenancy.Principal, error) {
	found, err := v.store.VerifySignature(ctx, &storev1.VerifySignatureRequest{
		KeyId: keyID, Method: s.Method, Path: s.Path, TimestampS: s.TimestampS, Nonce: s.Nonce, BodySha256: s.BodySHA256, Signature: s.Signature,
	})
	if kerrors.Code(err) == http.StatusBadRequest { // a nonce or a signature of no possible length
		return tenancy.Principal{}, fault.SignatureInvalid().WithCause(err)
	}
	if err != nil {
		return tenancy.Principal{}, err
	}
	p := tenancy.Principal{Kind: tenancy.Kind(found.Kind), ID: found.Id, Org: found.Org, Store: found.Store, Channel: found.Channel, Roles: found.Roles}
	return p.WithScope(found.Orgs...), nil
}
