package service

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data"
	"github.com/onepool/onepool/app/member/internal/data/migrations"
)

const (
	start = int64(1_790_000_000_000_000)
	dayUS = int64(24 * 60 * 60 * 1_000_000)
)

var key = []byte("0123456789abcdef0123456789abcdef")

// bench is a member center on one engine, without servers.
type bench struct {
	*Member
	db     *database.DB
	branch *Branch
	clock  *clock.Manual
	guides directory
	tokens *authn.Tokens
	call   atomic.Int64
	gid    string // of the next branch call; empty: a new one
}

type directory map[string]biz.Guide

func (d directory) Guides(_ context.Context, codes []string) (map[string]biz.Guide, error) {
	known := map[string]biz.Guide{}
	for _, code := range codes {
		if g, ok := d[code]; ok {
			known[code] = g
		}
	}
	return known, nil
}

func (directory) Stores(_ context.Context, codes []string) (map[string]bool, error) {
	known := map[string]bool{}
	for _, code := range codes {
		known[code] = strings.HasPrefix(code, "S")
	}
	return known, nil
}

func contract(t *testing.T, suite func(t *testing.T, b *bench)) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) { suite(t, newBench(t, engine)) })
	}
}

func newBench(t *testing.T, engine string) *bench {
	t.Helper()
	b := &bench{clock: clock.NewManual(start), guides: directory{
		"G1": {Code: "G1", StoreCode: "S1", OrgCode: "FR1", Active: true}, "G2": {Code: "G2", StoreCode: "S2", OrgCode: "FR2", Active: true},
		"GONE": {Code: "GONE", StoreCode: "S1", OrgCode: "FR1"}}}
	config := testkit.Config(t, engine)
	config.Clock = b.clock
	b.db = testkit.Migrated(t, config, fs.FS(migrations.Files))
	phones, err := data.NewPhones(key, key)
	require.NoError(t, err)
	b.tokens, err = authn.NewTokens(key, time.Now)
	require.NoError(t, err)
	members := data.NewMembers(b.db, phones)
	ledger := data.NewPoints(b.db, members)
	rules := Rules{Scheme: biz.Scheme{PointsPerUnit: 1, UnitMinor: 100, PointValueMinor: 2, ExpiryMonths: 24, GraceUS: 30 * dayUS},
		HomeCountry: "86", ProtectionUS: 365 * dayUS, TokenTTL: time.Hour}
	points := biz.NewPoints(ledger, b.db, rules.Scheme)
	newID := func() string { return ids.New("mbr") }
	b.Member = New(Parts{DB: b.db, Members: members, Ledger: ledger, Codes: data.NewCodes(b.db, members, key), Points: points,
		Import: biz.NewImport(members, points, b.db, newID, "86", rules.ProtectionUS), Directory: b.guides, SMS: data.SandboxSMS{},
		Tokens: b.tokens, Pages: key, NewID: newID}, rules)
	b.branch = NewBranch(b.Member)
	b.branch.branch = func(context.Context) (saga.Branch, bool) {
		gid := b.gid
		if gid == "" {
			gid = fmt.Sprintf("gid-%d", b.call.Add(1))
		}
		return saga.Branch{GID: gid, ID: "01", Op: "action"}, true
	}
	return b
}

func hq(ctx context.Context, roles ...string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.HQ, ID: "boss", Org: "HQ", Roles: roles}.WithScope())
}

// self is a signed-in member, as an internal call on its behalf or from outside.
func self(ctx context.Context, id string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Member, ID: id, Member: id}.WithScope())
}

func staff(ctx context.Context, org string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Franchisee, ID: "clerk", Org: org, Roles: []string{"manager"}}.WithScope())
}

func (b *bench) request() string { return fmt.Sprintf("request-%016d", b.call.Add(1)) }

func (b *bench) importRows(t *testing.T, document string, rows ...*memberv1.ImportMemberRow) *commonv1.ImportResult {
	t.Helper()
	got, err := b.ImportMembers(hq(t.Context(), "operator"), &memberv1.ImportMembersRequest{RequestId: b.request(), Document: document, Rows: rows})
	require.NoError(t, err)
	return got
}

