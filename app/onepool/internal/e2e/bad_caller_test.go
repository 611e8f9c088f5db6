package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/secret"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

func badCredentials(t *testing.T, s *shop) {
	token := func(keys []byte, at time.Time, p tenancy.Principal) string {
		issuer, err := authn.NewTokens(keys, func() time.Time { return at })
		require.NoError(t, err)
		text, _, err := issuer.Issue(p, time.Hour)
		require.NoError(t, err)
		return text
	}
	own, someone := s.keys.Key(secret.Tokens), tenancy.Principal{Kind: tenancy.Member, ID: s.linID, Member: s.linID, Org: "HQ"}
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(s.lin, claims)
	require.NoError(t, err)
	signed := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		c := jwt.MapClaims{}
		for name, value := range claims {
			c[name] = value
		}
		change(c)
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		require.NoError(t, err)
		return text
	}
	unchanged := func(jwt.MapClaims) {}
	internal, err := authn.NewTokens(own, nil)
	require.NoError(t, err)
	propagated, err := internal.IssueInternal("order", someone)
	require.NoError(t, err)
	payload := strings.Split(s.lin, ".")
	require.Len(t, payload, 3)
	promoted, err := base64.RawURLEncoding.DecodeString(payload[1])
	require.NoError(t, err)
	payload[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(promoted, []byte(`"member"`), []byte(`"hq"`), 1))
	var bodies []string
	for name, token := range map[string]string{
		"missing":             "",
		"nonsense":            "x",
		"unsigned":            signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, unchanged),
		"wrong algorithm":     signed(jwt.SigningMethodHS512, own, unchanged),
		"wrong key":           token(bytes.Repeat([]byte{7}, 32), time.Now(), someone),
		"key of another use":  token(s.keys.Key(secret.Pages), time.Now(), someone),
		"expired":             token(own, time.Now().Add(-2*time.Hour), someone),
		"other audience":      signed(jwt.SigningMethodHS256, own, func(c jwt.MapClaims) { c["aud"] = "other" }),
		"no audience":         signed(jwt.SigningMethodHS256, own, func(c jwt.MapClaims) { delete(c, "aud") }),
		"without an end":      signed(jwt.SigningMethodHS256, own, func(c jwt.MapClaims) { delete(c, "exp") }),
		"altered":             strings.Join(payload, "."),
		"internal as public":  propagated,
		"unknown key":         "opk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"a signature's key":   s.channel.Secret,
		"longer than allowed": strings.Repeat("a", 16<<10),
	} {
		for _, via := range bothWays {
			t.Run(name+" over "+via, func(t *testing.T) {
				got := s.do(t, via, token, "frontend.miniprogram.v1.MiniProgram/GetMe", `{}`)
				got.is(t, unauthenticated)
				bodies = append(bodies, got.Message)
			})
		}
	}
	for _, body := range bodies {
		require.Equal(t, bodies[0], body, "what is wrong must not be told")
	}
	s.do(t, "http", token(own, time.Now(), someone), "frontend.miniprogram.v1.MiniProgram/GetMe", `{}`).ok(t) // the tests above are wrong in one thing each
	two := http.Header{"Authorization": {"Bearer " + s.lin, "Bearer " + s.admin}}
	s.raw(t, http.MethodGet, "/m/v1/me", two, nil).is(t, unauthenticated)
	s.raw(t, http.MethodGet, "/m/v1/me", http.Header{"Authorization": {"Basic YTpi"}}, nil).is(t, unauthenticated)
	// Strangers learn nothing about the form of requests.
	s.raw(t, http.MethodPost, "/m/v1/cart/lines", nil, []byte(`{"quantiti":`)).is(t, unauthenticated)
	s.do(t, "http", "", "store.v1.Store/SignInStaff", `{"login":"nobody","password":"wrong-password"}`).is(t, unauthenticated)

	for name, c := range map[string]struct{ token, method, body string }{
		"a member imports goods":      {s.lin, "product.v1.Product/ImportProducts", `{"request_id":"$id","rows":[{"sku":"A"}]}`},
		"a guide receives stock":      {s.guide, "inventory.v1.Inventory/ReceiveStock", `{"request_id":"$id","document":"d","lines":[{"location":"S-HZ-01","sku":"` + soldSKU + `","quantity":1}]}`},
		"a guide registers a till":    {s.guide, "store.v1.Store/RegisterDevice", `{"request_id":"$id","store_code":"S-HZ-01","name":"n"}`},
		"a guide closes the month":    {s.guide, "rebate.v1.Rebate/CloseStatements", `{"request_id":"$id","period":"2020-01"}`},
		"a manager sets the policy":   {s.wuManager, "rebate.v1.Rebate/PutPolicy", `{"request_id":"$id","code":"A","name":"A","shares":[{"role":"GUIDE","rate_bp":1}]}`},
		"a manager audits":            {s.wuManager, "frontend.console.v1.Console/CheckInvariants", `{}`},
		"a till shops as a member":    {s.device, "frontend.miniprogram.v1.MiniProgram/GetMe", `{}`},
		"a member sells at a till":    {s.lin, "frontend.pos.v1.Pos/Scan", `{"barcode":"` + soldBarcode + `"}`},
		"headquarters as a connector": {s.admin, "frontend.ecommerce.v1.Ecommerce/GetStock", `{"skus":["A"]}`},
		"a member holds stock":        {s.lin, "inventory.v1.Inventory/Hold", `{"request_id":"$id","document":"d","channel":"miniprogram","seller_org":"HQ","way":"PARCEL","lines":[{"line_id":"1","sku":"A","quantity":1}]}`},
	} {
		for _, via := range bothWays {
			t.Run(name+" over "+via, func(t *testing.T) { s.do(t, via, c.token, c.method, c.body).is(t, forbidden) })
		}
	}
}

