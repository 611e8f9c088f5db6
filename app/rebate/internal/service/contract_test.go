package service

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/gorilla/mux"
	"github.com/stretchr/testify/require"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/sheet"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/rebate/internal/data"
	"github.com/onepool/onepool/app/rebate/internal/data/migrations"
)

// start is in September 2026, in every time zone.
const start = int64(1_790_000_000_000_000)

var key = []byte("0123456789abcdef0123456789abcdef")

// bench is a rebate center on one engine, without servers.
type bench struct {
	*Rebate
	db     *database.DB
	branch *Branch
	clock  *clock.Manual
	call   atomic.Int64
}

func contract(t *testing.T, suite func(t *testing.T, b *bench)) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) { suite(t, newBench(t, engine)) })
	}
}

func newBench(t *testing.T, engine string) *bench {
	t.Helper()
	b := &bench{clock: clock.NewManual(start)}
	config := testkit.Config(t, engine)
	config.Clock = b.clock
	b.db = testkit.Migrated(t, config, fs.FS(migrations.Files))
	b.open(t)
	return b
}

// open puts the center together on its database.
func (b *bench) open(t *testing.T) {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	require.NoError(t, err)
	b.Rebate = New(b.db, data.NewLedger(b.db), zone, key)
	b.branch = NewBranch(b.Rebate)
	b.branch.branch = func(context.Context) (saga.Branch, bool) {
		return saga.Branch{GID: fmt.Sprintf("gid-%d", b.call.Add(1)), ID: "01", Op: "action"}, true
	}
}

func hq(ctx context.Context, roles ...string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.HQ, ID: "boss", Org: "HQ", Roles: roles}.WithScope())
}

func manager(ctx context.Context, org string) context.Context {
	return tenancy.NewContext(ctx, tenancy.Principal{Kind: tenancy.Franchisee, ID: "m-" + org, Org: org, Roles: []string{"manager"}}.WithScope())
}

func (b *bench) request() string { return fmt.Sprintf("request-%016d", b.call.Add(1)) }

func reason(err error) string { return kratos.Reason(fault.Public(err)) }

func (b *bench) policy(t *testing.T) {
	t.Helper()
	_, err := b.PutPolicy(hq(t.Context(), "finance"), &rebatev1.PutPolicyRequest{RequestId: b.request(), Code: "STD", Name: "standard", Shares: []*rebatev1.PolicyShare{
		{Role: rebatev1.Role_GUIDE, RateBp: 300}, {Role: rebatev1.Role_HOME_STORE, RateBp: 500}, {Role: rebatev1.Role_DEALER_ABOVE, RateBp: 100}}})
	require.NoError(t, err)
}

func (b *bench) paid(order string) *rebatev1.AccrueCall {
	now, _ := b.clock.NowUS(context.Background())
	return &rebatev1.AccrueCall{OrderId: order, Channel: "miniprogram", SellerOrg: "HQ", Currency: "CNY", PaidAtUs: now,
		Lines: []*rebatev1.AccrueLine{{LineId: "l1", Sku: "TEA-1", Quantity: 2, BaseMinor: 12_345}, {LineId: "l2", Sku: "TEA-2", Quantity: 1, BaseMinor: 9_999}},
		Attributions: []*rebatev1.Attribution{{Role: rebatev1.Role_GUIDE, Payee: "G1", PayeeOrg: "FR1", Reason: "=bound by wecom"},
			{Role: rebatev1.Role_HOME_STORE, Payee: "S1", PayeeOrg: "FR1", Reason: "home store"}, {Role: rebatev1.Role_DEALER_ABOVE, Payee: "D1", PayeeOrg: "D1", Reason: "dealer above S1"}}}
}

func (b *bench) accrue(t *testing.T, order string) {
	t.Helper()
	_, err := b.branch.Accrue(t.Context(), b.paid(order))
	require.NoError(t, err)
}

func (b *bench) earn(t *testing.T, order string, lines ...string) {
	t.Helper()
	_, err := b.branch.Earn(t.Context(), &rebatev1.EarnCall{OrderId: order, LineIds: lines})
	require.NoError(t, err)
}

