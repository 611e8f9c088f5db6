package fault

import (
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	commonv1 "github.com/onepool/onepool/api/common/v1"
)

// The proto is the register of shared reasons: each has a constructor here with the same name and the same code.
func TestEverySharedReasonIsBuiltHereWithItsCode(t *testing.T) {
	built := map[string]int32{}
	for _, e := range []*kratos.Error{
		Codec(""), Validator("f", ""), AmountInvalid("f", ""), PageTokenInvalid(), BodyTooLarge(1), TimeInvalid("f", ""), GeoInvalid("f", ""),
		Unauthenticated(), SignatureInvalid(), Replayed(), Forbidden(""), NotFound(""), MethodNotAllowed(), RequestIDReused(), InProgress(),
		RateLimited(1), Unavailable(), Timeout(), Internal(), StateConflict("", "m"),
	} {
		built[e.Reason] = e.Code
	}
	values := commonv1.ErrorReason(0).Descriptor().Values()
	for i := range values.Len() {
		v := values.Get(i)
		if v.Number() == 0 {
			continue
		}
		code, ok := built[string(v.Name())]
		require.True(t, ok, "%s has no constructor", v.Name())
		require.Equal(t, int32(proto.GetExtension(v.Options(), kratos.E_Code).(int32)), code, "%s", v.Name())
		delete(built, string(v.Name()))
	}
	require.Empty(t, built, "not in api/common/v1/reason.proto")
}

func TestMetadataIsPairs(t *testing.T) {
	require.Equal(t, map[string]string{"a": "1"}, New(400, "X", "m", "a", "1", "lost").Metadata)
	require.Equal(t, int64(7), RetryAfterS(RateLimited(7)))
	require.Zero(t, RetryAfterS(NotFound("order")))
}
