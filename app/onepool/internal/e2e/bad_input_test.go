package e2e

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	_ "github.com/onepool/onepool/api/frontend/ecommerce/v1" // described by name, like all of them
	miniprogramv1 "github.com/onepool/onepool/api/frontend/miniprogram/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/secret"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

var (
	codec           = promise{400, codes.InvalidArgument, "CODEC"}
	validator       = promise{400, codes.InvalidArgument, "VALIDATOR"}
	amountInvalid   = promise{400, codes.InvalidArgument, "AMOUNT_INVALID"}
	pageToken       = promise{400, codes.InvalidArgument, "PAGE_TOKEN_INVALID"}
	tooLarge        = promise{413, codes.ResourceExhausted, "BODY_TOO_LARGE"}
	geoInvalid      = promise{400, codes.InvalidArgument, "GEO_INVALID"}
	priceChanged    = promise{409, codes.Aborted, "PRICE_CHANGED"}
	noStock         = promise{409, codes.Aborted, "STOCK_INSUFFICIENT"}
	noPoints        = promise{409, codes.Aborted, "POINTS_INSUFFICIENT"}
	refundExceeds   = promise{409, codes.Aborted, "REFUND_EXCEEDS_PAID"}
	unauthenticated = promise{401, codes.Unauthenticated, "UNAUTHENTICATED"}
	forbidden       = promise{403, codes.PermissionDenied, "FORBIDDEN"}
	orderUnknown    = promise{404, codes.NotFound, "ORDER_UNKNOWN"}
	notFound        = promise{404, codes.NotFound, "NOT_FOUND"}
	badSignature    = promise{401, codes.Unauthenticated, "SIGNATURE_INVALID"}
	replayed        = promise{401, codes.Unauthenticated, "REPLAYED"}
	idReused        = promise{409, codes.Aborted, "REQUEST_ID_REUSED"}
	inProgress      = promise{503, codes.Unavailable, "IN_PROGRESS"}
	rateLimited     = promise{429, codes.ResourceExhausted, "RATE_LIMITED"}
)

// shop is what the bad input is thrown at: real people, goods and orders.
type shop struct {
	*stranger
	keys                     *secret.Keyring
	operator                 *client.Client
	admin, lin, fang         string // tokens: headquarters, two members
	linID                    string
	wuManager, guide, device string // of a franchise store in Nanjing; a guide and a till of a store in Hangzhou
	channel                  *storev1.RegisterChannelAccountResponse
	data                     string
}

const (
	soldSKU      = "TEA-CHUXUE-050"
	soldMinor    = 9800
	soldBarcode  = "6979900000103"
	linPhone     = "19900000101"
	sandboxRoute = "/v1/order/payments/sandbox/notify"
)

