package data

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// PoolMeasure is what it takes to have the pool of a database in memory.
type PoolMeasure struct {
	Places    int
	HeapBytes int64
	Took      time.Duration
}

// MeasurePool loads the pool of a database into a new store and says what that takes: the heap in use is compared before
// and after, each time when the garbage is collected.
func MeasurePool(ctx context.Context, db *database.DB) (PoolMeasure, error) {
	before := heapInUse()
	s := New(db, nil)
	began := time.Now()
	if _, err := s.Pool(ctx); err != nil {
		return PoolMeasure{}, err
	}
	m := PoolMeasure{Took: time.Since(began), Places: s.PoolPlaces()}
	m.HeapBytes = heapInUse() - before
	runtime.KeepAlive(s)
	return m, nil
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// skusATime are filled by one statement.
const skusATime = 20

// FillPool puts the stores, and stock of the SKUs in about one in five of them, into a fresh database that is for measuring
// only: the indexes of the stock table are not kept while it is filled, and the one by location is not made again.
func FillPool(ctx context.Context, s *Store, stores []biz.Location, skus []string) error {
	for from := 0; from < len(stores); from += 2000 {
		part := stores[from:min(len(stores), from+2000)]
		if err := s.db.InTx(ctx, func(ctx context.Context) error { _, err := s.Put(ctx, part); return err }); err != nil {
			return err
		}
	}
	on := ""
	if s.db.Engine() == database.MySQL {
		on = " ON stock"
	}
	return s.db.Exclusive(ctx, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "DROP INDEX stock_location_sku_owner"+on); err != nil {
			return err
		}
		for from := 0; from < len(skus); from += skusATime {
			var list strings.Builder
			for k := from; k < min(len(skus), from+skusATime); k++ {
				if k > from {
					list.WriteString(" UNION ALL ")
				}
				fmt.Fprintf(&list, "SELECT %d AS n, '%s' AS code", k, skus[k])
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
