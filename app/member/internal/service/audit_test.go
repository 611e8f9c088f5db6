package service

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/internal/testkit"
)

// busy is a member with something in each table.
func (b *bench) busy(t *testing.T) string {
	t.Helper()
	id := b.newMember(t, "13812345678", 500)
	ctx := t.Context()
	for _, doc := range []string{"ord_1", "ord_2"} {
		_, err := b.FreezePoints(b.inside(t, self(ctx, id)), &memberv1.FreezePointsRequest{RequestId: b.request(), MemberId: id, Document: doc, Points: 50})
		require.NoError(t, err)
	}
	_, err := b.branch.SettlePaid(ctx, &memberv1.SettlePaidCall{Document: "ord_1", MemberId: id,
		Lines: []*memberv1.AccrualLine{{LineId: "l1", BaseMinor: 9_900}, {LineId: "l2", BaseMinor: 5_000}}})
	require.NoError(t, err)
	_, err = b.branch.Earn(ctx, &memberv1.EarnCall{Document: "ord_1", LineIds: []string{"l1"}})
	require.NoError(t, err)
	_, err = b.branch.ClawBack(ctx, &memberv1.ClawBackCall{Refund: "rfd_1", Document: "ord_1",
		Lines: []*memberv1.ClawBackLine{{LineId: "l1", RefundedMinor: 3_300, BaseMinor: 9_900, GiveBackPoints: 10}}})
	require.NoError(t, err)
	return id
}

// Each check goes red when what it guards is broken behind the center's back.
func TestTheAuditSeesWhatIsBroken(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			for name, c := range map[string]struct{ sql, id, title string }{
				"balance":               {"UPDATE points_accounts SET balance = balance + 1", "I6", "sums of their entries"},
				"pending":               {"UPDATE points_accounts SET pending = pending + 1", "I6", "what lines have accrued"},
				"debt":                  {"UPDATE points_accounts SET debt = debt + 1", "I6", "sums of their entries"},
				"negative debt":         {"UPDATE points_accounts SET debt = -1", "I6", "remains in the lots"},
				"a lot":                 {"UPDATE points_lots SET remaining = remaining - 1", "I6", "remains in the lots"},
				"more than a lot had":   {"UPDATE points_lots SET remaining = points + 1", "I6", "never holds more"},
				"frozen":                {"UPDATE points_accounts SET frozen = frozen + 1", "I6", "documents that are not paid"},
				"frozen above balance":  {"UPDATE points_accounts SET frozen = balance + 1", "I6", "0 <= frozen"},
				"taken back too much":   {"UPDATE points_lines SET clawed_back = accrued + 1", "I6", "never takes back more"},
				"proportion":            {"UPDATE points_lines SET refunded_minor = refunded_minor + 500 WHERE refunded_minor > 0", "I12", "proportion"},
				"given back too much":   {"UPDATE points_documents SET given_back = spent + 1 WHERE state = 'SETTLED'", "I6", "never gives back more"},
				"spent":                 {"UPDATE points_documents SET spent = spent - 1 WHERE state = 'SETTLED'", "I6", "in the ledger as it says"},
				"an entry changed":      {"UPDATE points_entries SET points = points + 1 WHERE reason = 'EARN'", "I19", "no points entry is missing"},
				"an entry deleted":      {"DELETE FROM points_entries WHERE reason = 'ACCRUE'", "I19", "no points entry is missing"},
				"the last one deleted":  {"DELETE FROM points_entries WHERE seq = 1", "I19", "no points entry is missing"},
				"an unanswered command": {"UPDATE commands SET answer = NULL", "I17", "one answer"},
				"another organisation":  {"UPDATE members SET org = 'FR1'", "I18", "the brand's"},
				"no account":            {"DELETE FROM points_accounts", "I18", "has a member and an account"},
			} {
				t.Run(name, func(t *testing.T) {
					b := newBench(t, engine)
					b.busy(t)
					require.Empty(t, b.audit(t, t.Context()))
					require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context) error {
						_, err := b.db.Conn(ctx).ExecContext(ctx, c.sql)
						return err
					}))
					found := false
					violated := b.audit(t, t.Context())
					for _, v := range violated {
						found = found || strings.HasPrefix(v, c.id+" ") && strings.Contains(v, c.title)
					}
					require.True(t, found, "%s is not seen by %s: %v", c.sql, c.id, violated)
				})
			}
		})
	}
}

func TestManyOrdersOfOneMemberAtOnce(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		id := b.newMember(t, "13812345678", 100)
		inside := b.inside(t, self(t.Context(), id))
		var wg sync.WaitGroup
		frozen := make([]bool, 12)
		for i := range frozen {
			wg.Go(func() {
				doc := fmt.Sprint("ord_", i)
				_, err := b.FreezePoints(inside, &memberv1.FreezePointsRequest{RequestId: b.request(), MemberId: id, Document: doc,
					Gid: ids.GID("po", ids.New("ord"), 1), Points: 10})
				if err != nil {
					if reason(err) != "POINTS_INSUFFICIENT" {
						t.Errorf("freeze: %v", err)
					}
					return
				}
				frozen[i] = true
				for range 2 {
					if _, err := b.branch.SettlePaid(t.Context(), &memberv1.SettlePaidCall{Document: doc, MemberId: id, Lines: []*memberv1.AccrualLine{{LineId: "l1", BaseMinor: 500}}}); err != nil {
						t.Errorf("settle: %v", err)
					}
				}
			})
		}
		wg.Wait()
		count := int64(0)
		for _, f := range frozen {
			if f {
				count++
			}
		}
		require.EqualValues(t, 10, count, "100 points are enough for ten orders, whatever comes first")
		require.Equal(t, &memberv1.Points{Pending: 50}, b.points(t, id))
		require.Empty(t, b.audit(t, t.Context()))
	})
}