func openShop(t *testing.T, ctx context.Context, p *one) *shop {
	t.Helper()
	conn, err := grpc.NewClient(p.ready.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	s := &shop{stranger: &stranger{url: p.ready.HTTP, conn: conn}, operator: admin(t, p.ready.HTTP, p.data), data: p.data}
	s.admin, err = client.Credential("", filepath.Join(p.data, "admin.key"))
	require.NoError(t, err)
	s.keys, err = secret.Load(filepath.Join(p.data, "secret.key"))
	require.NoError(t, err)
	signIn := func(phone string) (token, id string) {
		guest, err := s.operator.As(ctx, "")
		require.NoError(t, err)
		code, err := guest.MiniProgram().SendSignInCode(ctx, &miniprogramv1.SendCodeRequest{Phone: phone})
		require.NoError(t, err)
		in, err := guest.MiniProgram().SignIn(ctx, &miniprogramv1.SignInRequest{Phone: phone, Code: code.SandboxCode})
		require.NoError(t, err)
		return in.AccessToken, in.Member.Id
	}
	s.lin, s.linID = signIn(linPhone)
	s.fang, _ = signIn("19900000102")
	staff := func(login string) string {
		password := client.RequestID()
		_, err := s.operator.Store().SetStaffPassword(ctx, &storev1.SetStaffPasswordRequest{RequestId: client.RequestID(), Login: login, Password: password})
		require.NoError(t, err)
		in, err := s.operator.Store().SignInStaff(ctx, &storev1.SignInStaffRequest{Login: login, Password: password})
		require.NoError(t, err)
		return in.AccessToken
	}
	s.wuManager, s.guide = staff("s-nj-02-m1"), staff("s-hz-01-g1")
	device, err := s.operator.Store().RegisterDevice(ctx, &storev1.RegisterDeviceRequest{RequestId: client.RequestID(), StoreCode: "S-HZ-01", Name: "till"})
	require.NoError(t, err)
	s.device = device.Key
	s.channel, err = s.operator.Store().RegisterChannelAccount(ctx, &storev1.RegisterChannelAccountRequest{RequestId: client.RequestID(), Channel: "tmall", Name: "flagship", OrgCode: "HQ"})
	require.NoError(t, err)
	return s
}

// orderJSON is Lin's order of some pieces, with further fields.
func (s *shop) orderJSON(quantity int, more string) string {
	return fmt.Sprintf(`{"request_id":"$id","channel":"miniprogram","member_id":%q,"way":"PARCEL","receiver":{"name":"Lin","phone":%q,"address":"Hubin",
		"point":{"lat":30.2552,"lng":120.1631}},"lines":[{"sku":%q,"quantity":%d}]%s}`, s.linID, linPhone, soldSKU, quantity, more)
}

func (s *shop) place(t *testing.T, quantity int) *orderv1.OrderInfo {
	t.Helper()
	order := &orderv1.OrderInfo{}
	require.NoError(t, protojson.Unmarshal(s.do(t, "http", s.lin, "order.v1.Order/PlaceOrder", s.orderJSON(quantity, "")).ok(t).raw, order))
	return order
}

func (s *shop) order(t *testing.T, id string) *orderv1.OrderInfo {
	t.Helper()
	order, err := s.operator.Order().GetOrder(context.Background(), &orderv1.GetOrderRequest{OrderId: id})
	require.NoError(t, err)
	return order
}

// notify sends a notification of the payment provider, rightly signed.
func (s *shop) notify(t *testing.T, body string) told {
	t.Helper()
	at := strconv.FormatInt(time.Now().Unix(), 10)
	return s.raw(t, http.MethodPost, sandboxRoute, http.Header{"X-Sandbox-Timestamp": {at}, "X-Sandbox-Signature": {s.paymentMAC(at, body)}}, []byte(body))
}

func (s *shop) paymentMAC(at, body string) string {
	mac := hmac.New(sha256.New, s.keys.Key(secret.Sandbox))
	mac.Write([]byte(at + "." + body))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestBadInput(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole platform")
	}
	p := serve(t, t.TempDir(), "ONEPOOL_TRADE__RETURN_WINDOW_S=60", "ONEPOOL_LIMITS__CONCURRENCY=24", "FAILPOINT=order.place.final.before=sleep:400")
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	s := openShop(t, ctx, p)
	for name, rows := range map[string]func(*testing.T, *shop){
		"malformed": badMalformed, "fields": badFields, "pages": badPages, "conflicts": badConflicts, "credentials": badCredentials, "foreign objects": badForeign,
		"signatures": badSignatures, "payment callbacks": badCallbacks, "request ids": badRequestIDs, "overload": badOverload,
	} {
		t.Run(name, func(t *testing.T) { rows(t, s) })
	}
	require.Eventually(t, func() bool { return drained(t, p.data) }, 30*time.Second, 100*time.Millisecond)
	auditClean(t, s.operator)
	p.interrupt(t)
}

// rawFrame goes over gRPC as it is.
type rawFrame struct{}

func (rawFrame) Name() string { return "proto" }
func (rawFrame) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}
func (rawFrame) Unmarshal(mem.BufferSlice, any) error { return nil }