// newMember imports a member with points and returns its id.
func (b *bench) newMember(t *testing.T, phone string, points int64) string {
	t.Helper()
	b.importRows(t, "opening", &memberv1.ImportMemberRow{Line: 2, Phone: phone, Name: "林", HomeStoreCode: "S1", GuideCode: "G1", Points: points})
	m, err := b.FindByPhone(b.inside(t, hq(t.Context())), &memberv1.FindByPhoneRequest{Phone: phone})
	require.NoError(t, err)
	return m.Id
}

func (b *bench) points(t *testing.T, id string) *memberv1.Points {
	t.Helper()
	p, err := b.GetPoints(self(t.Context(), id), &memberv1.GetPointsRequest{MemberId: id})
	require.NoError(t, err)
	return p
}

// audit runs the center's own checks and returns the violated ones.
func (b *bench) audit(t require.TestingT, ctx context.Context) []string {
	got, err := b.CheckInvariants(hq(ctx, "admin"), &commonv1.CheckInvariantsRequest{Limit: 3})
	require.NoError(t, err)
	var violated []string
	for _, r := range got.Results {
		if r.Violations > 0 {
			violated = append(violated, r.Id+" "+r.Title+": "+fmt.Sprint(r.Examples))
		}
	}
	return violated
}

func reason(err error) string { return kratos.Reason(fault.Public(err)) }

func TestImportKeepsGoodRowsAndBooksOpeningPointsOnce(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		rows := []*memberv1.ImportMemberRow{
			{Line: 2, Phone: "13812345678", Name: "林宁舟", HomeStoreCode: "S1", GuideCode: "G1", Points: 900},
			{Line: 3, Phone: "+86 138-1234-5678", Name: "twin"},
			{Line: 4, Phone: "123", Name: "short"},
			{Line: 5, Phone: "13912345678", GuideCode: "GONE"},
			{Line: 6, Phone: "13712345678", GuideCode: "NOBODY"},
			{Line: 7, Phone: "13612345678", Points: -1},
			{Line: 8, Phone: "13512345678", Name: "evil\u202e"},
			{Line: 9, Phone: "13412345678"},
			{Line: 10, Phone: "13312345678", HomeStoreCode: "X1"},
		}
		got := b.importRows(t, "file-1", rows...)
		require.EqualValues(t, 2, got.Created)
		var reasons []string
		for _, e := range got.Errors {
			reasons = append(reasons, fmt.Sprint(e.Line, " ", e.Reason))
		}
		require.Equal(t, []string{"3 DUPLICATE", "4 PHONE_INVALID", "5 GUIDE_UNKNOWN", "6 GUIDE_UNKNOWN", "7 VALIDATOR", "8 VALIDATOR", "10 STORE_UNKNOWN"}, reasons)

		again := b.importRows(t, "file-1", rows...)
		require.EqualValues(t, 2, again.Unchanged)
		require.EqualValues(t, 0, again.Created+again.Updated)
		m, err := b.FindByPhone(b.inside(t, hq(t.Context())), &memberv1.FindByPhoneRequest{Phone: "+8613812345678"})
		require.NoError(t, err)
		require.Equal(t, "138****5678", m.PhoneMasked)
		require.EqualValues(t, 900, b.points(t, m.Id).Balance)

		more := b.importRows(t, "file-2", &memberv1.ImportMemberRow{Line: 2, Phone: "13812345678", HomeStoreCode: "S9", GuideCode: "G2", Points: 100})
		require.EqualValues(t, 1, more.Updated)
		m, err = b.GetMember(self(t.Context(), m.Id), &memberv1.GetMemberRequest{MemberId: m.Id})
		require.NoError(t, err)
		require.Equal(t, []string{"S1", "G1", "林宁舟"}, []string{m.HomeStoreCode, m.GuideCode, m.Name}, "home store and guide stay")
		require.EqualValues(t, 1000, b.points(t, m.Id).Balance)
		require.Empty(t, b.audit(t, t.Context()))
	})
}

