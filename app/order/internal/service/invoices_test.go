package service

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/data"
	"github.com/onepool/onepool/app/order/internal/data/invoicing"
)

// office is the sandbox issuer over HTTP, as the platform serves it, with a hand on the wire.
type office struct {
	mu    sync.Mutex
	asked []string
	// lose loses answers after their effect; down is an issuer that is not there.
	lose, down bool
	books      *data.InvoiceBooks
}

func (o *office) set(lose, down bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lose, o.down = lose, down
}

// questions are the actions that were asked since the last time.
func (o *office) questions() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.asked
	o.asked = nil
	return all
}

// withOffice gives the shop an issuer of invoices, and its sellers tax profiles.
func (s *shop) withOffice() *office {
	o := &office{books: data.NewInvoiceBooks(s.DB)}
	sandbox := &invoicing.Sandbox{App: "shop", Key: secretKey, Books: o.books, NowUS: s.DB.Now}
	serve := edge(func(w http.ResponseWriter, r *http.Request) error { return sandbox.Serve(path.Base(r.URL.Path), w, r) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.asked = append(o.asked, path.Base(r.URL.Path))
		lose, down := o.lose, o.down
		o.mu.Unlock()
		switch {
		case down:
			w.WriteHeader(http.StatusBadGateway)
		case lose:
			serve.ServeHTTP(httptest.NewRecorder(), r)
			w.WriteHeader(http.StatusGatewayTimeout)
		default:
			serve.ServeHTTP(w, r)
		}
	}))
	s.t.Cleanup(server.Close)
	issuer, err := invoicing.New(invoicing.Config{Gateway: func() string { return server.URL }, App: "shop", Key: secretKey, NowUS: s.DB.Now})
	require.NoError(s.t, err)
	s.Issuer = issuer
	s.world.taxClasses()
	s.taxed("general", "", false, 0, 900, 1300)
	s.taxed("small", "", false, 0, 100, 100)
	for _, org := range []string{"hq", "fra"} {
		_, err := s.profile(boss, org, map[string]string{"hq": "general", "fra": "small"}[org], 0)
		require.NoError(s.t, err)
	}
	return o
}

func (s *shop) invoices() *Invoices { return NewInvoices(s.Order) }

func lin() *orderv1.InvoiceBuyer {
	return &orderv1.InvoiceBuyer{Title: "Lin Trading", TaxNo: "91330106MA2LINTRAD", Email: "lin@books.example"}
}

func (s *shop) invoiceOf(by tenancy.Principal, orderID string, buyer *orderv1.InvoiceBuyer) (*orderv1.Invoice, error) {
	return s.invoices().RequestInvoice(s.as(by), &orderv1.RequestInvoiceRequest{RequestId: requestID(), OrderId: orderID, Buyer: buyer})
}

// issued lets time pass and the issuer be asked.
func (s *shop) issued(d time.Duration) error {
	s.clock.Advance(d)
	return s.TickInvoices(s.t.Context())
}

func (s *shop) allInvoices(orderID string) []*orderv1.Invoice {
	got, err := s.invoices().GetOrderInvoices(s.as(ann), &orderv1.GetOrderInvoicesRequest{OrderId: orderID})
	require.NoError(s.t, err)
	return got.Invoices
}

// brief writes invoices as state amount/tax.
func brief(all []*orderv1.Invoice) (list []string) {
	for _, v := range all {
		list = append(list, fmt.Sprintf("%s %d/%d", strings.TrimPrefix(v.State.String(), "INVOICE_"), v.GetAmount().GetAmountMinor(), v.GetTax().GetAmountMinor()))
	}
	return list
}