func badMalformed(t *testing.T, s *shop) {
	signed := http.Header{"Authorization": {"Bearer " + s.lin}}
	for name, c := range map[string]struct{ verb, path, body string }{
		"no JSON":                 {"POST", "/m/v1/cart/lines", `{"request_id":`},
		"another type":            {"POST", "/m/v1/cart/lines", `{"quantity":"many"}`},
		"fraction of an integer":  {"POST", "/m/v1/cart/lines", `{"quantity":1.5}`},
		"more after the end":      {"POST", "/m/v1/cart/lines", `{} {}`},
		"a field twice":           {"POST", "/m/v1/cart/lines", `{"sku":"A","sku":"B"}`},
		"unknown field":           {"POST", "/m/v1/cart/lines", `{"quantiti":1}`},
		"unknown enum name":       {"POST", "/m/v1/checkout", `{"way":"BY_DRONE"}`},
		"invalid UTF-8":           {"POST", "/m/v1/cart/lines", "{\"sku\":\"\xff\xfe\"}"},
		"half a surrogate":        {"POST", "/m/v1/cart/lines", `{"sku":"\ud800"}`},
		"nesting bomb of lists":   {"POST", "/m/v1/checkout", strings.Repeat("[", 200_000)},
		"nesting bomb of objects": {"POST", "/m/v1/checkout", strings.Repeat(`{"receiver":`, 50_000)},
		"unknown parameter":       {"GET", "/m/v1/orders?pagesize=3", ""},
		"parameter twice":         {"GET", "/m/v1/orders?page_size=3&page_size=4", ""},
		"unknown enum parameter":  {"GET", "/m/v1/orders?state=LOST", ""},
		"not an integer":          {"GET", "/m/v1/orders?page_size=3e9", ""},
		"infinity":                {"GET", "/m/v1/products?lat=Inf&lng=0", ""},
		"query not UTF-8":         {"GET", "/m/v1/products?text=%ff", ""},
		"path not UTF-8":          {"GET", "/m/v1/orders/%ff", ""},
		"malformed escape":        {"GET", "/m/v1/products?text=%zz", ""},
	} {
		t.Run(name, func(t *testing.T) { s.raw(t, c.verb, c.path, signed, []byte(c.body)).is(t, codec) })
	}
	form := http.Header{"Authorization": signed["Authorization"], "Content-Type": {"application/x-www-form-urlencoded"}}
	s.raw(t, http.MethodPost, "/m/v1/cart/lines", form, []byte("sku=A")).is(t, codec)
	s.raw(t, http.MethodPost, "/m/v1/cart/lines", signed, bytes.Repeat([]byte(" "), 1<<20+1)).is(t, tooLarge)
	s.raw(t, http.MethodPost, sandboxRoute, nil, bytes.Repeat([]byte(" "), 1<<20+1)).is(t, tooLarge)
	s.raw(t, http.MethodDelete, "/m/v1/cart", signed, nil).is(t, promise{405, 0, "METHOD_NOT_ALLOWED"})
	s.raw(t, http.MethodGet, "/m/v1/nothing/here", signed, nil).is(t, promise{404, 0, "NOT_FOUND"})

	md := metadata.Pairs(bearerOf(s.lin)...)
	for name, frame := range map[string][]byte{
		"random bytes":  []byte("\x0a\xff\xff\xff\xff\xff\xff"),
		"cut short":     {0x0a, 0x20, 'a'},
		"invalid UTF-8": {0x12, 0x02, 0xff, 0xfe},
		"nesting bomb":  bytes.Repeat([]byte{0x7b}, 500_000), // groups in groups
	} {
		t.Run("protobuf "+name, func(t *testing.T) {
			s.invoke(t, md, "frontend.miniprogram.v1.MiniProgram/SetCartLine", frame, nil, grpc.ForceCodecV2(rawFrame{})).is(t, codec)
		})
	}
	t.Run("protobuf too large", func(t *testing.T) {
		large := &miniprogramv1.SetMyCartLineRequest{Sku: strings.Repeat("x", 1<<20+1)}
		s.invoke(t, md, "frontend.miniprogram.v1.MiniProgram/SetCartLine", large, &orderv1.Cart{}).is(t, tooLarge)
	})
}

