package poolbench

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// skusATime are filled by one statement.
const skusATime = 20

// Fill puts the stores, and stock of the SKUs in about one in five of them, into a fresh database that is for measuring
// only: the indexes of the stock table are not kept while it is filled, and the one by location is not made again.
func Fill(ctx context.Context, db *database.DB, store *data.Store, stores []biz.Location, skus int) error {
	for from := 0; from < len(stores); from += 2000 {
		part := stores[from:min(len(stores), from+2000)]
		if err := db.InTx(ctx, func(ctx context.Context) error { _, err := store.Put(ctx, part); return err }); err != nil {
			return err
		}
	}
	on := ""
	if db.Engine() == database.MySQL {
		on = " ON stock"
	}
	return db.Exclusive(ctx, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "DROP INDEX stock_location_sku_owner"+on); err != nil {
			return err
		}
		for from := 0; from < skus; from += skusATime {
			var list strings.Builder
			for k := from; k < min(skus, from+skusATime); k++ {
				if k > from {
					list.WriteString(" UNION ALL ")
				}
				fmt.Fprintf(&list, "SELECT %d AS n, '%s' AS code", k, sku(k))
			}
			// A store's version is its number; the product spreads its bits.
			_, err := conn.ExecContext(ctx, `INSERT INTO stock (org, sku, location, owner, on_hand, reserved, safety, chain, version)
				SELECT l.org, k.code, l.id, l.org, (l.version * 31 + k.n * 17) % 40, 0, 2, '', 1 FROM (`+list.String()+`) k JOIN locations l
				WHERE ((l.version * 2654435761 + k.n * 2246822519) >> 15) % 5 = 0`)
			if err != nil {
				return fmt.Errorf("fill stock: %w", err)
			}
		}
		return nil
	})
}
