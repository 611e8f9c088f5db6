package data

import "github.com/onepool/onepool/app/internal/invariant"

// loadChecks prove that what a day of a location has been given is what the reservations take of it.
func (s *Store) loadChecks() []invariant.Check {
	const taken = "(SELECT d.location, d.capacity_day, COUNT(DISTINCT d.document) AS taken_orders, COUNT(*) AS taken_lines FROM" +
		" (SELECT DISTINCT location, capacity_day, document, line_id FROM reservations WHERE capacity_day > 0 AND open + shipped > 0) d GROUP BY d.location, d.capacity_day) t"
	return []invariant.Check{{
		ID: "I3a", Title: "a day of a location has been given as many orders and lines as reservations take of it",
		Counted: "SELECT COUNT(*) FROM capacities",
		Violations: "SELECT c.location, 'a day was given other orders or lines than reservations take' FROM capacities c LEFT JOIN " + taken +
			" ON t.location = c.location AND t.capacity_day = c.day WHERE c.orders <> COALESCE(t.taken_orders, 0) OR c.`lines` <> COALESCE(t.taken_lines, 0)" +
			" UNION ALL SELECT t.location, 'reservations take of a day that is not counted' FROM " + taken +
			" WHERE NOT EXISTS (SELECT 1 FROM capacities c WHERE c.location = t.location AND c.day = t.capacity_day)",
	}}
}