func badFields(t *testing.T, s *shop) {
	line := func(sku string, quantity int64) string {
		return fmt.Sprintf(`{"request_id":"$id","sku":%s,"quantity":"%d"}`, sku, quantity)
	}
	setLine, place := "frontend.miniprogram.v1.MiniProgram/SetCartLine", "order.v1.Order/PlaceOrder"
	channelOrder := func(paid, line1, line2, currency string) string {
		return fmt.Sprintf(`{"request_id":"$id","channel":"tmall","external_no":"E-$id","seller_org":"HQ","receiver":{"name":"a","address":"b"},"paid_at_us":"1","currency":%q,
			"paid_minor":"%s","lines":[{"sku":%q,"quantity":1,"paid_minor":"%s"},{"sku":%q,"quantity":1,"paid_minor":"%s"}]}`, currency, paid, soldSKU, line1, soldSKU, line2)
	}
	for name, c := range map[string]struct {
		token, method, body string
		want                promise
		field               string
	}{
		"quantity below 0":       {s.lin, setLine, line(`"A"`, -1), validator, "quantity"},
		"quantity above 10^6":    {s.lin, setLine, line(`"A"`, 1_000_001), validator, "quantity"},
		"quantity 0 ordered":     {s.lin, place, s.orderJSON(0, ""), validator, "lines[0].quantity"},
		"too much ordered":       {s.lin, place, s.orderJSON(1_000_001, ""), validator, "lines[0].quantity"},
		"nothing there":          {s.lin, setLine, line(`""`, 1), validator, "sku"},
		"NUL":                    {s.lin, setLine, line(`"A\u0000B"`, 1), validator, "sku"},
		"change of direction":    {s.lin, setLine, line(`"A\u202eB"`, 1), validator, "sku"},
		"isolated direction":     {s.lin, place, s.orderJSON(1, `,"remark":"\u2066"`), validator, "remark"},
		"request id too short":   {s.lin, setLine, `{"request_id":"1","sku":"A","quantity":1}`, validator, "request_id"},
		"enum not for this":      {s.lin, place, strings.Replace(s.orderJSON(1, ""), `"PARCEL"`, `"DELIVERY_WAY_UNSPECIFIED"`, 1), validator, "way"},
		"NUL in a path":          {s.lin, "order.v1.Order/GetOrder", `{"order_id":"ord_\u0000"}`, validator, "order_id"},
		"NUL in a parameter":     {"", "frontend.miniprogram.v1.MiniProgram/ListProducts", `{"text":"\u0000"}`, validator, "text"},
		"bad month":              {s.admin, "rebate.v1.Rebate/ListStatements", `{"period":"2026-13"}`, validator, "period"},
		"latitude above 90":      {"", "frontend.miniprogram.v1.MiniProgram/ListProducts", `{"lat":90.1,"lng":0}`, geoInvalid, ""},
		"longitude below -180":   {"", "frontend.miniprogram.v1.MiniProgram/GetProduct", `{"sku":"` + soldSKU + `","lat":0,"lng":-181}`, geoInvalid, ""},
		"latitude alone":         {"", "frontend.miniprogram.v1.MiniProgram/ListProducts", `{"lat":30}`, geoInvalid, "lat"},
		"receiver not on earth":  {s.lin, place, strings.Replace(s.orderJSON(1, ""), "30.2552", "230.2552", 1), geoInvalid, ""},
		"money overflow":         {s.admin, "order.v1.Order/ImportChannelOrder", channelOrder("9223372036854775807", "9223372036854775807", "9223372036854775807", "CNY"), amountInvalid, ""},
		"unknown currency":       {s.admin, "order.v1.Order/ImportChannelOrder", channelOrder("2", "1", "1", "ZZZ"), amountInvalid, ""},
		"sum of lines is not it": {s.admin, "order.v1.Order/ImportChannelOrder", channelOrder("3", "1", "1", "CNY"), validator, "paid_minor"},
	} {
		for _, via := range bothWays {
			t.Run(name+" over "+via, func(t *testing.T) {
				got := s.do(t, via, c.token, c.method, c.body)
				got.is(t, c.want)
				if c.field != "" {
					require.Equal(t, c.field, got.Metadata["field"])
				}
			})
		}
	}
	// Rows of an import fail one by one, each with its reason.
	row := func(more string) string {
		return `{"request_id":"$id","rows":[{"line":7,"code":"S-NEW-01","name":"new","ownership":"direct","org_code":"HQ","city":"x","province":"x","country":"CN","timezone":"Asia/Shanghai",
			"lat":30,"lng":120,"opens":"09:00","closes":"21:00","capabilities":"parcel"` + more + `}]}`
	}
	for name, c := range map[string]struct{ body, reason string }{
		"unknown time zone":     {strings.Replace(row(""), "Asia/Shanghai", "Mars/Olympus", 1), "TIME_INVALID"},
		"closes before opening": {strings.Replace(row(""), "21:00", "08:00", 1), "TIME_INVALID"},
		"not on earth":          {strings.Replace(row(""), `"lat":30`, `"lat":91`, 1), "GEO_INVALID"},
	} {
		for _, via := range bothWays {
			t.Run(name+" over "+via, func(t *testing.T) {
				got := s.do(t, via, s.admin, "store.v1.Store/ImportStores", c.body).ok(t)
				require.Contains(t, string(got.raw), c.reason)
				require.NotRegexp(t, leaks, string(got.raw))
			})
		}
	}
	for _, nasty := range []string{`'; DROP TABLE orders; --`, `" OR "1"="1`, `%_\\%`, `${jndi:x}`, `<script>1<`} {
		quoted, err := json.Marshal(nasty)
		require.NoError(t, err)
		for _, via := range bothWays {
			t.Run("SQL "+nasty+" over "+via, func(t *testing.T) {
				s.do(t, via, "", "frontend.miniprogram.v1.MiniProgram/ListProducts", `{"text":`+string(quoted)+`}`).ok(t)
				s.do(t, via, s.admin, "store.v1.Store/GetStore", `{"code":`+string(quoted)+`}`).is(t, promise{404, codes.NotFound, "STORE_UNKNOWN"}, nasty)
				s.do(t, via, s.lin, "order.v1.Order/GetOrder", `{"order_id":`+string(quoted)+`}`).is(t, orderUnknown, nasty)
				s.do(t, via, s.admin, "store.v1.Store/ListStores", `{"city":`+string(quoted)+`}`).ok(t)
			})
		}
	}
	placed := s.do(t, "http", s.lin, place, s.orderJSON(1, `,"remark":"'; DROP TABLE orders; --"`)).ok(t)
	require.Contains(t, string(placed.raw), "DROP TABLE", "stored as it is")
}

