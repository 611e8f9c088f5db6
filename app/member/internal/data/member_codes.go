package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data/ent"
	"github.com/onepool/onepool/app/member/internal/data/ent/codemisses"
	"github.com/onepool/onepool/app/member/internal/data/ent/membercode"
)

// drawn says how often a code is drawn when another member has the same.
const drawn = 3

// IssueMember makes a new code for a member; the one before it is gone. It opens its own transaction.
func (c *Codes) IssueMember(ctx context.Context, member string) (code string, expiresUS int64, err error) {
	for range drawn {
		if code, err = biz.NewMemberCode(); err != nil {
			return "", 0, err
		}
		err = c.db.InTx(ctx, func(ctx context.Context) error {
			expiresUS, err = c.put(ctx, member, biz.HashMemberCode(c.key, code))
			return err
		})
		if !database.IsUniqueViolation(err) {
			break
		}
	}
	if err != nil {
		return "", 0, fmt.Errorf("issue member code: %w", err)
	}
	return code, expiresUS, nil
}

func (c *Codes) put(ctx context.Context, member, hash string) (expiresUS int64, err error) {
	now, err := c.db.Now(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := c.ent.MemberCode.Delete().Where(membercode.ID(member)).Exec(ctx); err != nil {
		return 0, err
	}
	// One that nobody can use any more does not keep others from having the same.
	if _, err := c.ent.MemberCode.Delete().Where(membercode.Hash(hash), membercode.ExpiresAtUsLTE(now)).Exec(ctx); err != nil {
		return 0, err
	}
	expiresUS = now + biz.MemberCodeTTLUS
	return expiresUS, c.ent.MemberCode.Create().SetID(member).SetOrg(BrandOrg).SetHash(hash).SetExpiresAtUs(expiresUS).Exec(ctx)
}

// Redeem uses a member's code up and returns whose it is; "" when it is wrong. A wrong one counts against the store, so
// the transaction must be committed even then. With a member given, another's code is wrong.
func (c *Codes) Redeem(ctx context.Context, store, code, member string) (string, error) {
	now, err := c.db.Now(ctx)
	if err != nil {
		return "", err
	}
	misses, err := c.misses(ctx, store, now)
	if err != nil {
		return "", err
	}
	right := c.ent.MemberCode.Query().Where(membercode.Hash(biz.HashMemberCode(c.key, code)), membercode.ExpiresAtUsGT(now))
	if member != "" {
		right = right.Where(membercode.ID(member))
	}
	whose, err := right.ForUpdate().FirstID(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return "", fmt.Errorf("read member code: %w", err)
	}
	if err != nil {
		misses.N++
		err = c.ent.CodeMisses.Update().Where(codemisses.ID(store)).SetMisses(misses.N).SetSinceUs(misses.SinceUS).Exec(ctx)
		if err != nil {
			return "", fmt.Errorf("count wrong member code: %w", err)
		}
		return "", nil
	}
	if _, err := c.ent.MemberCode.Delete().Where(membercode.ID(whose)).Exec(ctx); err != nil {
		return "", fmt.Errorf("use member code: %w", err)
	}
	return whose, nil
}

// misses locks the count of a store: its tills try one code at a time.
func (c *Codes) misses(ctx context.Context, store string, now int64) (biz.Misses, error) {
	row, err := c.ent.CodeMisses.Query().Where(codemisses.ID(store)).ForUpdate().Only(ctx)
	if ent.IsNotFound(err) {
		// Another till of the store may be opening it too: then its row counts.
		err = c.ent.CodeMisses.Create().SetID(store).SetOrg(BrandOrg).SetSinceUs(now).Exec(ctx)
		if err == nil || database.IsUniqueViolation(err) {
			row, err = c.ent.CodeMisses.Query().Where(codemisses.ID(store)).ForUpdate().Only(ctx)
		}
	}
	if err != nil {
		return biz.Misses{}, fmt.Errorf("count wrong member codes: %w", err)
	}
	return biz.Misses{N: row.Misses, SinceUS: row.SinceUs}.Within(now)
}
