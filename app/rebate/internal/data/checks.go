package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/internal/money"
)

// Checks are the invariants of the rebate ledger.
func Checks() []invariant.Check {
	return []invariant.Check{
		{
			ID: "I10", Title: "an accrual is the sum of its entries: accrued, clawed back, settled",
			Counted: "SELECT COUNT(*) FROM rebate_accruals",
			Violations: `SELECT a.id, CONCAT_WS(' ', 'accrued', a.accrued_minor, 'clawed back', a.clawed_back_minor, 'settled', a.settled_minor, 'entries',
					COALESCE(e.accrued, 0), COALESCE(e.clawed, 0), COALESCE(e.settled, 0))
				FROM rebate_accruals a LEFT JOIN (SELECT e.accrual_id, SUM(CASE WHEN e.kind = 'ACCRUE' THEN e.amount_minor ELSE 0 END) AS accrued,
					SUM(CASE WHEN e.kind = 'CLAWBACK' THEN e.amount_minor ELSE 0 END) AS clawed,
					SUM(CASE WHEN l.id IS NULL THEN 0 ELSE e.payable_minor END) AS settled
					FROM rebate_entries e LEFT JOIN rebate_statement_lines l ON l.id = e.id GROUP BY e.accrual_id) e ON e.accrual_id = a.id
				WHERE a.accrued_minor <> COALESCE(e.accrued, 0) OR a.clawed_back_minor <> COALESCE(e.clawed, 0) OR a.settled_minor <> COALESCE(e.settled, 0)`,
		},
		{
			ID: "I10", Title: "accrued - clawed back = settled + open; open is what the unsettled entries say, once it is earned",
			Counted: "SELECT COUNT(*) FROM rebate_accruals",
			Violations: `SELECT a.id, CONCAT_WS(' ', 'open', a.accrued_minor - a.clawed_back_minor - a.settled_minor, 'entries', COALESCE(e.open_minor, 0))
				FROM rebate_accruals a LEFT JOIN (SELECT e.accrual_id, SUM(e.payable_minor) AS open_minor
					FROM rebate_entries e LEFT JOIN rebate_statement_lines l ON l.id = e.id WHERE l.id IS NULL GROUP BY e.accrual_id) e ON e.accrual_id = a.id
				WHERE (a.earned = 1 AND a.accrued_minor - a.clawed_back_minor - a.settled_minor <> COALESCE(e.open_minor, 0))
					OR (a.earned = 0 AND (a.settled_minor <> 0 OR COALESCE(e.open_minor, 0) <> 0))`,
		},
		{
			ID: "I10", Title: "0 <= clawed back <= accrued; the amount is the rate of the base",
			Counted: "SELECT COUNT(*) FROM rebate_accruals",
			Violations: `SELECT id, CONCAT_WS(' ', 'accrued', accrued_minor, 'clawed back', clawed_back_minor, 'base', base_minor, 'rate', rate_bp) FROM rebate_accruals
				WHERE clawed_back_minor < 0 OR clawed_back_minor > accrued_minor OR refunded_minor < 0 OR refunded_minor > base_minor
					OR (accrued_minor * 20000 - base_minor * rate_bp * 2) > 10000 OR (base_minor * rate_bp * 2 - accrued_minor * 20000) >= 10000`,
		},
		{
			ID: "I10", Title: "one accrual for each order line, policy version, payee and role",
			Counted: "SELECT COUNT(*) FROM rebate_accruals",
			Violations: `SELECT MIN(id), CONCAT_WS(' ', COUNT(*), 'accruals of', order_id, line_id) FROM rebate_accruals
				GROUP BY order_id, line_id, policy_code, policy_version, payee, role HAVING COUNT(*) > 1`,
		},
		{
			ID: "I12", Title: "what is clawed back is the proportion refunded / base, rounded half up",
			Scan: checkProportions,
		},
		{
			ID: "I11", Title: "every journal entry balances in its currency",
			Counted: "SELECT COUNT(*) FROM journal_entries",
			Violations: `SELECT j.id, CONCAT_WS(' ', 'off by', SUM(p.amount_minor)) FROM journal_entries j JOIN journal_postings p ON p.journal_id = j.id
					GROUP BY j.id HAVING SUM(p.amount_minor) <> 0
				UNION ALL SELECT p.id, CONCAT_WS(' ', 'posted in', p.currency) FROM journal_postings p LEFT JOIN journal_entries j ON j.id = p.journal_id
					WHERE j.id IS NULL OR j.currency <> p.currency`,
		},
		{
			ID: "I11", Title: "the trial balance is 0",
			Counted:    "SELECT COUNT(DISTINCT currency) FROM journal_postings",
			Violations: "SELECT currency, CONCAT_WS(' ', 'off by', SUM(amount_minor)) FROM journal_postings GROUP BY currency HAVING SUM(amount_minor) <> 0",
		},
		{
			ID: "I11", Title: "every rebate entry and every supply has its journal entry, with its amount, and no other exists",
			Counted: "SELECT COUNT(*) FROM journal_entries",
			Violations: `SELECT s.id, CONCAT_WS(' ', s.kind, s.amount, 'journal', COALESCE(j.kind, 'none'), COALESCE(j.debits, 0)) FROM (
					SELECT id, kind, amount_minor AS amount FROM rebate_entries
					UNION ALL SELECT id, 'SUPPLY', ABS(amount_minor) + ABS(fee_minor) FROM supply_entries) s
				LEFT JOIN (SELECT j.source, j.kind, COALESCE(SUM(ABS(p.amount_minor)), 0) / 2 AS debits FROM journal_entries j
					LEFT JOIN journal_postings p ON p.journal_id = j.id GROUP BY j.source, j.kind) j ON j.source = s.id
				WHERE j.source IS NULL OR j.kind <> s.kind OR j.debits <> s.amount
				UNION ALL SELECT j.id, 'books nothing' FROM journal_entries j LEFT JOIN rebate_entries e ON e.id = j.source
					LEFT JOIN supply_entries s ON s.id = j.source WHERE e.id IS NULL AND s.id IS NULL`,
		},
		{
			ID: "I11", Title: "the accounts pending and payable agree with the accruals",
			Counted: "SELECT COUNT(DISTINCT org) FROM rebate_accruals",
			Violations: `SELECT t.org, CONCAT_WS(' ', t.currency, 'pending off by', SUM(t.pending), 'payable off by', SUM(t.payable)) FROM (
					SELECT org, currency, CASE WHEN earned = 0 THEN accrued_minor - clawed_back_minor ELSE 0 END AS pending,
						CASE WHEN earned = 1 THEN accrued_minor - clawed_back_minor ELSE 0 END AS payable FROM rebate_accruals
					UNION ALL SELECT org, currency, CASE WHEN account = 'rebate_pending' THEN amount_minor ELSE 0 END,
						CASE WHEN account = 'rebate_payable' THEN amount_minor ELSE 0 END FROM journal_postings) t
				GROUP BY t.org, t.currency HAVING SUM(t.pending) <> 0 OR SUM(t.payable) <> 0`,
		},
		{
			ID: "I15", Title: "closed months are disjoint and leave no gap",
			Scan: checkPeriods,
		},
		{
			ID: "I15", Title: "each entry is in exactly one statement: its payee's, of its month or, when it came late, of a later one",
			Counted: "SELECT COUNT(*) FROM rebate_entries WHERE payable_minor <> 0",
			Violations: `SELECT e.id, CONCAT_WS(' ', 'in no statement, although', p.id, 'is closed') FROM rebate_entries e
					JOIN rebate_periods p ON p.end_us = (SELECT MAX(end_us) FROM rebate_periods)
					LEFT JOIN rebate_statement_lines l ON l.id = e.id WHERE e.payable_minor <> 0 AND l.id IS NULL AND e.at_us < p.end_us
				UNION ALL SELECT l.id, 'is no entry, or of no statement, or of another payee' FROM rebate_statement_lines l
					LEFT JOIN rebate_entries e ON e.id = l.id LEFT JOIN rebate_statements s ON s.id = l.statement_id AND s.period = l.period
					WHERE e.id IS NULL OR s.id IS NULL OR e.org <> s.org OR e.payee <> s.payee OR e.role <> s.role OR e.currency <> s.currency
				UNION ALL SELECT l.id, CONCAT_WS(' ', 'is later than', l.period) FROM rebate_statement_lines l JOIN rebate_entries e ON e.id = l.id
					LEFT JOIN rebate_periods p ON p.id = l.period WHERE p.id IS NULL OR e.at_us >= p.end_us`,
		},
		{
			ID: "I15", Title: "a statement is the sum of its entries and of the debt before it",
			Counted: "SELECT COUNT(*) FROM rebate_statements",
			Violations: `SELECT s.id, CONCAT_WS(' ', s.earned_minor, s.clawed_back_minor, s.carried_minor, s.total_minor, 'entries', COALESCE(e.earned, 0), COALESCE(e.clawed, 0))
				FROM rebate_statements s LEFT JOIN (SELECT l.statement_id, SUM(CASE WHEN e.payable_minor > 0 THEN e.payable_minor ELSE 0 END) AS earned,
					SUM(CASE WHEN e.payable_minor < 0 THEN -e.payable_minor ELSE 0 END) AS clawed
					FROM rebate_statement_lines l JOIN rebate_entries e ON e.id = l.id GROUP BY l.statement_id) e ON e.statement_id = s.id
				LEFT JOIN rebate_statements b ON b.org = s.org AND b.payee = s.payee AND b.role = s.role AND b.currency = s.currency
					AND b.period = (SELECT MAX(x.period) FROM rebate_statements x WHERE x.org = s.org AND x.payee = s.payee AND x.role = s.role
						AND x.currency = s.currency AND x.period < s.period)
				WHERE s.earned_minor <> COALESCE(e.earned, 0) OR s.clawed_back_minor <> COALESCE(e.clawed, 0)
					OR s.total_minor <> s.earned_minor - s.clawed_back_minor + s.carried_minor
					OR s.carried_minor <> CASE WHEN COALESCE(b.total_minor, 0) < 0 THEN b.total_minor ELSE 0 END`,
		},
		invariant.OneAnswer(),
		{
			ID: "I18a", Title: "a supply is between two organisations, at quantity x price, once for each document, line, SKU and owner",
			Counted: "SELECT COUNT(*) FROM supply_entries",
			Violations: `SELECT id, CONCAT_WS(' ', quantity, 'x', price_minor, '=', amount_minor, 'from', org, 'to', seller_org) FROM supply_entries
					WHERE org = seller_org OR quantity = 0 OR amount_minor <> quantity * price_minor OR price_minor < 0
				UNION ALL SELECT MIN(id), CONCAT_WS(' ', COUNT(*), 'supplies of', document, line_id) FROM supply_entries
					GROUP BY document, line_id, sku, org HAVING COUNT(*) > 1`,
		},
		{
			ID: "I18", Title: "an entry has its accrual's organisation, an accrual its order, a statement line its statement's organisation",
			Counted: "SELECT COUNT(*) FROM rebate_entries",
			Violations: `SELECT e.id, CONCAT_WS(' ', 'organisation', e.org) FROM rebate_entries e JOIN rebate_accruals a ON a.id = e.accrual_id
					WHERE a.org <> e.org OR a.payee <> e.payee OR a.role <> e.role OR a.order_id <> e.order_id OR a.line_id <> e.line_id
				UNION ALL SELECT a.id, 'of an order that has not accrued' FROM rebate_accruals a LEFT JOIN rebate_orders o ON o.id = a.order_id
					WHERE o.id IS NULL OR o.org <> a.seller_org
				UNION ALL SELECT l.id, CONCAT_WS(' ', 'organisation', l.org) FROM rebate_statement_lines l JOIN rebate_statements s ON s.id = l.statement_id
					WHERE s.org <> l.org`,
		},
		{
			ID: "I19", Title: "no rebate entry is missing: one ACCRUE an accrual, one EARN an earned one, none without an accrual",
			Counted: "SELECT COUNT(*) FROM rebate_entries",
			Violations: `SELECT a.id, CONCAT_WS(' ', COALESCE(e.accrues, 0), 'x ACCRUE', COALESCE(e.earns, 0), 'x EARN') FROM rebate_accruals a
					LEFT JOIN (SELECT accrual_id, SUM(CASE WHEN kind = 'ACCRUE' THEN 1 ELSE 0 END) AS accrues,
						SUM(CASE WHEN kind = 'EARN' THEN 1 ELSE 0 END) AS earns FROM rebate_entries GROUP BY accrual_id) e ON e.accrual_id = a.id
					WHERE COALESCE(e.accrues, 0) <> 1 OR COALESCE(e.earns, 0) <> a.earned
				UNION ALL SELECT e.id, 'has no accrual' FROM rebate_entries e LEFT JOIN rebate_accruals a ON a.id = e.accrual_id WHERE a.id IS NULL`,
		},
	}
}

