package biz

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const (
	day   = int64(24 * 60 * 60 * 1_000_000)
	start = int64(1_790_000_000_000_000)
)

// memoryBook is the book in memory; it stores copies, as a database does.
type memoryBook struct {
	accounts  map[string]AccountState
	lots      map[string]Lot
	entries   []Entry
	documents map[string]Document
	lines     map[string]Line
	channels  []string
}

func newBook(members ...string) *memoryBook {
	b := &memoryBook{accounts: map[string]AccountState{}, lots: map[string]Lot{}, documents: map[string]Document{}, lines: map[string]Line{}}
	for _, m := range members {
		b.accounts[m] = AccountState{Member: m}
	}
	return b
}

func (b *memoryBook) Account(_ context.Context, member string, _ ...string) (*Account, error) {
	state, ok := b.accounts[member]
	if !ok {
		return nil, Unknown{"member"}
	}
	for _, lot := range b.lots {
		state.Lots = append(state.Lots, lot)
	}
	return Restore(state)
}

func (b *memoryBook) SaveAccount(_ context.Context, a *Account) error {
	b.accounts[a.Member()] = AccountState{Member: a.Member(), Balance: a.Balance(), Frozen: a.Frozen(), Pending: a.Pending(), Debt: a.Debt(), Seq: a.Seq()}
	for _, e := range a.Entries() {
		for _, old := range b.entries {
			if old.Effect == e.Effect {
				return fmt.Errorf("effect %s twice", e.Effect)
			}
		}
		b.entries = append(b.entries, e)
	}
	for _, lot := range a.Lots() {
		kept := *lot
		kept.changed, kept.fresh = false, false
		b.lots[lot.ID] = kept
	}
	return nil
}

func (b *memoryBook) Document(_ context.Context, id string) (*Document, error) {
	d, ok := b.documents[id]
	if !ok {
		return nil, nil
	}
	return &d, nil
}

func (b *memoryBook) SaveDocument(_ context.Context, d *Document) error {
	saved := *d
	saved.Fresh = false
	b.documents[d.ID] = saved
	return nil
}

func (b *memoryBook) Lines(_ context.Context, document string) (out []*Line, _ error) {
	for _, l := range b.lines {
		if l.Document == document {
			out = append(out, &l)
		}
	}
	return out, nil
}

func (b *memoryBook) AddLines(ctx context.Context, lines []*Line) error {
	for _, l := range lines {
		b.lines[l.Document+"/"+l.ID] = *l
	}
	return nil
}

func (b *memoryBook) SaveLine(_ context.Context, l *Line) error {
	b.lines[l.Document+"/"+l.ID] = *l
	return nil
}

func (b *memoryBook) LotUses(_ context.Context, _, document string) (out []LotUse, _ error) {
	left := map[string]int64{}
	var order []string
	for _, e := range b.entries {
		if e.Document != document || e.LotID == "" || e.Reason != ReasonSpend && e.Reason != ReasonGiveBack {
			continue
		}
		if _, seen := left[e.LotID]; !seen {
			order = append(order, e.LotID)
		}
		left[e.LotID] -= e.Points
	}
	for _, id := range order {
		if left[id] > 0 {
			out = append(out, LotUse{id, left[id]})
		}
	}
	return out, nil
}

func (b *memoryBook) Acquaint(_ context.Context, _, channel, _ string) error {
	b.channels, _ = Light(b.channels, channel)
	return nil
}

