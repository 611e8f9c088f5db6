package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/store/internal/biz"
	"github.com/onepool/onepool/app/store/internal/data/ent"
	"github.com/onepool/onepool/app/store/internal/data/ent/login"
	"github.com/onepool/onepool/app/store/internal/data/ent/staff"
	"github.com/onepool/onepool/app/store/internal/data/ent/store"
)

// KnownStaff reads and locks what an import of staff needs to know, but for what the caller may do.
func (d *Directory) KnownStaff(ctx context.Context, rows []biz.StaffRow) (biz.KnownStaff, error) {
	codes, stores, logins := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		if s, refusal := biz.ParseStaff(row); refusal == nil {
			codes[s.Code] = true
			if s.Store != "" {
				stores[s.Store] = true
			}
			if s.Login != "" {
				logins[s.Login] = true
			}
		}
	}
	known := biz.KnownStaff{ByCode: map[string]biz.Staff{}, LoginOwner: map[string]string{}}
	var err error
	if known.Stores, err = d.stores(ctx, d.ent.Store.Query().Where(store.IDIn(sorted(stores)...)).Order(ent.Asc(store.FieldID)).ForUpdate()); err != nil {
		return known, err
	}
	people, err := d.ent.Staff.Query().Where(staff.IDIn(sorted(codes)...)).Order(ent.Asc(staff.FieldID)).ForUpdate().All(ctx)
	if err != nil {
		return known, fmt.Errorf("read staff of an import: %w", err)
	}
	for _, row := range people {
		known.ByCode[row.ID] = toStaff(row)
	}
	names, err := d.ent.Login.Query().Where(login.IDIn(sorted(logins)...)).Order(ent.Asc(login.FieldID)).ForUpdate().All(ctx)
	if err != nil {
		return known, fmt.Errorf("read logins of an import: %w", err)
	}
	for _, row := range names {
		known.LoginOwner[row.ID] = row.StaffCode
	}
	known.Headquarters, err = d.Headquarters(ctx)
	return known, err
}

// ApplyStaff writes a plan. Who gets another login keeps the password; a login that is given up is free at once.
func (d *Directory) ApplyStaff(ctx context.Context, plan biz.StaffPlan) error {
	kept := map[string]string{} // staff code -> password hash
	for _, name := range plan.FreedLogins {
		row, err := d.ent.Login.Get(ctx, name)
		if err != nil {
			return fmt.Errorf("free login: %w", err)
		}
		kept[row.StaffCode] = row.PasswordHash
		if err := d.ent.Login.DeleteOneID(name).Exec(ctx); err != nil {
			return fmt.Errorf("free login: %w", err)
		}
	}
	for _, s := range plan.Update {
		n, err := d.ent.Staff.Update().Where(staff.ID(s.Code), staff.UpdatedUsLT(s.UpdatedUS)).
			SetName(s.Name).SetStoreCode(s.Store).SetRole(s.Role).SetLogin(s.Login).SetActive(s.Active).SetUpdatedUs(s.UpdatedUS).Save(ctx)
		if err := changedOne("staff", s.Code, n, err); err != nil {
			return err
		}
		if err := d.ensureLogin(ctx, s, kept[s.Code]); err != nil {
			return err
		}
	}
	for _, s := range plan.Create {
		err := d.ent.Staff.Create().SetID(s.Code).SetOrg(s.Org).SetName(s.Name).SetStoreCode(s.Store).SetRole(s.Role).
			SetLogin(s.Login).SetActive(s.Active).SetUpdatedUs(s.UpdatedUS).Exec(ctx)
		if err != nil {
			return fmt.Errorf("create staff %s: %w", s.Code, err)
		}
		if err := d.ensureLogin(ctx, s, ""); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) ensureLogin(ctx context.Context, s biz.Staff, hash string) error {
	if s.Login == "" {
		return nil
	}
	exists, err := d.ent.Login.Query().Where(login.ID(s.Login)).Exist(ctx)
	if err != nil || exists {
		return err
	}
	err = d.ent.Login.Create().SetID(s.Login).SetOrg(s.Org).SetStaffCode(s.Code).SetPasswordHash(hash).SetAttempts(0).SetWindowUs(0).Exec(ctx)
	if err != nil {
		return fmt.Errorf("create login of %s: %w", s.Code, err)
	}
	return nil
}

// ListStaff returns at most n people that the caller may see, after the code after.
func (d *Directory) ListStaff(ctx context.Context, storeCode, after string, n int) ([]biz.Staff, error) {
	q := d.ent.Staff.Query().Where(staff.IDGT(after)).Order(ent.Asc(staff.FieldID)).Limit(n)
	if storeCode != "" {
		q.Where(staff.StoreCode(storeCode))
	}
	return people(ctx, q)
}

// Staff returns those of these people whom the caller may see.
func (d *Directory) Staff(ctx context.Context, codes []string) ([]biz.Staff, error) {
	return people(ctx, d.ent.Staff.Query().Where(staff.IDIn(codes...)).Order(ent.Asc(staff.FieldID)))
}

func people(ctx context.Context, q *ent.StaffQuery) ([]biz.Staff, error) {
	rows, err := q.All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read staff: %w", err)
	}
	list := make([]biz.Staff, len(rows))
	for i, row := range rows {
		list[i] = toStaff(row)
	}
	return list, nil
}