func (b *bench) clawBack(t *testing.T, refund, order, line string, refunded int64) {
	t.Helper()
	_, err := b.branch.ClawBack(t.Context(), &rebatev1.ClawBackCall{Refund: refund, OrderId: order, Lines: []*rebatev1.ClawBackLine{{LineId: line, RefundedMinor: refunded}}})
	require.NoError(t, err)
}

func (b *bench) close(t *testing.T, period string) (*rebatev1.ListStatementsResponse, error) {
	t.Helper()
	return b.CloseStatements(hq(t.Context(), "finance"), &rebatev1.CloseStatementsRequest{RequestId: b.request(), Period: period})
}

func (b *bench) to(t *testing.T, when time.Time) {
	t.Helper()
	b.clock.Set(when.UnixMicro())
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

// totals are the statements of a month, by payee.
func (b *bench) totals(t *testing.T, ctx context.Context, period string) map[string][4]int64 {
	t.Helper()
	out := map[string][4]int64{}
	for token := ""; ; {
		got, err := b.ListStatements(ctx, &rebatev1.ListStatementsRequest{Period: period, PageSize: 2, PageToken: token})
		require.NoError(t, err)
		for _, s := range got.Statements {
			out[s.PayeeOrg+"/"+s.Payee] = [4]int64{s.EarnedMinor, s.ClawedBackMinor, s.CarriedMinor, s.TotalMinor}
		}
		if token = got.NextPageToken; token == "" {
			return out
		}
	}
}

func shanghai(year, month, day int) time.Time {
	return time.Date(year, time.Month(month), day, 4, 0, 0, 0, time.UTC) // noon in Shanghai
}

func TestAPolicyIsVersionedAndTheSameContentIsNoVersion(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		put := func(rate int64, name string) *rebatev1.Policy {
			b.clock.Advance(time.Second)
			p, err := b.PutPolicy(hq(t.Context(), "admin"), &rebatev1.PutPolicyRequest{RequestId: b.request(), Code: "STD", Name: name, Shares: []*rebatev1.PolicyShare{{Role: rebatev1.Role_GUIDE, RateBp: rate}}})
			require.NoError(t, err)
			return p
		}
		require.EqualValues(t, 1, put(300, "a").Version)
		require.EqualValues(t, 1, put(300, "a").Version)
		second := put(400, "a")
		require.EqualValues(t, 2, second.Version)
		require.EqualValues(t, 3, put(300, "a").Version, "back again is a version of its own")

		list, err := b.ListPolicies(hq(t.Context(), "finance"), &rebatev1.ListPoliciesRequest{PageSize: 2})
		require.NoError(t, err)
		require.Equal(t, []bool{false, false}, []bool{list.Policies[0].Active, list.Policies[1].Active})
		rest, err := b.ListPolicies(hq(t.Context(), "finance"), &rebatev1.ListPoliciesRequest{PageSize: 2, PageToken: list.NextPageToken})
		require.NoError(t, err)
		require.True(t, rest.Policies[0].Active)
		require.Empty(t, rest.NextPageToken)

		// An order is rated by the version that was in force when it was paid.
		call := b.paid("ord_1")
		call.PaidAtUs = second.InForceFromUs
		_, err = b.branch.Accrue(t.Context(), call)
		require.NoError(t, err)
		accruals, err := b.ListAccruals(hq(t.Context(), "finance"), &rebatev1.ListAccrualsRequest{OrderId: "ord_1", Payee: "G1"})
		require.NoError(t, err)
		require.EqualValues(t, 2, accruals.Accruals[0].PolicyVersion)

		_, err = b.PutPolicy(hq(t.Context(), "admin"), &rebatev1.PutPolicyRequest{RequestId: b.request(), Code: "BAD", Name: "x", Shares: []*rebatev1.PolicyShare{{Role: rebatev1.Role_GUIDE, RateBp: 6_000}, {Role: rebatev1.Role_HOME_STORE, RateBp: 6_000}}})
		require.Equal(t, "VALIDATOR", reason(err))
		_, err = b.PutPolicy(hq(t.Context(), "operator"), &rebatev1.PutPolicyRequest{RequestId: b.request(), Code: "X"})
		require.Equal(t, "FORBIDDEN", reason(err))
	})
}