// audit checks the package's promises over the stored state.
func (b *memoryBook) audit(t require.TestingT, member string) {
	var points, pending, debt, lots int64
	for i, e := range b.entries {
		points, pending, debt = points+e.Points, pending+e.Pending, debt+e.Debt
		require.EqualValues(t, i+1, e.Seq)
		require.Equal(t, points, e.BalanceAfter)
	}
	for _, lot := range b.lots {
		require.GreaterOrEqual(t, lot.Left, int64(0))
		require.LessOrEqual(t, lot.Left, lot.Points)
		lots += lot.Left
	}
	a := b.accounts[member]
	require.Equal(t, points, a.Balance)
	require.Equal(t, lots, a.Balance)
	require.Equal(t, pending, a.Pending)
	require.Equal(t, debt, a.Debt)
	require.True(t, a.Frozen >= 0 && a.Frozen <= a.Balance && a.Debt >= 0 && a.Pending >= 0, "%+v", a)
	var frozen, open int64
	for _, d := range b.documents {
		if d.State == DocumentFrozen {
			frozen += d.Frozen
		}
		require.LessOrEqual(t, d.GivenBack, d.Spent)
	}
	for _, l := range b.lines {
		require.LessOrEqual(t, l.ClawedBack, l.Accrued)
		if !l.IsEarned {
			open += l.Accrued - l.ClawedBack
		}
	}
	require.Equal(t, frozen, a.Frozen)
	require.Equal(t, open, a.Pending)
}

type at struct{ us int64 }

func (c *at) Now(context.Context) (int64, error) { return c.us, nil }

var yuan = Scheme{PointsPerUnit: 1, UnitMinor: 100, PointValueMinor: 1, ExpiryMonths: 24, GraceUS: 30 * day}

func desk() (*Points, *memoryBook, *at) {
	book, clock := newBook("mbr_1"), &at{start}
	return NewPoints(book, clock, yuan), book, clock
}

func TestPointsAreFrozenSpentEarnedAndTakenBack(t *testing.T) {
	p, book, _ := desk()
	ctx := t.Context()
	require.NoError(t, p.ImportOpening(ctx, "mbr_1", "opening", 500))

	got, err := p.Freeze(ctx, "mbr_1", "ord_1", "gid", 200)
	require.NoError(t, err)
	require.Equal(t, Balances{Balance: 500, Frozen: 200}, got)
	_, err = p.Freeze(ctx, "mbr_1", "ord_2", "gid", 301)
	require.Equal(t, Insufficient{Wanted: 301, Left: 300}, err)

	lines := []PaidLine{{"l1", 10_050}, {"l2", 99}}
	require.NoError(t, p.SettlePaid(ctx, "mbr_1", "ord_1", lines, "pos", "S1"))
	require.NoError(t, p.SettlePaid(ctx, "mbr_1", "ord_1", lines, "pos", "S1"))
	require.Equal(t, AccountState{Member: "mbr_1", Balance: 300, Pending: 100, Seq: 3}, book.accounts["mbr_1"])

	require.NoError(t, p.Earn(ctx, "ord_1", []string{"l1", "l2"}))
	require.NoError(t, p.Earn(ctx, "ord_1", []string{"l1"}))
	require.EqualValues(t, 400, book.accounts["mbr_1"].Balance)

	require.NoError(t, p.ClawBack(ctx, "rfd_1", "ord_1", []RefundedLine{{ID: "l1", RefundedMinor: 3350, GiveBackPoints: 66}}))
	require.EqualValues(t, 400+66-33, book.accounts["mbr_1"].Balance)
	book.audit(t, "mbr_1")
}

func TestMessagesThatComeTooEarlyAreSentAgain(t *testing.T) {
	p, _, _ := desk()
	ctx := t.Context()
	require.ErrorIs(t, p.Earn(ctx, "ord_1", []string{"l1"}), ErrNotYet)
	require.ErrorIs(t, p.ClawBack(ctx, "rfd_1", "ord_1", []RefundedLine{{ID: "l1"}}), ErrNotYet)
	require.NoError(t, p.SettlePaid(ctx, "mbr_1", "ord_1", []PaidLine{{"l1", 100}}, "pos", ""))
	require.ErrorIs(t, p.Earn(ctx, "ord_1", []string{"l2"}), ErrNotYet)
	require.NoError(t, p.Earn(ctx, "ord_1", []string{"l1"}))
}