func TestNoPhoneIsStoredInClear(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		id := b.newMember(t, "13812345678", 1)
		var hash, cipher string
		require.NoError(t, b.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT phone_hash, phone_cipher FROM members WHERE id = ?", id).Scan(&hash, &cipher))
		require.NotContains(t, hash+cipher, "1234567")
		var answers int
		require.NoError(t, b.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM commands WHERE answer LIKE '%13812345678%'").Scan(&answers))
		require.Zero(t, answers)
	})
}

func TestSignInByOneTimeCode(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		ctx := b.inside(t, tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Service, ID: "miniprogram"}))
		sent, err := b.SendSignInCode(ctx, &memberv1.SendSignInCodeRequest{Phone: "13812345678"})
		require.NoError(t, err)
		require.Len(t, sent.SandboxCode, 6)
		require.Equal(t, start+biz.CodeTTLUS, sent.ExpiresAtUs)
		wrong := "000000"
		if sent.SandboxCode == wrong {
			wrong = "111111"
		}
		_, err = b.SignIn(ctx, &memberv1.SignInRequest{Phone: "13812345678", Code: wrong, Channel: "miniprogram"})
		require.Equal(t, "SIGN_IN_CODE_INVALID", reason(err))
		in, err := b.SignIn(ctx, &memberv1.SignInRequest{Phone: "+8613812345678", Code: sent.SandboxCode, Channel: "miniprogram"})
		require.NoError(t, err)
		require.Equal(t, []string{"miniprogram"}, in.Member.Channels)
		p, err := b.tokens.Verify(in.AccessToken)
		require.NoError(t, err)
		require.Equal(t, tenancy.Principal{Kind: tenancy.Member, ID: in.Member.Id, Member: in.Member.Id, Channel: "miniprogram", Scope: tenancy.Scope{Member: in.Member.Id}}, p)
		_, err = b.SignIn(ctx, &memberv1.SignInRequest{Phone: "13812345678", Code: sent.SandboxCode, Channel: "miniprogram"})
		require.Equal(t, "SIGN_IN_CODE_INVALID", reason(err), "used")

		sent, err = b.SendSignInCode(ctx, &memberv1.SendSignInCodeRequest{Phone: "13812345678"})
		require.NoError(t, err)
		for range biz.MaxCodeAttempts {
			_, err = b.SignIn(ctx, &memberv1.SignInRequest{Phone: "13812345678", Code: "abcdef", Channel: "pos"})
			require.Equal(t, "SIGN_IN_CODE_INVALID", reason(err))
		}
		_, err = b.SignIn(ctx, &memberv1.SignInRequest{Phone: "13812345678", Code: sent.SandboxCode, Channel: "pos"})
		require.Equal(t, "SIGN_IN_CODE_INVALID", reason(err), "attempts that failed were counted")

		for range biz.MaxCodesAnHour - 2 {
			b.clock.Advance(time.Second)
			_, err = b.SendSignInCode(ctx, &memberv1.SendSignInCodeRequest{Phone: "13812345678"})
			require.NoError(t, err)
		}
		_, err = b.SendSignInCode(ctx, &memberv1.SendSignInCodeRequest{Phone: "13812345678"})
		require.Equal(t, "RATE_LIMITED", reason(err))
		b.clock.Advance(time.Hour + time.Second)
		sent, err = b.SendSignInCode(ctx, &memberv1.SendSignInCodeRequest{Phone: "13812345678"})
		require.NoError(t, err)
		in2, err := b.SignIn(ctx, &memberv1.SignInRequest{Phone: "13812345678", Code: sent.SandboxCode, Channel: "pos"})
		require.NoError(t, err)
		require.Equal(t, in.Member.Id, in2.Member.Id)
		require.Equal(t, []string{"miniprogram", "pos"}, in2.Member.Channels)

		b.SMS = nil
		_, err = b.SendSignInCode(ctx, &memberv1.SendSignInCodeRequest{Phone: "13812345678"})
		require.Equal(t, "UNAVAILABLE", reason(err))
	})
}

