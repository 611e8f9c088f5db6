package service

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/member/internal/biz"
)

// till is a device's call through the frontend that serves it.
func (b *bench) till(t *testing.T, store string) context.Context {
	t.Helper()
	return b.inside(t, tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Device, ID: "dev_" + store, Org: "FR1", Store: store}.WithScope()))
}

func (b *bench) shown(t *testing.T, member string) string {
	t.Helper()
	got, err := b.IssueMemberCode(self(t.Context(), member), nil)
	require.NoError(t, err)
	return got.Code
}

// not is a code that is not this one.
func not(code string) string {
	if code == "00000000" {
		return "00000001"
	}
	return "00000000"
}

func TestAMemberCodeIsUsedOnce(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		ann, bob := b.newMember(t, "13812345678", 100), b.newMember(t, "13912345678", 100)
		issued, err := b.IssueMemberCode(self(t.Context(), ann), nil)
		require.NoError(t, err)
		require.Regexp(t, `^[0-9]{8}$`, issued.Code)
		require.Equal(t, start+biz.MemberCodeTTLUS, issued.ExpiresAtUs)

		req := &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: issued.Code}
		m, err := b.RedeemMemberCode(b.till(t, "S1"), req)
		require.NoError(t, err)
		require.Equal(t, ann, m.Id)
		again, err := b.RedeemMemberCode(b.till(t, "S1"), req)
		require.NoError(t, err)
		require.Equal(t, m.String(), again.String(), "the same request has the same answer")
		b.clock.Advance(time.Hour)
		again, err = b.RedeemMemberCode(b.till(t, "S1"), req)
		require.NoError(t, err)
		require.Equal(t, m.String(), again.String(), "also when the code has expired")
		b.clock.Advance(-time.Hour)
		_, err = b.RedeemMemberCode(b.till(t, "S1"), &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: issued.Code})
		require.Equal(t, "MEMBER_CODE_INVALID", reason(err), "used")

		old := b.shown(t, ann)
		code := b.shown(t, ann)
		_, err = b.RedeemMemberCode(b.till(t, "S1"), &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: old})
		require.Equal(t, "MEMBER_CODE_INVALID", reason(err), "replaced")
		_, err = b.RedeemMemberCode(b.till(t, "S1"), &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: code, MemberId: bob})
		require.Equal(t, "MEMBER_CODE_INVALID", reason(err), "another member's")
		wrong := &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: not(code)}
		for range 2 {
			_, err = b.RedeemMemberCode(b.till(t, "S1"), wrong)
			require.Equal(t, "MEMBER_CODE_INVALID", reason(err), "wrong")
		}
		m, err = b.RedeemMemberCode(b.till(t, "S1"), &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: code, MemberId: ann})
		require.NoError(t, err, "what was tried by others is still good")
		require.Equal(t, ann, m.Id)

		code = b.shown(t, ann)
		b.clock.Advance(biz.MemberCodeTTLUS * time.Microsecond)
		_, err = b.RedeemMemberCode(b.till(t, "S1"), &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: code})
		require.Equal(t, "MEMBER_CODE_INVALID", reason(err), "too old")

		var clear int
		require.NoError(t, b.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM member_codes WHERE hash LIKE ?", "%"+code+"%").Scan(&clear))
		require.Zero(t, clear, "no code is kept in clear")
	})
}

func TestWrongMemberCodesOfAStoreAreBounded(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		code := b.shown(t, b.newMember(t, "13812345678", 1))
		guess := func(store, code string) error {
			_, err := b.RedeemMemberCode(b.till(t, store), &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: code})
			return err
		}
		repeated := &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: not(code)}
		for range 3 { // one request, one miss
			_, err := b.RedeemMemberCode(b.till(t, "S1"), repeated)
			require.Equal(t, "MEMBER_CODE_INVALID", reason(err))
		}
		for range biz.MaxMemberCodeMisses - 1 {
			require.Equal(t, "MEMBER_CODE_INVALID", reason(guess("S1", not(code))))
		}
		limited := &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: code}
		_, err := b.RedeemMemberCode(b.till(t, "S1"), limited)
		require.Equal(t, "RATE_LIMITED", reason(err), "even the right one")
		require.Equal(t, "MEMBER_CODE_INVALID", reason(guess("S2", not(code))), "another store's tills go on")
		b.clock.Advance(biz.MissesWindowUS*time.Microsecond - time.Second)
		require.Equal(t, "RATE_LIMITED", reason(guess("S1", code)))
		b.clock.Advance(time.Second)
		_, err = b.RedeemMemberCode(b.till(t, "S1"), limited)
		require.Equal(t, "MEMBER_CODE_INVALID", reason(err), "too old by now; the limit was not recorded as the answer")
	})
}

// Many tills of two stores see the same code: one of them has it, and no wrong try is lost.
func TestOneOfManyTillsHasTheCode(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		code := b.shown(t, b.newMember(t, "13812345678", 1))
		var got atomic.Int64
		var done sync.WaitGroup
		for i := range 8 {
			ctx, req := b.till(t, []string{"S1", "S2"}[i%2]), &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: code}
			done.Go(func() {
				if _, err := b.RedeemMemberCode(ctx, req); err == nil {
					got.Add(1)
				}
			})
		}
		done.Wait()
		require.EqualValues(t, 1, got.Load())
		var misses int64
		require.NoError(t, b.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT SUM(misses) FROM code_misses").Scan(&misses))
		require.EqualValues(t, 7, misses)
	})
}

func TestWhoMayHaveAndUseMemberCodes(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		ann := b.newMember(t, "13812345678", 1)
		code := b.shown(t, ann)
		for _, ctx := range []context.Context{hq(t.Context(), "admin"), staff(t.Context(), "FR1"), b.till(t, "S1")} {
			_, err := b.IssueMemberCode(ctx, nil)
			require.Equal(t, "FORBIDDEN", reason(err))
		}
		_, err := b.IssueMemberCode(self(t.Context(), "mbr_nobody"), nil)
		require.Equal(t, "MEMBER_UNKNOWN", reason(err))
		req := &memberv1.RedeemMemberCodeRequest{RequestId: b.request(), Code: code}
		direct := tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Device, ID: "dev", Org: "FR1", Store: "S1"}.WithScope())
		for _, ctx := range []context.Context{direct, b.inside(t, self(t.Context(), ann)), b.inside(t, hq(t.Context(), "admin")), b.inside(t, staff(t.Context(), "FR1"))} {
			_, err := b.RedeemMemberCode(ctx, req)
			require.Equal(t, "FORBIDDEN", reason(err))
		}
		_, err = b.RedeemMemberCode(b.till(t, "S1"), req)
		require.NoError(t, err)
	})
}
