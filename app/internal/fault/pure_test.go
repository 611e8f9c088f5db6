package fault

import (
	"math"
	"testing"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/internal/gtin"
	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/internal/page"
)

// The pure packages know their public faces without importing this one; here the two are held together.
func TestErrorsOfPurePackagesAreTyped(t *testing.T) {
	_, amount := money.Add(math.MaxInt64, 1)
	_, zone := clock.Zone("Mars/Olympus")
	_, code := gtin.Normalize("123")
	_, token := page.Decode([]byte("secret"), "x", "query")
	for reason, err := range map[string]error{
		ReasonAmountInvalid:    amount,
		ReasonTimeInvalid:      zone,
		ReasonGeoInvalid:       geo.Point{Lat: 91}.Validate(),
		ReasonValidator:        code,
		ReasonPageTokenInvalid: token,
	} {
		public := errors.FromError(Public(err))
		require.EqualValues(t, 400, public.Code, reason)
		require.Equal(t, reason, public.Reason)
	}
}
