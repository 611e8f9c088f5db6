package service

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/onepool/onepool/app/order/internal/biz"
)

// bank is a remote payment provider, as the port describes one, with all that can go wrong between us and it.
type bank struct {
	mu      sync.Mutex
	books   map[string]biz.PaymentAnswer
	refunds map[string]biz.RefundAnswer
	amounts map[string]int64 // of refunds
	// before and after are errors of the next calls of a method: the call had no effect, or had it and lost its answer.
	before, after map[string]error
	// verdict is the answer to new refunds.
	verdict biz.RefundAnswer
	calls   []string
	// hangs has a closing wait for ever.
	hangs bool
	// within is called at the beginning of each question, and what it returns at its end.
	within func() func()
}

var errLine = errors.New("connection reset")

func newBank() *bank {
	return &bank{
		books: map[string]biz.PaymentAnswer{}, refunds: map[string]biz.RefundAnswer{}, amounts: map[string]int64{}, before: map[string]error{}, after: map[string]error{},
		verdict: biz.RefundAnswer{Standing: biz.RefundPaidOut, Reference: "ref"},
	}
}

func bankCall[A any](b *bank, method, id string, do func() (A, error)) (A, error) {
	if b.within != nil {
		defer b.within()()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, method+" "+id)
	var none A
	if err := b.before[method]; err != nil {
		return none, err
	}
	a, err := do()
	if lost := b.after[method]; lost != nil {
		return none, lost
	}
	return a, err
}

func (b *bank) Name() string                       { return "bank" }
func (b *bank) Remote() bool                       { return true }
func (b *bank) Thanks() (contentType, body string) { return "text/plain", "thanks" }

func (b *bank) Serves(p biz.PaymentOrder) error {
	if p.Payee != "acct-hq" {
		return biz.Invalid("provider", "takes no money for this seller")
	}
	return nil
}

func (b *bank) Create(_ context.Context, p biz.PaymentOrder) (map[string]string, error) {
	return bankCall(b, "create", p.ID, func() (map[string]string, error) {
		switch b.books[p.ID].Standing {
		case biz.StandingPaid:
			return nil, biz.ErrPaid
		case biz.StandingClosed:
			return nil, biz.PaymentOver()
		}
		b.books[p.ID] = biz.PaymentAnswer{Standing: biz.StandingOpen}
		return map[string]string{"title": p.Title, "scene": string(p.Scene), "buyer": p.Buyer}, nil
	})
}

func (b *bank) Query(_ context.Context, p biz.PaymentRef) (biz.PaymentAnswer, error) {
	return bankCall(b, "query", p.ID, func() (biz.PaymentAnswer, error) { return b.books[p.ID], nil })
}

func (b *bank) Close(ctx context.Context, p biz.PaymentRef) (biz.PaymentAnswer, error) {
	if b.hangs {
		<-ctx.Done()
		return biz.PaymentAnswer{}, ctx.Err()
	}
	return bankCall(b, "close", p.ID, func() (biz.PaymentAnswer, error) {
		if b.books[p.ID].Standing == biz.StandingUnknown {
			return biz.PaymentAnswer{}, nil
		}
		if b.books[p.ID].Standing != biz.StandingPaid {
			b.books[p.ID] = biz.PaymentAnswer{Standing: biz.StandingClosed}
		}
		return b.books[p.ID], nil
	})
}

func (b *bank) Refund(_ context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	return bankCall(b, "refund", r.Number, func() (biz.RefundAnswer, error) {
		if a, there := b.refunds[r.Number]; there {
			return a, nil
		}
		a := b.verdict
		a.Number = r.Number
		if a.Standing != biz.RefundRefused || a.Spent {
			b.refunds[r.Number], b.amounts[r.Number] = a, r.AmountMinor
		}
		return a, nil
	})
}

func (b *bank) QueryRefund(_ context.Context, r biz.RefundOrder) (biz.RefundAnswer, error) {
	return bankCall(b, "query refund", r.Number, func() (biz.RefundAnswer, error) {
		a := b.refunds[r.Number]
		a.Number = r.Number
		return a, nil
	})
}

func (b *bank) Notification(_ string, raw []byte, header func(string) string, _ int64) (biz.Notification, error) {
	if header("X-Bank") != "signed" {
		return biz.Notification{}, biz.SignatureInvalid()
	}
	var n biz.Notification
	err := json.Unmarshal(raw, &n)
	return n, err
}

// takes is the buyer paying.
func (b *bank) takes(paymentID, payee string, amountMinor int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.books[paymentID] = biz.PaymentAnswer{Standing: biz.StandingPaid, Paid: biz.Notification{
		Provider: "bank", PaymentID: paymentID, TransactionNo: "tx-" + paymentID, AmountMinor: amountMinor, Currency: "CNY", Payee: payee,
	}}
}

func (b *bank) asked(method string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.calls {
		if strings.HasPrefix(c, method+" ") {
			n++
		}
	}
	return n
}

// says sends the bank's notification and returns the platform's answer.
func (b *bank) says(s *shop, n biz.Notification) (status int, body string) {
	n.Provider = "bank"
	if n.Payee == "" {
		n.Payee = "acct-hq"
	}
	raw, _ := json.Marshal(n)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(raw)))
	r.Header.Set("X-Bank", "signed")
	w := httptest.NewRecorder()
	edge(s.Notified(b)).ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// slow has the first two questions wait for each other, and counts how many are under way at most.
func (b *bank) slow() (most func() int) {
	var mu sync.Mutex
	under, peak, two := 0, 0, make(chan struct{})
	b.within = func() func() {
		mu.Lock()
		under++
		peak = max(peak, under)
		if under == 2 && peak == 2 {
			select {
			case <-two:
			default:
				close(two)
			}
		}
		mu.Unlock()
		<-two
		return func() { mu.Lock(); defer mu.Unlock(); under-- }
	}
	return func() int { mu.Lock(); defer mu.Unlock(); return peak }
}

// withBank adds the bank to a shop's providers.
func withBank(s *shop) *bank {
	b := newBank()
	s.providers["bank"] = b
	return b
}