func TestMessagesRepeatedAndEarly(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		b.policy(t)
		ctx := t.Context()
		_, err := b.branch.Earn(ctx, &rebatev1.EarnCall{OrderId: "ord_1", LineIds: []string{"l1"}})
		require.ErrorContains(t, err, "Unavailable")
		_, err = b.branch.ClawBack(ctx, &rebatev1.ClawBackCall{Refund: "r", OrderId: "ord_1", Lines: []*rebatev1.ClawBackLine{{LineId: "l1", RefundedMinor: 1}}})
		require.ErrorContains(t, err, "Unavailable")
		for range 2 {
			b.accrue(t, "ord_1")
			b.earn(t, "ord_1", "l1")
			b.clawBack(t, "rfd_1", "ord_1", "l1", 6_172)
			b.clawBack(t, "rfd_1", "ord_1", "l2", 3_333)
		}
		list, err := b.ListAccruals(hq(ctx, "finance"), &rebatev1.ListAccrualsRequest{OrderId: "ord_1", Payee: "G1"})
		require.NoError(t, err)
		byLine := map[string]*rebatev1.Accrual{}
		for _, a := range list.Accruals {
			byLine[a.LineId] = a
		}
		require.Equal(t, []any{int64(370), int64(185), "earned"}, []any{byLine["l1"].AccruedMinor, byLine["l1"].ClawedBackMinor, byLine["l1"].State})
		require.Equal(t, []any{int64(300), int64(100), "pending"}, []any{byLine["l2"].AccruedMinor, byLine["l2"].ClawedBackMinor, byLine["l2"].State})
		require.Empty(t, b.audit(t, ctx))
	})
}

func TestStatementsCloseInOrderAndCarryDebt(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		finance := hq(t.Context(), "finance")
		b.policy(t)
		b.to(t, shanghai(2026, 9, 25))
		b.accrue(t, "ord_1")
		b.earn(t, "ord_1", "l1", "l2")
		open := map[string][4]int64{"FR1/G1": {670, 0, 0, 670}, "FR1/S1": {1117, 0, 0, 1117}, "D1/D1": {223, 0, 0, 223}}
		require.Equal(t, open, b.totals(t, finance, "2026-09"))
		_, err := b.close(t, "2026-09")
		require.Equal(t, "PERIOD_OPEN", reason(err))

		b.to(t, shanghai(2026, 10, 2))
		b.accrue(t, "ord_2")
		b.earn(t, "ord_2", "l2")
		_, err = b.close(t, "2026-10")
		require.Equal(t, "PERIOD_OPEN", reason(err))
		closed, err := b.close(t, "2026-09")
		require.NoError(t, err)
		require.Len(t, closed.Statements, 3)
		require.Equal(t, open, b.totals(t, finance, "2026-09"), "closed as it stood")
		_, err = b.close(t, "2026-09")
		require.Equal(t, "PERIOD_CLOSED", reason(err))

		// Both lines come back after the statement is closed: a debt for the next one.
		b.clawBack(t, "rfd_1", "ord_1", "l1", 12_345)
		b.clawBack(t, "rfd_2", "ord_1", "l2", 9_999)
		accruals, err := b.ListAccruals(finance, &rebatev1.ListAccrualsRequest{OrderId: "ord_1", Payee: "G1"})
		require.NoError(t, err)
		for _, a := range accruals.Accruals {
			require.Equal(t, a.AccruedMinor, a.SettledMinor)
			require.Equal(t, a.AccruedMinor, a.ClawedBackMinor)
		}
		require.Equal(t, open, b.totals(t, finance, "2026-09"), "closed is closed")
		require.Equal(t, [4]int64{300, 670, 0, -370}, b.totals(t, finance, "2026-10")["FR1/G1"])
		require.Empty(t, b.audit(t, t.Context()))

		// Nobody closed November: it has no entries, and is closed with December.
		b.to(t, shanghai(2026, 12, 10))
		_, err = b.close(t, "2026-11")
		require.Equal(t, "PERIOD_OPEN", reason(err), "October is open")
		_, err = b.close(t, "2026-10")
		require.NoError(t, err)
		b.accrue(t, "ord_3")
		b.earn(t, "ord_3", "l1")
		require.Equal(t, [4]int64{370, 0, -370, 0}, b.totals(t, finance, "2026-12")["FR1/G1"])
		b.to(t, shanghai(2027, 1, 1))
		_, err = b.close(t, "2026-12")
		require.NoError(t, err)
		require.Equal(t, [4]int64{370, 0, -370, 0}, b.totals(t, finance, "2026-12")["FR1/G1"])
		require.Empty(t, b.totals(t, finance, "2026-11"))
		require.Empty(t, b.audit(t, t.Context()))
	})
}

