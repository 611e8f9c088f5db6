package biz

import "github.com/onepool/onepool/app/internal/batch"

// KnownOrganisations is what an import of organisations needs: those that its rows name, their parents, and all
// ancestors of these, by code; and who is headquarters, if anybody is yet.
type KnownOrganisations struct {
	ByCode       map[string]Organisation
	Headquarters string
}

// OrganisationPlan is what an import changes, in the order of the rows.
type OrganisationPlan struct {
	Create, Update []Organisation
	// NewTerms are the organisations whose contract has changed: the inventory center hears of their locations again.
	NewTerms []string
	Result   batch.Result
}

// ImportOrganisations decides about a batch, row by row: a parent stands before its children.
func ImportOrganisations(known KnownOrganisations, rows []OrganisationRow, nowUS int64) OrganisationPlan {
	byCode := make(map[string]Organisation, len(known.ByCode)+len(rows))
	for code, o := range known.ByCode {
		byCode[code] = o
	}
	first := map[string]seen[Organisation]{}
	var plan OrganisationPlan
	for _, row := range rows {
		o, refusal := ParseOrganisation(row)
		if refusal == nil {
			refusal = repeats(first, o.Code, "code", func(before Organisation) bool { return before.same(o) })
		}
		if refusal == nil {
			refusal = placed(o, byCode, known.Headquarters)
		}
		if refusal != nil {
			plan.Result.Refused(row.Line, refusal)
			continue
		}
		if _, repeated := first[o.Code]; repeated {
			plan.Result.Took(batch.Unchanged)
			continue
		}
		first[o.Code] = seen[Organisation]{o, row.Line}
		old, exists := byCode[o.Code]
		switch {
		case exists && old.same(o):
			plan.Result.Took(batch.Unchanged)
			continue
		case exists:
			o.UpdatedUS = max(nowUS, old.UpdatedUS+1) // it is part of a location's version
			plan.Update = append(plan.Update, o)
			plan.Result.Took(batch.Updated)
			if old.termsDiffer(o) {
				plan.NewTerms = append(plan.NewTerms, o.Code)
			}
		default:
			o.UpdatedUS = nowUS
			plan.Create = append(plan.Create, o)
			plan.Result.Took(batch.Created)
		}
		if o.Kind == Headquarters {
			known.Headquarters = o.Code
		}
		byCode[o.Code] = o
	}
	return plan
}

// placed checks where an organisation stands among the others.
func placed(o Organisation, byCode map[string]Organisation, headquarters string) *batch.Refusal {
	if old, ok := byCode[o.Code]; ok && old.Kind != o.Kind {
		return batch.Refuse(batch.ReasonStateConflict, "kind", "is a %s: an organisation does not change its kind", old.Kind)
	}
	if o.Kind == Headquarters {
		if headquarters != "" && headquarters != o.Code {
			return batch.Refuse(batch.ReasonStateConflict, "kind", "%s is headquarters: there is one", headquarters)
		}
		return nil
	}
	at, depth := o.Parent, 0
	for {
		parent, ok := byCode[at]
		switch {
		case !ok:
			return batch.Refuse(batch.ReasonOrganisationUnknown, "parent_code", "organisation %s is not known: a parent stands before its children", at)
		case at == o.Code:
			return batch.Refuse(batch.ReasonValidator, "parent_code", "%s would be above itself", o.Code)
		case parent.Kind == Headquarters:
			return nil
		case parent.Kind == Franchisee:
			return batch.Refuse(batch.ReasonValidator, "parent_code", "%s is a franchisee: nobody stands below one", at)
		}
		if depth++; depth > MaxDepth {
			return batch.Refuse(batch.ReasonValidator, "parent_code", "more than %d organisations up to headquarters", MaxDepth)
		}
		at = parent.Parent
	}
}

// seen is a row that was accepted earlier in the batch.
type seen[T any] struct {
	value T
	line  int64
}

// repeats refuses a second, different row of one key.
func repeats[T any](first map[string]seen[T], key, field string, same func(T) bool) *batch.Refusal {
	if before, ok := first[key]; ok && !same(before.value) {
		return batch.Refuse(batch.ReasonDuplicate, field, "line %d has the same %s with other content", before.line, field)
	}
	return nil
}