// A member asks for an invoice before the order is paid; it is issued when the goods have left, and follows what comes back.
func TestAnInvoiceIsIssuedAndReddened(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		office := s.withOffice()
		o := s.placed(0)
		req := &orderv1.RequestInvoiceRequest{RequestId: requestID(), OrderId: o.Id, Buyer: lin()}
		first, err := s.invoices().RequestInvoice(s.as(ann), req)
		require.NoError(t, err)
		again, err := s.invoices().RequestInvoice(s.as(ann), req)
		require.NoError(t, err)
		require.Equal(t, first.Id, again.Id)
		require.Equal(t, "Lin Trading", again.Buyer.Title)
		require.Equal(t, first.Id, requireReason(t, "INVOICE_EXISTS", failureOf(s.invoiceOf(ann, o.Id, lin()))).Metadata["invoice_id"])
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		require.NoError(t, s.issued(time.Minute))
		require.Empty(t, office.questions(), "nothing has left")
		s.ship(s.get(o.Id))
		require.NoError(t, s.issued(0))
		require.Equal(t, []string{"issue"}, office.questions())
		// 199.00 at 9 %, 90.00 at 13 %, freight of 10.00 as the goods.
		require.Equal(t, []string{"ISSUED 29900/2771"}, brief(s.allInvoices(o.Id)))
		blue := s.allInvoices(o.Id)[0]
		require.Len(t, blue.OfficialNo, 20)
		require.Len(t, blue.Lines, 4)
		s.receive(o)

		// Two cups come back, one after the other: the red letter is made when the money is back, and issued once.
		for i, want := range [][]string{{"PART_RED 29900/2771", "ISSUED 1500/172"}, {"PART_RED 29900/2771", "ISSUED 1500/172", "ISSUED 1500/173"}} {
			_, err := s.giveBack(boss, boss, o, o.Lines[1].LineId, 1)
			require.NoError(t, err)
			require.Len(t, s.allInvoices(o.Id), i+1)
			s.later(0)
			require.NoError(t, s.issued(0))
			require.NoError(t, s.issued(10*time.Minute))
			require.Equal(t, want, brief(s.allInvoices(o.Id)))
			require.Equal(t, []string{"redden"}, office.questions())
			s.audited()
		}
		// All else: the freight stays with the seller.
		for _, l := range []struct {
			line int
			n    int64
		}{{0, 1}, {1, 4}} {
			_, err := s.giveBack(boss, boss, o, o.Lines[l.line].LineId, l.n)
			require.NoError(t, err)
		}
		s.later(0)
		require.NoError(t, s.issued(0))
		all := s.allInvoices(o.Id)
		var amount, tax int64
		for _, red := range all[1:] {
			require.Equal(t, blue.Id, red.RedOf)
			amount, tax = amount+red.Amount.AmountMinor, tax+red.Tax.AmountMinor
		}
		require.Equal(t, []int64{1000, 93}, []int64{29_900 - amount, 2771 - tax}, "freight: 6.89 at 9 %, 3.11 at 13 %")
		s.audited()

		// Told to the seller; in nobody's log or list is whom it is for.
		s.number()
		told, _ := s.follow(boss, "", orderv1.TradeTopic_TRADE_INVOICED)
		require.Len(t, told, len(all))
		require.Equal(t, []any{blue.Id, "", int64(29_900)}, []any{told[0].InvoiceId, told[0].RedOf, told[0].Amount.AmountMinor})
		require.Equal(t, blue.Id, told[1].RedOf)
		for _, word := range []string{"Lin Trading", "91330106MA2LINTRAD", "lin@books.example"} {
			s.nowhere(word)
		}
	})
}

// failureOf is the error of two results.
func failureOf[T any](_ T, err error) error { return err }

// nowhere requires that no table holds a word in clear.
func (s *shop) nowhere(word string) {
	query := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if s.DB.Engine() != database.SQLite {
		query = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
	}
	for _, table := range column(s.t, s.DB, query) {
		rows, err := s.DB.Conn(s.t.Context()).QueryContext(s.t.Context(), "SELECT * FROM `"+table+"`")
		require.NoError(s.t, err)
		names, err := rows.Columns()
		require.NoError(s.t, err)
		for rows.Next() {
			cells, into := make([]any, len(names)), make([]any, len(names))
			for i := range cells {
				into[i] = &cells[i]
			}
			require.NoError(s.t, rows.Scan(into...))
			for i, cell := range cells {
				require.NotContains(s.t, fmt.Sprintf("%s", cell), word, "%s.%s", table, names[i])
			}
		}
		require.NoError(s.t, rows.Close())
	}
}

