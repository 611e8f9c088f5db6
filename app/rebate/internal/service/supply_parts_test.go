package service

import (
	"context"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/rebate/internal/data/migrations"
)

// kitSupplied is a kit's line of which one owner shipped both parts.
func kitSupplied() *rebatev1.RecordSupplyCall {
	return &rebatev1.RecordSupplyCall{OrderId: "ord_1", Document: "ful_1", SellerOrg: "HQ", Currency: "CNY", Lines: []*rebatev1.SupplyLine{
		{LineId: "l1", Sku: "POT", OwnerOrg: "FR1", Quantity: 2, PriceMinor: 4_000, FeeMinor: 500},
		{LineId: "l1", Sku: "CUP", OwnerOrg: "FR1", Quantity: 6, PriceMinor: 500}}}
}

func TestEachPartOfAKitIsSupplied(t *testing.T) {
	contract(t, func(t *testing.T, b *bench) {
		for range 2 { // it comes again
			_, err := b.branch.RecordSupply(t.Context(), kitSupplied())
			require.NoError(t, err)
		}
		got, err := b.ListSupplyEntries(manager(t.Context(), "FR1"), &rebatev1.ListSupplyEntriesRequest{OrderId: "ord_1"})
		require.NoError(t, err)
		amounts := map[string]int64{}
		for _, e := range got.Entries {
			amounts[e.Sku] += e.AmountMinor
		}
		require.Equal(t, map[string]int64{"POT": 8_000, "CUP": 3_000}, amounts)
		require.Len(t, got.Entries, 2)
	})
}

// What was supplied before parts were told apart is not supplied again when its message comes once more.
func TestASupplyOfBeforeIsNotRepeated(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			first := fstest.MapFS{}
			require.NoError(t, fs.WalkDir(migrations.Files, ".", func(name string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() && strings.Contains(path.Base(name), "_initial") {
					body, err := fs.ReadFile(migrations.Files, name)
					first[name] = &fstest.MapFile{Data: body}
					return err
				}
				return err
			}))
			b := &bench{db: testkit.Migrated(t, testkit.Config(t, engine), first)}
			insert := func(id, sku string) error {
				return b.db.InTx(t.Context(), func(ctx context.Context) error {
					_, err := b.db.Conn(ctx).ExecContext(ctx, `INSERT INTO supply_entries (id, org, order_id, line_id, document, sku, seller_org, quantity, price_minor, amount_minor, fee_minor, currency, at_us)
						VALUES (?, 'FR1', 'ord_1', 'l1', 'ful_1', ?, 'HQ', 2, 4000, 8000, 500, 'CNY', 7)`, id, sku)
					return err
				})
			}
			require.NoError(t, insert("sup_before", "POT"))
			require.NoError(t, migrate.Apply(t.Context(), b.db, migrations.Files))
			require.Error(t, insert("sup_again", "POT"), "one entry for each document, line, SKU and owner")
			b.open(t)
			_, err := b.branch.RecordSupply(t.Context(), kitSupplied())
			require.NoError(t, err)
			got, err := b.ListSupplyEntries(manager(t.Context(), "FR1"), &rebatev1.ListSupplyEntriesRequest{OrderId: "ord_1"})
			require.NoError(t, err)
			require.Len(t, got.Entries, 2, "the pots of before, and the cups")
		})
	}
}
