//go:build failpoint

package service

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/failpoint"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// relayPoints are those of a message on its way to the coordinator; the center that it calls has its own.
var relayPoints = []string{"outbox.submit.before", "outbox.mark.before"}

// flowPoints are those of what the center does with another one beside placements and messages. Each has a test below.
var flowPoints = map[string]func(t *testing.T, s *shop, broken func(func() error)){
	"order.decline.follow.before":  declining,
	"order.decline.follow.after":   declining,
	"order.allocate.commit.before": allocating,
	"order.allocate.commit.after":  allocating,
	"order.reallocated.before":     following,
	"order.reallocated.after":      following,
	"order.capture.commit.before":  capturing,
	"order.capture.commit.after":   capturing,
	"order.refund.ask.before":      refunding,
	"order.refund.ask.after":       refunding,
	"order.invoice.ask.before":     issuing,
	"order.invoice.ask.after":      issuing,
	"order.expire.close.before":    expiring,
	"order.expire.close.after":     expiring,

	"order.readdress.begin.before":    changing,
	"order.readdress.begin.after":     changing,
	"order.readdress.redirect.before": changing,
	"order.readdress.redirect.after":  changing,
	"order.readdress.follow.before":   changing,
	"order.readdress.follow.after":    changing,
	"order.readdress.final.before":    changing,
	"order.readdress.final.after":     changing,
	"order.forfeit.close.before":      forfeiting,
	"order.forfeit.close.after":       forfeiting,
	"order.unmatched.ask.before":      returning,
	"order.unmatched.ask.after":       returning,
}

// Each flow ends as if nothing had happened, when it breaks off at a point and is asked for again.
func TestAFlowThatBreaksOffEndsTheSame(t *testing.T) {
	for point, flow := range flowPoints {
		t.Run(point, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *shop) {
				hit := false
				flow(t, s, func(step func() error) {
					hit = true
					disarm, err := failpoint.Arm(point + "=error")
					require.NoError(t, err)
					failure := step()
					disarm()
					require.Error(t, failure, "the flow did not come to the point")
					require.NoError(t, step(), "asked for again")
					require.NoError(t, step(), "and once more")
				})
				require.True(t, hit)
				require.Empty(t, s.audit())
			})
		})
	}
}

// declining is a store's no, and what the order makes of it.
func declining(t *testing.T, s *shop, broken func(func() error)) {
	o := s.paid(0)
	s.leaving()
	mine := at(o, "S2", orderv1.FulfilmentState_ASSIGNED)
	s.world.stock["S1"]["cup"] = 2
	req := decline(mine)
	broken(func() error {
		_, err := s.DeclineFulfilment(s.as(keeper), req)
		return err
	})
	o = s.get(o.Id)
	require.Len(t, o.Fulfilments, 3)
	require.Equal(t, []any{"S1", int64(2)}, []any{o.Fulfilments[2].Location, o.Fulfilments[2].Lines[0].Quantity})
	require.Zero(t, s.world.stock["S1"]["cup"], "taken once")
}

// allocating is the stock for an order that had waited for it.
func allocating(t *testing.T, s *shop, broken func(func() error)) {
	o, err := s.ImportChannelOrder(s.as(tmall), external("W1", "tea", 12, 200_000))
	require.NoError(t, err)
	require.True(t, o.Unallocated)
	s.world.stock["S1"]["tea"] = 12
	broken(func() error {
		s.clock.Advance(time.Minute)
		return s.Tick(t.Context())
	})
	require.False(t, s.get(o.Id).Unallocated)
	require.Len(t, s.get(o.Id).Fulfilments, 1)
	require.Zero(t, s.world.stock["S1"]["tea"], "taken once")
	s.leaving()
}

// issuing is an invoice that the issuer is asked for, and a red letter of it.
func issuing(t *testing.T, s *shop, broken func(func() error)) {
	s.withOffice()
	o := s.bought()
	_, err := s.invoiceOf(ann, o.Id, lin())
	require.NoError(t, err)
	tick := func() error { return s.issued(2 * time.Minute) }
	broken(tick)
	_, err = s.giveBack(boss, boss, o, o.Lines[1].LineId, 1)
	require.NoError(t, err)
	s.later(0)
	broken(tick)
	require.Equal(t, []string{"PART_RED 29900/2771", "ISSUED 1500/172"}, brief(s.allInvoices(o.Id)))
}