func column(t *testing.T, db *database.DB, query string) (list []string) {
	rows, err := db.Conn(t.Context()).QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		list = append(list, name)
	}
	require.NotEmpty(t, list)
	return list
}

// What the issuer was asked is not asked again before it has said how that stands.
func TestALostAnswerOfTheIssuerIsAskedFor(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		office := s.withOffice()
		o := s.bought()
		v, err := s.invoiceOf(boss, o.Id, lin())
		require.NoError(t, err)
		office.set(true, false)
		require.Error(t, s.issued(0))
		require.Equal(t, []string{"REQUESTED 29900/2771"}, brief(s.allInvoices(o.Id)))
		_, err = s.invoices().CorrectInvoice(s.as(ann), &orderv1.CorrectInvoiceRequest{RequestId: requestID(), InvoiceId: v.Id, Buyer: &orderv1.InvoiceBuyer{Title: "Ann"}})
		requireReason(t, "INVOICE_ASKED", err)
		_, err = s.invoices().WithdrawInvoice(s.as(ann), &orderv1.WithdrawInvoiceRequest{RequestId: requestID(), InvoiceId: v.Id})
		requireReason(t, "INVOICE_ASKED", err)
		require.NoError(t, s.issued(time.Second), "its answer is given time")
		require.Equal(t, []string{"issue"}, office.questions())

		// Goods come back before it is known: the red letter waits for its invoice.
		_, err = s.giveBack(boss, boss, o, o.Lines[0].LineId, 1)
		require.NoError(t, err)
		s.later(0)
		require.Equal(t, []string{"REQUESTED 29900/2771", "REQUESTED 19900/1643"}, brief(s.allInvoices(o.Id)))
		office.set(false, true)
		require.Error(t, s.issued(time.Minute))
		office.set(false, false)
		require.NoError(t, s.issued(time.Hour))
		require.NoError(t, s.issued(0))
		require.Equal(t, []string{"query", "query", "redden"}, office.questions())
		require.Equal(t, []string{"PART_RED 29900/2771", "ISSUED 19900/1643"}, brief(s.allInvoices(o.Id)))
		s.audited()
	})
}

func TestARefusedInvoiceIsCorrected(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		office := s.withOffice()
		o := s.bought()
		wrong := lin()
		wrong.TaxNo = "000330106MA2LINTRA"
		v, err := s.invoiceOf(ann, o.Id, wrong)
		require.NoError(t, err)
		require.NoError(t, s.issued(0))
		got := s.allInvoices(o.Id)[0]
		require.Equal(t, []any{orderv1.InvoiceState_INVOICE_FAILED, "TAX_NO_UNKNOWN", "nobody has the buyer's tax number: correct it"}, []any{got.State, got.Failure, got.FailureMessage})
		listed, err := s.invoices().ListInvoices(s.as(boss), &orderv1.ListInvoicesRequest{State: orderv1.InvoiceState_INVOICE_FAILED})
		require.NoError(t, err)
		require.Equal(t, []string{v.Id}, []string{listed.Invoices[0].Id})
		require.Nil(t, listed.Invoices[0].Buyer)
		// A piece comes back meanwhile: there is no invoice that it could be taken out of.
		_, err = s.giveBack(boss, boss, o, o.Lines[1].LineId, 1)
		require.NoError(t, err)
		s.later(0)
		fixed, err := s.invoices().CorrectInvoice(s.as(ann), &orderv1.CorrectInvoiceRequest{RequestId: requestID(), InvoiceId: v.Id, Buyer: lin()})
		require.NoError(t, err)
		require.Equal(t, []any{orderv1.InvoiceState_INVOICE_REQUESTED, lin().TaxNo}, []any{fixed.State, fixed.Buyer.TaxNo})
		require.NoError(t, s.issued(0))
		require.Equal(t, []string{"ISSUED 28400/2599"}, brief(s.allInvoices(o.Id)))
		_, known, err := office.books.Entry(t.Context(), v.Id+"_1")
		require.NoError(t, err)
		require.True(t, known, "a number that was refused is not used again")
		_, err = s.invoices().RetryInvoice(s.as(boss), &orderv1.RetryInvoiceRequest{RequestId: requestID(), InvoiceId: v.Id})
		requireReason(t, "STATE_CONFLICT", err)
		s.audited()
	})
}

