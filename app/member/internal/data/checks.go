package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/internal/money"
)

// Checks are the invariants of members and points.
func Checks() []invariant.Check {
	return append(walletChecks(), []invariant.Check{
		{
			ID: "I6", Title: "points balance, pending points and points debt are the sums of their entries",
			Counted: "SELECT COUNT(*) FROM points_accounts",
			Violations: `SELECT a.id, CONCAT_WS(' ', 'balance', a.balance, 'pending', a.pending, 'debt', a.debt, 'entries',
				COALESCE(e.points, 0), COALESCE(e.pending, 0), COALESCE(e.debt, 0))
				FROM points_accounts a LEFT JOIN (SELECT member_id, SUM(points) AS points, SUM(pending) AS pending, SUM(debt) AS debt
					FROM points_entries GROUP BY member_id) e ON e.member_id = a.id
				WHERE a.balance <> COALESCE(e.points, 0) OR a.pending <> COALESCE(e.pending, 0) OR a.debt <> COALESCE(e.debt, 0)`,
		},
		{
			ID: "I6", Title: "points balance is what remains in the lots; 0 <= frozen <= balance; debt and pending are not negative",
			Counted: "SELECT COUNT(*) FROM points_accounts",
			Violations: `SELECT a.id, CONCAT_WS(' ', 'balance', a.balance, 'frozen', a.frozen, 'debt', a.debt, 'lots', COALESCE(l.remaining, 0))
				FROM points_accounts a LEFT JOIN (SELECT member_id, SUM(remaining) AS remaining FROM points_lots GROUP BY member_id) l
					ON l.member_id = a.id
				WHERE a.balance <> COALESCE(l.remaining, 0) OR a.frozen < 0 OR a.frozen > a.balance OR a.debt < 0 OR a.pending < 0`,
		},
		{
			ID: "I6", Title: "a lot never holds more than it had, nor less than nothing",
			Counted:    "SELECT COUNT(*) FROM points_lots",
			Violations: "SELECT id, CONCAT_WS(' ', remaining, 'of', points) FROM points_lots WHERE remaining < 0 OR remaining > points",
		},
		{
			ID: "I6", Title: "frozen points are those of documents that are not paid",
			Counted: "SELECT COUNT(*) FROM points_documents",
			Violations: `SELECT a.id, CONCAT_WS(' ', 'frozen', a.frozen, 'documents', COALESCE(d.frozen, 0))
				FROM points_accounts a LEFT JOIN (SELECT member_id, SUM(frozen) AS frozen FROM points_documents WHERE state = 'FROZEN'
					GROUP BY member_id) d ON d.member_id = a.id
				WHERE a.frozen <> COALESCE(d.frozen, 0)`,
		},
		{
			ID: "I6", Title: "pending points are what lines have accrued and neither earned nor lost",
			Counted: "SELECT COUNT(*) FROM points_lines",
			Violations: `SELECT a.id, CONCAT_WS(' ', 'pending', a.pending, 'lines', COALESCE(l.open, 0))
				FROM points_accounts a LEFT JOIN (SELECT member_id, SUM(accrued - clawed_back) AS open FROM points_lines WHERE is_earned = 0
					GROUP BY member_id) l ON l.member_id = a.id
				WHERE a.pending <> COALESCE(l.open, 0)`,
		},
		{
			ID: "I6", Title: "a line never takes back more than it accrued; a document never gives back more than was spent",
			Counted: "SELECT (SELECT COUNT(*) FROM points_lines) + (SELECT COUNT(*) FROM points_documents)",
			Violations: `SELECT CONCAT_WS('/', document, line_id), CONCAT_WS(' ', clawed_back, 'of', accrued) FROM points_lines
					WHERE clawed_back < 0 OR clawed_back > accrued OR refunded_minor < 0 OR refunded_minor > base_minor
				UNION ALL SELECT id, CONCAT_WS(' ', given_back, 'of', spent) FROM points_documents
					WHERE given_back < 0 OR given_back > spent OR spent > frozen`,
		},
		{
			ID: "I6", Title: "every document's points are in the ledger as it says",
			Counted: "SELECT COUNT(*) FROM points_documents",
			Violations: `SELECT d.id, CONCAT_WS(' ', 'spent', d.spent, 'given back', d.given_back, 'ledger', COALESCE(e.spent, 0), COALESCE(e.back, 0))
				FROM points_documents d LEFT JOIN (SELECT document, SUM(CASE WHEN reason = 'SPEND' THEN -points ELSE 0 END) AS spent,
					SUM(CASE WHEN reason = 'GIVE_BACK' THEN points ELSE 0 END) AS back FROM points_entries GROUP BY document) e
					ON e.document = d.id
				WHERE d.spent <> COALESCE(e.spent, 0) OR d.given_back <> COALESCE(e.back, 0)`,
		},
		{
			ID: "I12", Title: "points taken back of a line are the proportion refunded / base, rounded half up",
			Scan: checkProportions,
		},
		invariant.OneAnswer(),
		{
			ID: "I19", Title: "no points entry is missing: numbers have no gap and balances follow each other",
			Counted: "SELECT COUNT(*) FROM points_entries",
			Violations: `SELECT a.id, CONCAT_WS(' ', 'last', a.seq, 'entries', COALESCE(e.n, 0))
					FROM points_accounts a LEFT JOIN (SELECT member_id, COUNT(*) AS n, MAX(seq) AS last, MIN(seq) AS first FROM points_entries
						GROUP BY member_id) e ON e.member_id = a.id
					WHERE a.seq <> COALESCE(e.n, 0) OR a.seq <> COALESCE(e.last, 0) OR (a.seq > 0 AND e.first <> 1)
				UNION ALL SELECT e.id, CONCAT_WS(' ', 'balance', e.balance_after, 'after', COALESCE(b.balance_after, 0), 'and', e.points)
					FROM points_entries e LEFT JOIN points_entries b ON b.member_id = e.member_id AND b.seq = e.seq - 1
					WHERE e.balance_after <> COALESCE(b.balance_after, 0) + e.points`,
		},
		{
			ID: "I18", Title: "every row of a member is the brand's, and has a member and an account",
			Counted: "SELECT COUNT(*) FROM members",
			Violations: `SELECT m.id, 'no account' FROM members m LEFT JOIN points_accounts a ON a.id = m.id WHERE a.id IS NULL
				UNION ALL SELECT a.id, 'no member' FROM points_accounts a LEFT JOIN members m ON m.id = a.id WHERE m.id IS NULL
				UNION ALL SELECT m.id, CONCAT_WS(' ', 'organisation', m.org) FROM members m JOIN points_accounts a ON a.id = m.id WHERE a.org <> m.org
				UNION ALL SELECT e.id, CONCAT_WS(' ', 'organisation', e.org) FROM points_entries e JOIN points_accounts a ON a.id = e.member_id WHERE a.org <> e.org
				UNION ALL SELECT l.id, 'line of another member than its document' FROM points_lines l JOIN points_documents d ON d.id = l.document
					WHERE d.member_id <> l.member_id`,
		},
	}...)
}

// checkProportions computes what SQL would overflow on.
func checkProportions(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT document, line_id, accrued, clawed_back, refunded_minor, base_minor FROM points_lines WHERE refunded_minor > 0 OR clawed_back > 0")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var document, line string
		var accrued, clawed, refunded, base int64
		if err := rows.Scan(&document, &line, &accrued, &clawed, &refunded, &base); err != nil {
			return checked, err
		}
		checked++
		if refunded < 0 || refunded > base || clawed != money.Proportion(accrued, refunded, base) {
			violation(document+"/"+line, fmt.Sprintf("%d of %d points taken back for %d of %d refunded", clawed, accrued, refunded, base))
		}
	}
	return checked, rows.Err()
}
