package data

import "github.com/onepool/onepool/app/internal/invariant"

// walletChecks are the invariants of stored value.
func walletChecks() []invariant.Check {
	return []invariant.Check{
		{
			ID: "I6", Title: "stored value is the sum of its entries, and never negative",
			Counted: "SELECT COUNT(*) FROM wallets",
			Violations: `SELECT w.id, CONCAT_WS(' ', 'balance', w.balance_minor, 'entries', COALESCE(e.amount, 0)) FROM wallets w
				LEFT JOIN (SELECT member_id, SUM(amount_minor) AS amount FROM wallet_entries GROUP BY member_id) e ON e.member_id = w.id
				WHERE w.balance_minor <> COALESCE(e.amount, 0) OR w.balance_minor < 0`,
		},
		{
			ID: "I7", Title: "what came back of a payment with stored value is not more than it took, and is its payer's",
			Counted: "SELECT COUNT(*) FROM wallet_entries",
			Violations: `SELECT r.payment_id, CONCAT_WS(' ', r.amount, 'of', COALESCE(-p.amount_minor, 0)) FROM
					(SELECT payment_id, SUM(amount_minor) AS amount FROM wallet_entries WHERE kind = 'REFUND' GROUP BY payment_id) r
					LEFT JOIN wallet_entries p ON p.id = r.payment_id AND p.kind = 'PAY' WHERE p.id IS NULL OR r.amount > -p.amount_minor
				UNION ALL SELECT r.id, 'came back to another member' FROM wallet_entries r JOIN wallet_entries p ON p.id = r.payment_id WHERE p.member_id <> r.member_id
				UNION ALL SELECT id, CONCAT_WS(' ', kind, amount_minor) FROM wallet_entries
					WHERE NOT (kind IN ('TOP_UP', 'REFUND') AND amount_minor > 0 OR kind = 'PAY' AND amount_minor < 0 OR kind = 'CLOSED' AND amount_minor = 0)`,
		},
		{
			ID: "I19", Title: "no entry of stored value is missing: numbers have no gap and balances follow each other",
			Counted: "SELECT COUNT(*) FROM wallet_entries",
			Violations: `SELECT w.id, CONCAT_WS(' ', 'last', w.seq, 'entries', COALESCE(e.n, 0)) FROM wallets w
					LEFT JOIN (SELECT member_id, COUNT(*) AS n, MAX(seq) AS last FROM wallet_entries GROUP BY member_id) e ON e.member_id = w.id
					WHERE w.seq <> COALESCE(e.n, 0) OR w.seq <> COALESCE(e.last, 0)
				UNION ALL SELECT e.id, CONCAT_WS(' ', 'balance', e.balance_after, 'after', COALESCE(b.balance_after, 0), 'and', e.amount_minor)
					FROM wallet_entries e LEFT JOIN wallet_entries b ON b.member_id = e.member_id AND b.seq = e.seq - 1
					WHERE e.balance_after <> COALESCE(b.balance_after, 0) + e.amount_minor`,
		},
		{
			ID: "I18", Title: "stored value is the brand's, and has a member",
			Counted: "SELECT COUNT(*) FROM wallets",
			Violations: `SELECT w.id, 'no member, or another organisation' FROM wallets w LEFT JOIN members m ON m.id = w.id WHERE m.id IS NULL OR m.org <> w.org
				UNION ALL SELECT e.id, 'no wallet, or another organisation' FROM wallet_entries e LEFT JOIN wallets w ON w.id = e.member_id WHERE w.id IS NULL OR w.org <> e.org`,
		},
	}
}