// following is inventory's message that a location has declined.
func following(t *testing.T, s *shop, broken func(func() error)) {
	o := s.paid(0)
	s.leaving()
	s.world.stock["S1"]["cup"] = 2
	held := s.world.holds[o.Id]
	for _, r := range slices.Clone(held) {
		if r.Location == "S2" {
			s.world.moveTo(o.Id, r, r.Open)
			r.Open = 0
		}
	}
	b := s.Branch()
	b.branchOf = func(context.Context) (saga.Branch, bool) { return saga.Branch{GID: "x", ID: "01", Op: "action"}, true }
	broken(func() error {
		_, err := b.Reallocated(t.Context(), &orderv1.ReallocatedCall{Document: o.Id})
		return err
	})
	require.Len(t, s.get(o.Id).Fulfilments, 3)
}

// capturing is a provider's word that a payment was paid.
func capturing(t *testing.T, s *shop, broken func(func() error)) {
	o := s.placed(0)
	p := s.payment(o)
	l := &life{shop: s, random: rand.New(rand.NewPCG(1, 1)), id: o.Id}
	body := l.notification(p)
	broken(func() error {
		if code := s.notify(body); code != http.StatusOK {
			return fmt.Errorf("answered %d", code)
		}
		return nil
	})
	o = s.get(o.Id)
	require.Equal(t, orderv1.OrderState_PAID, o.State)
	require.Equal(t, []int64{p.Amount.AmountMinor, 0}, []int64{o.Paid.AmountMinor, o.Refunded.AmountMinor})
}

// refunding is the money of a cancelled order on its way back.
func refunding(t *testing.T, s *shop, broken func(func() error)) {
	o := s.paid(0)
	_, err := s.CancelOrder(s.as(boss), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: o.Id, Reason: "x"})
	require.NoError(t, err)
	broken(func() error {
		s.clock.Advance(time.Minute)
		return s.TickPayments(t.Context())
	})
	r, err := s.Orders.Load(t.Context(), o.Id)
	require.NoError(t, err)
	require.Len(t, r.Refunds, 1)
	require.Equal(t, biz.RefundDone, r.Refunds[0].State)
}

// changing is another place for an order, of which one location may not serve it.
func changing(t *testing.T, s *shop, broken func(func() error)) {
	o := s.yes(s.paid(0))
	s.leaving()
	s.world.near = map[string]bool{"S1": true}
	in := moving(o, frida)
	broken(func() error {
		_, err := s.addresses().ChangeAddress(s.as(ann), in)
		return err
	})
	end := s.get(o.Id)
	require.Equal(t, []any{"Frida", int64(2)}, []any{end.Receiver.Name, end.AddressVersion})
	require.Len(t, noted(end, "order.readdress"), 1)
	require.Len(t, s.world.redirected, 1)
	require.Equal(t, [][]string{{"0"}}, s.rows("SELECT COUNT(*) FROM address_changes WHERE under <> ''"))
	for _, f := range s.yes(end).Fulfilments {
		if f.State == orderv1.FulfilmentState_ACCEPTED {
			require.Equal(t, "S2", f.Location)
			require.NoError(t, s.sends(f, 2))
		}
	}
	s.leaving()
}

// A change of address that is refused leaves nothing, wherever it breaks off on its way back.
func TestARefusedChangeOfAddressThatBreaksOffLeavesNothing(t *testing.T) {
	for _, point := range []string{"order.readdress.abandon.before", "order.readdress.abandon.after", "order.readdress.end.before", "order.readdress.end.after"} {
		t.Run(point, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *shop) {
				o := s.yes(s.paid(0))
				s.leaving()
				s.world.near = map[string]bool{"S1": true, "S2": true}
				in := moving(o, frida)
				disarm, err := failpoint.Arm(point + "=error")
				require.NoError(t, err)
				_, err = s.addresses().ChangeAddress(s.as(ann), in)
				require.Error(t, err)
				disarm()
				_, err = s.addresses().ChangeAddress(s.as(ann), in)
				requireReason(t, "STOCK_INSUFFICIENT", err)
				// The coordinator calls back until all of it is undone.
				require.Eventually(t, func() bool { return s.sends(o.Fulfilments[0], 0) == nil }, finalWithin, 100*time.Millisecond)
				require.Equal(t, "Ann", s.get(o.Id).Receiver.Name)
				require.Equal(t, [][]string{{"0"}}, s.rows("SELECT COUNT(*) FROM address_changes WHERE under <> ''"))
				s.leaving()
				require.Empty(t, s.audit())
			})
		})
	}
}