func TestTiersAndSegmentsAreImported(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		id := b.newMember(t, "13812345678", 0)
		row := func(tier, segments string) *memberv1.ImportMemberRow {
			return &memberv1.ImportMemberRow{Line: 2, Phone: "13812345678", Tier: tier, Segments: segments}
		}
		is := func(tier string, segments ...string) {
			t.Helper()
			facts, err := b.GetOrderFacts(b.inside(t, self(t.Context(), id)), &memberv1.GetOrderFactsRequest{MemberId: id})
			require.NoError(t, err)
			require.Equal(t, tier, facts.Tier)
			require.Equal(t, segments, facts.Segments)
			seen, err := b.GetMember(hq(t.Context(), "operator"), &memberv1.GetMemberRequest{MemberId: id})
			require.NoError(t, err)
			require.Equal(t, []any{tier, segments}, []any{seen.Tier, seen.Segments})
		}
		is("")
		require.EqualValues(t, 1, b.importRows(t, "t1", row("gold", "tea-lover|new|new")).Updated)
		is("gold", "new", "tea-lover")
		require.EqualValues(t, 1, b.importRows(t, "t2", row("", "")).Unchanged)
		require.EqualValues(t, 1, b.importRows(t, "t3", row("gold", "new|tea-lover")).Unchanged)
		is("gold", "new", "tea-lover")
		mine, err := b.GetMember(self(t.Context(), id), &memberv1.GetMemberRequest{MemberId: id})
		require.NoError(t, err)
		require.Equal(t, "gold", mine.Tier)
		require.Empty(t, mine.Segments, "what it is thought to be is not shown to the member")
		require.EqualValues(t, 1, b.importRows(t, "t4", row("-", "")).Updated)
		is("", "new", "tea-lover")
		require.EqualValues(t, 1, b.importRows(t, "t5", row("silver", "-")).Updated)
		is("silver")
		for _, bad := range []*memberv1.ImportMemberRow{row("two words", ""), row("", "a||b"), row("", strings.Repeat("x", 65))} {
			require.Equal(t, "VALIDATOR", b.importRows(t, "t6", bad).Errors[0].Reason)
		}
		born := &memberv1.ImportMemberRow{Line: 2, Phone: "13912345678", Tier: "gold", Segments: "vip"}
		require.EqualValues(t, 1, b.importRows(t, "t7", born).Created)
	})
}

func TestGuideBindingIsProtected(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		id := b.newMember(t, "13812345678", 0)
		bind := func(ctx context.Context, guide string) (*memberv1.MemberInfo, error) {
			return b.BindGuide(ctx, &memberv1.BindGuideRequest{RequestId: b.request(), MemberId: id, GuideCode: guide, Reason: "wecom"})
		}
		_, err := bind(hq(t.Context(), "operator"), "G2")
		require.Equal(t, "STATE_CONFLICT", reason(err))
		_, err = bind(staff(t.Context(), "FR1"), "G2")
		require.Equal(t, "FORBIDDEN", reason(err))
		_, err = bind(hq(t.Context(), "operator"), "GONE")
		require.Equal(t, "NOT_FOUND", reason(err))
		b.clock.Advance(366 * 24 * time.Hour)
		m, err := bind(staff(t.Context(), "FR2"), "G2")
		require.NoError(t, err)
		require.Equal(t, "G2", m.GuideCode)
		facts, err := b.GetOrderFacts(b.inside(t, self(t.Context(), id)), &memberv1.GetOrderFactsRequest{MemberId: id})
		require.NoError(t, err)
		require.Equal(t, []string{"G2", "S2", "bound by wecom", "S1"}, []string{facts.GuideCode, facts.GuideStoreCode, facts.GuideReason, facts.HomeStoreCode})
		require.EqualValues(t, 2, facts.PointValueMinor)
		b.clock.Advance(365 * 24 * time.Hour)
		facts, err = b.GetOrderFacts(b.inside(t, self(t.Context(), id)), &memberv1.GetOrderFactsRequest{MemberId: id})
		require.NoError(t, err)
		require.Empty(t, facts.GuideCode, "the protection period is over")
	})
}