// An issuer that is away for long gives its invoices to a person; nothing is lost, nothing is issued twice.
func TestASilentIssuerIsAPersonsMatter(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		office := s.withOffice()
		o := s.bought()
		v, err := s.invoiceOf(ann, o.Id, lin())
		require.NoError(t, err)
		office.set(false, true)
		for range 20 {
			_ = s.issued(2 * time.Hour)
		}
		require.Equal(t, "NO_ANSWER", s.allInvoices(o.Id)[0].Failure)
		require.Len(t, office.questions(), 10)
		office.set(false, false)
		clerk := boss
		clerk.Roles = []string{"clerk"}
		for by, want := range map[*tenancy.Principal]string{&ann: "FORBIDDEN", &clerk: "FORBIDDEN", &bob: "NOT_FOUND", &other: "NOT_FOUND"} {
			_, err := s.invoices().RetryInvoice(s.as(*by), &orderv1.RetryInvoiceRequest{RequestId: requestID(), InvoiceId: v.Id})
			requireReason(t, want, err)
		}
		_, err = s.invoices().RetryInvoice(s.as(boss), &orderv1.RetryInvoiceRequest{RequestId: requestID(), InvoiceId: v.Id, Note: "they are back"})
		require.NoError(t, err)
		require.NoError(t, s.issued(0))
		require.Equal(t, []string{"query", "issue"}, office.questions())
		require.Equal(t, []string{"ISSUED 29900/2771"}, brief(s.allInvoices(o.Id)))
		s.audited()
	})
}

// Two replicas whose timers meet ask under one number: one invoice.
func TestTwoReplicasIssueOneInvoice(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		office := s.withOffice()
		second := s.replica()
		second.Issuer = s.Issuer
		var orders []string
		for range 3 {
			o := s.bought()
			_, err := s.invoiceOf(ann, o.Id, lin())
			require.NoError(t, err)
			orders = append(orders, o.Id)
		}
		var group sync.WaitGroup
		failed := make([]error, 2)
		for i, one := range []*Order{s.Order, second} {
			group.Go(func() { failed[i] = one.TickInvoices(t.Context()) })
		}
		group.Wait()
		require.NoError(t, errors.Join(failed...))
		require.NoError(t, s.issued(time.Hour))
		for _, id := range orders {
			require.Equal(t, []string{"ISSUED 29900/2771"}, brief(s.allInvoices(id)))
		}
		require.Len(t, office.questions(), 3, "each is taken by one of them")
		s.audited()
	})
}

