package data

import (
	"context"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
)

// Checks are the invariants that the center's own rows prove.
func Checks() []invariant.Check {
	return append(slices.Concat(toldChecks(), giftChecks(), unmatchedChecks()), []invariant.Check{
		{
			ID: "I7", Title: "an order's money is its captures less its refunds, and what its lines say",
			Counted: "SELECT COUNT(*) FROM orders",
			Violations: `SELECT o.id, 'sums of captures and refunds differ from the order' FROM orders o
				LEFT JOIN (SELECT order_id, SUM(amount_minor) AS amount, SUM(refunded_minor) AS refunded FROM captures GROUP BY order_id) c ON c.order_id = o.id
				LEFT JOIN (SELECT order_id, SUM(amount_minor) AS amount FROM refunds GROUP BY order_id) r ON r.order_id = o.id
				WHERE o.captured_minor <> COALESCE(c.amount, 0) OR o.refunded_minor <> COALESCE(r.amount, 0)
					OR COALESCE(c.refunded, 0) <> COALESCE(r.amount, 0) OR o.captured_minor < o.refunded_minor
			UNION ALL SELECT c.id, 'refunds of the capture differ or are above it' FROM captures c
				LEFT JOIN (SELECT capture_id, SUM(amount_minor) AS amount FROM refunds GROUP BY capture_id) r ON r.capture_id = c.id
				WHERE c.refunded_minor <> COALESCE(r.amount, 0) OR c.refunded_minor > c.amount_minor
			UNION ALL SELECT o.id, 'money kept is not what was to be paid less what came back' FROM orders o
				LEFT JOIN (SELECT order_id, SUM(refunded_minor) AS back FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
				LEFT JOIN deposits d ON d.id = o.id
				WHERE o.state NOT IN ('UNPAID', 'DEPOSIT_PAID') AND o.captured_minor - o.refunded_minor <> CASE WHEN o.state IN ('PAID', 'COMPLETED')
					THEN o.total_minor - o.points_amount_minor - COALESCE(l.back, 0) - o.freight_refunded_minor + o.gift_charged_minor ELSE COALESCE(d.forfeited_minor, 0) END
				OR o.state IN ('UNPAID', 'DEPOSIT_PAID') AND (o.captured_minor < o.refunded_minor OR o.captured_minor - o.refunded_minor >= o.total_minor - o.points_amount_minor
					AND (o.origin_return = '' OR o.total_minor > o.points_amount_minor))
				OR o.state = 'UNPAID' AND o.captured_minor - o.refunded_minor >= d.amount_minor OR o.state = 'DEPOSIT_PAID' AND o.captured_minor - o.refunded_minor < d.amount_minor`,
		},
		{
			ID: "I7", Title: "a presale has a deposit, of which the agreed share is forfeited or nothing",
			Counted: "SELECT COUNT(*) FROM deposits",
			Violations: `SELECT o.id, 'a presale without a deposit' FROM orders o LEFT JOIN deposits d ON d.id = o.id WHERE o.kind = 'presale' AND d.id IS NULL
			UNION ALL SELECT d.id, 'a deposit of no presale, or above what is to pay' FROM deposits d LEFT JOIN orders o ON o.id = d.id
				WHERE o.id IS NULL OR o.kind <> 'presale' OR d.amount_minor <= 0 OR d.amount_minor > o.total_minor - o.points_amount_minor OR d.balance_until_us <= d.balance_from_us
			UNION ALL SELECT d.id, 'the deposit does not stand as its order does' FROM deposits d JOIN orders o ON o.id = d.id
				WHERE o.state = 'UNPAID' AND d.paid_us <> 0 OR o.state = 'DEPOSIT_PAID' AND d.paid_us = 0 OR (d.due_us <> 0) <> (o.state = 'DEPOSIT_PAID')
			UNION ALL SELECT d.id, 'another share is forfeited than was agreed' FROM deposits d JOIN orders o ON o.id = d.id
				WHERE d.forfeited_minor <> 0 AND (o.state <> 'CANCELLED' OR d.paid_us = 0 OR ABS(d.forfeited_minor * 10000 - d.amount_minor * d.forfeit_bp) > 5000)`,
		},
		{
			ID: "I8", Title: "one effect for each provider's transaction, equal to its payment",
			Counted: "SELECT COUNT(*) FROM captures",
			Violations: `SELECT MIN(id), 'transaction booked twice' FROM captures WHERE provider NOT IN ('cash', 'platform')
				GROUP BY provider, transaction_no HAVING COUNT(*) > 1
			UNION ALL SELECT c.id, 'amount, currency or payee is not the payment''s' FROM captures c
				LEFT JOIN payments p ON p.id = c.payment_id LEFT JOIN orders o ON o.id = c.order_id
				WHERE p.id IS NULL OR o.id IS NULL OR p.order_id <> c.order_id OR p.amount_minor <> c.amount_minor OR p.payee <> c.payee OR o.currency <> c.currency`,
		},
		{
			ID: "I9", Title: "lines, discounts and freight add up to the order",
			Counted: "SELECT COUNT(*) FROM orders",
			Violations: `SELECT o.id, 'sums of the lines differ from the order' FROM orders o
				LEFT JOIN (SELECT order_id, SUM(payable_minor) AS payable, SUM(discount_minor) AS discount, SUM(points) AS points,
					SUM(points_amount_minor) AS points_amount, SUM(tax_minor) AS tax FROM order_lines GROUP BY order_id) l ON l.order_id = o.id
				WHERE o.freight_refunded_minor < 0 OR o.gift_charged_minor < 0 OR o.freight_refunded_minor > o.freight_minor OR COALESCE(l.payable, 0) <> o.goods_minor OR o.goods_minor + o.freight_minor <> o.total_minor OR COALESCE(l.discount, 0) <> o.discount_minor
					OR COALESCE(l.points, 0) <> o.points OR COALESCE(l.points_amount, 0) <> o.points_amount_minor OR COALESCE(l.tax, 0) <> o.tax_minor
			UNION ALL SELECT id, 'discount, tax or points outside of the line' FROM order_lines
				WHERE tax_minor < 0 OR tax_minor > payable_minor OR discount_minor < 0 OR discount_minor > gross_minor OR payable_minor <> gross_minor - discount_minor OR points_amount_minor < 0
					OR points_amount_minor > payable_minor OR refunded_minor < 0 OR refunded_minor > payable_minor - points_amount_minor
					OR returned_quantity < 0 OR cancelled_quantity < 0 OR returned_quantity + cancelled_quantity > quantity OR points_back < 0 OR points_back > points`,
		},
		{
			ID: "I9", Title: "used of a promotion = what orders hold of it, within budget and quota; a member holds what is counted, within the limit",
			Counted: "SELECT COUNT(*) FROM promotions",
			Violations: `SELECT p.id, 'used is not what orders hold' FROM promotions p
				LEFT JOIN (SELECT promotion, SUM(amount_minor) AS amount, SUM(quantity) AS quantity FROM promotion_uses WHERE given_back = ? GROUP BY promotion) u ON u.promotion = p.id
				WHERE p.used_minor <> COALESCE(u.amount, 0) OR p.used_quantity <> COALESCE(u.quantity, 0)
			UNION ALL SELECT p.id, 'more is used than there was' FROM promotions p WHERE p.budget_minor > 0 AND p.used_minor > p.budget_minor OR p.quota > 0 AND p.used_quantity > p.quota
			UNION ALL SELECT b.id, 'a member holds another number' FROM promotion_buyers b
				LEFT JOIN (SELECT promotion, member_id, SUM(quantity) AS quantity FROM promotion_uses WHERE given_back = ? GROUP BY promotion, member_id) u
				ON u.promotion = b.promotion AND u.member_id = b.member_id WHERE b.quantity <> COALESCE(u.quantity, 0)
			UNION ALL SELECT u.id, 'a cancelled order still holds it' FROM promotion_uses u JOIN orders o ON o.id = u.order_id WHERE u.given_back = ? AND o.state = 'CANCELLED'`,
			Args: func(int64) []any { return []any{false, false, false} },
		},
		{
			ID: "I13", Title: "there are as many coupons as were claimed; each opens one order at a time: locked until that is paid, used from then on",
			Counted: "SELECT COUNT(*) FROM coupons",
			Violations: `SELECT p.id, 'coupons are not what was claimed' FROM promotions p
				LEFT JOIN (SELECT promotion, COUNT(*) AS n FROM coupons GROUP BY promotion) c ON c.promotion = p.id WHERE p.claimed <> COALESCE(c.n, 0)
			UNION ALL SELECT c.id, 'state is not what its order says' FROM coupons c JOIN orders o ON o.id = c.order_id
				WHERE o.state = 'CANCELLED' OR (o.state IN ('UNPAID', 'DEPOSIT_PAID')) <> (c.state = 'LOCKED')
			UNION ALL SELECT c.id, 'open, and an order has it' FROM coupons c WHERE (c.state = 'OPEN') <> (c.order_id = '')`,
		},
		{ID: "I9", Title: "a line's receipts are what the buyer pays and what platforms and payment providers bear; bearers bear each discount whole", Scan: receipts},
		{ID: "I14", Title: "every change of state is in the table, in versions without a gap", Scan: history},
		{
			ID: "I14", Title: "the state of a row is the last one of its history",
			Counted: "SELECT COUNT(*) FROM order_events",
			Violations: `SELECT o.id, 'version is not the number of changes' FROM orders o
				LEFT JOIN (SELECT order_id, COUNT(*) AS n FROM order_events GROUP BY order_id) e ON e.order_id = o.id WHERE o.version <> COALESCE(e.n, 0)` +
				last("orders", "id", "order") + last("fulfilments", "order_id", "fulfilment") + last("payments", "order_id", "payment") +
				last("goods_returns", "order_id", "return") + last("goodwills", "order_id", "goodwill") + last("reviews", "order_id", "review") + last("refunds", "order_id", "refund") + last("parcels", "order_id", "parcel") + last("invoices", "order_id", "invoice"),
		},
		{
			ID: "I14", Title: "an order that is held for a person is with no location, and says so",
			Counted: "SELECT COUNT(*) FROM reviews",
			Violations: `SELECT f.id, 'its order is held' FROM fulfilments f JOIN orders o ON o.id = f.order_id
				WHERE o.review = 'HELD' AND f.state NOT IN ('PLANNED', 'CANCELLED', 'DECLINED')
			UNION ALL SELECT o.id, 'its review is another' FROM orders o JOIN (SELECT order_id, MAX(no) AS no FROM reviews GROUP BY order_id) m ON m.order_id = o.id
				JOIN reviews v ON v.order_id = m.order_id AND v.no = m.no WHERE COALESCE(o.review, '') <> v.state
			UNION ALL SELECT v.id, 'it has ended, and is still held' FROM reviews v JOIN orders o ON o.id = v.order_id
				WHERE v.state IN ('FOUND', 'HELD') AND (o.state IN ('CANCELLED', 'COMPLETED') OR o.state = 'PAID' AND v.state = 'FOUND')`,
		},
		{
			ID: "I21", Title: "an order counts its invoices, and red letters are no more than theirs",
			Counted: "SELECT COUNT(*) FROM orders",
			Violations: `SELECT o.id, 'counts other invoices than there are' FROM orders o
				LEFT JOIN (SELECT order_id, COUNT(*) AS n FROM invoices GROUP BY order_id) i ON i.order_id = o.id WHERE o.invoice_count <> COALESCE(i.n, 0)
			UNION ALL SELECT b.id, 'red letters take back more than the invoice' FROM invoices b
				JOIN (SELECT red_of, SUM(amount_minor) AS amount, SUM(tax_minor) AS tax FROM invoices WHERE red_of <> '' AND state <> 'WITHDRAWN' GROUP BY red_of) r ON r.red_of = b.id
				WHERE r.amount > b.amount_minor OR r.tax > b.tax_minor`,
		},
		invariant.Ended(),
		invariant.Delivered(),
		{
			ID: "I16", Title: "a placement's end agrees with its order",
			Counted: "SELECT COUNT(*) FROM intents WHERE gid LIKE 'po-%'",
			Violations: `SELECT i.gid, 'answered without an order, or refused with one' FROM intents i LEFT JOIN orders o ON o.id = i.business_id
				WHERE i.gid LIKE 'po-%' AND i.state = 'done' AND ((i.answer IS NOT NULL AND o.id IS NULL) OR (i.refusal IS NOT NULL AND o.id IS NOT NULL))`,
		},
		{
			ID: "I16", Title: "a change of address that has ended keeps nothing from leaving, and those that were made are in the history",
			Counted: "SELECT COUNT(*) FROM address_changes",
			Violations: `SELECT a.id, 'kept from leaving by a change that has ended' FROM address_changes a LEFT JOIN intents i ON i.gid = a.under
					WHERE a.under <> '' AND (i.gid IS NULL OR (i.state = 'done' AND i.updated_us < ?))
				UNION ALL SELECT a.id, 'changes are not those of the history' FROM address_changes a
					WHERE a.changes <> (SELECT COUNT(*) FROM order_events e WHERE e.order_id = a.id AND e.subject = 'order' AND e.event = 'readdress')`,
			Args: func(nowUS int64) []any { return []any{nowUS - endsWithinUS} },
		},
		invariant.OneAnswer(),
		{
			ID: "I17", Title: "one order for each number of a seller's channel",
			Counted:    "SELECT COUNT(*) FROM orders",
			Violations: `SELECT MIN(id), 'number used twice' FROM orders GROUP BY org, channel, source_no HAVING COUNT(*) > 1`,
		},
		{
			ID: "I18", Title: "every row has its parent's organisation",
			Counted: "SELECT COUNT(*) FROM order_lines",
			Violations: child("order_lines", "orders", "order_id") + " UNION ALL " + child("order_events", "orders", "order_id") + " UNION ALL " +
				child("payments", "orders", "order_id") + " UNION ALL " + child("captures", "payments", "payment_id") + " UNION ALL " +
				child("refunds", "captures", "capture_id") + " UNION ALL " + child("goods_returns", "orders", "order_id") + " UNION ALL " + child("goodwills", "orders", "order_id") + " UNION ALL " + child("reviews", "orders", "order_id") + " UNION ALL " + child("order_remarks", "orders", "order_id") + " UNION ALL " +
				child("return_lines", "goods_returns", "return_id") + " UNION ALL " + child("fulfilment_lines", "fulfilments", "fulfilment_id") + " UNION ALL " +
				child("parcels", "fulfilments", "fulfilment_id") + " UNION ALL " + child("invoices", "orders", "order_id") + " UNION ALL " + child("deposits", "orders", "id") + " UNION ALL " + child("gift_orders", "orders", "id") + " UNION ALL " + child("shipping_reports", "orders", "order_id") +
				` UNION ALL SELECT f.id, 'it travels with another location''s' FROM fulfilments f LEFT JOIN merged_parcels m ON m.id = f.merged
				WHERE f.merged <> '' AND (m.id IS NULL OR m.org <> f.org OR m.location <> f.location)
				UNION ALL SELECT f.id, 'seller or member is not the order''s' FROM fulfilments f LEFT JOIN orders o ON o.id = f.order_id
				WHERE o.id IS NULL OR o.org <> f.seller_org OR o.member_id <> f.member_id`,
		},
	}...)
}