func badPages(t *testing.T, s *shop) {
	list := "store.v1.Store/ListStores"
	for _, via := range bothWays {
		t.Run(via, func(t *testing.T) {
			token := func(method, body string) string {
				var page struct {
					Next string `json:"next_page_token"`
				}
				require.NoError(t, json.Unmarshal(s.do(t, via, s.admin, method, body).ok(t).raw, &page))
				require.NotEmpty(t, page.Next)
				return page.Next
			}
			own := token(list, `{"page_size":2}`)
			s.do(t, via, s.admin, list, `{"page_size":2,"page_token":"`+own+`"}`).ok(t)
			for name, c := range map[string][2]string{
				"altered":               {list, `{"page_token":"` + own[:len(own)-2] + `AA"}`},
				"garbage":               {list, `{"page_token":"bm8gdG9rZW4"}`},
				"of another filter":     {list, `{"city":"x","page_token":"` + own + `"}`},
				"of another collection": {"store.v1.Store/ListStaff", `{"page_token":"` + own + `"}`},
				"of another center":     {"order.v1.Order/ListOrders", `{"page_token":"` + own + `"}`},
				"negative size":         {list, `{"page_size":-1}`},
			} {
				want := pageToken
				if name == "negative size" {
					want = validator
				}
				s.do(t, via, s.admin, c[0], c[1]).is(t, want)
			}
			// The same query of another caller is another query.
			s.do(t, via, s.wuManager, list, `{"page_token":"`+own+`"}`).is(t, pageToken)
			for method, rows := range map[string]string{"inventory.v1.Inventory/ListStock": "stock", "store.v1.Store/ListStaff": "staff"} {
				var page map[string]json.RawMessage
				require.NoError(t, json.Unmarshal(s.do(t, via, s.admin, method, `{"page_size":100000}`).ok(t).raw, &page))
				var got []json.RawMessage
				require.NoError(t, json.Unmarshal(page[rows], &got))
				require.Len(t, got, 200, method)
			}
		})
	}
}