// expiring is the end of an order that nobody has paid, here and at its provider.
func expiring(t *testing.T, s *shop, broken func(func() error)) {
	o := s.placed(0)
	s.payment(o)
	broken(func() error {
		s.clock.Advance(20 * time.Minute)
		return s.Tick(t.Context())
	})
	require.Equal(t, orderv1.OrderState_CANCELLED, s.get(o.Id).State)
	s.leaving()
}

// forfeiting is the end of an order whose balance was not paid in time.
func forfeiting(t *testing.T, s *shop, broken func(func() error)) {
	o := s.deposited(nil)
	s.come(balanceFrom)
	s.payment(o)
	broken(func() error {
		s.clock.Advance(3 * time.Hour)
		return s.Tick(t.Context())
	})
	o = s.get(o.Id)
	require.Equal(t, []any{orderv1.OrderState_CANCELLED, int64(1667), int64(3334)}, []any{o.State, o.Deposit.Forfeited.AmountMinor, o.Refunded.AmountMinor})
	require.Equal(t, []string{"inventory.Release"}, s.leaving())
}

// returning is money of nobody's order that finance gives back.
func returning(t *testing.T, s *shop, broken func(func() error)) {
	b := withBank(s)
	b.takes("pay_foreign", "acct-hq", 777)
	status, _ := b.says(s, biz.Notification{PaymentID: "pay_foreign", TransactionNo: "tx-pay_foreign"})
	require.Equal(t, 404, status)
	list := s.unmatched(orderv1.UnmatchedState_UNMATCHED_OPEN)
	require.Len(t, list, 1)
	_, err := s.refundUnmatched(fin, list[0].Id)
	require.NoError(t, err)
	broken(func() error {
		s.clock.Advance(2 * time.Minute)
		return s.TickPayments(t.Context())
	})
	require.Len(t, s.unmatched(orderv1.UnmatchedState_UNMATCHED_REFUNDED), 1)
	require.Len(t, b.refunds, 1, "once")
}

// Each kind of message arrives, once, although the relay dies before it has handed it over or before it has noted that.
func TestEachMessageArrivesAlthoughItsRelayDies(t *testing.T) {
	for _, point := range relayPoints {
		t.Run(point, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, s *shop) {
				dies := func() {
					disarm, err := failpoint.Arm(point + "=error")
					require.NoError(t, err)
					_, err = s.relay.Once(t.Context())
					disarm()
					require.ErrorIs(t, err, failpoint.ErrInjected)
					s.clock.Advance(2 * time.Minute) // past the lease
					s.leaving()
				}
				everything(s, dies)
				kinds := map[string]bool{}
				for gid, times := range s.sent.times {
					kinds[gid[:2]] = true
					require.GreaterOrEqual(t, times, 1+slices.Index(relayPoints, point), gid)
				}
				require.ElementsMatch(t, messageKinds(t), slices.Collect(maps.Keys(kinds)), "a message of each kind: a new one needs its life here")
				require.Empty(t, s.audit())
			})
		})
	}
}

