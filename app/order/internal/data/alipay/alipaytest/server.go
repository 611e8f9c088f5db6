// Package alipaytest is Alipay on this machine, for tests: a gateway that verifies its askers and signs its answers and
// notifications as the real one does (RSA2), and that can be told to misbehave.
package alipaytest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onepool/onepool/app/order/internal/data/alipay"
)

// Fault is what goes wrong with an answer.
type Fault int

// The faults.
const (
	Fine        Fault = iota
	Down              // 500, without effect
	Busy              // 20000, signed, without effect
	Lost              // the effect is there, the connection breaks before the answer
	Unsigned          // a signature that somebody else made
	NoSignature       // none
	WrongAmount       // a query says 0.01 more
)

// Methods that can be asked.
const (
	Create      = "alipay.trade.create"
	PreCreate   = "alipay.trade.precreate"
	Query       = "alipay.trade.query"
	Close       = "alipay.trade.close"
	Refund      = "alipay.trade.refund"
	QueryRefund = "alipay.trade.fastpay.refund.query"
)

var beijing = time.FixedZone("CST", 8*3600)

const timeForm = "2006-01-02 15:04:05"

type trade struct {
	appID, no, status, total string
	cents, refunded          int64
	// code: nobody has scanned it, so there is no trade.
	code bool
	paid bool
}

type refund struct {
	tradeNo, amount string
}

type app struct {
	account, sellerID string
	key               *rsa.PrivateKey
}

// Server is Alipay.
type Server struct {
	t       testing.TB
	http    *httptest.Server
	key     *rsa.PrivateKey
	mu      sync.Mutex
	apps    map[string]app
	trades  map[string]*trade // by out_trade_no
	refunds map[string]refund // by trade_no and out_request_no
	faults  map[string][]Fault
	asked   map[string]int
	refusal string
	slow    bool
	count   int
}

var (
	keysOnce sync.Once
	keys     [3]*rsa.PrivateKey
	keysErr  error
)

// New starts a server with two merchants: 2021000000000001 of acct-hq, 2021000000000002 of acct-fra.
func New(t testing.TB) *Server {
	keysOnce.Do(func() {
		for i := range keys {
			if keys[i], keysErr = rsa.GenerateKey(rand.Reader, 2048); keysErr != nil {
				return
			}
		}
	})
	if keysErr != nil {
		t.Fatal(keysErr)
	}
	s := &Server{
		t: t, key: keys[0], trades: map[string]*trade{}, refunds: map[string]refund{}, faults: map[string][]Fault{}, asked: map[string]int{},
		apps: map[string]app{
			"2021000000000001": {"acct-hq", "2088000000000001", keys[1]}, "2021000000000002": {"acct-fra", "2088000000000002", keys[2]},
		},
	}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.http.Close)
	return s
}

// Accounts configure the merchants: one with keys in PEM, one as Alipay's tools write them.
func (s *Server) Accounts() []alipay.Account {
	private, err := x509.MarshalPKCS8PrivateKey(keys[1])
	if err != nil {
		s.t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	return []alipay.Account{
		{
			Account: "acct-hq", AppID: "2021000000000001", SellerID: "2088000000000001", PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
			PublicKey: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		},
		{
			Account: "acct-fra", AppID: "2021000000000002", SellerID: "2088000000000002", PrivateKey: []byte(base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(keys[2])) + "\n"),
			PublicKey: []byte(base64.StdEncoding.EncodeToString(public)),
		},
	}
}

// OwnPublicKey is the public key of the first app, where Alipay's should stand. A server must have been started.
func OwnPublicKey(t testing.TB) []byte {
	raw, err := x509.MarshalPKIXPublicKey(&keys[1].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw})
}

// RoundTrip sends what is meant for Alipay to the server.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "openapi.alipay.com" || r.URL.Scheme != "https" {
		return nil, fmt.Errorf("alipaytest: a request for %s", r.URL.Host)
	}
	local := r.Clone(r.Context())
	at, err := url.Parse(s.http.URL)
	if err != nil {
		return nil, err
	}
	local.URL.Scheme, local.URL.Host = at.Scheme, at.Host
	return http.DefaultTransport.RoundTrip(local)
}

// Misbehave has the next answers of a method go wrong, one after the other.
func (s *Server) Misbehave(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], faults...)
}

// Asked is how often a method was called.
func (s *Server) Asked(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[method]
}

// Refuse has new refunds refused with a sub code, until it is empty.
func (s *Server) Refuse(subCode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = subCode
}

// Slow has new refunds under way: they are not seen until they are asked for again.
func (s *Server) Slow(slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = slow
}

// Pay is the buyer paying, or scanning a code and paying.
func (s *Server) Pay(outTradeNo string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.trades[outTradeNo]
	if t == nil || t.status != "WAIT_BUYER_PAY" {
		return errors.New("alipaytest: nothing to pay under this number")
	}
	t.status, t.code, t.paid = "TRADE_SUCCESS", false, true
	return nil
}