// badForeign: others' objects look like what does not exist, to the byte.
func badForeign(t *testing.T, s *shop) {
	order := s.order(t, s.paid(t, 1))
	require.NotEmpty(t, order.Fulfilments)
	const nobody = "ord_aaaaaaaaaaaaaaaaaaaaaaaaaa"
	payment := s.payment(t, s.place(t, 1).Id)
	for name, c := range map[string]struct {
		token, method, body, id string
		want                    promise
	}{
		"a member reads":           {s.fang, "frontend.miniprogram.v1.MiniProgram/GetOrder", `{"order_id":"%s"}`, order.Id, orderUnknown},
		"a member cancels":         {s.fang, "frontend.miniprogram.v1.MiniProgram/CancelOrder", `{"request_id":"$id","order_id":"%s","reason":"r"}`, order.Id, orderUnknown},
		"a member pays":            {s.fang, "frontend.miniprogram.v1.MiniProgram/PayOrder", `{"request_id":"$id","order_id":"%s","provider":"sandbox"}`, order.Id, orderUnknown},
		"a member pays a payment":  {s.fang, "order.v1.Order/PayInSandbox", `{"payment_id":"%s"}`, payment.Id, promise{404, codes.NotFound, "PAYMENT_UNKNOWN"}},
		"a member returns":         {s.fang, "frontend.miniprogram.v1.MiniProgram/RequestReturn", `{"request_id":"$id","order_id":"%s","reason":"r","lines":[{"line_id":"1","quantity":1}]}`, order.Id, orderUnknown},
		"a member receives":        {s.fang, "frontend.miniprogram.v1.MiniProgram/ConfirmReceipt", `{"request_id":"$id","fulfilment_id":"%s"}`, order.Fulfilments[0].Id, notFound},
		"a member reads points":    {s.fang, "member.v1.Member/GetPoints", `{"member_id":"%s"}`, s.linID, promise{404, codes.NotFound, "MEMBER_UNKNOWN"}},
		"a member reads a member":  {s.fang, "member.v1.Member/GetMember", `{"member_id":"%s"}`, s.linID, promise{404, codes.NotFound, "MEMBER_UNKNOWN"}},
		"a member reads a cart":    {s.fang, "order.v1.Order/GetCart", `{"member_id":"%s"}`, s.linID, notFound},
		"another franchisee reads": {s.wuManager, "order.v1.Order/GetOrder", `{"order_id":"%s"}`, order.Id, orderUnknown},
		"another store ships":      {s.wuManager, "order.v1.Order/ShipFulfilment", `{"request_id":"$id","fulfilment_id":"%s","carrier":"SF","tracking_no":"1"}`, order.Fulfilments[0].Id, notFound},
		"another's store":          {s.wuManager, "store.v1.Store/GetStore", `{"code":"%s"}`, "S-SH-06", promise{404, codes.NotFound, "STORE_UNKNOWN"}},
		"a till reads":             {s.device, "frontend.pos.v1.Pos/GetSale", `{"order_id":"%s"}`, order.Id, orderUnknown},
	} {
		for _, via := range bothWays {
			t.Run(name+" over "+via, func(t *testing.T) {
				theirs := s.do(t, via, c.token, c.method, fmt.Sprintf(c.body, c.id))
				theirs.is(t, c.want)
				none := s.do(t, via, c.token, c.method, fmt.Sprintf(c.body, nobody))
				require.Equal(t, strings.ReplaceAll(string(none.raw), nobody, c.id), string(theirs.raw))
			})
		}
	}
	require.Equal(t, orderv1.OrderState_PAID, s.order(t, order.Id).State)
}

