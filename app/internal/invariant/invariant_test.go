package invariant

import (
	"context"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/testkit"
)

func exec(t *testing.T, db *database.DB, statement string, args ...any) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := db.Conn(ctx).ExecContext(ctx, statement, args...)
		return err
	}))
}

func insertLease(t *testing.T, db *database.DB, name string, untilUS int64) {
	t.Helper()
	exec(t, db, "INSERT INTO leases (name, owner, until_us) VALUES (?, 'x', ?)", name, untilUS)
}

// negative is a check of the platform's own table, so that the test needs no center.
func negative() Check {
	return Check{ID: "T1", Title: "no lease ends before time began", Counted: "SELECT COUNT(*) FROM leases",
		Violations: "SELECT name, owner FROM leases WHERE until_us < ? ORDER BY name", Args: func(int64) []any { return []any{0} }}
}

func TestACheckThatFoundNothingIsReportedToo(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		insertLease(t, db, "good", 1)
		got, err := Run(t.Context(), db, "tea", 0, []Check{negative(), OneAnswer(), Delivered()})
		require.NoError(t, err)
		var ids []string
		for _, r := range got.Results {
			ids = append(ids, r.Id)
			require.Equal(t, "tea", r.Center)
			require.Zero(t, r.Violations)
		}
		require.Equal(t, []string{"T1", "I17", "I16", "I19"}, ids)
		require.Equal(t, int64(1), got.Results[0].Checked)
	})
}

func TestAllViolationsAreCountedAndAFewNamed(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		for i := range 15 {
			insertLease(t, db, fmt.Sprintf("bad-%02d", i), -1)
		}
		for limit, named := range map[int32]int{0: 10, 3: 3, 100: 15, 1000: 15, -1: 10} {
			got, err := Run(t.Context(), db, "tea", limit, []Check{negative()})
			require.NoError(t, err)
			require.Equal(t, int64(15), got.Results[0].Violations)
			require.Len(t, got.Results[0].Examples, named)
			require.Equal(t, []string{"bad-00", "x"}, []string{got.Results[0].Examples[0].Subject, got.Results[0].Examples[0].Detail})
		}
	})
}

func TestWhatWaitsTooLongAndWhatWasChangedIsSeen(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		now, err := db.Now(t.Context())
		require.NoError(t, err)
		for id, atUS := range map[string]int64{"young": now - 30_000_000, "old": now - 61_000_000} {
			exec(t, db, "INSERT INTO outbox (id, kind, msg_key, calls, created_us) VALUES (?, 'xx', '', '', ?)", id, atUS)
		}
		for range 2 {
			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
				return platform.AppendAudit(ctx, platform.AuditEntry{Actor: "a", Action: "b", Subject: "c"})
			}))
		}
		exec(t, db, "INSERT INTO commands (caller, method, request_id, hash, created_us) VALUES ('c', 'm', 'open', ?, 1)", make([]byte, 32))
		got, err := Run(t.Context(), db, "tea", 0, []Check{Delivered(), OneAnswer()})
		require.NoError(t, err)
		require.Equal(t, []int64{1, 1, 0}, []int64{got.Results[0].Violations, got.Results[1].Violations, got.Results[2].Violations})
		require.Equal(t, "old", got.Results[0].Examples[0].Subject)
		require.Equal(t, "open", got.Results[1].Examples[0].Subject)
		exec(t, db, "UPDATE audit_log SET subject = 'd' WHERE seq = 2")
		got, err = Run(t.Context(), db, "tea", 0, nil)
		require.NoError(t, err)
		require.Equal(t, int64(1), got.Results[0].Violations)
		require.Equal(t, "2", got.Results[0].Examples[0].Subject)
	})
}

func TestAQueryThatFailsIsAnError(t *testing.T) {
	db := testkit.SQLite(t, nil)
	for _, broken := range []Check{
		{ID: "T1", Counted: "SELECT 1", Violations: "SELECT nothing FROM nowhere"},
		{ID: "T1", Counted: "SELECT COUNT(*) FROM nowhere", Violations: "SELECT '', ''"},
		{ID: "T1", Scan: func(context.Context, database.Querier, func(string, string)) (int64, error) {
			return 0, database.ErrEnded
		}},
	} {
		_, err := Run(t.Context(), db, "tea", 0, []Check{broken})
		require.ErrorContains(t, err, "T1")
	}
}