// Refunded is what was paid back of a trade, in fen.
func (s *Server) Refunded(outTradeNo string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.trades[outTradeNo]; t != nil {
		return t.refunded
	}
	return 0
}

func sign(t testing.TB, key *rsa.PrivateKey, message []byte) string {
	sum := sha256.Sum256(message)
	raw, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Error(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// message is what is signed of a form: its pairs in order, without those named.
func message(values url.Values, without ...string) []byte {
	var pairs []string
	for k := range values {
		skip := false
		for _, w := range without {
			skip = skip || k == w
		}
		if !skip {
			pairs = append(pairs, k+"="+values.Get(k))
		}
	}
	sort.Strings(pairs)
	return []byte(strings.Join(pairs, "&"))
}

// Notice is a notification of a trade, sent and signed at that time.
func (s *Server) Notice(outTradeNo string, at time.Time) (http.Header, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.trades[outTradeNo]
	if t == nil { // of somebody else's order
		t = &trade{appID: "2021000000000001", no: "2027000000000000", status: "TRADE_SUCCESS", total: "0.01"}
	}
	return s.notice(t, outTradeNo, at, url.Values{})
}

// RefundNotice is a notification of a refund.
func (s *Server) RefundNotice(outTradeNo, outRequestNo string, at time.Time) (http.Header, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.trades[outTradeNo]
	return s.notice(t, outTradeNo, at, url.Values{"out_biz_no": {outRequestNo}, "gmt_refund": {at.In(beijing).Format(timeForm) + ".123"}, "refund_fee": {yuan(t.refunded)}})
}

func (s *Server) notice(t *trade, outTradeNo string, at time.Time, values url.Values) (http.Header, []byte) {
	for k, v := range map[string]string{
		"notify_time": at.In(beijing).Format(timeForm), "notify_type": "trade_status_sync", "notify_id": rand.Text(), "app_id": t.appID, "charset": "utf-8",
		"version": "1.0", "sign_type": "RSA2", "trade_no": t.no, "out_trade_no": outTradeNo, "seller_id": s.apps[t.appID].sellerID, "trade_status": t.status,
		"total_amount": t.total, "receipt_amount": t.total, "subject": "茶", "fund_bill_list": `[{"amount":"` + t.total + `","fundChannel":"ALIPAYACCOUNT"}]`,
	} {
		values.Set(k, v)
	}
	values.Set("sign", sign(s.t, s.key, message(values, "sign", "sign_type")))
	return http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}, []byte(values.Encode())
}

// answer is a business answer.
type answer map[string]any

func refused(subCode, subMessage string) answer {
	return answer{"code": "40004", "msg": "Business Failed", "sub_code": subCode, "sub_msg": subMessage}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		return
	}
	method := r.PostForm.Get("method")
	s.mu.Lock()
	s.asked[method]++
	fault := Fine
	if queue := s.faults[method]; len(queue) > 0 {
		fault, s.faults[method] = queue[0], queue[1:]
	}
	var a answer
	bad := s.authorized(r.PostForm)
	switch {
	case bad != nil:
		a, fault = answer{"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature", "sub_msg": bad.Error()}, NoSignature
	case fault == Busy:
		a = answer{"code": "20000", "msg": "Service Currently Unavailable", "sub_code": "isp.unknow-error", "sub_msg": "系统繁忙"}
	case fault != Down:
		a = s.decide(method, r.PostForm, fault)
	}
	s.mu.Unlock()
	switch fault {
	case Lost:
		panic(http.ErrAbortHandler)
	case Down:
		http.Error(w, "<html>502</html>", http.StatusInternalServerError)
		return
	}
	s.write(w, method, a, fault)
}

func (s *Server) write(w http.ResponseWriter, method string, a answer, fault Fault) {
	raw, err := json.Marshal(a)
	if err != nil {
		s.t.Error(err)
	}
	key := s.key
	if fault == Unsigned {
		key = keys[1]
	}
	signature := `,"sign":"` + sign(s.t, key, raw) + `"`
	if fault == NoSignature {
		signature = ""
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	_, _ = io.WriteString(w, `{"`+strings.ReplaceAll(method, ".", "_")+`_response":`+string(raw)+signature+"}")
}

// authorized verifies who asks: the app's signature over all parameters, and the time.
func (s *Server) authorized(form url.Values) error {
	a, known := s.apps[form.Get("app_id")]
	at, err := time.ParseInLocation(timeForm, form.Get("timestamp"), beijing)
	switch {
	case !known || form.Get("sign_type") != "RSA2" || form.Get("charset") != "utf-8" || form.Get("version") != "1.0":
		return errors.New("app or form")
	case err != nil || time.Since(at).Abs() > 15*time.Minute:
		return errors.New("timestamp")
	}
	signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(message(form, "sign"))
	return rsa.VerifyPKCS1v15(&a.key.PublicKey, crypto.SHA256, sum[:], signature)
}

// yuan writes fen as Alipay does.
func yuan(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// fen reads yuan as Alipay does; 0 if it is none.
func fen(text string) int64 {
	whole, part, found := strings.Cut(text, ".")
	if !found || len(part) != 2 {
		return 0
	}
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
