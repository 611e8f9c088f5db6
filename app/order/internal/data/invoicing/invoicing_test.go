package invoicing

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/order/internal/biz"
)

var key = []byte("0123456789abcdef0123456789abcdef")

// books are in memory.
type books struct {
	mu  sync.Mutex
	all map[string]Entry
}

func (b *books) Enter(_ context.Context, e Entry) (Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if was, known := b.all[e.Number]; known {
		return was, nil
	}
	b.all[e.Number] = e
	return e, nil
}

func (b *books) Entry(_ context.Context, number string) (Entry, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, known := b.all[number]
	return e, known, nil
}

func (b *books) Reds(_ context.Context, number string) (list []Entry, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.all {
		if e.Of == number {
			list = append(list, e)
		}
	}
	return list, nil
}

const nowUS = int64(1_800_000_000_000_000)

func clock(us int64) func(context.Context) (int64, error) {
	return func(context.Context) (int64, error) { return us, nil }
}

// serve is the sandbox behind HTTP; mend changes what it answers before it is sent.
func serve(t *testing.T, mend func(r *http.Request, w *httptest.ResponseRecorder)) (*httptest.Server, *books) {
	b := &books{all: map[string]Entry{}}
	s := &Sandbox{App: "shop", Key: key, Books: b, NowUS: clock(nowUS)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record := httptest.NewRecorder()
		if err := s.Serve(path.Base(r.URL.Path), record, r); err != nil {
			var refusal biz.Refusal
			code := http.StatusInternalServerError
			if errors.As(err, &refusal) {
				code = refusal.Code
			}
			http.Error(w, err.Error(), code)
			return
		}
		if mend != nil {
			mend(r, record)
		}
		for name, values := range record.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(record.Code)
		_, _ = w.Write(record.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	return server, b
}

func open(t *testing.T, server *httptest.Server, set ...func(c *Config)) *Issuer {
	c := Config{Gateway: func() string { return server.URL + "/" }, App: "shop", Key: key, NowUS: clock(nowUS)}
	for _, one := range set {
		one(&c)
	}
	issuer, err := New(c)
	require.NoError(t, err)
	return issuer
}

func ask(number string, minor int64) biz.InvoiceAsk {
	tax := minor * 13 / 113
	return biz.InvoiceAsk{
		Number: number, Seller: biz.TaxProfile{TaxNo: "91330106MA2ABCDE1X", Title: "Tea", Taxpayer: "general"}, Buyer: biz.InvoiceBuyer{Title: "Lin", Email: "lin@books.example"},
		Currency: "CNY", AmountMinor: minor, TaxMinor: tax, Lines: []biz.InvoiceLine{{LineID: "l", SKU: "cup", Quantity: 1, RateBP: 1300, AmountMinor: minor, TaxMinor: tax}},
	}
}

func red(number, of, official string, minor int64) biz.InvoiceAsk {
	a := ask(number, minor)
	a.Of, a.OfOfficialNo = of, official
	return a
}

// The number stands for one invoice, whoever asks how often.
func TestANumberIsOneInvoice(t *testing.T) {
	server, _ := serve(t, nil)
	issuer, ctx := open(t, server), t.Context()
	before, err := issuer.Query(ctx, ask("inv_1", 11_300))
	require.NoError(t, err)
	require.Equal(t, biz.InvoiceUnknown, before.Standing)
	first, err := issuer.Issue(ctx, ask("inv_1", 11_300))
	require.NoError(t, err)
	require.Equal(t, biz.InvoiceAnswer{Number: "inv_1", Standing: biz.InvoiceIsIssued, AmountMinor: 11_300, OfficialNo: first.OfficialNo}, first)
	require.Len(t, first.OfficialNo, 20)
	for _, repeat := range []func(context.Context, biz.InvoiceAsk) (biz.InvoiceAnswer, error){issuer.Issue, issuer.Query} {
		again, err := repeat(ctx, ask("inv_1", 11_300))
		require.NoError(t, err)
		require.Equal(t, first, again)
	}
	// For something else it is no answer: neither issued nor refused.
	_, err = issuer.Issue(ctx, ask("inv_1", 11_400))
	require.ErrorContains(t, err, "409")
	_, err = issuer.Redden(ctx, ask("inv_1", 11_300))
	require.ErrorContains(t, err, "409")

	// Red letters take back no more than the invoice.
	for number, c := range map[string]struct {
		of, official string
		minor        int64
		code         string
	}{
		"red_0": {"inv_2", first.OfficialNo, 100, "INVOICE_UNKNOWN"}, "red_1": {"inv_1", "other", 100, "INVOICE_UNKNOWN"}, "red_2": {"inv_1", first.OfficialNo, 11_301, "RED_EXCEEDS"},
	} {
		got, err := issuer.Redden(ctx, red(number, c.of, c.official, c.minor))
		require.NoError(t, err)
		require.Equal(t, []any{biz.InvoiceRefused, c.code}, []any{got.Standing, got.Code}, number)
	}
	for number, minor := range map[string]int64{"red_3": 11_000, "red_4": 300} {
		got, err := issuer.Redden(ctx, red(number, "inv_1", first.OfficialNo, minor))
		require.NoError(t, err)
		require.Equal(t, biz.InvoiceIsIssued, got.Standing, number)
	}
	last, err := issuer.Redden(ctx, red("red_5", "inv_1", first.OfficialNo, 1))
	require.NoError(t, err)
	require.Equal(t, "RED_EXCEEDS", last.Code)
}

func TestTheSandboxChecksWhatItIsAsked(t *testing.T) {
	server, _ := serve(t, nil)
	issuer := open(t, server)
	for code, spoil := range map[string]func(a *biz.InvoiceAsk){
		"LINE_TAX":       func(a *biz.InvoiceAsk) { a.Lines[0].TaxMinor += 3; a.TaxMinor += 3 },
		"LINES_SUM":      func(a *biz.InvoiceAsk) { a.AmountMinor++ },
		"PARTY_MISSING":  func(a *biz.InvoiceAsk) { a.Seller.TaxNo = "" },
		"TAX_NO_UNKNOWN": func(a *biz.InvoiceAsk) { a.Buyer.TaxNo = "000330106MA2LINTRA" },
	} {
		a := ask("inv_"+code, 11_300)
		spoil(&a)
		got, err := issuer.Issue(t.Context(), a)
		require.NoError(t, err)
		require.Equal(t, []any{biz.InvoiceRefused, code}, []any{got.Standing, got.Code})
		known, err := issuer.Query(t.Context(), a)
		require.NoError(t, err)
		require.Equal(t, got, known, "a refusal stands too")
	}
}

// What is not signed for this question, by who has the key, is no answer, and nothing is decided for who has it not.
func TestOnlySignedWordsCount(t *testing.T) {
	for name, set := range map[string]func(c *Config){
		"another key": func(c *Config) { c.Key = []byte("another key of thirty-two bytes..") },
		"another app": func(c *Config) { c.App = "other" },
		"too old":     func(c *Config) { c.NowUS = clock(nowUS - 301*1_000_000) },
		"too early":   func(c *Config) { c.NowUS = clock(nowUS + 301*1_000_000) },
	} {
		server, b := serve(t, nil)
		_, err := open(t, server, set).Issue(t.Context(), ask("inv_1", 11_300))
		require.ErrorContains(t, err, "401", name)
		require.Empty(t, b.all, name)
	}
	var kept *httptest.ResponseRecorder
	for name, mend := range map[string]func(r *http.Request, w *httptest.ResponseRecorder){
		"unsigned": func(_ *http.Request, w *httptest.ResponseRecorder) { w.Header().Del(HeaderSignature) },
		"changed": func(_ *http.Request, w *httptest.ResponseRecorder) {
			body := strings.Replace(w.Body.String(), "11300", "11301", 1)
			w.Body.Reset()
			w.Body.WriteString(body)
		},
		"of another question": func(_ *http.Request, w *httptest.ResponseRecorder) {
			if kept == nil {
				kept = httptest.NewRecorder()
				kept.Body.WriteString(w.Body.String())
				kept.Header().Set(HeaderSignature, w.Header().Get(HeaderSignature))
			}
			w.Header().Set(HeaderSignature, kept.Header().Get(HeaderSignature))
		},
		"about another number": func(r *http.Request, w *httptest.ResponseRecorder) {
			body := strings.Replace(w.Body.String(), "inv_1", "inv_2", 1)
			w.Body.Reset()
			w.Body.WriteString(body)
			w.Header().Set(HeaderSignature, SignAnswer(key, r.Header.Get(HeaderNonce), http.StatusOK, []byte(body)))
		},
		"of no meaning": func(r *http.Request, w *httptest.ResponseRecorder) {
			body := `{"number":"inv_1","status":"UNKNOWN"}` // it was just asked to issue
			w.Body.Reset()
			w.Body.WriteString(body)
			w.Header().Set(HeaderSignature, SignAnswer(key, r.Header.Get(HeaderNonce), http.StatusOK, []byte(body)))
		},
	} {
		server, b := serve(t, mend)
		issuer := open(t, server)
		_, err := issuer.Issue(t.Context(), ask("inv_1", 11_300))
		if name == "of another question" { // the first answer is itself
			require.NoError(t, err)
			_, err = issuer.Issue(t.Context(), ask("inv_1", 11_300))
		}
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "lin@books.example")
		require.Len(t, b.all, 1, "it is issued all the same: the next question is how it stands")
	}
}

func TestAnIssuerThatHangsIsNotWaitedForForever(t *testing.T) {
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	}))
	t.Cleanup(server.Close)
	defer close(gone)
	_, err := open(t, server, func(c *Config) { c.Timeout = 50 * time.Millisecond }).Issue(t.Context(), ask("inv_1", 100))
	require.Error(t, err)
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	for _, gateway := range []string{"", "shop.example", "ftp://shop.example", "http://shop.example/api", "https://shop.example?x=1", "https://"} {
		require.Error(t, CheckGateway(gateway), gateway)
	}
	for _, gateway := range []string{"https://issuer.example/v1", "http://127.0.0.1:9/x"} {
		require.NoError(t, CheckGateway(gateway), gateway)
	}
	good := Config{Gateway: func() string { return "https://issuer.example" }, App: "shop", Key: key, NowUS: clock(nowUS)}
	for name, spoil := range map[string]func(c *Config){
		"gateway": func(c *Config) { c.Gateway = nil }, "clock": func(c *Config) { c.NowUS = nil }, "app": func(c *Config) { c.App = "" },
		"line break": func(c *Config) { c.App = "a\nb" }, "key": func(c *Config) { c.Key = key[:31] },
	} {
		c := good
		spoil(&c)
		_, err := New(c)
		require.Error(t, err, name)
	}
}
