package fault

import (
	"context"
	"database/sql/driver"
	stderrors "errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type short struct{ left int64 }

func (s short) Error() string { return "shelf 7 at /srv/secret is short" }
func (s short) Fault() (int, string, string, map[string]string) {
	return 409, ReasonStockInsufficient, "take less", map[string]string{"left": itoa(s.left)}
}

// Each error, what a client sees of it, and what the coordinator is told when it met an action.
var table = []struct {
	name   string
	err    error
	code   int32
	reason string
	action codes.Code
	undo   codes.Code
}{
	{"codec", Codec("x"), 400, "CODEC", codes.Aborted, codes.Unavailable},
	{"validator", Validator("lines[0].quantity", "must be > 0"), 400, "VALIDATOR", codes.Aborted, codes.Unavailable},
	{"amount", AmountInvalid("price", "overflow"), 400, "AMOUNT_INVALID", codes.Aborted, codes.Unavailable},
	{"page token", PageTokenInvalid(), 400, "PAGE_TOKEN_INVALID", codes.Aborted, codes.Unavailable},
	{"time", TimeInvalid("window", "ends before it starts"), 400, "TIME_INVALID", codes.Aborted, codes.Unavailable},
	{"geo", GeoInvalid("point", "off the earth"), 400, "GEO_INVALID", codes.Aborted, codes.Unavailable},
	{"too large", BodyTooLarge(1 << 20), 413, "BODY_TOO_LARGE", codes.Aborted, codes.Unavailable},
	{"stock", StockInsufficient("sku_1", 3, 2), 409, "STOCK_INSUFFICIENT", codes.Aborted, codes.Unavailable},
	{"points", PointsInsufficient(3, 2), 409, "POINTS_INSUFFICIENT", codes.Aborted, codes.Unavailable},
	{"reused", RequestIDReused(), 409, "REQUEST_ID_REUSED", codes.Aborted, codes.Unavailable},
	{"state", StateConflict("SHIPPED", "too late"), 409, "STATE_CONFLICT", codes.Aborted, codes.Unavailable},
	{"forbidden", Forbidden("hq"), 403, "FORBIDDEN", codes.Aborted, codes.Unavailable},
	{"not found has nothing to undo", NotFound("order"), 404, "NOT_FOUND", codes.Aborted, codes.OK},
	{"typed", fmt.Errorf("hold: %w", short{2}), 409, "STOCK_INSUFFICIENT", codes.Aborted, codes.Unavailable},

	{"unauthenticated may be healed", Unauthenticated(), 401, "UNAUTHENTICATED", codes.Unavailable, codes.Unavailable},
	{"signature", SignatureInvalid(), 401, "SIGNATURE_INVALID", codes.Unavailable, codes.Unavailable},
	{"replayed", Replayed(), 401, "REPLAYED", codes.Unavailable, codes.Unavailable},
	{"in progress", InProgress(), 503, "IN_PROGRESS", codes.FailedPrecondition, codes.Unavailable},
	{"rate", RateLimited(2), 429, "RATE_LIMITED", codes.Unavailable, codes.Unavailable},
	{"unavailable", Unavailable(), 503, "UNAVAILABLE", codes.Unavailable, codes.Unavailable},
	{"timeout", Timeout(), 504, "TIMEOUT", codes.Unavailable, codes.Unavailable},
	{"unknown", stderrors.New("dial /srv/secret"), 500, "INTERNAL", codes.Unavailable, codes.Unavailable},
	{"without a reason", errors.New(500, "", "at /srv/secret"), 500, "INTERNAL", codes.Unavailable, codes.Unavailable},
	{"deadline", fmt.Errorf("read /srv/secret: %w", context.DeadlineExceeded), 504, "TIMEOUT", codes.Unavailable, codes.Unavailable},
	{"canceled", fmt.Errorf("read /srv/secret: %w", context.Canceled), 499, "CANCELED", codes.Unavailable, codes.Unavailable},
	{"deadlock", fmt.Errorf("tx: %w", &mysql.MySQLError{Number: 1213, Message: "/srv/secret"}), 503, "UNAVAILABLE", codes.Unavailable, codes.Unavailable},
	{"lock wait", &mysql.MySQLError{Number: 1205}, 503, "UNAVAILABLE", codes.Unavailable, codes.Unavailable},
	{"duplicate key that nobody mapped", &mysql.MySQLError{Number: 1062, Message: "/srv/secret"}, 500, "INTERNAL", codes.Unavailable, codes.Unavailable},
	{"bad connection", driver.ErrBadConn, 503, "UNAVAILABLE", codes.Unavailable, codes.Unavailable},
	{"database is down", &net.OpError{Op: "dial", Err: stderrors.New("/srv/secret")}, 503, "UNAVAILABLE", codes.Unavailable, codes.Unavailable},
	{"peer is down", status.Error(codes.Unavailable, "dial /srv/secret"), 503, "UNAVAILABLE", codes.Unavailable, codes.Unavailable},
	{"peer was slow", status.Error(codes.DeadlineExceeded, "/srv/secret"), 504, "TIMEOUT", codes.Unavailable, codes.Unavailable},
	{"peer's transport refused", status.Error(codes.NotFound, "/srv/secret"), 500, "INTERNAL", codes.Unavailable, codes.Unavailable},
	{"body too large", fmt.Errorf("read: %w", &http.MaxBytesError{Limit: 5}), 413, "BODY_TOO_LARGE", codes.Aborted, codes.Unavailable},
	{"message too large", status.Error(codes.ResourceExhausted, "grpc: received message larger than max (2 vs. 1)"), 413, "BODY_TOO_LARGE", codes.Aborted, codes.Unavailable},
}

func TestWhatAClientSeesAndWhatTheCoordinatorIsTold(t *testing.T) {
	for _, tc := range table {
		t.Run(tc.name, func(t *testing.T) {
			pub := Public(tc.err)
			var e *errors.Error
			require.ErrorAs(t, pub, &e)
			require.Equal(t, tc.code, e.Code)
			require.Equal(t, tc.reason, e.Reason)
			require.NotEmpty(t, e.Message)
			require.ErrorIs(t, pub, tc.err, "the cause is kept for the log")

			seen, _ := status.FromError(pub)
			for _, text := range []string{e.Message, fmt.Sprint(e.Metadata), seen.Message(), seen.Proto().String()} {
				require.NotContains(t, text, "secret")
			}
			require.Equal(t, e.Reason, errors.Reason(Public(pub)), "mapping twice changes nothing")

			require.Equal(t, tc.action, status.Code(Branch(Action, tc.err)))
			require.Equal(t, tc.undo, status.Code(Branch(Undo, tc.err)))
			require.Equal(t, tc.undo, status.Code(Branch(Confirm, tc.err)))
			if b := Branch(Action, tc.err); b != nil {
				require.NotContains(t, b.Error(), "secret")
			}
		})
	}
}

func TestNoErrorStaysNoError(t *testing.T) {
	require.NoError(t, Public(nil))
	require.NoError(t, Branch(Action, nil))
	require.NoError(t, Branch(Undo, nil))
}

// What Public made in one center is the same error again in another, after the wire.
func TestARefusalSurvivesTheWire(t *testing.T) {
	for _, e := range []*errors.Error{StockInsufficient("sku_1", 3, 2), NotFound("order"), InProgress(), BodyTooLarge(5), RateLimited(7), Validator("a", "b"), Forbidden("hq"), Unauthenticated()} {
		over := status.FromProto(e.GRPCStatus().Proto()).Err()
		var back *errors.Error
		require.ErrorAs(t, Public(over), &back)
		require.Equal(t, e.Reason, back.Reason)
		require.Equal(t, len(e.Metadata), len(back.Metadata))
		for k, v := range e.Metadata {
			require.Equal(t, v, back.Metadata[k])
		}
		require.Equal(t, e.Message, back.Message)
		require.Equal(t, e.Code, back.Code)
	}
}
