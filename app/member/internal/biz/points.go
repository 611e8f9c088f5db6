package biz

import (
	"context"
	"fmt"
	"time"
)

// Points are the use cases of the points ledger. Each method runs inside one transaction, decides once and repeats
// without effect: a document, a line and a refund remember what was done for them.
type Points struct {
	book   PointsBook
	clock  Clock
	scheme Scheme
}

// NewPoints returns the use cases.
func NewPoints(book PointsBook, clock Clock, scheme Scheme) *Points {
	return &Points{book: book, clock: clock, scheme: scheme}
}

// Balances is an account as it is shown.
type Balances struct{ Balance, Frozen, Pending, Debt int64 }

// Freeze holds points of a member for an unpaid document.
func (p *Points) Freeze(ctx context.Context, member, document, gid string, points int64) (Balances, error) {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return Balances{}, err
	}
	account, err := p.book.Account(ctx, member)
	if err != nil {
		return Balances{}, err
	}
	// What has expired cannot be frozen, even if the sweep has not been here yet.
	account.ExpireDue(now)
	doc, err := p.book.Document(ctx, document)
	if err != nil {
		return Balances{}, err
	}
	if doc == nil {
		doc = &Document{ID: document, Member: member, Fresh: true}
	}
	if doc.Member != member {
		return Balances{}, Conflict{State: string(doc.State), Message: "the document belongs to another member"}
	}
	if err := doc.Freeze(account, gid, points); err != nil {
		return Balances{}, err
	}
	return Balances{account.Balance(), account.Frozen(), account.Pending(), account.Debt()}, p.save(ctx, account, doc)
}

// Unfreeze gives back what a document holds and returns how much. A document that froze nothing is an empty cancel.
func (p *Points) Unfreeze(ctx context.Context, document, gid string) (int64, error) {
	account, doc, err := p.open(ctx, document)
	if err != nil || doc == nil {
		return 0, err
	}
	released, err := doc.Release(account, gid)
	if err != nil || released == 0 {
		return 0, err
	}
	return released, p.save(ctx, account, doc)
}

// PaidLine is what was paid for a line: without freight and without the part paid by points.
type PaidLine struct {
	ID        string
	BaseMinor int64
}

// SettlePaid spends what a paid document froze and accrues the points of its lines as pending.
func (p *Points) SettlePaid(ctx context.Context, member, document string, lines []PaidLine, channel, store string) error {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	account, err := p.book.Account(ctx, member)
	if err != nil {
		return err
	}
	doc, err := p.book.Document(ctx, document)
	if err != nil {
		return err
	}
	switch {
	case doc == nil:
		doc = &Document{ID: document, Member: member, Fresh: true}
	case doc.Member != member:
		return fmt.Errorf("%w: document %s of %s settled for %s", ErrBooks, document, doc.Member, member)
	case doc.State == DocumentSettled:
		return nil
	}
	if err := doc.Settle(account, now); err != nil {
		return err
	}
	accrued := make([]*Line, len(lines))
	for i, paid := range lines {
		line := &Line{Document: document, ID: paid.ID, Member: member, BaseMinor: max(0, paid.BaseMinor), Accrued: p.scheme.Points(paid.BaseMinor)}
		if err := account.Accrue(document, line.ID, line.Accrued, now); err != nil {
			return err
		}
		accrued[i] = line
	}
	if err := p.book.AddLines(ctx, accrued); err != nil {
		return err
	}
	if err := p.book.Acquaint(ctx, member, channel, store); err != nil {
		return err
	}
	return p.save(ctx, account, doc)
}

// Earn makes the pending points of lines the member's. ErrNotYet if the document or a line has not accrued.
func (p *Points) Earn(ctx context.Context, document string, lineIDs []string) error {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	account, doc, lines, err := p.settled(ctx, document)
	if err != nil {
		return err
	}
	expires := time.UnixMicro(now).UTC().AddDate(0, p.scheme.ExpiryMonths, 0).UnixMicro()
	for _, id := range lineIDs {
		line := lines[id]
		if line == nil {
			return fmt.Errorf("earn line %s of %s: %w", id, document, ErrNotYet)
		}
		if err := line.Earn(account, expires, now); err != nil {
			return err
		}
		if err := p.book.SaveLine(ctx, line); err != nil {
			return err
		}
	}
	return p.save(ctx, account, doc)
}

