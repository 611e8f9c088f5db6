package biz

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const start = int64(1_790_000_000_000_000)

// memoryLedger keeps copies, as a database does.
type memoryLedger struct {
	orders   map[string]bool
	policies []Policy
	accruals map[string]Accrual
	entries  []Entry
	supplies map[string]Supply
	journal  []JournalEntry
}

func newLedger(policies ...Policy) *memoryLedger {
	return &memoryLedger{orders: map[string]bool{}, policies: policies, accruals: map[string]Accrual{}, supplies: map[string]Supply{}}
}

func (l *memoryLedger) Begin(_ context.Context, o Order, _ int64) (bool, error) {
	known := l.orders[o.ID]
	l.orders[o.ID] = true
	return !known, nil
}
func (l *memoryLedger) Lock(_ context.Context, order string) (bool, error) {
	return l.orders[order], nil
}
func (l *memoryLedger) PoliciesAt(context.Context, int64) ([]Policy, error) { return l.policies, nil }
func (l *memoryLedger) AddAccruals(_ context.Context, accruals []*Accrual) error {
	for _, a := range accruals {
		l.accruals[a.ID] = *a
	}
	return nil
}
func (l *memoryLedger) Accruals(_ context.Context, order string, lines []string) (out []*Accrual, _ error) {
	for _, a := range l.accruals {
		if a.Order == order && slices.Contains(lines, a.Line) {
			out = append(out, &a)
		}
	}
	return out, nil
}
func (l *memoryLedger) SaveAccrual(_ context.Context, a *Accrual) error {
	l.accruals[a.ID] = *a
	return nil
}
func (l *memoryLedger) AddEntry(_ context.Context, _ *Accrual, e Entry) error {
	for _, old := range l.entries {
		if old.ID == e.ID {
			return fmt.Errorf("entry %s twice", e.ID)
		}
	}
	l.entries = append(l.entries, e)
	return nil
}
func (l *memoryLedger) AddSupply(_ context.Context, s Supply) (bool, error) {
	_, known := l.supplies[s.ID]
	l.supplies[s.ID] = s
	return !known, nil
}
func (l *memoryLedger) AddJournal(_ context.Context, j JournalEntry) error {
	l.journal = append(l.journal, j)
	return nil
}

func (l *memoryLedger) balance(account Account, org string) (sum int64) {
	for _, j := range l.journal {
		for _, p := range j.Postings {
			if p.Account == account && p.Org == org {
				sum += p.AmountMinor
			}
		}
	}
	return sum
}

// audit checks I10 and I11 over the stored state.
func (l *memoryLedger) audit(t require.TestingT) {
	var books int64
	for _, j := range l.journal {
		var sum int64
		for _, p := range j.Postings {
			sum += p.AmountMinor
		}
		require.Zero(t, sum)
		books += sum
	}
	require.Zero(t, books)
	for _, a := range l.accruals {
		var clawed, payable int64
		for _, e := range l.entries {
			if e.Accrual == a.ID {
				payable += e.PayableMinor
				if e.Kind == EntryClawBack {
					clawed += e.AmountMinor
				}
			}
		}
		require.Equal(t, clawed, a.ClawedBackMinor)
		require.LessOrEqual(t, clawed, a.AccruedMinor)
		if a.Earned {
			require.Equal(t, a.AccruedMinor-clawed, payable)
		} else {
			require.Zero(t, payable)
		}
	}
}

type at struct{ us int64 }

func (c *at) Now(context.Context) (int64, error) { return c.us, nil }

var standard = Policy{Code: "STD", Version: 3, Name: "standard", InForceFromUS: 1, Shares: []Share{
	{RoleGuide, 300}, {RoleHomeStore, 250}, {RoleDealerAbove, 100}}}

func order(id string) Order {
	return Order{ID: id, Channel: "miniprogram", Seller: "HQ", Currency: "CNY", PaidUS: start,
		Lines: []SoldLine{{"l1", "TEA-1", 2, 12_345}, {"l2", "TEA-2", 1, 9_999}},
		Attributions: []Attribution{
			{RoleGuide, "G1", "FR1", "bound by wecom"}, {RoleHomeStore, "S1", "FR1", "home store"}, {RoleDealerAbove, "D1", "D1", "dealer above S1"}}}
}

func desk() (*Rebates, *memoryLedger) {
	ledger := newLedger(standard)
	return NewRebates(ledger, &at{start}), ledger
}

