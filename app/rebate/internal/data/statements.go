package data

import (
	"context"
	"errors"
	"fmt"

	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/rebate/internal/biz"
	"github.com/onepool/onepool/app/rebate/internal/data/ent"
	"github.com/onepool/onepool/app/rebate/internal/data/ent/period"
)

// Statements are reports: sums over the ledger, written as SQL. An entry belongs to a statement when a statement line
// says so; as long as none does, it belongs to the month of its time.

// unsettled are the entries that a statement adds up and that are in none.
const unsettled = ` FROM rebate_entries e LEFT JOIN rebate_statement_lines l ON l.id = e.id
	WHERE e.payable_minor <> 0 AND l.id IS NULL AND e.at_us >= ? AND e.at_us < ?`

// owed are what payees are owed or owe: new entries, and the debt of their last statement.
const owed = `SELECT e.org, e.payee, e.role, e.currency, CASE WHEN e.payable_minor > 0 THEN e.payable_minor ELSE 0 END AS earned,
		CASE WHEN e.payable_minor < 0 THEN -e.payable_minor ELSE 0 END AS clawed_back, 0 AS carried` + unsettled + `
	UNION ALL SELECT s.org, s.payee, s.role, s.currency, 0, 0, s.total_minor FROM rebate_statements s
	WHERE s.total_minor < 0 AND ? = 1 AND s.period = (SELECT MAX(x.period) FROM rebate_statements x
		WHERE x.org = s.org AND x.payee = s.payee AND x.role = s.role AND x.currency = s.currency)`

// Month is a month as the statements see it.
type Month struct {
	biz.Period
	Closed   bool
	ClosedUS int64
	// fromUS is where the unsettled entries of an open month begin: with the month, or before everything when no earlier
	// one is open.
	fromUS int64
	// first: no earlier month is open, so debts of the last statements are carried into this one.
	first bool
}

// Month finds out how a month stands.
func (l *Ledger) Month(ctx context.Context, p biz.Period) (Month, error) {
	row, err := l.ent.Period.Query().Where(period.ID(p.Name)).Only(ctx)
	if err == nil {
		return Month{Period: p, Closed: true, ClosedUS: row.ClosedAtUs}, nil
	}
	if !ent.IsNotFound(err) {
		return Month{}, fmt.Errorf("read period %s: %w", p.Name, err)
	}
	last, oldest, err := l.Open(ctx)
	if err != nil {
		return Month{}, err
	}
	m := Month{Period: p, fromUS: p.StartUS}
	m.first = (oldest == 0 || oldest >= p.StartUS) && (last == nil || p.StartUS >= last.EndUS)
	if m.first {
		m.fromUS = 0
	}
	return m, nil
}

// Open returns the last closed month, nil if there is none, and the time of the oldest entry after it that is in no
// statement, 0 if there is none.
func (l *Ledger) Open(ctx context.Context) (*biz.Period, int64, error) {
	var last *biz.Period
	rows, err := l.ent.Period.Query().Order(ent.Desc(period.FieldEndUs)).Limit(1).All(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("read the last closed period: %w", err)
	}
	var from int64
	if len(rows) == 1 {
		last = &biz.Period{Name: rows[0].ID, StartUS: rows[0].StartUs, EndUS: rows[0].EndUs}
		from = last.EndUS
	}
	var oldest int64
	err = l.db.Conn(ctx).QueryRowContext(ctx, "SELECT COALESCE(MIN(e.at_us), 0)"+unsettled, from, int64(1)<<62).Scan(&oldest)
	if err != nil {
		return nil, 0, fmt.Errorf("find the oldest open entry: %w", err)
	}
	return last, oldest, nil
}