// everything lets orders live so that each kind of message is sent, and calls after whenever there is one.
func everything(s *shop, after func()) {
	t := s.t
	o := s.paid(300)
	after()
	_, err := s.SellAtTill(s.served(till), sale("R1", 2900, line("cup", 2)))
	require.NoError(t, err)
	after()
	waiting, err := s.ImportChannelOrder(s.as(tmall), external("W1", "tea", 12, 200_000))
	require.NoError(t, err)
	s.world.stock["S1"]["tea"] = 12
	s.later(time.Minute)
	require.False(t, s.get(waiting.Id).Unallocated)
	after()
	less, err := s.PlaceOrder(s.as(ann), wish(line("cup", 3)))
	require.NoError(t, err)
	s.pay(s.payment(less))
	after()
	_, err = s.holdBack(boss, less.Id)
	require.NoError(t, err)
	after()
	_, err = s.release(boss, less.Id)
	require.NoError(t, err)
	after()
	_, err = NewOrderChanges(s.Order).CancelLines(s.as(ann), &orderv1.CancelLinesRequest{RequestId: requestID(), OrderId: less.Id, Reason: "x",
		Lines: []*orderv1.CancelledLine{{LineId: less.Lines[0].LineId, Quantity: 1}}})
	require.NoError(t, err)
	after()
	s.ship(o)
	after()
	s.receive(o)
	_, err = s.giveBack(ann, boss, o, o.Lines[1].LineId, 5)
	require.NoError(t, err)
	after()
	s.later(time.Second)
	s.later(2 * time.Hour)
	require.Equal(t, orderv1.OrderState_COMPLETED, s.get(o.Id).State)
	after()
	_, err = s.CancelOrder(s.as(boss), &orderv1.CancelOrderRequest{RequestId: requestID(), OrderId: waiting.Id, Reason: "x"})
	require.NoError(t, err)
	after()
}

// sources parses the center's code, without its tests and what is generated.
func sources(t *testing.T, look func(path string, file *ast.File)) {
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "ent":
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err == nil {
			look(path, file)
		}
		return err
	}))
}

// messageKinds are the constants of the code that name kinds of messages.
func messageKinds(t *testing.T) (kinds []string) {
	sources(t, func(path string, file *ast.File) {
		if filepath.Base(filepath.Dir(path)) != "data" {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "kind") {
				return true
			}
			if text, err := strconv.Unquote(fmt.Sprint(literal(spec.Values[0]))); err == nil {
				kinds = append(kinds, text)
			}
			return true
		})
	})
	require.NotEmpty(t, kinds)
	return kinds
}

func literal(x ast.Expr) string {
	if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		return lit.Value
	}
	return ""
}

// pattern is what a point's name looks like; what the code fills in may be anything.
func pattern(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.BinaryExpr:
		return pattern(x.X) + pattern(x.Y)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(x.Value); err == nil {
			return regexp.QuoteMeta(text)
		}
	}
	return `[a-z0-9_]+`
}

// named are the points of this center that tests of this package name.
func named(t *testing.T) (points []string) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				if text, err := strconv.Unquote(lit.Value); err == nil && strings.HasPrefix(text, "order.") {
					name, _, _ := strings.Cut(text, "=") // with what is to happen there
					points = append(points, name)
				}
			}
			return true
		})
	}
	return points
}

// Every fail point in the center's code is tried by a test of this package, on the side where it stands; and each method that
// the coordinator calls here has one before and one after.
func TestEveryFailPointIsTried(t *testing.T) {
	var tried []string
	for _, k := range kills() {
		tried = append(tried, k.point)
	}
	tried = append(tried, named(t)...)
	var patterns []string
	sources(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Hit" && fmt.Sprint(f.X) == "failpoint" {
				patterns = append(patterns, "^"+pattern(call.Args[0])+"$")
			}
			return true
		})
	})
	require.NotEmpty(t, patterns)
	for _, p := range patterns {
		require.True(t, slices.ContainsFunc(tried, regexp.MustCompile(p).MatchString), "no test tries %s", p)
	}
	for _, k := range kills() {
		if strings.HasPrefix(k.point, "order.") {
			require.True(t, slices.ContainsFunc(patterns, func(p string) bool { return regexp.MustCompile(p).MatchString(k.point) }), "%s is not in the code", k.point)
		}
	}
	for _, m := range orderv1.OrderBranch_ServiceDesc.Methods {
		for _, side := range []string{"before", "after"} {
			require.Contains(t, tried, "order."+strings.ToLower(m.MethodName)+"."+side, "the coordinator calls it")
		}
	}
}
