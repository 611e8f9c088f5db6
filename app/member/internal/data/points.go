package data

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data/ent"
	"github.com/onepool/onepool/app/member/internal/data/ent/pointsaccount"
	"github.com/onepool/onepool/app/member/internal/data/ent/pointsdocument"
	"github.com/onepool/onepool/app/member/internal/data/ent/pointsentry"
	"github.com/onepool/onepool/app/member/internal/data/ent/pointsline"
	"github.com/onepool/onepool/app/member/internal/data/ent/pointslot"
)

// maxLots bounds the lots that one change looks at; they are merged by nobody, so this is far above what a person has.
const maxLots = 20_000

// Points is the ledger of one database.
type Points struct {
	db      *database.DB
	ent     *ent.Client
	members *Members
}

// NewPoints uses a migrated database.
func NewPoints(db *database.DB, members *Members) *Points {
	return &Points{db: db, ent: members.ent, members: members}
}

// Account locks a member's account and returns it with the lots that hold points and those named.
func (p *Points) Account(ctx context.Context, member string, lots ...string) (*biz.Account, error) {
	row, err := p.ent.PointsAccount.Query().Where(pointsaccount.ID(member)).ForUpdate().Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, biz.Unknown{Kind: "member"}
	case err != nil:
		return nil, fmt.Errorf("lock account: %w", err)
	}
	held, err := p.ent.PointsLot.Query().
		Where(pointslot.MemberID(member), pointslot.Or(pointslot.RemainingGT(0), pointslot.IDIn(lots...))).
		Order(ent.Asc(pointslot.FieldExpiresAtUs, pointslot.FieldAtUs, pointslot.FieldID)).Limit(maxLots).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read lots: %w", err)
	}
	state := biz.AccountState{Member: row.ID, Balance: row.Balance, Frozen: row.Frozen, Pending: row.Pending, Debt: row.Debt, Seq: row.Seq}
	for _, lot := range held {
		state.Lots = append(state.Lots, biz.Lot{ID: lot.ID, Document: lot.Document, LineID: lot.LineID, Points: lot.Points,
			Left: lot.Remaining, ExpiresUS: lot.ExpiresAtUs, AtUS: lot.AtUs})
	}
	return biz.Restore(state)
}

// SaveAccount writes the account, its new entries and the lots that changed.
func (p *Points) SaveAccount(ctx context.Context, a *biz.Account) error {
	entries := a.Entries()
	// The row is locked; the guard is the last line of defence against a ledger with two entries of one number.
	n, err := p.ent.PointsAccount.Update().Where(pointsaccount.ID(a.Member()), pointsaccount.Seq(a.Seq()-int64(len(entries)))).
		SetBalance(a.Balance()).SetFrozen(a.Frozen()).SetPending(a.Pending()).SetDebt(a.Debt()).SetSeq(a.Seq()).Save(ctx)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows changed: somebody else booked", n)
	}
	if err != nil {
		return fmt.Errorf("update account %s: %w", a.Member(), err)
	}
	for _, lot := range a.Lots() {
		if err := p.saveLot(ctx, a.Member(), lot); err != nil {
			return err
		}
	}
	if len(entries) == 0 {
		return nil
	}
	rows := make([]*ent.PointsEntryCreate, len(entries))
	for i, e := range entries {
		rows[i] = p.ent.PointsEntry.Create().SetID(ids.New("pts")).SetOrg(BrandOrg).SetMemberID(a.Member()).SetSeq(e.Seq).
			SetReason(string(e.Reason)).SetDocument(e.Document).SetLineID(e.LineID).SetEffect(e.Effect).SetLotID(e.LotID).
			SetPoints(e.Points).SetPending(e.Pending).SetDebt(e.Debt).SetBalanceAfter(e.BalanceAfter).SetAtUs(e.AtUS)
	}
	if err := p.ent.PointsEntry.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("book %d entries of %s: %w", len(rows), a.Member(), err)
	}
	return nil
}

func (p *Points) saveLot(ctx context.Context, member string, lot *biz.Lot) error {
	var err error
	switch {
	case lot.Fresh():
		err = p.ent.PointsLot.Create().SetID(lot.ID).SetOrg(BrandOrg).SetMemberID(member).SetDocument(lot.Document).SetLineID(lot.LineID).
			SetPoints(lot.Points).SetRemaining(lot.Left).SetExpiresAtUs(lot.ExpiresUS).SetAtUs(lot.AtUS).Exec(ctx)
	case lot.Changed():
		var n int
		n, err = p.ent.PointsLot.Update().Where(pointslot.ID(lot.ID), pointslot.MemberID(member)).SetRemaining(lot.Left).Save(ctx)
		if err == nil && n != 1 {
			err = fmt.Errorf("%d rows changed", n)
		}
	}
	if err != nil {
		return fmt.Errorf("write lot %s: %w", lot.ID, err)
	}
	return nil
}