func badSignatures(t *testing.T, s *shop) {
	body := fmt.Sprintf(`{"external_no":"X-%s","currency":"CNY","paid_at_us":"1","paid_minor":"%d","receiver":{"name":"a","address":"b"},"lines":[{"sku":%q,"quantity":1,"paid_minor":"%d"}]}`,
		client.RequestID()[:12], soldMinor, soldSKU, soldMinor)
	const path = "/channel/v1/orders"
	post := func(at time.Time, nonce, key, signedBody, sentBody, sentPath string) told {
		stamp := strconv.FormatInt(at.Unix(), 10)
		hash := sha256.Sum256([]byte(signedBody))
		mac := hmac.New(sha256.New, []byte(key))
		fmt.Fprintf(mac, "POST\n%s\n%s\n%s\n%s", path, stamp, nonce, hex.EncodeToString(hash[:]))
		return s.raw(t, http.MethodPost, sentPath, http.Header{"X-Onepool-Key-Id": {s.channel.KeyId}, "X-Onepool-Timestamp": {stamp},
			"X-Onepool-Nonce": {nonce}, "X-Onepool-Signature": {hex.EncodeToString(mac.Sum(nil))}}, []byte(sentBody))
	}
	now, key := time.Now(), s.channel.Secret
	post(now, client.RequestID(), "another secret", body, body, path).is(t, badSignature)
	post(now, client.RequestID(), key, body, body+" ", path).is(t, badSignature)
	post(now, client.RequestID(), key, body, body, path+"?x=1").is(t, badSignature)
	post(now.Add(-6*time.Minute), client.RequestID(), key, body, body, path).is(t, badSignature)
	post(now.Add(6*time.Minute), client.RequestID(), key, body, body, path).is(t, badSignature)
	post(now, "short", key, body, body, path).is(t, badSignature)
	nonce := client.RequestID()
	post(now, nonce, key, body, body, path).ok(t)
	post(now, nonce, key, body, body, path).is(t, replayed)
	post(now, client.RequestID(), key, body, body, path).ok(t)
	other := strings.Replace(body, `"quantity":1`, `"quantity":2`, 1)
	post(now, client.RequestID(), key, other, other, path).is(t, promise{409, 0, "STATE_CONFLICT"})
	post(now, client.RequestID(), key, `{"externalno":1}`, `{"externalno":1}`, path).is(t, codec)
	// Over gRPC nothing is signed: there are no raw bytes that both sides agree on.
	s.invoke(t, metadata.Pairs("x-onepool-key-id", s.channel.KeyId, "x-onepool-timestamp", strconv.FormatInt(now.Unix(), 10), "x-onepool-nonce", client.RequestID(),
		"x-onepool-signature", strings.Repeat("0", 64)), "frontend.ecommerce.v1.Ecommerce/GetStock", &orderv1.GetOrderRequest{OrderId: "A"}, &orderv1.OrderInfo{}).is(t, badSignature)

	notice, at := `{"notification_id":"n"}`, strconv.FormatInt(now.Unix(), 10)
	for _, header := range []http.Header{
		nil,
		{"X-Sandbox-Timestamp": {at}, "X-Sandbox-Signature": {strings.Repeat("0", 64)}},
		{"X-Sandbox-Timestamp": {at}, "X-Sandbox-Signature": {s.paymentMAC(at, notice+" ")}},
		{"X-Sandbox-Timestamp": {"1"}, "X-Sandbox-Signature": {s.paymentMAC("1", notice)}},
	} {
		s.raw(t, http.MethodPost, sandboxRoute, header, []byte(notice)).is(t, badSignature)
	}
}

// payment opens the payment of an order.
func (s *shop) payment(t *testing.T, orderID string) *orderv1.Payment {
	t.Helper()
	payment := &orderv1.Payment{}
	require.NoError(t, protojson.Unmarshal(s.do(t, "http", s.lin, "frontend.miniprogram.v1.MiniProgram/PayOrder",
		`{"request_id":"$id","order_id":"`+orderID+`","provider":"sandbox"}`).ok(t).raw, payment))
	return payment
}

