package service

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/internal/testkit"
)

// busy fills each table: two closed months, debts, open entries, supplies.
func (b *bench) busy(t *testing.T) {
	t.Helper()
	b.policy(t)
	for i := range 3 {
		b.accrue(t, fmt.Sprint("ord_", i))
	}
	b.earn(t, "ord_0", "l1", "l2")
	b.clawBack(t, "rfd_0", "ord_1", "l1", 4_000)
	_, err := b.branch.RecordSupply(t.Context(), &rebatev1.RecordSupplyCall{OrderId: "ord_0", Document: "ful_1", SellerOrg: "HQ", Currency: "CNY", Lines: []*rebatev1.SupplyLine{
		{LineId: "l1", Sku: "TEA-1", OwnerOrg: "FR1", Quantity: 2, PriceMinor: 4_000, FeeMinor: 500}}})
	require.NoError(t, err)
	b.to(t, shanghai(2026, 10, 3))
	_, err = b.close(t, "2026-09")
	require.NoError(t, err)
	b.clawBack(t, "rfd_1", "ord_0", "l1", 6_172)
	b.to(t, shanghai(2026, 11, 3))
	_, err = b.close(t, "2026-10")
	require.NoError(t, err)
	b.earn(t, "ord_1", "l1")
}

// Each check goes red when what it guards is broken behind the center's back.
func TestTheAuditSeesWhatIsBroken(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			for name, c := range map[string]struct{ sql, id, title string }{
				"accrued":                    {"UPDATE rebate_accruals SET accrued_minor = accrued_minor + 1", "I10", "sum of its entries"},
				"accrued, by rate":           {"UPDATE rebate_accruals SET accrued_minor = accrued_minor + 1", "I10", "the rate of the base"},
				"accrued less, by rate":      {"UPDATE rebate_accruals SET accrued_minor = accrued_minor - 1", "I10", "the rate of the base"},
				"clawed back":                {"UPDATE rebate_accruals SET clawed_back_minor = clawed_back_minor + 1 WHERE clawed_back_minor > 0", "I10", "sum of its entries"},
				"clawed back too much":       {"UPDATE rebate_accruals SET clawed_back_minor = accrued_minor + 1", "I10", "0 <= clawed back"},
				"settled":                    {"UPDATE rebate_accruals SET settled_minor = settled_minor + 1 WHERE earned = 1", "I10", "= settled + open"},
				"settled, not earned":        {"UPDATE rebate_accruals SET settled_minor = 1 WHERE earned = 0", "I10", "= settled + open"},
				"proportion":                 {"UPDATE rebate_accruals SET refunded_minor = refunded_minor - 100 WHERE refunded_minor > 100", "I12", "proportion"},
				"an entry changed":           {"UPDATE rebate_entries SET amount_minor = amount_minor + 1 WHERE kind = 'ACCRUE'", "I10", "sum of its entries"},
				"an entry deleted":           {"DELETE FROM rebate_entries WHERE kind = 'ACCRUE'", "I19", "no rebate entry is missing"},
				"an EARN deleted":            {"DELETE FROM rebate_entries WHERE kind = 'EARN'", "I19", "no rebate entry is missing"},
				"an accrual deleted":         {"DELETE FROM rebate_accruals WHERE earned = 1", "I19", "no rebate entry is missing"},
				"a posting changed":          {"UPDATE journal_postings SET amount_minor = amount_minor + 1 WHERE account = 'rebate_payable'", "I11", "every journal entry balances"},
				"a posting deleted":          {"DELETE FROM journal_postings WHERE account = 'supply_payable'", "I11", "the trial balance is 0"},
				"a posting's currency":       {"UPDATE journal_postings SET currency = 'USD' WHERE account = 'rebate_expense'", "I11", "every journal entry balances"},
				"a balanced entry changed":   {"UPDATE journal_postings SET amount_minor = amount_minor * 2", "I11", "has its journal entry"},
				"a journal entry deleted":    {"DELETE FROM journal_entries WHERE kind = 'SUPPLY'", "I11", "has its journal entry"},
				"a journal entry of nothing": {"UPDATE journal_entries SET source = 'nothing' WHERE kind = 'SUPPLY'", "I11", "has its journal entry"},
				"another account":            {"UPDATE journal_postings SET account = 'rebate_expense', org = 'HQ2' WHERE account = 'rebate_payable'", "I11", "agree with the accruals"},
				"a gap between months":       {"UPDATE rebate_periods SET start_us = start_us + 1 WHERE id = '2026-10'", "I15", "leave no gap"},
				"months overlap":             {"UPDATE rebate_periods SET end_us = end_us + 1 WHERE id = '2026-09'", "I15", "disjoint"},
				"an entry in no statement":   {"DELETE FROM rebate_statement_lines", "I15", "exactly one statement"},
				"another's statement":        {"UPDATE rebate_statement_lines SET statement_id = (SELECT MIN(id) FROM rebate_statements WHERE payee = 'G1')", "I15", "exactly one statement"},
				"a line of nothing":          {"UPDATE rebate_statement_lines SET statement_id = 'nothing'", "I15", "exactly one statement"},
				"an entry moved on":          {"UPDATE rebate_entries SET at_us = at_us + 5184000000000 WHERE kind = 'EARN'", "I15", "exactly one statement"},
				"a statement's total":        {"UPDATE rebate_statements SET total_minor = total_minor + 1", "I15", "sum of its entries"},
				"a statement's part":         {"UPDATE rebate_statements SET earned_minor = earned_minor + 1, total_minor = total_minor + 1", "I15", "sum of its entries"},
				"a debt forgotten":           {"UPDATE rebate_statements SET total_minor = -5, carried_minor = -5 - earned_minor + clawed_back_minor WHERE period = '2026-09'", "I15", "sum of its entries"},
				"an unanswered command":      {"UPDATE commands SET answer = NULL", "I17", "one answer"},
				"a supply's amount":          {"UPDATE supply_entries SET amount_minor = amount_minor + 1", "I18a", "quantity x price"},
				"a supply to oneself":        {"UPDATE supply_entries SET seller_org = org", "I18a", "between two organisations"},
				"an entry's organisation":    {"UPDATE rebate_entries SET org = 'FR9' WHERE payee = 'G1'", "I18", "has its accrual's organisation"},
				"an order forgotten":         {"DELETE FROM rebate_orders", "I18", "an accrual its order"},
			} {
				t.Run(name, func(t *testing.T) {
					b := newBench(t, engine)
					b.busy(t)
					require.Empty(t, b.audit(t, t.Context()))
					require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context) error {
						res, err := b.db.Conn(ctx).ExecContext(ctx, c.sql)
						if err != nil {
							return err
						}
						n, err := res.RowsAffected()
						require.Positive(t, n, "the statement hits nothing")
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

// What a unique key keeps out cannot be put in to see the check; that the key is there is the proof.
func TestDuplicatesCannotBeWritten(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		b.busy(t)
		for _, c := range []struct{ table, columns string }{
			{"rebate_accruals", "order_id, line_id, channel, policy_code, policy_version, rate_bp, role, payee, reason, seller_org, currency, base_minor, accrued_minor, accrued_at_us, org"},
			{"supply_entries", "order_id, line_id, document, sku, seller_org, quantity, price_minor, amount_minor, fee_minor, currency, at_us, org"},
			{"journal_entries", "kind, source, order_id, currency, at_us, org"},
			{"rebate_statements", "period, payee, role, currency, earned_minor, clawed_back_minor, carried_minor, total_minor, closed_at_us, org"},
		} {
			err := b.db.InTx(t.Context(), func(ctx context.Context) error {
				_, err := b.db.Conn(ctx).ExecContext(ctx, "INSERT INTO "+c.table+" (id, "+c.columns+") SELECT 'copy', "+c.columns+" FROM "+c.table+" LIMIT 1")
				return err
			})
			require.True(t, database.IsUniqueViolation(err), "%s: %v", c.table, err)
		}
	})
}

func TestManyMessagesOfOneOrderAtOnce(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		b.policy(t)
		b.accrue(t, "ord_1")
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				var err error
				if i%3 == 0 {
					_, err = b.branch.Earn(t.Context(), &rebatev1.EarnCall{OrderId: "ord_1", LineIds: []string{"l1", "l2"}})
				} else {
					_, err = b.branch.ClawBack(t.Context(), &rebatev1.ClawBackCall{Refund: ids.New("rfd"), OrderId: "ord_1",
						Lines: []*rebatev1.ClawBackLine{{LineId: "l1", RefundedMinor: int64(i) * 1_000}}})
				}
				if err != nil {
					t.Errorf("message %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		accruals, err := b.ListAccruals(hq(t.Context(), "finance"), &rebatev1.ListAccrualsRequest{OrderId: "ord_1"})
		require.NoError(t, err)
		for _, a := range accruals.Accruals {
			if a.LineId == "l1" {
				require.Equal(t, money.Proportion(a.AccruedMinor, 11_000, a.BaseMinor), a.ClawedBackMinor)
			}
		}
		require.Empty(t, b.audit(t, t.Context()))
	})
}

// Random messages, repeated and out of order, with months that end in between, end where a simple model ends: what a
// payee got in all statements is the accrued amounts of what was earned, less the proportion that was refunded.
func TestRandomMessagesAgreeWithAModel(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		b.policy(t)
		round, month := 0, 9
		finance := hq(t.Context(), "finance")
		rapid.Check(t, func(r *rapid.T) {
			round++
			type line struct {
				earned   bool
				refunded int64
			}
			lines := map[string]*line{}
			for i := range rapid.IntRange(1, 14).Draw(r, "steps") {
				order := fmt.Sprintf("ord_%d_%d", round, rapid.IntRange(1, 2).Draw(r, "order"))
				switch rapid.SampledFrom([]string{"accrue", "accrue", "earn", "claw", "claw", "close"}).Draw(r, "step") {
				case "accrue":
					b.accrue(t, order)
					if lines[order] == nil {
						lines[order] = &line{}
					}
				case "earn":
					_, err := b.branch.Earn(t.Context(), &rebatev1.EarnCall{OrderId: order, LineIds: []string{"l1"}})
					require.Equal(r, lines[order] == nil, err != nil)
					if lines[order] != nil {
						lines[order].earned = true
					}
				case "claw":
					refunded := rapid.Int64Range(1, 12_345).Draw(r, "refunded")
					_, err := b.branch.ClawBack(t.Context(), &rebatev1.ClawBackCall{Refund: fmt.Sprint("rfd_", round, "_", i), OrderId: order,
						Lines: []*rebatev1.ClawBackLine{{LineId: "l1", RefundedMinor: refunded}}})
					require.Equal(r, lines[order] == nil, err != nil)
					if lines[order] != nil {
						lines[order].refunded = max(lines[order].refunded, refunded)
					}
				case "close":
					if month > 40 {
						continue // years of months are enough
					}
					period := fmt.Sprintf("%d-%02d", 2026+(month-1)/12, (month-1)%12+1)
					month++
					b.to(t, shanghai(2026, month, 1))
					_, err := b.close(t, period)
					require.NoError(r, err)
				}
			}
			var want int64
			for _, l := range lines {
				if l.earned {
					want += 370 - money.Proportion(370, l.refunded, 12_345)
				}
			}
			var got int64
			for order := range lines {
				list, err := b.ListAccruals(finance, &rebatev1.ListAccrualsRequest{OrderId: order, Payee: "G1"})
				require.NoError(r, err)
				for _, a := range list.Accruals {
					if a.LineId == "l1" && a.State == "earned" {
						got += a.AccruedMinor - a.ClawedBackMinor
					}
				}
			}
			require.Equal(r, want, got)
			require.Empty(r, b.audit(r, t.Context()))
		})
	})
}