// model is what the points should be, without lots, ledgers and states of documents.
type model struct {
	balance, pending, debt int64
	frozen                 map[string]int64
	spent, back            map[string]int64
	settled                map[string]bool
	lines                  map[string]*modelLine
}

type modelLine struct {
	accrued, base, taken int64
	earned               bool
}

func (m *model) free() int64 {
	free := m.balance
	for _, f := range m.frozen {
		free -= f
	}
	return free
}

// Random messages, repeated and out of order, end where a simple model ends, and the audit is green.
func TestRandomMessagesAgreeWithAModel(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		round := 0
		rapid.Check(t, func(r *rapid.T) {
			round++
			id := b.newMember(t, fmt.Sprintf("139%08d", round), 300)
			m := &model{balance: 300, frozen: map[string]int64{}, spent: map[string]int64{}, back: map[string]int64{}, settled: map[string]bool{}, lines: map[string]*modelLine{}}
			inside := b.inside(t, self(t.Context(), id))
			for i := range rapid.IntRange(1, 12).Draw(r, "steps") {
				doc := fmt.Sprintf("ord_%d_%d", round, rapid.IntRange(1, 3).Draw(r, "document"))
				repeat := rapid.IntRange(1, 2).Draw(r, "repeat")
				b.gid = fmt.Sprintf("gid-%d-%d", round, i)
				step := rapid.SampledFrom([]string{"freeze", "unfreeze", "settle", "earn", "claw"}).Draw(r, "step")
				points, refunded := rapid.Int64Range(1, 200).Draw(r, "points"), rapid.Int64Range(0, 12_000).Draw(r, "refunded")
				var refused bool
				for range repeat {
					err := b.send(inside, step, id, doc, fmt.Sprint("rfd_", round, "_", i), points, refunded)
					refused = err != nil
					if err != nil {
						require.Contains(r, []string{"POINTS_INSUFFICIENT", "STATE_CONFLICT", "UNAVAILABLE", "INTERNAL"}, reason(err), "%s: %v", step, err)
					}
					if step == "freeze" {
						break // a second freeze of the same document is another command
					}
				}
				require.Equal(r, refused, !m.apply(step, doc, points, refunded), "%s of %s", step, doc)
			}
			b.gid = ""
			got := b.points(t, id)
			require.Equal(r, []int64{m.balance, m.balance - m.free(), m.pending, m.debt}, []int64{got.Balance, got.Frozen, got.Pending, got.Debt})
			require.Empty(r, b.audit(r, t.Context()))
		})
	})
}

func (b *bench) send(inside context.Context, step, id, doc, refund string, points, refunded int64) (err error) {
	ctx := context.Background()
	switch step {
	case "freeze":
		_, err = b.FreezePoints(inside, &memberv1.FreezePointsRequest{RequestId: b.request(), MemberId: id, Document: doc, Points: points})
	case "unfreeze":
		_, err = b.branch.Unfreeze(ctx, &memberv1.UnfreezeCall{Document: doc})
	case "settle":
		_, err = b.branch.SettlePaid(ctx, &memberv1.SettlePaidCall{Document: doc, MemberId: id, Lines: []*memberv1.AccrualLine{{LineId: "l1", BaseMinor: 10_000}}})
	case "earn":
		_, err = b.branch.Earn(ctx, &memberv1.EarnCall{Document: doc, LineIds: []string{"l1"}})
	case "claw":
		_, err = b.branch.ClawBack(ctx, &memberv1.ClawBackCall{Refund: refund, Document: doc,
			Lines: []*memberv1.ClawBackLine{{LineId: "l1", RefundedMinor: refunded, BaseMinor: 10_000, GiveBackPoints: points}}})
	}
	return err
}

// apply says whether the step is possible.
func (m *model) apply(step, doc string, points, refunded int64) bool {
	line := m.lines[doc]
	switch step {
	case "freeze":
		if m.settled[doc] || m.frozen[doc] > 0 || points > m.free() {
			return false
		}
		m.frozen[doc], m.spent[doc] = points, points
	case "unfreeze":
		delete(m.frozen, doc)
	case "settle":
		if m.settled[doc] {
			return true
		}
		if held := m.frozen[doc]; held > 0 {
			delete(m.frozen, doc)
			m.balance -= held
		} else if released := m.spent[doc]; released > 0 { // paid after all
			taken := min(released, m.free())
			m.balance, m.debt, m.spent[doc] = m.balance-taken, m.debt+released-taken, taken
		}
		m.settled[doc], m.lines[doc] = true, &modelLine{accrued: 100, base: 10_000}
		m.pending += 100
	case "earn":
		if line == nil {
			return false
		}
		if !line.earned {
			left := line.accrued - line.taken
			repaid := min(left, m.debt)
			m.pending, m.debt, m.balance = m.pending-left, m.debt-repaid, m.balance+left-repaid
			line.earned = true
		}
	case "claw":
		if line == nil {
			return false
		}
		back := min(points, m.spent[doc]-m.back[doc])
		m.balance, m.back[doc] = m.balance+back, m.back[doc]+back
		due := max(0, money.Proportion(line.accrued, min(refunded, line.base), line.base)-line.taken)
		line.taken += due
		if !line.earned {
			m.pending -= due
			break
		}
		taken := min(due, m.free())
		m.balance, m.debt = m.balance-taken, m.debt+due-taken
	}
	return true
}
