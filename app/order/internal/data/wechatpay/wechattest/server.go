// Package wechattest is WeChat Pay on this machine, for tests: a server that speaks its API v3 as the real one does, with
// signatures both ways and encrypted notifications, and that can be told to misbehave.
package wechattest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
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
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onepool/onepool/app/order/internal/data/wechatpay"
)

// Fault is what goes wrong with an answer.
type Fault int

// The faults.
const (
	Fine          Fault = iota
	Down                // 500, without effect
	Lost                // the effect is there, the connection breaks before the answer
	Unsigned            // an answer that somebody else has signed
	Old                 // an answer that was signed an hour ago
	WrongAmount         // a query says one fen more
	WrongMerchant       // a query says another merchant
)

// Names of what can be asked.
const (
	Prepay      = "prepay"
	Query       = "query"
	Close       = "close"
	Refund      = "refund"
	QueryRefund = "query refund"
)

const (
	publicKeyID = "PUB_KEY_ID_0114232134912410000000000000"
	transaction = "4200001234202711270000000000"
)

type order struct {
	mchID, openID, state, transactionID string
	total, refunded                     int64
	notifyURL                           string
}

type refund struct {
	number, id, transactionID, outTradeNo, status string
	amount, total                                 int64
}

type shop struct {
	account string
	key     *rsa.PrivateKey
	serial  string
	apiKey  []byte
	appID   string
}

// Server is WeChat Pay.
type Server struct {
	t        testing.TB
	http     *httptest.Server
	key      *rsa.PrivateKey
	mu       sync.Mutex
	shops    map[string]*shop // by mch_id
	orders   map[string]*order
	refunds  map[string]*refund
	nonces   map[string]bool
	faults   map[string][]Fault
	asked    map[string]int
	count    int
	verdicts map[string]string
	settled  string
	serial   string // of what it signs with
}

var (
	keysOnce sync.Once
	keys     [3]*rsa.PrivateKey
	keysErr  error
)

// testKeys are made once a process: they take their time.
func testKeys(t testing.TB) [3]*rsa.PrivateKey {
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
	return keys
}

// New starts a server with two merchants: 1900000001 of acct-hq, 1900000002 of acct-fra.
func New(t testing.TB) *Server {
	all := testKeys(t)
	s := &Server{
		t: t, key: all[0], orders: map[string]*order{}, refunds: map[string]*refund{}, nonces: map[string]bool{}, faults: map[string][]Fault{}, asked: map[string]int{},
		settled: "SUCCESS", serial: publicKeyID, verdicts: map[string]string{},
		shops: map[string]*shop{
			"1900000001": {account: "acct-hq", key: all[1], serial: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", apiKey: []byte("0123456789abcdef0123456789ABCDEF"), appID: "wx8888888888888801"},
			"1900000002": {account: "acct-fra", key: all[2], serial: "6157F09EFDC096DE15EBE81A47057A7232F1B8E2", apiKey: []byte("fedcba98765432100123456789ABCDEF"), appID: "wx8888888888888802"},
		},
	}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.http.Close)
	return s
}

// Accounts configure the merchants.
func (s *Server) Accounts() (accounts []wechatpay.Account) {
	for _, id := range []string{"1900000001", "1900000002"} {
		m := s.shops[id]
		accounts = append(accounts, wechatpay.Account{
			Account: m.account, MchID: id, AppID: m.appID, CertificateSerial: m.serial, PrivateKey: privatePEM(s.t, m.key), APIv3Key: append([]byte{}, m.apiKey...),
			PublicKeyID: publicKeyID, PublicKey: publicPEM(s.t, &s.key.PublicKey),
		})
	}
	return accounts
}

func privatePEM(t testing.TB, key *rsa.PrivateKey) []byte {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func publicPEM(t testing.TB, key *rsa.PublicKey) []byte {
	raw, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw})
}

// Key is what the server signs with.
func (s *Server) Key() *rsa.PrivateKey { return s.key }

// SetSerial has the server sign by a certificate of its key, under that serial number. Before its first answer.
func (s *Server) SetSerial(serial string) { s.serial = serial }