// Document returns nil when the document has no points yet.
func (p *Points) Document(ctx context.Context, document string) (*biz.Document, error) {
	row, err := p.ent.PointsDocument.Query().Where(pointsdocument.ID(document)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read points of %s: %w", document, err)
	}
	return documentOf(row), nil
}

func documentOf(row *ent.PointsDocument) *biz.Document {
	return &biz.Document{ID: row.ID, Member: row.MemberID, GID: row.Gid, State: biz.DocumentState(row.State), Frozen: row.Frozen,
		Spent: row.Spent, GivenBack: row.GivenBack}
}

// SaveDocument writes a document; its member's account is locked.
func (p *Points) SaveDocument(ctx context.Context, d *biz.Document) error {
	now, err := p.db.Now(ctx)
	if err != nil {
		return err
	}
	if d.Fresh {
		err = p.ent.PointsDocument.Create().SetID(d.ID).SetOrg(BrandOrg).SetMemberID(d.Member).SetGid(d.GID).SetState(string(d.State)).
			SetFrozen(d.Frozen).SetSpent(d.Spent).SetGivenBack(d.GivenBack).SetCreatedAtUs(now).SetUpdatedAtUs(now).Exec(ctx)
	} else {
		var n int
		n, err = p.ent.PointsDocument.Update().Where(pointsdocument.ID(d.ID), pointsdocument.MemberID(d.Member)).
			SetGid(d.GID).SetState(string(d.State)).SetFrozen(d.Frozen).SetSpent(d.Spent).SetGivenBack(d.GivenBack).SetUpdatedAtUs(now).Save(ctx)
		if err == nil && n != 1 {
			err = fmt.Errorf("%d rows changed", n)
		}
	}
	if err != nil {
		return fmt.Errorf("write points of %s: %w", d.ID, err)
	}
	return nil
}

// Lines returns the lines of a document that have accrued.
func (p *Points) Lines(ctx context.Context, document string) ([]*biz.Line, error) {
	byDocument, err := p.linesOf(ctx, []string{document})
	return byDocument[document], err
}

func (p *Points) linesOf(ctx context.Context, documents []string) (map[string][]*biz.Line, error) {
	rows, err := p.ent.PointsLine.Query().Where(pointsline.DocumentIn(documents...)).
		Order(ent.Asc(pointsline.FieldDocument, pointsline.FieldLineID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read lines: %w", err)
	}
	lines := map[string][]*biz.Line{}
	for _, row := range rows {
		lines[row.Document] = append(lines[row.Document], &biz.Line{Document: row.Document, ID: row.LineID, Member: row.MemberID,
			BaseMinor: row.BaseMinor, Accrued: row.Accrued, ClawedBack: row.ClawedBack, Earned: row.Earned, IsEarned: row.IsEarned,
			RefundedMinor: row.RefundedMinor})
	}
	return lines, nil
}

// AddLines writes new lines; their member's account is locked.
func (p *Points) AddLines(ctx context.Context, lines []*biz.Line) error {
	if len(lines) == 0 {
		return nil
	}
	rows := make([]*ent.PointsLineCreate, len(lines))
	for i, l := range lines {
		rows[i] = p.ent.PointsLine.Create().SetID(ids.Derived("pln", l.Document, l.ID)).SetOrg(BrandOrg).SetDocument(l.Document).
			SetLineID(l.ID).SetMemberID(l.Member).SetBaseMinor(l.BaseMinor).SetAccrued(l.Accrued).SetClawedBack(l.ClawedBack).
			SetEarned(l.Earned).SetIsEarned(l.IsEarned).SetRefundedMinor(l.RefundedMinor)
	}
	if err := p.ent.PointsLine.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("write %d lines of %s: %w", len(lines), lines[0].Document, err)
	}
	return nil
}

// SaveLine changes a line; its member's account is locked.
func (p *Points) SaveLine(ctx context.Context, l *biz.Line) error {
	n, err := p.ent.PointsLine.Update().Where(pointsline.Document(l.Document), pointsline.LineID(l.ID)).
		SetClawedBack(l.ClawedBack).SetEarned(l.Earned).SetIsEarned(l.IsEarned).SetRefundedMinor(l.RefundedMinor).Save(ctx)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows changed", n)
	}
	if err != nil {
		return fmt.Errorf("write line %s of %s: %w", l.ID, l.Document, err)
	}
	return nil
}