// RefundedLine is a line of a refund.
type RefundedLine struct {
	ID string
	// RefundedMinor is all money refunded of the line so far, this refund included.
	RefundedMinor int64
	// GiveBackPoints are spent points that this refund returns.
	GiveBackPoints int64
}

// ClawBack takes back what refunded lines accrued, and gives back what was spent on them. Points come back before others
// are taken, so that a debt arises only when there is really nothing left. ErrNotYet as for Earn.
func (p *Points) ClawBack(ctx context.Context, refund, document string, refunded []RefundedLine) error {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	account, doc, lines, err := p.settled(ctx, document)
	if err != nil {
		return err
	}
	uses, err := p.book.LotUses(ctx, doc.Member, document)
	if err != nil {
		return err
	}
	for _, r := range refunded {
		if lines[r.ID] == nil {
			return fmt.Errorf("claw back line %s of %s: %w", r.ID, document, ErrNotYet)
		}
		uses := afterEntries(uses, account.Entries(), document)
		if err := doc.GiveBack(account, refund, r.ID, uses, r.GiveBackPoints, now+p.scheme.GraceUS, now); err != nil {
			return err
		}
	}
	for _, r := range refunded {
		if err := lines[r.ID].ClawBack(account, refund, r.RefundedMinor, now); err != nil {
			return err
		}
		if err := p.book.SaveLine(ctx, lines[r.ID]); err != nil {
			return err
		}
	}
	return p.save(ctx, account, doc)
}

// ImportOpening books the opening points of a new document of the importer.
func (p *Points) ImportOpening(ctx context.Context, member, document string, points int64) error {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	account, err := p.book.Account(ctx, member)
	if err != nil {
		return err
	}
	expires := time.UnixMicro(now).UTC().AddDate(0, p.scheme.ExpiryMonths, 0).UnixMicro()
	if err := account.Import(document, points, expires, now); err != nil {
		return err
	}
	return p.book.SaveAccount(ctx, account)
}

// Expire books out what a member's lots hold past their time.
func (p *Points) Expire(ctx context.Context, member string) (int64, error) {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return 0, err
	}
	account, err := p.book.Account(ctx, member)
	if err != nil {
		return 0, err
	}
	expired := account.ExpireDue(now)
	if expired == 0 {
		return 0, nil
	}
	return expired, p.book.SaveAccount(ctx, account)
}

// open locks the account behind a document; doc is nil when the document has no points.
func (p *Points) open(ctx context.Context, document string) (*Account, *Document, error) {
	doc, err := p.book.Document(ctx, document)
	if err != nil || doc == nil {
		return nil, nil, err
	}
	uses, err := p.book.LotUses(ctx, doc.Member, document)
	if err != nil {
		return nil, nil, err
	}
	lots := make([]string, 0, len(uses))
	for _, use := range uses {
		lots = append(lots, use.LotID)
	}
	account, err := p.book.Account(ctx, doc.Member, lots...)
	if err != nil {
		return nil, nil, err
	}
	// Again, under the lock: another message may have changed it in between.
	doc, err = p.book.Document(ctx, document)
	return account, doc, err
}

func (p *Points) settled(ctx context.Context, document string) (*Account, *Document, map[string]*Line, error) {
	account, doc, err := p.open(ctx, document)
	if err != nil {
		return nil, nil, nil, err
	}
	if doc == nil || doc.State != DocumentSettled {
		return nil, nil, nil, fmt.Errorf("document %s: %w", document, ErrNotYet)
	}
	list, err := p.book.Lines(ctx, document)
	if err != nil {
		return nil, nil, nil, err
	}
	lines := make(map[string]*Line, len(list))
	for _, line := range list {
		lines[line.ID] = line
	}
	return account, doc, lines, nil
}

func (p *Points) save(ctx context.Context, a *Account, d *Document) error {
	if err := p.book.SaveAccount(ctx, a); err != nil {
		return err
	}
	return p.book.SaveDocument(ctx, d)
}

// afterEntries brings lot uses up to date with what was given back in this transaction and is not stored yet.
func afterEntries(uses []LotUse, entries []Entry, document string) []LotUse {
	out := make([]LotUse, 0, len(uses))
	for _, use := range uses {
		for _, e := range entries {
			if e.Reason == ReasonGiveBack && e.Document == document && e.LotID == use.LotID {
				use.Points -= e.Points
			}
		}
		if use.Points > 0 {
			out = append(out, use)
		}
	}
	return out
}
