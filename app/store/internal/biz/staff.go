package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/batch"
)

// Roles of staff.
const (
	RoleGuide    = "guide"
	RoleClerk    = "clerk"
	RoleManager  = "manager"
	RoleOperator = "operator"
	RoleFinance  = "finance"
	RoleAdmin    = "admin"
)

var (
	storeRoles        = []string{RoleGuide, RoleClerk, RoleManager}
	headquartersRoles = []string{RoleOperator, RoleFinance, RoleAdmin}
)

// Staff is a person who works in a store, or at headquarters when Store is empty.
type Staff struct {
	Code, Name, Store, Org, Role, Login string
	Active                              bool
	UpdatedUS                           int64
}

// same compares everything but when it was changed.
func (s Staff) same(o Staff) bool {
	s.UpdatedUS, o.UpdatedUS = 0, 0
	return s == o
}

// Guarded says that only an administrator may act on this person's access: an operator prepares what finance pays, and must
// not be able to come as either.
func (s Staff) Guarded() bool { return s.Role == RoleAdmin || s.Role == RoleFinance }

// StaffRow is a line of a file of staff.
type StaffRow struct {
	Line                               int64
	Code, Name, StoreCode, Role, Login string
}

// ParseStaff turns a row into an active member of staff, or says what is wrong with it. It does not look at the store.
func ParseStaff(row StaffRow) (s Staff, refusal *batch.Refusal) {
	s = Staff{Active: true, Role: fold(row.Role)}
	if s.Code, refusal = batch.Code("code", row.Code, maxCode); refusal != nil {
		return s, refusal
	}
	if s.Name, refusal = batch.Text("name", row.Name, 1, maxName); refusal != nil {
		return s, refusal
	}
	if row.StoreCode != "" {
		if s.Store, refusal = batch.Code("store_code", row.StoreCode, maxCode); refusal != nil {
			return s, refusal
		}
	}
	if row.Login != "" {
		if s.Login, refusal = batch.Code("login", row.Login, maxCode); refusal != nil {
			return s, refusal
		}
	}
	switch inStore := slices.Contains(storeRoles, s.Role); {
	case !inStore && !slices.Contains(headquartersRoles, s.Role):
		return s, batch.Refuse(batch.ReasonValidator, "role", "must be guide, clerk or manager in a store, operator, finance or admin at headquarters")
	case inStore && s.Store == "":
		return s, batch.Refuse(batch.ReasonValidator, "store_code", "a %s works in a store", s.Role)
	case !inStore && s.Store != "":
		return s, batch.Refuse(batch.ReasonValidator, "store_code", "a person of headquarters' role %s has no store", s.Role)
	}
	return s, nil
}

// KnownStaff is what an import of staff needs: the people, stores and logins that its rows name, and headquarters.
type KnownStaff struct {
	ByCode       map[string]Staff
	Stores       map[string]Store
	LoginOwner   map[string]string // login -> staff code
	Headquarters string
	// MayGrantGuarded says whether the caller may make and change administrators and finance.
	MayGrantGuarded bool
}

// StaffPlan is what an import of staff changes.
type StaffPlan struct {
	Create, Update []Staff
	// FreedLogins were given up and are taken by nobody in this batch before they are free.
	FreedLogins []string
	Result      batch.Result
}

// ImportStaff decides about a batch, row by row. A person may move to another store of the same organisation.
func ImportStaff(known KnownStaff, rows []StaffRow, nowUS int64) StaffPlan {
	owner := make(map[string]string, len(known.LoginOwner)+len(rows))
	for login, code := range known.LoginOwner {
		owner[login] = code
	}
	first := map[string]seen[Staff]{}
	var plan StaffPlan
	for _, row := range rows {
		s, refusal := ParseStaff(row)
		if refusal == nil {
			s.Org, refusal = employer(s, known)
		}
		if refusal == nil {
			refusal = repeats(first, s.Code, "code", func(before Staff) bool { return before.same(s) })
		}
		if refusal == nil {
			refusal = employable(s, known, owner)
		}
		if refusal != nil {
			plan.Result.Refused(row.Line, refusal)
			continue
		}
		if _, repeated := first[s.Code]; repeated {
			plan.Result.Took(batch.Unchanged)
			continue
		}
		first[s.Code] = seen[Staff]{s, row.Line}
		old, exists := known.ByCode[s.Code]
		if exists {
			s.Active = old.Active // an import does not undo a revocation
		}
		if exists && old.same(s) {
			plan.Result.Took(batch.Unchanged)
			continue
		}
		if exists && old.Login != "" && old.Login != s.Login {
			plan.FreedLogins = append(plan.FreedLogins, old.Login)
			delete(owner, old.Login)
		}
		if s.Login != "" {
			owner[s.Login] = s.Code
		}
		if exists {
			s.UpdatedUS = max(nowUS, old.UpdatedUS+1)
			plan.Update = append(plan.Update, s)
			plan.Result.Took(batch.Updated)
			continue
		}
		s.UpdatedUS = nowUS
		plan.Create = append(plan.Create, s)
		plan.Result.Took(batch.Created)
	}
	return plan
}

// employer finds the organisation that a person works for.
func employer(s Staff, known KnownStaff) (string, *batch.Refusal) {
	if s.Store == "" {
		if known.Headquarters == "" {
			return "", batch.Refuse(batch.ReasonOrganisationUnknown, "store_code", "headquarters is not known: import organisations first")
		}
		return known.Headquarters, nil
	}
	store, ok := known.Stores[s.Store]
	if !ok {
		return "", batch.Refuse(batch.ReasonStoreUnknown, "store_code", "store %s is not known: import it first", s.Store)
	}
	return store.Org, nil
}

func employable(s Staff, known KnownStaff, owner map[string]string) *batch.Refusal {
	old, exists := known.ByCode[s.Code]
	as := s
	as.Active = old.Active // an import does not change it
	unchanged := exists && old.same(as)
	switch {
	case exists && old.Org != s.Org:
		return batch.Refuse(batch.ReasonStateConflict, "store_code", "works for %s: who changes the employer gets another code", old.Org)
	case (s.Guarded() || exists && old.Guarded()) && !unchanged && !known.MayGrantGuarded:
		return batch.Refuse("FORBIDDEN", "role", "only an administrator makes or changes administrators and finance")
	}
	if other, ok := owner[s.Login]; ok && s.Login != "" && other != s.Code {
		return batch.Refuse(batch.ReasonDuplicate, "login", "another person has this login")
	}
	return nil
}