func TestARefundBeforeTheWindowEndsTakesPendingPoints(t *testing.T) {
	p, book, _ := desk()
	ctx := t.Context()
	require.NoError(t, p.SettlePaid(ctx, "mbr_1", "ord_1", []PaidLine{{"l1", 10_000}}, "pos", ""))
	require.NoError(t, p.ClawBack(ctx, "rfd_1", "ord_1", []RefundedLine{{ID: "l1", RefundedMinor: 2_500}}))
	require.EqualValues(t, 75, book.accounts["mbr_1"].Pending)
	require.NoError(t, p.Earn(ctx, "ord_1", []string{"l1"}))
	require.Equal(t, AccountState{Member: "mbr_1", Balance: 75, Seq: 3}, book.accounts["mbr_1"])
}

func TestRefundsInAnyOrderTakeTheSame(t *testing.T) {
	for _, order := range [][]int64{{3_333, 6_667, 10_000}, {10_000, 3_333, 6_667}, {6_667, 3_333, 10_000}} {
		p, book, _ := desk()
		require.NoError(t, p.SettlePaid(t.Context(), "mbr_1", "ord_1", []PaidLine{{"l1", 10_000}}, "pos", ""))
		for _, refunded := range order {
			require.NoError(t, p.ClawBack(t.Context(), fmt.Sprint("rfd_", refunded), "ord_1", []RefundedLine{{ID: "l1", RefundedMinor: refunded}}))
		}
		require.EqualValues(t, 0, book.accounts["mbr_1"].Pending)
		require.EqualValues(t, 100, book.lines["ord_1/l1"].ClawedBack)
	}
}

func TestWhatIsMissingBecomesDebtAndIsRepaidFirst(t *testing.T) {
	p, book, _ := desk()
	ctx := t.Context()
	require.NoError(t, p.SettlePaid(ctx, "mbr_1", "ord_1", []PaidLine{{"l1", 10_000}}, "pos", ""))
	require.NoError(t, p.Earn(ctx, "ord_1", []string{"l1"}))
	_, err := p.Freeze(ctx, "mbr_1", "ord_2", "gid", 80)
	require.NoError(t, err)
	// 80 of 100 are promised to another order: they are not taken back.
	require.NoError(t, p.ClawBack(ctx, "rfd_1", "ord_1", []RefundedLine{{ID: "l1", RefundedMinor: 10_000}}))
	require.Equal(t, AccountState{Member: "mbr_1", Balance: 80, Frozen: 80, Debt: 80, Seq: 4}, book.accounts["mbr_1"])
	require.NoError(t, p.SettlePaid(ctx, "mbr_1", "ord_2", []PaidLine{{"l1", 9_000}}, "pos", ""))
	require.NoError(t, p.Earn(ctx, "ord_2", []string{"l1"}))
	require.EqualValues(t, 10, book.accounts["mbr_1"].Balance)
	require.EqualValues(t, 0, book.accounts["mbr_1"].Debt)
	book.audit(t, "mbr_1")
}

func TestSoonestToExpireIsSpentFirstAndComesBackToItsLot(t *testing.T) {
	a, err := Restore(AccountState{Member: "m", Balance: 60, Lots: []Lot{
		{ID: "late", Points: 20, Left: 20, ExpiresUS: start + 9*day, AtUS: start},
		{ID: "soon", Points: 20, Left: 20, ExpiresUS: start + day, AtUS: start},
		{ID: "old", Points: 20, Left: 20, ExpiresUS: start + 9*day, AtUS: start - day},
	}})
	require.NoError(t, err)
	require.NoError(t, a.Freeze(30))
	require.NoError(t, a.Spend("ord_1", 30, start))
	left := map[string]int64{}
	for _, lot := range a.Lots() {
		left[lot.ID] = lot.Left
	}
	require.Equal(t, map[string]int64{"soon": 0, "old": 10, "late": 20}, left)

	require.NoError(t, a.GiveBack("rfd", "ord_1", "l1", []LotUse{{"soon", 20}, {"old", 10}}, 15, start+30*day, start+2*day))
	require.EqualValues(t, 45, a.Balance())
	graced := a.Lots()[len(a.Lots())-1]
	require.Equal(t, start+30*day, graced.ExpiresUS, "5 points of the lot that expired live for the grace")
	require.EqualValues(t, 5, graced.Left)
}