// Stored value had its invoice, if any, when it was bought: neither it nor what it pays in an exchange is in another one.
func TestStoredValueIsInNoInvoice(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.withOffice()
		withPurse(s, 100_000)
		o := s.placed(0)
		_, err := s.byWallet(o, 9_900)
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		s.ship(s.get(o.Id))
		_, err = s.invoiceOf(ann, o.Id, &orderv1.InvoiceBuyer{Title: "Ann"})
		require.NoError(t, err)
		require.NoError(t, s.issued(0))
		require.Equal(t, int64(20_000), s.allInvoices(o.Id)[0].Amount.AmountMinor)
		s.receive(o)
		_, err = s.giveBack(boss, boss, o, o.Lines[0].LineId, 1)
		require.NoError(t, err)
		s.later(time.Second)
		require.NoError(t, s.issued(0))
		var wallet, sandbox int64
		for _, tender := range s.get(o.Id).Tenders {
			if tender.Kind == orderv1.TenderKind_WALLET {
				wallet = tender.Refunded.AmountMinor
			} else {
				sandbox = tender.Refunded.AmountMinor
			}
		}
		require.Equal(t, int64(19_900), wallet+sandbox)
		require.Equal(t, sandbox, s.allInvoices(o.Id)[1].Amount.AmountMinor, "of what came back, the part that was invoiced")
		s.audited()

		// All of it: there is nothing.
		all := s.placed(0)
		_, err = s.byWallet(all, 0)
		require.NoError(t, err)
		requireReason(t, "INVOICE_NOTHING", failureOf(s.invoiceOf(ann, all.Id, lin())))
		s.audited()
	})
}

// Goods are exchanged: what moves to the replacement's order is taken out of the old invoice, and is in a new one if asked for.
func TestAnExchangeMovesWhatIsInvoiced(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.withOffice()
		withPurse(s, 100_000)
		s.world.stock["S1"]["cup"] = 100
		o, err := s.PlaceOrder(s.as(ann), wish(line("cup", 12)))
		require.NoError(t, err)
		_, err = s.byWallet(o, 4_750) // of 190.00, a quarter
		require.NoError(t, err)
		require.Equal(t, int32(200), s.pay(s.payment(o)))
		o = s.get(o.Id)
		s.ship(o)
		s.receive(o)
		s.leaving()
		_, err = s.invoiceOf(ann, o.Id, lin())
		require.NoError(t, err)
		require.NoError(t, s.issued(0))
		require.Equal(t, int64(14_250), s.allInvoices(o.Id)[0].Amount.AmountMinor)
		ret := s.wantedInstead(o, o.Lines[0].LineId, 2, &orderv1.ExchangeLine{Quantity: 2})
		next, err := s.exchange(boss, ret)
		require.NoError(t, err)
		early, err := s.invoiceOf(ann, next.Id, lin())
		require.NoError(t, err, "before it is paid")
		_, err = s.ReceiveReturn(s.as(boss), &orderv1.ReceiveReturnRequest{RequestId: requestID(), ReturnId: ret.Id})
		require.NoError(t, err)
		s.leaving()
		s.later(0)
		require.NoError(t, s.issued(0))
		red := s.allInvoices(o.Id)[1]
		require.Equal(t, []any{orderv1.InvoiceState_INVOICE_ISSUED, int64(2_250)}, []any{red.State, red.Amount.AmountMinor}, "of 30.00, three quarters")
		require.Equal(t, orderv1.OrderState_PAID, s.get(next.Id).State)
		s.ship(s.get(next.Id))
		require.NoError(t, s.issued(0))
		got := s.allInvoices(next.Id)[0]
		require.Equal(t, []any{early.Id, orderv1.InvoiceState_INVOICE_ISSUED, int64(2_250)}, []any{got.Id, got.State, got.Amount.AmountMinor}, "what stored value had paid stays out")
		s.audited()
	})
}

