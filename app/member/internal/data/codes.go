package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data/ent"
	"github.com/onepool/onepool/app/member/internal/data/ent/signincode"
)

const (
	// codesKeptUS is longer than codes are counted.
	codesKeptUS = 24 * biz.CodeWindowUS
	purgeBatch  = 500
	purgeRounds = 100
)

// Codes are the one-time codes of one database.
type Codes struct {
	db  *database.DB
	ent *ent.Client
	key []byte
}

// NewCodes uses a migrated database; key hides the codes.
func NewCodes(db *database.DB, members *Members, key []byte) *Codes {
	return &Codes{db: db, ent: members.ent, key: key}
}

// Issue stores a new code of a phone, if it may have another one, and returns when it expires. Codes before it are no
// longer good.
func (c *Codes) Issue(ctx context.Context, phoneHash, code string) (expiresUS int64, err error) {
	now, err := c.db.Now(ctx)
	if err != nil {
		return 0, err
	}
	var recent []*ent.SignInCode
	recent, err = c.ent.SignInCode.Query().Where(signincode.PhoneHash(phoneHash), signincode.AtUsGT(now-biz.CodeWindowUS)).
		Order(ent.Desc(signincode.FieldAtUs)).Limit(biz.MaxCodesAnHour).ForUpdate().All(ctx)
	if err != nil {
		return 0, fmt.Errorf("read codes: %w", err)
	}
	made := make([]int64, len(recent))
	for i, row := range recent {
		made[i] = row.AtUs
	}
	if err := biz.MayIssue(made, now); err != nil {
		return 0, err
	}
	id := ids.New("sic")
	expiresUS = now + biz.CodeTTLUS
	err = c.ent.SignInCode.Create().SetID(id).SetOrg(BrandOrg).SetPhoneHash(phoneHash).SetHash(biz.HashCode(c.key, id, code)).
		SetExpiresAtUs(expiresUS).SetAtUs(now).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("store code: %w", err)
	}
	return expiresUS, nil
}

// Use tries a code against the latest one of a phone and uses it up when it is right. The attempt counts either way, so
// the transaction must be committed even when the answer is no.
func (c *Codes) Use(ctx context.Context, phoneHash, code string) (bool, error) {
	now, err := c.db.Now(ctx)
	if err != nil {
		return false, err
	}
	row, err := c.ent.SignInCode.Query().Where(signincode.PhoneHash(phoneHash)).Order(ent.Desc(signincode.FieldAtUs, signincode.FieldID)).
		Limit(1).ForUpdate().First(ctx)
	switch {
	case ent.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read code: %w", err)
	}
	kept := biz.Code{ID: row.ID, PhoneHash: row.PhoneHash, Hash: row.Hash, ExpiresUS: row.ExpiresAtUs, Attempts: row.Attempts, Used: row.Used, AtUS: row.AtUs}
	right := kept.Try(c.key, code, now)
	n, err := c.ent.SignInCode.Update().Where(signincode.ID(row.ID), signincode.Attempts(row.Attempts), signincode.Used(false)).
		SetAttempts(kept.Attempts).SetUsed(kept.Used).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("use code: %w", err)
	}
	return right && n == 1, nil
}

// Purge deletes codes that nobody counts any more, in bounded batches.
func (c *Codes) Purge(ctx context.Context) (int, error) {
	total := 0
	for range purgeRounds {
		var n int
		err := c.db.InTx(ctx, func(ctx context.Context) error {
			now, err := c.db.Now(ctx)
			if err != nil {
				return err
			}
			old, err := c.ent.SignInCode.Query().Where(signincode.AtUsLT(now - codesKeptUS)).Limit(purgeBatch).IDs(ctx)
			if err != nil || len(old) == 0 {
				n = 0
				return err
			}
			n, err = c.ent.SignInCode.Delete().Where(signincode.IDIn(old...)).Exec(ctx)
			return err
		})
		if err != nil {
			return total, fmt.Errorf("purge codes: %w", err)
		}
		if total += n; n < purgeBatch {
			return total, nil
		}
	}
	return total, nil
}