func TestMonthsEndInTheBrandsZone(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		b.policy(t)
		b.accrue(t, "ord_1")
		b.to(t, time.Date(2026, 9, 30, 15, 59, 59, 999_999_000, time.UTC))
		b.earn(t, "ord_1", "l1")
		b.to(t, time.Date(2026, 9, 30, 16, 0, 0, 0, time.UTC))
		b.earn(t, "ord_1", "l2")
		require.EqualValues(t, 370, b.totals(t, hq(t.Context(), "finance"), "2026-09")["FR1/G1"][3])
		require.EqualValues(t, 300, b.totals(t, hq(t.Context(), "finance"), "2026-10")["FR1/G1"][3])
	})
}

// download is the CSV as rows.
func (b *bench) download(t *testing.T, ctx context.Context, period, query string) ([][]string, error) {
	t.Helper()
	r := mux.SetURLVars(httptest.NewRequest("GET", "/v1/rebate/statements/"+period+"/download"+query, nil).WithContext(ctx), map[string]string{"period": period})
	w := httptest.NewRecorder()
	if err := b.Download(w, r); err != nil {
		return nil, err
	}
	require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
	require.True(t, bytes.HasPrefix(w.Body.Bytes(), []byte(sheet.ByteOrderMark)))
	rows, err := csv.NewReader(bytes.NewReader(w.Body.Bytes()[len(sheet.ByteOrderMark):])).ReadAll()
	require.NoError(t, err)
	return rows, nil
}

func amounts(t *testing.T, rows [][]string, kinds ...string) (sum int64, n int) {
	t.Helper()
	for _, row := range rows[1:] {
		for _, kind := range kinds {
			if row[0] == kind {
				m, err := money.Parse(row[6], row[5])
				require.NoError(t, err)
				sum, n = sum+m.Minor, n+1
			}
		}
	}
	return sum, n
}

func TestTheDownloadAddsUpToTheCent(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		b.policy(t)
		finance := hq(t.Context(), "finance")
		for i := range 3 {
			order := fmt.Sprint("ord_", i)
			b.accrue(t, order)
			b.earn(t, order, "l1", "l2")
		}
		b.clawBack(t, "rfd_1", "ord_1", "l1", 6_172)
		check := func(ctx context.Context, query string, payees int, want int64) [][]string {
			rows, err := b.download(t, ctx, "2026-09", query)
			require.NoError(t, err)
			require.Equal(t, columns, rows[0])
			entries, _ := amounts(t, rows, "earned", "clawed_back", "carried")
			subtotals, n := amounts(t, rows, "subtotal")
			total, totals := amounts(t, rows, "total")
			require.Equal(t, []int64{want, want, want}, []int64{entries, subtotals, total})
			require.Equal(t, []int{payees, 1}, []int{n, totals})
			return rows
		}
		all := int64(3*(670+1117+223)) - 185 - 308 - 61
		rows := check(finance, "", 3, all)
		for _, row := range rows[1:] {
			if row[0] == "clawed_back" && row[3] == "G1" {
				require.Equal(t, []string{"-1.85", "ord_1", "l1", "rfd_1", "'=bound by wecom", "STD", "1", "3.00", "123.45", "3.70", "HQ", "miniprogram"},
					[]string{row[6], row[7], row[8], row[11], row[12], row[13], row[14], row[15], row[16], row[17], row[19], row[20]})
			}
		}
		check(finance, "?payee_org=D1", 1, 3*223-61)
		check(manager(t.Context(), "FR1"), "", 2, 3*(670+1117)-185-308)
		own, err := b.download(t, manager(t.Context(), "FR2"), "2026-09", "?payee_org=FR1")
		require.NoError(t, err)
		require.Len(t, own, 1, "another organisation's statements are not there")

		b.to(t, shanghai(2026, 10, 1))
		_, err = b.close(t, "2026-09")
		require.NoError(t, err)
		check(finance, "", 3, all)

		b.clawBack(t, "rfd_2", "ord_1", "l1", 12_345)
		b.to(t, shanghai(2026, 11, 1))
		_, err = b.close(t, "2026-10")
		require.NoError(t, err)
		rows, err = b.download(t, finance, "2026-11", "")
		require.NoError(t, err)
		carried, n := amounts(t, rows, "carried")
		require.Equal(t, []int64{3, -185 - 309 - 62}, []int64{int64(n), carried}, "debts are carried")

		for _, bad := range []string{"2026-13", "latest", "2026-9"} {
			_, err := b.download(t, finance, bad, "")
			require.Equal(t, "VALIDATOR", reason(err), bad)
		}
		_, err = b.download(t, finance, "2026-09", "?payee=S1")
		require.Equal(t, "CODEC", reason(err))
		for name, ctx := range map[string]context.Context{
			"member": tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Member, ID: "m", Member: "m"}.WithScope()),
			"guide":  tenancy.NewContext(t.Context(), tenancy.Principal{Kind: tenancy.Franchisee, ID: "g", Org: "FR1", Roles: []string{"guide"}}.WithScope()),
			"clerk":  hq(t.Context(), "clerk"),
		} {
			_, err := b.download(t, ctx, "2026-09", "")
			require.Equal(t, "FORBIDDEN", reason(err), name)
		}
	})
}