// Login reads who signs in with a name, if the caller may see it.
func (d *Directory) Login(ctx context.Context, name string) (biz.Login, biz.Staff, bool, error) {
	return d.login(ctx, d.ent.Login.Query().Where(login.ID(name)))
}

// LoginOf reads with what a person signs in, if the caller may see it.
func (d *Directory) LoginOf(ctx context.Context, staffCode string) (biz.Login, biz.Staff, bool, error) {
	return d.login(ctx, d.ent.Login.Query().Where(login.StaffCode(staffCode)))
}

// LockLogin is Login with a lock until the transaction ends.
func (d *Directory) LockLogin(ctx context.Context, name string) (biz.Login, biz.Staff, bool, error) {
	return d.login(ctx, d.ent.Login.Query().Where(login.ID(name)).ForUpdate())
}

func (d *Directory) login(ctx context.Context, q *ent.LoginQuery) (biz.Login, biz.Staff, bool, error) {
	rows, err := q.All(ctx)
	if err != nil || len(rows) == 0 {
		return biz.Login{}, biz.Staff{}, false, err
	}
	l := biz.Login{Name: rows[0].ID, Staff: rows[0].StaffCode, PasswordHash: rows[0].PasswordHash, Attempts: rows[0].Attempts, WindowUS: rows[0].WindowUs}
	found, err := d.Staff(ctx, []string{l.Staff})
	if err != nil || len(found) == 0 {
		return biz.Login{}, biz.Staff{}, false, err
	}
	return l, found[0], true, nil
}

// SaveAttempts writes how often a password was tried.
func (d *Directory) SaveAttempts(ctx context.Context, l biz.Login) error {
	n, err := d.ent.Login.Update().Where(login.ID(l.Name)).SetAttempts(l.Attempts).SetWindowUs(l.WindowUS).Save(ctx)
	return changedOne("login", l.Name, n, err)
}

// SetPassword writes a new hash and forgets the attempts.
func (d *Directory) SetPassword(ctx context.Context, name, hash string) error {
	n, err := d.ent.Login.Update().Where(login.ID(name)).SetPasswordHash(hash).SetAttempts(0).SetWindowUs(0).Save(ctx)
	return changedOne("login", name, n, err)
}

// Dismiss ends a person's access.
func (d *Directory) Dismiss(ctx context.Context, s biz.Staff, nowUS int64) error {
	n, err := d.ent.Staff.Update().Where(staff.ID(s.Code)).SetActive(false).SetUpdatedUs(max(nowUS, s.UpdatedUS+1)).Save(ctx)
	return changedOne("staff", s.Code, n, err)
}

// DB is the database of the directory, for those who begin transactions.
func (d *Directory) DB() *database.DB { return d.db }

func toStaff(row *ent.Staff) biz.Staff {
	return biz.Staff{Code: row.ID, Name: row.Name, Store: row.StoreCode, Org: row.Org, Role: row.Role, Login: row.Login,
		Active: row.Active, UpdatedUS: row.UpdatedUs}
}