func TestAPaidOrderAccruesOncePerPayee(t *testing.T) {
	r, ledger := desk()
	require.NoError(t, r.Accrue(t.Context(), order("ord_1")))
	require.NoError(t, r.Accrue(t.Context(), order("ord_1")))
	require.Len(t, ledger.accruals, 6)
	require.Len(t, ledger.entries, 6)
	require.EqualValues(t, -(370 + 309 + 300 + 250), ledger.balance(RebatePending, "FR1"), "3 %% and 2.5 %% of both lines, half up")
	require.EqualValues(t, -(123 + 100), ledger.balance(RebatePending, "D1"))
	require.EqualValues(t, 370+309+300+250+123+100, ledger.balance(RebateExpense, "HQ"))
	ledger.audit(t)
}

func TestClawbackAfterEarningIsOwedBack(t *testing.T) {
	r, ledger := desk()
	ctx := t.Context()
	require.ErrorIs(t, r.Earn(ctx, "ord_1", []string{"l1"}), ErrNotYet)
	require.ErrorIs(t, r.ClawBack(ctx, "rfd_1", "ord_1", []Refunded{{"l1", 1}}), ErrNotYet)
	require.NoError(t, r.Accrue(ctx, order("ord_1")))
	require.NoError(t, r.ClawBack(ctx, "rfd_1", "ord_1", []Refunded{{"l1", 6_172}}))
	require.NoError(t, r.Earn(ctx, "ord_1", []string{"l1", "l2"}))
	require.NoError(t, r.Earn(ctx, "ord_1", []string{"l1", "l2"}))
	require.NoError(t, r.ClawBack(ctx, "rfd_2", "ord_1", []Refunded{{"l1", 12_345}}))
	require.NoError(t, r.ClawBack(ctx, "rfd_2", "ord_1", []Refunded{{"l1", 12_345}}))
	require.EqualValues(t, -(300 + 250), ledger.balance(RebatePayable, "FR1"), "only the line that stayed")
	require.EqualValues(t, 0, ledger.balance(RebatePending, "FR1"))
	ledger.audit(t)
}

func TestAnOrderWithoutAttributionsIsKnownToHaveAccrued(t *testing.T) {
	r, _ := desk()
	o := order("ord_1")
	o.Attributions = nil
	require.NoError(t, r.Accrue(t.Context(), o))
	require.NoError(t, r.Earn(t.Context(), "ord_1", []string{"l1"}))
}

func TestSupplyIsSettledBetweenOwnerAndSeller(t *testing.T) {
	r, ledger := desk()
	lines := []Shipped{{Line: "l1", SKU: "TEA-1", Owner: "FR1", Quantity: 2, PriceMinor: 4_000, FeeMinor: 500}, {Line: "l2", Owner: "HQ", Quantity: 1}}
	require.NoError(t, r.RecordSupply(t.Context(), "ord_1", "ful_1", "HQ", "CNY", lines))
	require.NoError(t, r.RecordSupply(t.Context(), "ord_1", "ful_1", "HQ", "CNY", lines))
	require.Len(t, ledger.supplies, 1, "its own stock is no supply")
	require.EqualValues(t, 8_000, ledger.balance(SupplyReceivable, "FR1"))
	require.EqualValues(t, -8_000, ledger.balance(SupplyPayable, "HQ"))
	require.NoError(t, r.RecordSupply(t.Context(), "ord_1", "ret_1", "HQ", "CNY", []Shipped{{Line: "l1", Owner: "FR1", Quantity: -1, PriceMinor: 4_000}}))
	require.EqualValues(t, 4_000, ledger.balance(SupplyReceivable, "FR1"))
	require.EqualValues(t, 500, ledger.balance(FeeReceivable, "FR1"), "the work was done")
	ledger.audit(t)
}

func TestAnySequenceOfMessagesEndsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, ledger := desk()
		ctx := context.Background()
		var refunded int64
		for i := range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				require.NoError(t, r.Accrue(ctx, order("ord_1")))
			case 1:
				if err := r.Earn(ctx, "ord_1", []string{"l1"}); !ledger.orders["ord_1"] {
					require.ErrorIs(t, err, ErrNotYet)
				}
			case 2:
				sum := rapid.Int64Range(0, 13_000).Draw(t, "refunded")
				if r.ClawBack(ctx, fmt.Sprint("rfd_", i), "ord_1", []Refunded{{"l1", sum}}) == nil {
					refunded = max(refunded, min(sum, 12_345))
				}
			}
			ledger.audit(t)
		}
		for _, a := range ledger.accruals {
			if a.Line == "l1" {
				require.Equal(t, (2*a.AccruedMinor*refunded+12_345)/(2*12_345), a.ClawedBackMinor)
			}
		}
	})
}