func badOverload(t *testing.T, s *shop) {
	for _, via := range bothWays {
		t.Run(via, func(t *testing.T) {
			edges := make([]*stranger, 8) // a gRPC connection has as many streams as the server has slots
			for i := range edges {
				conn, err := grpc.NewClient(s.conn.Target(), grpc.WithTransportCredentials(insecure.NewCredentials()))
				require.NoError(t, err)
				defer conn.Close()
				edges[i] = &stranger{url: s.url, conn: conn}
			}
			// Who is fast enough sheds nobody: the crowd grows until it is too many.
			shed, served := 0, 0
			for size := 400; shed == 0 && size <= 12_800; size *= 2 {
				heard := make(chan told, size)
				var crowd sync.WaitGroup
				for i := range size {
					crowd.Go(func() {
						heard <- edges[i%len(edges)].do(t, via, "", "frontend.miniprogram.v1.MiniProgram/ListProducts", `{"page_size":200,"lat":30.2,"lng":120.1}`)
					})
				}
				crowd.Wait()
				close(heard)
				for a := range heard {
					if a.Reason == "" {
						served++
						continue
					}
					a.is(t, rateLimited)
					require.Equal(t, "1", a.retry, "Retry-After")
					shed++
				}
			}
			require.NotZero(t, shed)
			require.NotZero(t, served, "some are served")
			s.do(t, via, "", "frontend.miniprogram.v1.MiniProgram/ListProducts", `{"page_size":1}`).ok(t)
		})
	}
}

func badConflicts(t *testing.T, s *shop) {
	place := "order.v1.Order/PlaceOrder"
	for _, via := range bothWays {
		t.Run(via, func(t *testing.T) {
			got := s.do(t, via, s.lin, place, strings.Replace(s.orderJSON(1, ""), `"quantity":1`, `"quantity":1,"unit_price_minor":"1"`, 1))
			got.is(t, priceChanged)
			require.Equal(t, strconv.Itoa(soldMinor), got.Metadata["price_minor"])
			require.Equal(t, soldSKU, got.Metadata["sku"])
			got = s.do(t, via, s.lin, place, s.orderJSON(2, `,"to_pay_minor":"1"`))
			got.is(t, priceChanged)
			require.Equal(t, strconv.Itoa(2*soldMinor), got.Metadata["total_minor"])

			got = s.do(t, via, s.lin, place, s.orderJSON(1_000_000, ""))
			got.is(t, noStock)
			left, err := strconv.ParseInt(got.Metadata["left"], 10, 64)
			require.NoError(t, err)
			require.Positive(t, left)
			require.Equal(t, soldSKU, got.Metadata["sku"])
			require.Equal(t, "1000000", got.Metadata["wanted"])

			got = s.do(t, via, s.lin, place, s.orderJSON(1, `,"points":"9000"`))
			got.is(t, noPoints)
			require.Equal(t, "900", got.Metadata["left"], "Lin's points, none of them frozen by what was refused")
		})
	}
	id := s.paid(t, 2)
	order := s.order(t, id)
	for _, f := range order.Fulfilments {
		s.do(t, "http", s.admin, "order.v1.Order/AcceptFulfilment", `{"request_id":"$id","fulfilment_id":"`+f.Id+`"}`).ok(t)
		s.do(t, "http", s.admin, "order.v1.Order/ShipFulfilment", `{"request_id":"$id","fulfilment_id":"`+f.Id+`","carrier":"SF","tracking_no":"1"}`).ok(t)
	}
	back := func(quantity int) string {
		return fmt.Sprintf(`{"request_id":"$id","order_id":%q,"reason":"dented","lines":[{"line_id":%q,"quantity":%d}]}`, id, order.Lines[0].LineId, quantity)
	}
	for _, via := range bothWays {
		got := s.do(t, via, s.admin, "order.v1.Order/CreateReturn", back(3))
		got.is(t, refundExceeds)
		require.Equal(t, "2", got.Metadata["left"])
	}
	s.do(t, "http", s.admin, "order.v1.Order/CreateReturn", back(1)).ok(t)
	got := s.do(t, "grpc", s.admin, "order.v1.Order/CreateReturn", back(2))
	got.is(t, refundExceeds)
	require.Equal(t, "1", got.Metadata["left"], "an open return counts")
}