func notification(p *orderv1.Payment, transaction string, change func(map[string]any)) string {
	n := map[string]any{"notification_id": client.RequestID(), "payment_id": p.Id, "transaction_no": transaction, "amount_minor": p.Amount.AmountMinor,
		"currency": p.Amount.Currency, "payee": p.Payee, "status": "PAID"}
	if change != nil {
		change(n)
	}
	raw, _ := json.Marshal(n) // texts and numbers cannot fail
	return string(raw)
}

func (s *shop) paid(t *testing.T, quantity int) (orderID string) {
	t.Helper()
	order := s.place(t, quantity)
	s.notify(t, notification(s.payment(t, order.Id), "T"+client.RequestID(), nil)).ok(t)
	require.Equal(t, orderv1.OrderState_PAID, s.order(t, order.Id).State)
	return order.Id
}

func badCallbacks(t *testing.T, s *shop) {
	mismatch := promise{400, 0, "AMOUNT_MISMATCH"}
	order := s.place(t, 1)
	payment := s.payment(t, order.Id)
	for name, change := range map[string]func(map[string]any){
		"other amount":   func(n map[string]any) { n["amount_minor"] = payment.Amount.AmountMinor - 1 },
		"other currency": func(n map[string]any) { n["currency"] = "USD" },
		"other payee":    func(n map[string]any) { n["payee"] = "m-somebody" },
	} {
		t.Run(name, func(t *testing.T) {
			before, version := s.recorded(t, payment.Id), s.order(t, order.Id).Version
			s.notify(t, notification(payment, "T"+client.RequestID(), change)).is(t, mismatch)
			require.Equal(t, before+1, s.recorded(t, payment.Id), "it is recorded")
			now := s.order(t, order.Id)
			require.Equal(t, orderv1.OrderState_UNPAID, now.State)
			require.Equal(t, version, now.Version, "and nothing changed")
		})
	}
	for _, body := range []string{`{`, `[]`, `{"unknown":1}`, `{"payment_id":"x","transaction_no":"t","status":"LOST"}`, strings.Repeat("[", 30_000)} {
		got := s.notify(t, body)
		require.Equal(t, 400, got.status, string(got.raw))
		require.NotRegexp(t, leaks, string(got.raw))
	}
	s.notify(t, notification(&orderv1.Payment{Id: "pay_aaaaaaaaaaaaaaaaaaaaaaaaaa", Amount: order.Total}, "T1", nil)).is(t, promise{404, 0, "PAYMENT_UNKNOWN"})

	// The same transaction, in a new notification and at the same time: one effect.
	transaction := "T" + client.RequestID()
	var crowd sync.WaitGroup
	for range 5 {
		crowd.Go(func() { s.notify(t, notification(payment, transaction, nil)) })
	}
	crowd.Wait()
	s.notify(t, notification(payment, transaction, nil)).ok(t)
	now := s.order(t, order.Id)
	require.Equal(t, orderv1.OrderState_PAID, now.State)
	require.Equal(t, now.Total.AmountMinor, now.Paid.AmountMinor)
	require.Zero(t, now.Refunded.AmountMinor)
	// That transaction paid this order and no other.
	next := s.place(t, 1)
	s.notify(t, notification(s.payment(t, next.Id), transaction, nil)).is(t, mismatch)
	require.Equal(t, orderv1.OrderState_UNPAID, s.order(t, next.Id).State)

	// Money that comes after the order was closed goes back by itself.
	late := s.payment(t, next.Id)
	s.do(t, "http", s.lin, "frontend.miniprogram.v1.MiniProgram/CancelOrder", `{"request_id":"$id","order_id":"`+next.Id+`","reason":"no"}`).ok(t)
	for range 2 {
		s.notify(t, notification(late, "L"+transaction, nil)).ok(t)
	}
	require.Eventually(t, func() bool { return s.order(t, next.Id).Refunded.AmountMinor == late.Amount.AmountMinor }, 20*time.Second, 100*time.Millisecond, "captured, then refunded")
	closed := s.order(t, next.Id)
	require.Equal(t, orderv1.OrderState_CANCELLED, closed.State)
	require.Equal(t, closed.Refunded.AmountMinor, closed.Paid.AmountMinor, "all that came went back")
	// A second transaction for what is paid already goes back too.
	s.notify(t, notification(payment, "S"+transaction, nil)).ok(t)
	require.Eventually(t, func() bool { return s.order(t, order.Id).Refunded.AmountMinor == payment.Amount.AmountMinor }, 20*time.Second, 100*time.Millisecond)
	require.Equal(t, orderv1.OrderState_PAID, s.order(t, order.Id).State)
}