func TestFreezeAndUnfreezeInAnyOrder(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		id := b.newMember(t, "13812345678", 500)
		ctx := b.inside(t, self(t.Context(), id))
		gid := ids.GID("po", ids.New("ord"), 1)
		freeze := &memberv1.FreezePointsRequest{RequestId: b.request(), MemberId: id, Document: "ord_1", Gid: gid, Points: 200}
		for range 2 {
			got, err := b.FreezePoints(ctx, freeze)
			require.NoError(t, err)
			require.Equal(t, []int64{500, 200, 300}, []int64{got.Points.Balance, got.Points.Frozen, got.Points.Spendable})
		}
		// The same step under another request id, as an orphan's worker might send it.
		again := &memberv1.FreezePointsRequest{RequestId: b.request(), MemberId: id, Document: "ord_1", Gid: gid, Points: 200}
		_, err := b.FreezePoints(ctx, again)
		require.NoError(t, err)
		require.EqualValues(t, 200, b.points(t, id).Frozen)

		_, err = b.FreezePoints(ctx, &memberv1.FreezePointsRequest{RequestId: b.request(), MemberId: id, Document: "ord_2", Gid: ids.GID("po", ids.New("ord"), 1), Points: 301})
		require.Equal(t, "POINTS_INSUFFICIENT", reason(err))
		require.Equal(t, "300", kratos.FromError(fault.Public(err)).Metadata["left"])

		undo := &memberv1.UnfreezePointsRequest{RequestId: b.request(), Document: "ord_1", Gid: gid}
		for range 2 {
			got, err := b.UnfreezePoints(ctx, undo)
			require.NoError(t, err)
			require.EqualValues(t, 200, got.Unfrozen)
		}
		late := ids.GID("po", ids.New("ord"), 1)
		empty, err := b.UnfreezePoints(ctx, &memberv1.UnfreezePointsRequest{RequestId: b.request(), Document: "ord_3", Gid: late})
		require.NoError(t, err)
		require.Zero(t, empty.Unfrozen)
		_, err = b.FreezePoints(ctx, &memberv1.FreezePointsRequest{RequestId: b.request(), MemberId: id, Document: "ord_3", Gid: late, Points: 1})
		require.Equal(t, "MEMBER_LATE_TRY", reason(err))
		require.EqualValues(t, 0, b.points(t, id).Frozen)
		require.Empty(t, b.audit(t, t.Context()))
	})
}

func TestBranchesEarnAndTakeBack(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		id := b.newMember(t, "13812345678", 500)
		ctx := t.Context()
		_, err := b.FreezePoints(b.inside(t, self(ctx, id)), &memberv1.FreezePointsRequest{RequestId: b.request(), MemberId: id, Document: "ord_1", Points: 200})
		require.NoError(t, err)
		_, err = b.branch.Earn(ctx, &memberv1.EarnCall{Document: "ord_1", LineIds: []string{"l1"}})
		require.ErrorContains(t, err, "Unavailable", "earned before it was paid: the coordinator comes again")

		paid := &memberv1.SettlePaidCall{Document: "ord_1", MemberId: id, Channel: "pos", Lines: []*memberv1.AccrualLine{{LineId: "l1", BaseMinor: 10_000}, {LineId: "l2", BaseMinor: 99}}}
		for range 3 {
			_, err = b.branch.SettlePaid(ctx, paid)
			require.NoError(t, err)
		}
		require.Equal(t, &memberv1.Points{Balance: 300, Spendable: 300, Pending: 100}, b.points(t, id))
		for range 2 {
			_, err = b.branch.Earn(ctx, &memberv1.EarnCall{Document: "ord_1", LineIds: []string{"l1", "l2"}})
			require.NoError(t, err)
		}
		b.gid = "one-refund"
		for range 2 {
			_, err = b.branch.ClawBack(ctx, &memberv1.ClawBackCall{Refund: "rfd_1", Document: "ord_1", Lines: []*memberv1.ClawBackLine{{LineId: "l1", RefundedMinor: 5_000, BaseMinor: 10_000, GiveBackPoints: 90}}})
			require.NoError(t, err)
		}
		b.gid = ""
		require.Equal(t, &memberv1.Points{Balance: 300 + 100 + 90 - 50, Spendable: 440}, b.points(t, id))

		documents, err := b.GetDocumentPoints(b.inside(t, hq(ctx)), &memberv1.GetDocumentPointsRequest{Documents: []string{"ord_1", "ord_9"}})
		require.NoError(t, err)
		require.Len(t, documents.Documents, 1)
		require.Equal(t, "document:\"ord_1\" spent:200 given_back:90 lines:{line_id:\"l1\" accrued:100 earned:100 clawed_back:50} lines:{line_id:\"l2\"}",
			strings.ReplaceAll(documents.Documents[0].String(), "  ", " "))

		first, err := b.ListPointsEntries(self(ctx, id), &memberv1.ListPointsEntriesRequest{MemberId: id, PageSize: 2})
		require.NoError(t, err)
		require.Equal(t, []string{"CLAWBACK", "GIVE_BACK"}, []string{first.Entries[0].Reason, first.Entries[1].Reason})
		second, err := b.ListPointsEntries(self(ctx, id), &memberv1.ListPointsEntriesRequest{MemberId: id, PageSize: 200, PageToken: first.NextPageToken})
		require.NoError(t, err)
		require.Equal(t, "IMPORT", second.Entries[len(second.Entries)-1].Reason)
		require.Empty(t, second.NextPageToken)
		require.Empty(t, b.audit(t, ctx))
		m, err := b.GetMember(self(ctx, id), &memberv1.GetMemberRequest{MemberId: id})
		require.NoError(t, err)
		require.Equal(t, []string{"pos"}, m.Channels)
	})
}