// LotUses returns what a document spent of each lot and has not been given back.
func (p *Points) LotUses(ctx context.Context, member, document string) ([]biz.LotUse, error) {
	rows, err := p.ent.PointsEntry.Query().Where(pointsentry.Document(document), pointsentry.MemberID(member), pointsentry.LotIDNEQ(""),
		pointsentry.ReasonIn(string(biz.ReasonSpend), string(biz.ReasonGiveBack))).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what %s spent: %w", document, err)
	}
	left := map[string]int64{}
	for _, row := range rows {
		left[row.LotID] -= row.Points
	}
	var uses []biz.LotUse
	for _, lot := range slices.Sorted(maps.Keys(left)) {
		if left[lot] > 0 {
			uses = append(uses, biz.LotUse{LotID: lot, Points: left[lot]})
		}
	}
	return uses, nil
}

// Acquaint lights a channel of a member and gives one without a home store its first.
func (p *Points) Acquaint(ctx context.Context, member, channel, store string) error {
	m, err := p.members.Lock(ctx, member)
	if err != nil {
		return err
	}
	if !m.Acquaint(channel, store) {
		return nil
	}
	if m.UpdatedUS, err = p.db.Now(ctx); err != nil {
		return err
	}
	return p.members.Save(ctx, m)
}

// Balances reads an account that the caller may see.
func (p *Points) Balances(ctx context.Context, member string) (biz.Balances, error) {
	row, err := p.ent.PointsAccount.Query().Where(pointsaccount.ID(member)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return biz.Balances{}, biz.Unknown{Kind: "member"}
	case err != nil:
		return biz.Balances{}, fmt.Errorf("read account: %w", err)
	}
	return biz.Balances{Balance: row.Balance, Frozen: row.Frozen, Pending: row.Pending, Debt: row.Debt}, nil
}

// Entry is an entry with its id.
type Entry struct {
	ID string
	biz.Entry
}

// Entries returns at most n entries of a member before the sequence number before, the latest first; 0 starts.
func (p *Points) Entries(ctx context.Context, member string, before int64, n int) ([]Entry, error) {
	q := p.ent.PointsEntry.Query().Where(pointsentry.MemberID(member))
	if before > 0 {
		q.Where(pointsentry.SeqLT(before))
	}
	rows, err := q.Order(ent.Desc(pointsentry.FieldSeq)).Limit(n).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list entries: %w", err)
	}
	out := make([]Entry, len(rows))
	for i, row := range rows {
		out[i] = Entry{row.ID, biz.Entry{Seq: row.Seq, Reason: biz.Reason(row.Reason), Document: row.Document, LineID: row.LineID,
			Effect: row.Effect, LotID: row.LotID, Points: row.Points, Pending: row.Pending, Debt: row.Debt, BalanceAfter: row.BalanceAfter, AtUS: row.AtUs}}
	}
	return out, nil
}

// DocumentWithLines is a document's points as they stand.
type DocumentWithLines struct {
	biz.Document
	Lines []*biz.Line
}

// Documents returns the known ones of the documents, in the order of their ids.
func (p *Points) Documents(ctx context.Context, documents []string) ([]DocumentWithLines, error) {
	rows, err := p.ent.PointsDocument.Query().Where(pointsdocument.IDIn(documents...)).Order(ent.Asc(pointsdocument.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	lines, err := p.linesOf(ctx, documents)
	if err != nil {
		return nil, err
	}
	out := make([]DocumentWithLines, len(rows))
	for i, row := range rows {
		out[i] = DocumentWithLines{*documentOf(row), lines[row.ID]}
	}
	return out, nil
}

// Overdue returns up to n members after the member after who hold points past their time, in the order of their ids.
func (p *Points) Overdue(ctx context.Context, atUS int64, after string, n int) ([]string, error) {
	members, err := p.ent.PointsLot.Query().
		Where(pointslot.ExpiresAtUsLTE(atUS), pointslot.RemainingGT(0), pointslot.MemberIDGT(after)).
		Order(ent.Asc(pointslot.FieldMemberID)).Unique(true).Limit(n).Select(pointslot.FieldMemberID).Strings(ctx)
	if err != nil {
		return nil, fmt.Errorf("find points past their time: %w", err)
	}
	return members, nil
}