func TestEachOrganisationSeesItsPart(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		b.policy(t)
		b.accrue(t, "ord_1")
		_, err := b.branch.RecordSupply(t.Context(), &rebatev1.RecordSupplyCall{OrderId: "ord_1", Document: "ful_1", SellerOrg: "HQ", Currency: "CNY", Lines: []*rebatev1.SupplyLine{
			{LineId: "l1", Sku: "TEA-1", OwnerOrg: "FR1", Quantity: 2, PriceMinor: 4_000, FeeMinor: 500}, {LineId: "l2", Sku: "TEA-2", OwnerOrg: "FR2", Quantity: 1, PriceMinor: 100}}})
		require.NoError(t, err)
		for who, want := range map[string]int{"FR1": 1, "FR2": 1, "FR3": 0} {
			got, err := b.ListSupplyEntries(manager(t.Context(), who), &rebatev1.ListSupplyEntriesRequest{OrderId: "ord_1"})
			require.NoError(t, err)
			require.Len(t, got.Entries, want, who)
		}
		seller, err := b.ListSupplyEntries(manager(t.Context(), "HQ"), &rebatev1.ListSupplyEntriesRequest{PageSize: 1})
		require.NoError(t, err)
		require.Len(t, seller.Entries, 1)
		rest, err := b.ListSupplyEntries(manager(t.Context(), "HQ"), &rebatev1.ListSupplyEntriesRequest{PageSize: 1, PageToken: seller.NextPageToken})
		require.NoError(t, err)
		require.Len(t, rest.Entries, 1)
		_, err = b.ListSupplyEntries(manager(t.Context(), "FR1"), &rebatev1.ListSupplyEntriesRequest{PageSize: 1, PageToken: seller.NextPageToken})
		require.Equal(t, "PAGE_TOKEN_INVALID", reason(err), "another one's token")

		accruals, err := b.ListAccruals(manager(t.Context(), "D1"), &rebatev1.ListAccrualsRequest{})
		require.NoError(t, err)
		require.Len(t, accruals.Accruals, 2)
		balance, err := b.GetTrialBalance(hq(t.Context(), "finance"), &rebatev1.GetTrialBalanceRequest{})
		require.NoError(t, err)
		var debit, credit int64
		lines := []string{}
		for _, a := range balance.Accounts {
			debit, credit = debit+a.DebitMinor, credit+a.CreditMinor
			lines = append(lines, fmt.Sprint(a.Account, " ", a.Org, " ", a.DebitMinor-a.CreditMinor))
		}
		require.Equal(t, debit, credit)
		require.Contains(t, strings.Join(lines, "; "), "supply_receivable FR1 8000; supply_receivable FR2 100")
		_, err = b.GetTrialBalance(manager(t.Context(), "FR1"), &rebatev1.GetTrialBalanceRequest{})
		require.Equal(t, "FORBIDDEN", reason(err))
		require.Empty(t, b.audit(t, t.Context()))
	})
}
