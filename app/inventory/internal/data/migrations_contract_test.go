package data

import (
	"context"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

// upTo are the migrations whose names contain one of the words.
func upTo(t *testing.T, words ...string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(migrations.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, w := range words {
			if strings.Contains(path.Base(name), w) {
				body, err := fs.ReadFile(migrations.Files, name)
				files[name] = &fstest.MapFile{Data: body}
				return err
			}
		}
		return nil
	}))
	return files
}

// A platform that has been in use keeps every row, and its ledger still verifies, when the tables of the pool come.
func TestAFilledDatabaseIsMigrated(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			ctx := tenancy.WithService(t.Context(), "test")
			config := testkit.Config(t, engine)
			db := testkit.Migrated(t, config, upTo(t, "_init"))
			key := biz.StockKey{SKU: "LJ", Location: "S-01", Owner: "HQ"}
			m := biz.Movement{ID: "mov_1", Key: key, Org: "HQ", Step: biz.Step{Seq: 1, Quantity: 5, After: 5}, Reason: biz.ReasonReceive, Document: "PO-1", Ref: "r", Actor: "boss", AtUS: 7}
			m.Hash = m.Chained(nil)
			require.NoError(t, db.InTx(ctx, func(ctx context.Context) error { return firstRows(ctx, db, m) }))

			require.NoError(t, migrate.Apply(ctx, db, migrations.Files))
			s := New(db, []byte("0123456789abcdef0123456789abcdef"))
			stock, err := s.AtLocations(ctx, []string{"LJ"}, []string{"S-01"})
			require.NoError(t, err)
			require.Equal(t, biz.StockRow{ID: stock[0].Row().ID, Key: key, Org: "HQ", OnHand: 5, Reserved: 2, SafetyStock: 1, Seq: 1, Version: 3, Chain: m.Hash}, stock[0].Row())
			held, err := s.ListReservations(ctx, []string{"ord_1"})
			require.NoError(t, err)
			require.Equal(t, []any{int64(2), biz.Held, "S-01"}, []any{held[0].Open, held[0].State, held[0].Key.Location})
			moves, _, err := s.ListMovements(ctx, MovementFilter{}, Page{})
			require.NoError(t, err)
			require.Equal(t, []biz.Movement{m}, moves)
			locations, err := s.Fresh(ctx, []string{"S-01"})
			require.NoError(t, err)
			require.Equal(t, []any{"Tea", true, int64(4)}, []any{locations[0].Name, locations[0].Active, locations[0].Version})
			audit, err := s.CheckInvariants(ctx, 10)
			require.NoError(t, err)
			for _, r := range audit.Results {
				require.Zero(t, r.Violations, "%s: %v", r.Id, r.Examples)
			}
		})
	}
}

// firstRows are rows as the first version of the center wrote them.
func firstRows(ctx context.Context, db *database.DB, m biz.Movement) error {
	for _, w := range []struct {
		statement string
		args      []any
	}{
		{"INSERT INTO locations (id, name, org, kind, active, ways, shared, version, updated_us) VALUES ('S-01', 'Tea', 'HQ', 2, ?, 2, ?, 4, 1)", []any{true, true}},
		{"INSERT INTO stock (org, sku, location, owner, on_hand, reserved, safety, seq, chain, version, updated_us) VALUES ('HQ', 'LJ', 'S-01', 'HQ', 5, 2, 1, 1, ?, 3, 7)", []any{m.Hash}},
		{"INSERT INTO holds (id, org, created_us) VALUES ('ord_1', 'HQ', 7)", nil},
		{"INSERT INTO reservations (id, org, document, line_id, sku, location, owner, seller, way, quantity, open, state, version, expires_at_us, settlement_price_minor, fulfilment_fee_minor, distance_m, created_us, updated_us) VALUES ('res_1', 'HQ', 'ord_1', '1', 'LJ', 'S-01', 'HQ', 'HQ', 1, 2, 2, 1, 1, 0, 0, 0, 0, 7, 7)", nil},
		{"INSERT INTO movements (id, org, sku, location, owner, seq, reason, document, ref, actor, note, quantity, qty_before, qty_after, at_us, hash) VALUES (?, 'HQ', 'LJ', 'S-01', 'HQ', 1, 'RECEIVE', 'PO-1', 'r', 'boss', '', 5, 0, 5, 7, ?)", []any{m.ID, m.Hash}},
	} {
		if _, err := db.Conn(ctx).ExecContext(ctx, w.statement, w.args...); err != nil {
			return err
		}
	}
	return nil
}