// List returns at most n statements of a month that the caller may see, after the payee after, in the order of payees.
// payeeOrg narrows the list; empty means all.
func (l *Ledger) List(ctx context.Context, m Month, payeeOrg string, after biz.Payee, n int) ([]biz.Statement, error) {
	cond, scope, err := tenancy.SQL(ctx, "org")
	if err != nil {
		return nil, err
	}
	cond += " AND (org, payee, role, currency) > (?, ?, ?, ?)"
	scope = append(scope, after.Org, after.Code, string(after.Role), after.Currency)
	if payeeOrg != "" {
		cond += " AND org = ?"
		scope = append(scope, payeeOrg)
	}
	var query string
	var args []any
	if m.Closed {
		query = "SELECT org, payee, role, currency, earned_minor, clawed_back_minor, carried_minor FROM rebate_statements WHERE period = ? AND " + cond
		args = append([]any{m.Name}, scope...)
	} else {
		query = "SELECT org, payee, role, currency, SUM(earned), SUM(clawed_back), SUM(carried) FROM (" + owed + ") o WHERE " + cond +
			" GROUP BY org, payee, role, currency"
		args = append([]any{m.fromUS, m.EndUS, flag(m.first)}, scope...)
	}
	rows, err := l.db.Conn(ctx).QueryContext(ctx, query+" ORDER BY org, payee, role, currency LIMIT ?", append(args, n)...)
	if err != nil {
		return nil, fmt.Errorf("list statements of %s: %w", m.Name, err)
	}
	defer rows.Close()
	var out []biz.Statement
	for rows.Next() {
		var payee biz.Payee
		var earned, clawedBack, carried int64
		if err := rows.Scan(&payee.Org, &payee.Code, &payee.Role, &payee.Currency, &earned, &clawedBack, &carried); err != nil {
			return nil, fmt.Errorf("list statements of %s: %w", m.Name, err)
		}
		s := biz.NewStatement(m.Name, payee, earned, clawedBack, carried)
		s.Closed, s.ClosedUS = m.Closed, m.ClosedUS
		out = append(out, s)
	}
	return out, rows.Err()
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// closeBatch is how many statements are written at once.
const closeBatch = 500

var errMoved = errors.New("the ledger changed while the month was being closed: try again")

// Close closes months, of which the last one has statements and the others are empty. It runs in the context's
// transaction; that the periods' names are unique keeps a second close out.
func (l *Ledger) Close(ctx context.Context, months []biz.Period, atUS int64) error {
	target := months[len(months)-1]
	open := Month{Period: target, first: true}
	for after := (biz.Payee{}); ; {
		part, err := l.List(ctx, open, "", after, closeBatch)
		if err != nil {
			return err
		}
		if err := l.addStatements(ctx, part, atUS); err != nil {
			return err
		}
		if len(part) < closeBatch {
			break
		}
		after = part[len(part)-1].Payee
	}
	for _, p := range months {
		if err := l.ent.Period.Create().SetID(p.Name).SetStartUs(p.StartUS).SetEndUs(p.EndUS).SetClosedAtUs(atUS).Exec(ctx); err != nil {
			return fmt.Errorf("close %s: %w", p.Name, err)
		}
	}
	_, err := l.db.Conn(ctx).ExecContext(ctx, `INSERT INTO rebate_statement_lines (id, statement_id, period, org)
		SELECT e.id, s.id, s.period, e.org FROM rebate_entries e
		JOIN rebate_statements s ON s.period = ? AND s.org = e.org AND s.payee = e.payee AND s.role = e.role AND s.currency = e.currency
		LEFT JOIN rebate_statement_lines l ON l.id = e.id
		WHERE e.payable_minor <> 0 AND l.id IS NULL AND e.at_us < ?`, target.Name, target.EndUS)
	if err != nil {
		return fmt.Errorf("put entries into statements of %s: %w", target.Name, err)
	}
	_, err = l.db.Conn(ctx).ExecContext(ctx, `UPDATE rebate_accruals SET settled_minor = (SELECT COALESCE(SUM(e.payable_minor), 0)
			FROM rebate_entries e JOIN rebate_statement_lines l ON l.id = e.id WHERE e.accrual_id = rebate_accruals.id)
		WHERE id IN (SELECT e.accrual_id FROM rebate_entries e JOIN rebate_statement_lines l ON l.id = e.id WHERE l.period = ?)`, target.Name)
	if err != nil {
		return fmt.Errorf("settle accruals of %s: %w", target.Name, err)
	}
	// The sums were read before the lines were written; both must have seen the same entries.
	var statements, lines int64
	err = l.db.Conn(ctx).QueryRowContext(ctx, `SELECT
		(SELECT COALESCE(SUM(earned_minor - clawed_back_minor), 0) FROM rebate_statements WHERE period = ?),
		(SELECT COALESCE(SUM(e.payable_minor), 0) FROM rebate_entries e JOIN rebate_statement_lines l ON l.id = e.id WHERE l.period = ?)`,
		target.Name, target.Name).Scan(&statements, &lines)
	if err != nil {
		return fmt.Errorf("compare statements of %s: %w", target.Name, err)
	}
	if statements != lines {
		return fmt.Errorf("close %s: %w: statements %d, entries %d", target.Name, errMoved, statements, lines)
	}
	return nil
}

func (l *Ledger) addStatements(ctx context.Context, statements []biz.Statement, atUS int64) error {
	if len(statements) == 0 {
		return nil
	}
	rows := make([]*ent.StatementCreate, len(statements))
	for i, s := range statements {
		total, err := s.TotalMinor()
		if err != nil {
			return err
		}
		rows[i] = l.ent.Statement.Create().SetID(s.ID).SetOrg(s.Org).SetPeriod(s.Period).SetPayee(s.Code).SetRole(string(s.Role)).
			SetCurrency(s.Currency).SetEarnedMinor(s.EarnedMinor).SetClawedBackMinor(s.ClawedBackMinor).SetCarriedMinor(s.CarriedMinor).
			SetTotalMinor(total).SetClosedAtUs(atUS)
	}
	if err := l.ent.Statement.CreateBulk(rows...).Exec(ctx); err != nil {
		return fmt.Errorf("add %d statements: %w", len(rows), err)
	}
	return nil
}

// StatementEntry is an entry of a statement, with where it comes from.
type StatementEntry struct {
	biz.Payee
	biz.Entry
	Order, Line, Reason, PolicyCode string
	// Seller bears it, Channel is where it was sold.
	Seller, Channel                 string
	PolicyVersion                   int
	RateBP, BaseMinor, AccruedMinor int64
}

// Entries calls each for every entry of a month's statements that the caller may see, in the order of List and then of
// time. It streams: a month of a large brand does not fit into memory.
func (l *Ledger) Entries(ctx context.Context, m Month, payeeOrg string, each func(StatementEntry) error) error {
	cond, args, err := tenancy.SQL(ctx, "e.org")
	if err != nil {
		return err
	}
	if payeeOrg != "" {
		cond += " AND e.org = ?"
		args = append(args, payeeOrg)
	}
	from := unsettled
	parameters := []any{m.fromUS, m.EndUS}
	if m.Closed {
		from = " FROM rebate_statement_lines l JOIN rebate_entries e ON e.id = l.id WHERE l.period = ?"
		parameters = []any{m.Name}
	}
	// The accrual is joined around, so that the conditions above stay what they are for sums.
	rows, err := l.db.Conn(ctx).QueryContext(ctx, `SELECT x.org, x.payee, x.role, x.currency, x.id, x.accrual_id, x.kind, x.cause, x.amount_minor,
			x.payable_minor, x.at_us, a.order_id, a.line_id, a.reason, a.policy_code, a.policy_version, a.rate_bp, a.base_minor, a.accrued_minor, a.seller_org, a.channel
		FROM (SELECT e.*`+from+" AND "+cond+`) x JOIN rebate_accruals a ON a.id = x.accrual_id
		ORDER BY x.org, x.payee, x.role, x.currency, x.at_us, x.id`, append(parameters, args...)...)
	if err != nil {
		return fmt.Errorf("read entries of %s: %w", m.Name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var e StatementEntry
		err := rows.Scan(&e.Org, &e.Code, &e.Role, &e.Currency, &e.Entry.ID, &e.Accrual, &e.Kind, &e.Cause, &e.AmountMinor, &e.PayableMinor, &e.AtUS,
			&e.Order, &e.Line, &e.Reason, &e.PolicyCode, &e.PolicyVersion, &e.RateBP, &e.BaseMinor, &e.AccruedMinor, &e.Seller, &e.Channel)
		if err != nil {
			return fmt.Errorf("read entries of %s: %w", m.Name, err)
		}
		if err := each(e); err != nil {
			return err
		}
	}
	return rows.Err()
}