func badRequestIDs(t *testing.T, s *shop) {
	for _, via := range bothWays {
		id := client.RequestID()
		set := "frontend.miniprogram.v1.MiniProgram/SetCartLine"
		body := func(quantity int) string {
			return fmt.Sprintf(`{"request_id":%q,"sku":%q,"quantity":%d}`, id, soldSKU, quantity)
		}
		s.do(t, via, s.lin, set, body(1)).ok(t)
		s.do(t, via, s.lin, set, body(1)).ok(t)
		s.do(t, via, s.lin, set, body(2)).is(t, idReused)
		s.do(t, via, s.fang, set, body(2)).ok(t) // another caller's id is another id

		place := strings.ReplaceAll(s.orderJSON(1, ""), "$id", client.RequestID())
		first := make(chan told, 1)
		go func() { first <- s.do(t, via, s.lin, "order.v1.Order/PlaceOrder", place) }()
		running := 0
		var done told
		for done.raw == nil {
			select {
			case done = <-first:
			case <-time.After(50 * time.Millisecond):
				if got := s.do(t, via, s.lin, "order.v1.Order/PlaceOrder", place); got.Reason != "" {
					got.is(t, inProgress)
					require.Equal(t, "1", got.retry)
					running++
				}
			}
		}
		require.NotZero(t, running, "the fail point slows the first one down")
		done.ok(t)
		require.JSONEq(t, string(done.raw), string(s.do(t, via, s.lin, "order.v1.Order/PlaceOrder", place).ok(t).raw), "one told")
		s.do(t, via, s.lin, "order.v1.Order/PlaceOrder", strings.Replace(place, `"Hubin"`, `"Wulin"`, 1)).is(t, idReused)
	}
}

// recorded counts what the order center has noted about a payment that did not match.
func (s *shop) recorded(t *testing.T, paymentID string) (n int) {
	t.Helper()
	askSQLite(t, s.data, "order", &n, "SELECT COUNT(*) FROM audit_log WHERE action = 'order.payment.mismatch' AND subject = '"+paymentID+"'")
	return n
}

// drained says whether every message was delivered and every distributed command is decided.
func drained(t *testing.T, data string) bool {
	t.Helper()
	for _, center := range process.Centers {
		var open int
		askSQLite(t, data, center, &open, "SELECT (SELECT COUNT(*) FROM outbox WHERE done_us = 0) + (SELECT COUNT(*) FROM intents WHERE answer IS NULL AND refusal IS NULL)")
		if open > 0 {
			return false
		}
	}
	return true
}

func askSQLite(t *testing.T, data, center string, to *int, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, center+".db")+"?mode=ro&_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRow(query).Scan(to))
}