// RoundTrip sends what is meant for WeChat Pay to the server.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "api.mch.weixin.qq.com" || r.URL.Scheme != "https" {
		return nil, fmt.Errorf("wechattest: a request for %s", r.URL.Host)
	}
	local := r.Clone(r.Context())
	at, err := url.Parse(s.http.URL)
	if err != nil {
		return nil, err
	}
	local.URL.Scheme, local.URL.Host = at.Scheme, at.Host
	return http.DefaultTransport.RoundTrip(local)
}

// Misbehave has the next answers to a question go wrong, one after the other.
func (s *Server) Misbehave(question string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[question] = append(s.faults[question], faults...)
}

// Asked is how often a question came.
func (s *Server) Asked(question string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[question]
}

// Settle is what becomes of refunds when they are asked about: SUCCESS, or PROCESSING, CLOSED, ABNORMAL.
func (s *Server) Settle(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled = status
}

// Refuse has new refunds refused with a code, until it is empty.
func (s *Server) Refuse(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verdicts[Refund] = code
}

// Pay is the buyer paying.
func (s *Server) Pay(outTradeNo string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[outTradeNo]
	if o == nil || o.state != "NOTPAY" {
		return errors.New("wechattest: nothing to pay under this number")
	}
	s.count++
	o.state, o.transactionID = "SUCCESS", transaction+strconv.Itoa(s.count)
	return nil
}

// Refunded is what was paid back of a payment, in fen.
func (s *Server) Refunded(outTradeNo string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.orders[outTradeNo]; o != nil {
		return o.refunded
	}
	return 0
}