func TestAMemberSeesItselfAndStoresSeeNobody(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		one, two := b.newMember(t, "13812345678", 10), b.newMember(t, "13912345678", 20)
		ctx := t.Context()
		for name, who := range map[string]context.Context{"another member": self(ctx, two), "staff": staff(ctx, "FR1")} {
			_, err := b.GetMember(who, &memberv1.GetMemberRequest{MemberId: one})
			require.Equal(t, "MEMBER_UNKNOWN", reason(err), name)
			_, err = b.GetPoints(who, &memberv1.GetPointsRequest{MemberId: one})
			require.Equal(t, "MEMBER_UNKNOWN", reason(err), name)
			_, err = b.ListPointsEntries(who, &memberv1.ListPointsEntriesRequest{MemberId: one})
			require.Equal(t, "MEMBER_UNKNOWN", reason(err), name)
			_, err = b.ListMembers(who, &memberv1.ListMembersRequest{})
			require.Equal(t, "FORBIDDEN", reason(err), name)
			_, err = b.ImportMembers(who, &memberv1.ImportMembersRequest{RequestId: b.request()})
			require.Equal(t, "FORBIDDEN", reason(err), name)
			_, err = b.FindByPhone(who, &memberv1.FindByPhoneRequest{Phone: "13812345678"})
			require.Equal(t, "FORBIDDEN", reason(err), name)
			_, err = b.FreezePoints(who, &memberv1.FreezePointsRequest{RequestId: b.request(), MemberId: one, Document: "d", Points: 1})
			require.Equal(t, "FORBIDDEN", reason(err), name)
			_, err = b.CheckInvariants(who, &commonv1.CheckInvariantsRequest{})
			require.Equal(t, "FORBIDDEN", reason(err), name)
		}
		page, err := b.ListMembers(hq(ctx, "finance"), &memberv1.ListMembersRequest{PageSize: 1})
		require.NoError(t, err)
		require.Len(t, page.Members, 1)
		rest, err := b.ListMembers(hq(ctx, "finance"), &memberv1.ListMembersRequest{PageSize: 1, PageToken: page.NextPageToken})
		require.NoError(t, err)
		require.Len(t, rest.Members, 1)
		require.Empty(t, rest.NextPageToken)
		_, err = b.ListMembers(hq(ctx, "finance"), &memberv1.ListMembersRequest{HomeStoreCode: "S2", PageToken: page.NextPageToken})
		require.Equal(t, "PAGE_TOKEN_INVALID", reason(err))
	})
}

func TestTextsAreBoundedByCharacters(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		got := b.importRows(t, "opening", &memberv1.ImportMemberRow{Line: 2, Phone: "13812345678", Name: strings.Repeat("𠮷", 128), HomeStoreCode: "S1"})
		require.Equal(t, int64(1), got.Created, "%v", got.Errors)
	})
}
