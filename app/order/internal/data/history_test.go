package data

import (
	"context"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/column"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/order/internal/data/migrations"
)

func TestHistoryIsAppendOnly(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		orders := NewOrders(db, receivers(t))
		for name, change := range map[string]func(ctx context.Context) error{
			"change": func(ctx context.Context) error { return orders.ent.OrderEvent.Update().Exec(ctx) },
			"delete": func(ctx context.Context) error { _, err := orders.ent.OrderEvent.Delete().Exec(ctx); return err },
		} {
			require.ErrorIs(t, db.InTx(AsService(t.Context()), change), column.ErrAppendOnly, name)
		}
	})
}