// checkPeriods walks the closed months in their order.
func checkPeriods(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT id, start_us, end_us FROM rebate_periods ORDER BY start_us")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var previous int64
	for rows.Next() {
		var id string
		var start, end int64
		if err := rows.Scan(&id, &start, &end); err != nil {
			return checked, err
		}
		switch {
		case start >= end:
			violation(id, fmt.Sprintf("ends at %d, before its start %d", end, start))
		case checked > 0 && start < previous:
			violation(id, fmt.Sprintf("starts at %d, before the end of the month before it %d", start, previous))
		case checked > 0 && start > previous:
			violation(id, fmt.Sprintf("starts at %d, %d after the end of the month before it", start, start-previous))
		}
		checked, previous = checked+1, end
	}
	return checked, rows.Err()
}

// checkProportions computes what SQL would overflow on.
func checkProportions(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT id, accrued_minor, clawed_back_minor, refunded_minor, base_minor FROM rebate_accruals WHERE refunded_minor > 0 OR clawed_back_minor > 0")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var accrued, clawed, refunded, base int64
		if err := rows.Scan(&id, &accrued, &clawed, &refunded, &base); err != nil {
			return checked, err
		}
		checked++
		if refunded < 0 || refunded > base || clawed != money.Proportion(accrued, refunded, base) {
			violation(id, fmt.Sprintf("%d of %d clawed back for %d of %d refunded", clawed, accrued, refunded, base))
		}
	}
	return checked, rows.Err()
}