// Invoices are their order's: its member's and its seller's.
func TestInvoicesAreTheirOrders(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o := s.bought()
		requireReason(t, "INVOICES_OFF", failureOf(s.invoiceOf(ann, o.Id, lin())))
		s.withOffice()
		before := s.get(o.Id)
		require.Nil(t, before.SellerTax)
		for _, c := range []struct {
			by   tenancy.Principal
			want string
		}{{bob, "ORDER_UNKNOWN"}, {other, "ORDER_UNKNOWN"}, {keeper, "ORDER_UNKNOWN"}, {till, "ORDER_UNKNOWN"}, {tmall, "ORDER_UNKNOWN"}} {
			requireReason(t, c.want, failureOf(s.invoiceOf(c.by, o.Id, lin())))
			_, err := s.invoices().GetOrderInvoices(s.as(c.by), &orderv1.GetOrderInvoicesRequest{OrderId: o.Id})
			requireReason(t, c.want, err)
		}
		v, err := s.invoiceOf(ann, o.Id, lin())
		require.NoError(t, err)
		require.NotEmpty(t, v.SellerTaxProfile, "an order that is older than its seller's profile is invoiced under today's")
		for _, by := range []tenancy.Principal{bob, other, keeper, tmall} {
			_, err := s.invoices().WithdrawInvoice(s.as(by), &orderv1.WithdrawInvoiceRequest{RequestId: requestID(), InvoiceId: v.Id})
			requireReason(t, "NOT_FOUND", err)
			_, err = s.invoices().CorrectInvoice(s.as(by), &orderv1.CorrectInvoiceRequest{RequestId: requestID(), InvoiceId: v.Id, Buyer: lin()})
			requireReason(t, "NOT_FOUND", err)
		}
		gone, err := s.invoices().WithdrawInvoice(s.as(ann), &orderv1.WithdrawInvoiceRequest{RequestId: requestID(), InvoiceId: v.Id})
		require.NoError(t, err)
		require.Equal(t, orderv1.InvoiceState_INVOICE_WITHDRAWN, gone.State)

		// A franchisee's till asks for the invoice of what it has sold, and its people see that one only.
		sold, err := s.SellAtTill(s.as(till), &orderv1.SellAtTillRequest{RequestId: requestID(), StoreCode: "S2", ReceiptNo: "R1", CashMinor: 1500, Lines: []*orderv1.OrderLineInput{line("cup", 1)}})
		require.NoError(t, err)
		mine, err := s.invoiceOf(till, sold.Id, lin())
		require.NoError(t, err)
		require.NoError(t, s.issued(0))
		ids := func(by tenancy.Principal) (list []string) {
			got, err := s.invoices().ListInvoices(s.as(by), &orderv1.ListInvoicesRequest{})
			require.NoError(t, err)
			for _, v := range got.Invoices {
				list = append(list, v.Id)
			}
			return list
		}
		require.Equal(t, []string{mine.Id}, ids(keeper))
		require.Equal(t, []string{mine.Id, v.Id}, ids(boss))
		require.Empty(t, ids(other))
		_, err = s.invoices().ListInvoices(s.as(ann), &orderv1.ListInvoicesRequest{})
		requireReason(t, "FORBIDDEN", err)
		requireReason(t, "FORBIDDEN", failureOf(s.invoiceOf(boss, sold.Id, lin())))
		s.audited()
	})
}

// The audit finds invoices that do not stand for what is kept.
func TestTheAuditComparesInvoicesWithOrders(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		s.withOffice()
		o := s.bought()
		_, err := s.invoiceOf(ann, o.Id, lin())
		require.NoError(t, err)
		require.NoError(t, s.issued(0))
		s.audited()
		for _, c := range []struct{ id, broken, mended string }{
			{"I21", "UPDATE invoices SET amount_minor = amount_minor + 1", "UPDATE invoices SET amount_minor = amount_minor - 1"},
			{"I21", "UPDATE invoices SET tax_minor = tax_minor + 1", "UPDATE invoices SET tax_minor = tax_minor - 1"},
			{"I21", "UPDATE orders SET invoice_count = 2", "UPDATE orders SET invoice_count = 1"},
			{"I14", "UPDATE invoices SET state = 'RED'", "UPDATE invoices SET state = 'ISSUED'"},
			{"I18", "UPDATE invoices SET org = 'fra'", "UPDATE invoices SET org = 'hq'"},
		} {
			s.corrupt(c.broken)
			require.NotEmpty(t, s.audit()[c.id], c.broken)
			s.corrupt(c.mended)
			s.audited()
		}
	})
}