// child finds rows without their parent, or of another organisation.
func child(table, parent, column string) string {
	return "SELECT c.id, '" + table + ": organisation is not the parent''s' FROM " + table + " c LEFT JOIN " + parent + " p ON p.id = c." + column +
		" WHERE p.id IS NULL OR p.org <> c.org"
}

// last finds rows whose state is not the one that their history ends with.
func last(table, orderColumn, subject string) string {
	return " UNION ALL SELECT t.id, '" + subject + ": state is not the last one of its history' FROM " + table + " t " +
		"LEFT JOIN (SELECT order_id, subject_id, MAX(version) AS version FROM order_events WHERE subject = '" + subject + "' GROUP BY order_id, subject_id) m " +
		"ON m.order_id = t." + orderColumn + " AND m.subject_id = t.id LEFT JOIN order_events e ON e.order_id = m.order_id AND e.version = m.version " +
		"WHERE e.id IS NULL OR e.to_state <> t.state"
}

// history follows each order's changes through the state machine.
func history(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT order_id, version, subject, subject_id, event, from_state, to_state FROM order_events ORDER BY order_id, version")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var orderID string
	var version int64
	var states map[string]biz.State
	for rows.Next() {
		var id, subject, subjectID, event, from, to string
		var n int64
		if err := rows.Scan(&id, &n, &subject, &subjectID, &event, &from, &to); err != nil {
			return checked, err
		}
		checked++
		if id != orderID {
			orderID, version, states = id, 0, map[string]biz.State{}
		}
		version++
		if n != version {
			violation(id, "versions have a gap")
			version = n
		}
		if next, ok := biz.Next(biz.Subject(subject), biz.State(from), biz.Event(event)); !ok || next != biz.State(to) {
			violation(subjectID, subject+" changed from "+from+" to "+to+" by "+event+", which is no edge of the state machine")
		}
		if states[subjectID] != biz.State(from) {
			violation(subjectID, subject+" left a state in which it was not")
		}
		states[subjectID] = biz.State(to)
	}
	return checked, rows.Err()
}

// AllIDs reads ids of orders, a page at a time.
func (s *Orders) AllIDs(ctx context.Context, afterID string, limit int) ([]string, error) {
	found, err := s.ent.Order.Query().Where(order.IDGT(afterID)).Order(ent.Asc(order.FieldID)).Limit(limit).IDs(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("all orders: %w", err)
	}
	return found, nil
}