func signWith(t testing.TB, key *rsa.PrivateKey, message string) string {
	sum := sha256.Sum256([]byte(message))
	raw, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Error(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func nonce() string { return rand.Text() }

// headers are those of a signature at that time.
func (s *Server) headers(at time.Time, body []byte, key *rsa.PrivateKey) http.Header {
	n, seconds := nonce(), strconv.FormatInt(at.Unix(), 10)
	h := http.Header{}
	h.Set("Wechatpay-Timestamp", seconds)
	h.Set("Wechatpay-Nonce", n)
	h.Set("Wechatpay-Serial", s.serial)
	h.Set("Wechatpay-Signature", signWith(s.t, key, seconds+"\n"+n+"\n"+string(body)+"\n"))
	h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048")
	return h
}

// Notice is a notification of a payment, signed at that time and encrypted for its merchant.
func (s *Server) Notice(outTradeNo string, at time.Time) (http.Header, []byte) {
	s.mu.Lock()
	o := s.orders[outTradeNo]
	if o == nil { // of somebody else's order
		o = &order{mchID: "1900000001", transactionID: transaction + "0", total: 1, state: "SUCCESS"}
	}
	content := s.transaction(outTradeNo, o)
	s.mu.Unlock()
	return s.encrypted(o.mchID, "TRANSACTION.SUCCESS", "transaction", content, at)
}

// RefundNotice is a notification of a refund.
func (s *Server) RefundNotice(number string, at time.Time) (http.Header, []byte) {
	s.mu.Lock()
	r := s.refunds[number]
	if r == nil {
		s.mu.Unlock()
		s.t.Fatalf("wechattest: no refund %s", number)
		return nil, nil
	}
	mchID := s.orders[r.outTradeNo].mchID
	content := map[string]any{
		"mchid": mchID, "out_trade_no": r.outTradeNo, "transaction_id": r.transactionID, "out_refund_no": r.number, "refund_id": r.id,
		"refund_status": r.status, "amount": map[string]any{"total": r.total, "refund": r.amount, "payer_total": r.total, "payer_refund": r.amount},
	}
	event := "REFUND." + r.status
	s.mu.Unlock()
	return s.encrypted(mchID, event, "refund", content, at)
}

func (s *Server) encrypted(mchID, event, kind string, content any, at time.Time) (http.Header, []byte) {
	plain, err := json.Marshal(content)
	if err != nil {
		s.t.Fatal(err)
	}
	block, err := aes.NewCipher(s.shops[mchID].apiKey)
	if err != nil {
		s.t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		s.t.Fatal(err)
	}
	n := nonce()[:gcm.NonceSize()]
	body, err := json.Marshal(map[string]any{
		"id": nonce(), "create_time": at.Format(time.RFC3339), "event_type": event, "resource_type": "encrypt-resource", "summary": "支付成功",
		"resource": map[string]any{
			"algorithm": "AEAD_AES_256_GCM", "original_type": kind, "associated_data": kind, "nonce": n,
			"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(n), plain, []byte(kind))),
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.headers(at, body, s.key), body
}

func (s *Server) transaction(outTradeNo string, o *order) map[string]any {
	t := map[string]any{
		"appid": s.shops[o.mchID].appID, "mchid": o.mchID, "out_trade_no": outTradeNo, "trade_state": o.state, "trade_type": "JSAPI", "trade_state_desc": o.state,
		"amount": map[string]any{"total": o.total, "payer_total": o.total, "currency": "CNY", "payer_currency": "CNY"},
		"payer":  map[string]any{"openid": o.openID},
	}
	if o.transactionID != "" {
		t["transaction_id"], t["success_time"], t["bank_type"] = o.transactionID, time.Now().Format(time.RFC3339), "OTHERS"
	}
	return t
}

// answer is what a question leads to: a status, and a body unless it is 204.
type answer struct {
	status int
	body   any
}

func refusal(status int, code, message string) answer {
	return answer{status, map[string]string{"code": code, "message": message}}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	m, bad := s.authorized(r, body)
	question := route(r)
	s.asked[question]++
	fault := Fine
	if queue := s.faults[question]; bad == nil && len(queue) > 0 {
		fault, s.faults[question] = queue[0], queue[1:]
	}
	var a answer
	switch {
	case bad != nil:
		a = refusal(http.StatusUnauthorized, "SIGN_ERROR", bad.Error())
	case fault == Down:
		a = refusal(http.StatusInternalServerError, "SYSTEM_ERROR", "系统错误")
	default:
		a = s.decide(question, m, r, body, fault)
	}
	s.mu.Unlock()
	if fault == Lost {
		panic(http.ErrAbortHandler)
	}
	s.write(w, a, fault)
}

func (s *Server) write(w http.ResponseWriter, a answer, fault Fault) {
	var raw []byte
	if a.status != http.StatusNoContent {
		raw, _ = json.Marshal(a.body)
	}
	at, key := time.Now(), s.key
	switch fault {
	case Old:
		at = at.Add(-time.Hour)
	case Unsigned:
		key = s.shops["1900000001"].key
	}
	for k, v := range s.headers(at, raw, key) {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = io.Copy(w, bytes.NewReader(raw))
}

var authorization = regexp.MustCompile(`^WECHATPAY2-SHA256-RSA2048 mchid="(\d+)",nonce_str="([^"]+)",timestamp="(\d+)",serial_no="([0-9A-F]+)",signature="([^"]+)"$`)

// authorized verifies who asks, as the real service does: the signature over method, path, time, nonce and body.
func (s *Server) authorized(r *http.Request, body []byte) (mchID string, err error) {
	found := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if found == nil {
		return "", fmt.Errorf("authorization %q", r.Header.Get("Authorization"))
	}
	m := s.shops[found[1]]
	seconds, _ := strconv.ParseInt(found[3], 10, 64)
	signature, err := base64.StdEncoding.DecodeString(found[5])
	switch {
	case m == nil || m.serial != found[4]:
		return "", errors.New("no such merchant or certificate")
	case err != nil:
		return "", err
	case time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute || s.nonces[found[2]]:
		return "", errors.New("too old, or seen before")
	}
	s.nonces[found[2]] = true
	sum := sha256.Sum256([]byte(r.Method + "\n" + r.URL.RequestURI() + "\n" + found[3] + "\n" + found[2] + "\n" + string(body) + "\n"))
	return found[1], rsa.VerifyPKCS1v15(&m.key.PublicKey, crypto.SHA256, sum[:], signature)
}

func route(r *http.Request) string {
	switch path := r.URL.Path; {
	case path == "/v3/pay/transactions/jsapi" || path == "/v3/pay/transactions/native":
		return Prepay
	case strings.HasSuffix(path, "/close"):
		return Close
	case strings.HasPrefix(path, "/v3/pay/transactions/out-trade-no/"):
		return Query
	case path == "/v3/refund/domestic/refunds":
		return Refund
	case strings.HasPrefix(path, "/v3/refund/domestic/refunds/"):
		return QueryRefund
	}
	return r.URL.Path
}