func TestAPolicySaysWhoAndHowMuch(t *testing.T) {
	require.NoError(t, standard.Validate())
	for _, shares := range [][]Share{nil, {{"KING", 1}}, {{RoleGuide, -1}}, {{RoleGuide, 1}, {RoleGuide, 2}}, {{RoleGuide, 9_000}, {RoleHomeStore, 1_001}}} {
		require.ErrorAs(t, Policy{Shares: shares}.Validate(), &Invalid{}, "%v", shares)
	}
	same := Policy{Name: "standard", Shares: []Share{{RoleDealerAbove, 100}, {RoleGuide, 300}, {RoleHomeStore, 250}}}
	require.Equal(t, standard.Content(), same.Content(), "the order of shares says nothing")
	same.Channels = []string{"pos"}
	require.NotEqual(t, standard.Content(), same.Content())
	same.InForceFromUS, same.InForceUntilUS = 10, 20
	require.True(t, same.InForce("pos", 10) && !same.InForce("pos", 20) && !same.InForce("tmall", 10))
}

func TestMonthsMeetInTheBrandsZone(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	november, err := ParsePeriod("2026-11", shanghai)
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 10, 31, 16, 0, 0, 0, time.UTC).UnixMicro(), november.StartUS)
	require.Equal(t, november.EndUS, november.Next(shanghai).StartUS)
	require.Equal(t, november, PeriodAt(november.EndUS-1, shanghai))
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	for p := PeriodAt(start, newYork); p.StartUS < start+800*24*3600*1_000_000; p = p.Next(newYork) {
		require.Equal(t, p.EndUS, p.Next(newYork).StartUS)
	}
	for _, bad := range []string{"2026-13", "2026-1", "26-01", "2026-01-01", ""} {
		_, err := ParsePeriod(bad, shanghai)
		require.ErrorAs(t, err, &Invalid{}, bad)
	}
}

// Where the clocks change at midnight of a first of the month, that midnight does not exist, or exists twice.
func TestMonthsMeetWhereMidnightIsSkippedOrComesTwice(t *testing.T) {
	for _, name := range []string{"America/Asuncion", "America/Havana", "Atlantic/Azores", "Asia/Amman"} {
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		p, err := ParsePeriod("2000-01", zone)
		require.NoError(t, err)
		for month := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); month.Year() < 2030; month = month.AddDate(0, 1, 0) {
			require.Equal(t, month.Format(monthLayout), p.Name, name)
			parsed, err := ParsePeriod(p.Name, zone)
			require.NoError(t, err)
			require.Equal(t, p, parsed, name)
			require.Equal(t, p, PeriodAt(p.StartUS, zone), name)
			require.NotEqual(t, p, PeriodAt(p.StartUS-1, zone), name)
			require.Equal(t, p, PeriodAt(p.EndUS-1, zone), name)
			require.Equal(t, p.EndUS, p.Next(zone).StartUS, name)
			p = p.Next(zone)
		}
	}
}

func TestOnlyEndedMonthsCloseAndInTheirOrder(t *testing.T) {
	zone := time.UTC
	september, _ := ParsePeriod("2026-09", zone)
	october, november := september.Next(zone), september.Next(zone).Next(zone)
	_, err := ToClose(november, nil, 0, november.EndUS, zone)
	require.ErrorAs(t, err, &Open{}, "transactions of its last minute may still run")
	later := november.EndUS + CloseMarginUS
	_, err = ToClose(november, &september, october.StartUS, later, zone)
	require.Equal(t, "2026-10", err.(Open).Period)
	_, err = ToClose(september, &september, 0, later, zone)
	require.ErrorAs(t, err, &Closed{})
	months, err := ToClose(november, &september, november.StartUS, later, zone)
	require.NoError(t, err)
	require.Equal(t, []Period{october, november}, months, "no gap")
}

func TestDebtIsCarriedAndCreditIsNot(t *testing.T) {
	s := NewStatement("2026-10", Payee{Org: "FR1"}, 100, 30, -120)
	total, err := s.TotalMinor()
	require.NoError(t, err)
	require.EqualValues(t, -50, total)
	require.Zero(t, NewStatement("2026-10", Payee{}, 100, 30, 500).CarriedMinor)
}