func TestFrozenPointsDoNotExpire(t *testing.T) {
	p, book, clock := desk()
	ctx := t.Context()
	require.NoError(t, p.ImportOpening(ctx, "mbr_1", "opening", 100))
	_, err := p.Freeze(ctx, "mbr_1", "ord_1", "gid", 40)
	require.NoError(t, err)
	clock.us += 800 * day
	expired, err := p.Expire(ctx, "mbr_1")
	require.NoError(t, err)
	require.EqualValues(t, 60, expired)
	_, err = p.Freeze(ctx, "mbr_1", "ord_2", "gid", 1)
	require.Equal(t, Insufficient{Wanted: 1}, err)
	_, err = p.Unfreeze(ctx, "ord_1", "gid")
	require.NoError(t, err)
	_, err = p.Expire(ctx, "mbr_1")
	require.NoError(t, err)
	require.EqualValues(t, 0, book.accounts["mbr_1"].Balance)
	book.audit(t, "mbr_1")
}

func TestUnfreezeOfAnotherAttemptTouchesNothing(t *testing.T) {
	p, book, _ := desk()
	ctx := t.Context()
	require.NoError(t, p.ImportOpening(ctx, "mbr_1", "opening", 100))
	_, err := p.Freeze(ctx, "mbr_1", "ord_1", "second", 40)
	require.NoError(t, err)
	released, err := p.Unfreeze(ctx, "ord_1", "first")
	require.NoError(t, err)
	require.Zero(t, released)
	require.EqualValues(t, 40, book.accounts["mbr_1"].Frozen)
	released, err = p.Unfreeze(ctx, "unknown", "")
	require.NoError(t, err)
	require.Zero(t, released)
}

// Any sequence of messages, repeated and out of order, keeps the books.
func TestAnySequenceKeepsTheBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, book, clock := desk()
		ctx := context.Background()
		require.NoError(t, p.ImportOpening(ctx, "mbr_1", "opening", rapid.Int64Range(1, 1000).Draw(t, "opening")))
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			doc := fmt.Sprintf("ord_%d", rapid.IntRange(1, 4).Draw(t, "document"))
			clock.us += rapid.Int64Range(0, 300*day).Draw(t, "passes")
			var err error
			// As in the database, a step that fails leaves nothing behind.
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				_, err = p.Freeze(ctx, "mbr_1", doc, "gid", rapid.Int64Range(1, 400).Draw(t, "points"))
			case 1:
				_, err = p.Unfreeze(ctx, doc, "")
			case 2:
				err = p.SettlePaid(ctx, "mbr_1", doc, []PaidLine{{"l1", 7_350}, {"l2", 12_149}}, "pos", "")
			case 3:
				err = p.Earn(ctx, doc, []string{rapid.SampledFrom([]string{"l1", "l2"}).Draw(t, "line")})
			case 4:
				err = p.ClawBack(ctx, fmt.Sprint("rfd_", i), doc, []RefundedLine{{ID: "l1",
					RefundedMinor: rapid.Int64Range(0, 9_000).Draw(t, "refunded"), GiveBackPoints: rapid.Int64Range(0, 300).Draw(t, "back")}})
			case 5:
				_, err = p.Expire(ctx, "mbr_1")
			}
			require.NotErrorIs(t, err, ErrBooks)
			book.audit(t, "mbr_1")
		}
	})
}
