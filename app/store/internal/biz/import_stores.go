package biz

import "github.com/onepool/onepool/app/internal/batch"

// KnownStores is what an import of stores needs: the stores and organisations that its rows name.
type KnownStores struct {
	ByCode        map[string]Store
	Organisations map[string]Organisation
}

// StorePlan is what an import of stores changes. Everything in it has to reach the inventory center.
type StorePlan struct {
	Create, Update []Store
	Result         batch.Result
}

// ImportStores decides about a batch, row by row. An import neither closes nor reopens a store.
func ImportStores(known KnownStores, rows []StoreRow, nowUS int64) StorePlan {
	zones, first := NewZones(), map[string]seen[Store]{}
	var plan StorePlan
	for _, row := range rows {
		s, refusal := ParseStore(row, zones)
		if refusal == nil {
			refusal = repeats(first, s.Code, "code", func(before Store) bool { return before.same(s) })
		}
		if refusal == nil {
			refusal = belongs(s, known)
		}
		if refusal != nil {
			plan.Result.Refused(row.Line, refusal)
			continue
		}
		if _, repeated := first[s.Code]; repeated {
			plan.Result.Took(batch.Unchanged)
			continue
		}
		first[s.Code] = seen[Store]{s, row.Line}
		old, exists := known.ByCode[s.Code]
		if exists {
			s.Active = old.Active
		}
		switch {
		case exists && old.same(s):
			plan.Result.Took(batch.Unchanged)
		case exists:
			s.UpdatedUS = max(nowUS, old.UpdatedUS+1) // it is part of the location's version
			plan.Update = append(plan.Update, s)
			plan.Result.Took(batch.Updated)
		default:
			s.UpdatedUS = nowUS
			plan.Create = append(plan.Create, s)
			plan.Result.Took(batch.Created)
		}
	}
	return plan
}

// belongs checks a store against its organisation.
func belongs(s Store, known KnownStores) *batch.Refusal {
	org, ok := known.Organisations[s.Org]
	if !ok {
		return batch.Refuse(batch.ReasonOrganisationUnknown, "org_code", "organisation %s is not known: import it first", s.Org)
	}
	if old, exists := known.ByCode[s.Code]; exists && old.Org != s.Org {
		return batch.Refuse(batch.ReasonStateConflict, "org_code", "belongs to %s: a store does not change its organisation", old.Org)
	}
	switch {
	case s.Ownership == Direct && org.Kind != Headquarters:
		return batch.Refuse(batch.ReasonValidator, "ownership", "a direct store belongs to headquarters, %s is a %s", org.Code, org.Kind)
	case s.Ownership == Franchise && org.Kind == Headquarters:
		return batch.Refuse(batch.ReasonValidator, "ownership", "a franchise store belongs to a franchisee or dealer, %s is headquarters", org.Code)
	}
	return nil
}

// Open makes a store active or closes it, and says whether that changed anything.
func (s Store) Open(active bool, nowUS int64) (Store, bool) {
	if s.Active == active {
		return s, false
	}
	s.Active = active
	s.UpdatedUS = max(nowUS, s.UpdatedUS+1)
	return s, true
}

// LocationVersion grows with each change of a store or of its organisation's contract: both times only ever grow.
func LocationVersion(s Store, o Organisation) int64 { return s.UpdatedUS + o.UpdatedUS }
