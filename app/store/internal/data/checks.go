package data

import (
	"context"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/invariant"
	"github.com/onepool/onepool/app/store/internal/biz"
)

// Checks are the invariants of the directory.
func Checks() []invariant.Check {
	return []invariant.Check{
		invariant.OneAnswer(),
		invariant.Delivered(),
		{
			ID: "I18", Title: "each store, person, login, device and channel account has the organisation of its parent",
			Counted: "SELECT (SELECT COUNT(*) FROM stores) + (SELECT COUNT(*) FROM staffs) + (SELECT COUNT(*) FROM logins) + " +
				"(SELECT COUNT(*) FROM devices) + (SELECT COUNT(*) FROM channel_accounts)",
			Violations: `
SELECT s.id, 'store of an organisation that is not known' FROM stores s LEFT JOIN organisations o ON o.id = s.org WHERE o.id IS NULL
UNION ALL
SELECT p.id, 'person of a store that is not known or another organisation''s' FROM staffs p LEFT JOIN stores s ON s.id = p.store_code AND s.org = p.org
  WHERE p.store_code <> '' AND s.id IS NULL
UNION ALL
SELECT p.id, 'person without a store who is not headquarters''' FROM staffs p LEFT JOIN organisations o ON o.id = p.org AND o.kind = 'headquarters'
  WHERE p.store_code = '' AND o.id IS NULL
UNION ALL
SELECT l.id, 'login of nobody or of another organisation''s person' FROM logins l LEFT JOIN staffs p ON p.id = l.staff_code AND p.org = l.org AND p.login = l.id
  WHERE p.id IS NULL
UNION ALL
SELECT d.id, 'device of a store that is not known or another organisation''s' FROM devices d LEFT JOIN stores s ON s.id = d.store_code AND s.org = d.org
  WHERE s.id IS NULL
UNION ALL
SELECT a.id, 'channel account of an organisation that is not known' FROM channel_accounts a LEFT JOIN organisations o ON o.id = a.org WHERE o.id IS NULL`,
		},
		{ID: "S1", Title: "following parents ends at the one headquarters", Scan: checkTree},
		{
			ID: "S2", Title: "a direct store is headquarters', a franchise store is not, and both are on earth",
			Counted: "SELECT COUNT(*) FROM stores",
			Violations: `
SELECT s.id, s.ownership FROM stores s JOIN organisations o ON o.id = s.org
  WHERE (s.ownership = 'direct' AND o.kind <> 'headquarters') OR (s.ownership = 'franchise' AND o.kind = 'headquarters')
     OR s.lat NOT BETWEEN -90 AND 90 OR s.lng NOT BETWEEN -180 AND 180`,
		},
	}
}

// checkTree walks from each organisation up to headquarters.
func checkTree(ctx context.Context, q database.Querier, violation func(subject, detail string)) (checked int64, err error) {
	rows, err := q.QueryContext(ctx, "SELECT id, kind, parent FROM organisations ORDER BY id")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	type party struct{ kind, parent string }
	parties, order := map[string]party{}, []string{}
	roots := 0
	for rows.Next() {
		var id string
		var p party
		if err := rows.Scan(&id, &p.kind, &p.parent); err != nil {
			return 0, err
		}
		parties[id] = p
		order = append(order, id)
		if p.kind == string(biz.Headquarters) {
			if roots++; roots > 1 {
				violation(id, "a second headquarters")
			}
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for _, id := range order {
		at, ended := id, false
		for range biz.MaxDepth + 2 {
			p, ok := parties[at]
			if !ok {
				violation(id, "organisation "+at+" above it is not known")
				ended = true
				break
			}
			if p.kind == string(biz.Headquarters) {
				ended = true
				break
			}
			at = p.parent
		}
		if !ended {
			violation(id, "its parents go in a circle")
		}
	}
	return int64(len(order)), nil
}
