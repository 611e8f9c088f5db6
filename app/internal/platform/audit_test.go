package platform_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/platform"
	"github.com/onepool/onepool/app/internal/testkit"
)

func appendEntry(t *testing.T, db *database.DB, i int) error {
	return db.InTx(t.Context(), func(ctx context.Context) error {
		return platform.AppendAudit(ctx, platform.AuditEntry{Actor: "hq:usr", Action: "phone.reveal", Subject: fmt.Sprint("mem_", i), Detail: []byte("why")})
	})
}

func TestTheChainHoldsUnderConcurrency(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(nil)
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				for j := range 4 {
					if err := appendEntry(t, db, i*4+j); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		require.Error(t, db.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, platform.AppendAudit(ctx, platform.AuditEntry{Actor: "a", Action: "undone"}))
			return errors.New("undone")
		}))
		n, err := platform.VerifyAudit(t.Context(), db)
		require.NoError(t, err)
		require.EqualValues(t, 64, n)
	})
}

func TestEachTamperingIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		sql string
		seq int64
	}{
		"changed":           {"UPDATE audit_log SET subject = 'mem_9' WHERE seq = 2", 2},
		"removed":           {"DELETE FROM audit_log WHERE seq = 2", 2},
		"removed at end":    {"DELETE FROM audit_log WHERE seq = 3", 3},
		"hash replaced":     {"UPDATE audit_log SET hash = prev_hash WHERE seq = 1", 1},
		"predecessor":       {"UPDATE audit_log SET prev_hash = hash WHERE seq = 3", 3},
		"moved in a detail": {"UPDATE audit_log SET actor = 'hq:us', action = 'rphone.reveal' WHERE seq = 1", 1},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
				db := open(nil)
				for i := range 3 {
					require.NoError(t, appendEntry(t, db, i))
				}
				require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
					_, err := db.Conn(ctx).ExecContext(ctx, c.sql)
					return err
				}))
				_, err := platform.VerifyAudit(t.Context(), db)
				var b platform.AuditBreak
				require.ErrorAs(t, err, &b)
				require.Equal(t, c.seq, b.Seq)
			})
		})
	}
}
