// Package bench has the cases of the inventory center that need a database: how fast stock is held, and what it costs.
//
// Both sides of a comparison write the same rows to the same tables: request id and answer, document, reservation,
// explanation, barrier, stock, change log. The baseline is package unbatched.
package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/onepool/onepool/app/internal/bench"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/migrate"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

// engine is a database to measure on.
type engine struct {
	name      string
	sqlite    bool
	binaryLog bool
	cache     string
}

var (
	onMariaDB   = engine{name: "MariaDB", cache: "1G"}
	onBinaryLog = engine{name: "MariaDB with binary log", binaryLog: true, cache: "1G"}
	onSQLite    = engine{name: "SQLite", sqlite: true}
)

// Cases are all of this package.
func Cases() []bench.Case {
	var cases []bench.Case
	for _, on := range []engine{onMariaDB, onBinaryLog, onSQLite} {
		for _, spread := range []spread{hotRow, manyRows} {
			cases = append(cases, reserveCase(on, spread), holdCase(on, spread))
		}
	}
	return append(cases, splitCase(), edgeCase(onMariaDB, manyRows), edgeCase(onSQLite, manyRows), sizeCase(onMariaDB), sizeCase(onSQLite))
}

const (
	// maxOpen connections: enough for each of the clients of the baseline.
	maxOpen = 80
	seller  = "HQ"
	// plenty is on every shelf: nobody is refused.
	plenty = 900_000_000
)

// spread is how many SKUs are sold at how many stores.
type spread struct {
	name         string
	skus, stores int
}

var (
	hotRow   = spread{"hot row", 1, 1}
	manyRows = spread{"10,000 rows", 100, 100}
)

func sku(n int) string   { return fmt.Sprintf("SKU-%06d", n) }
func store(n int) string { return fmt.Sprintf("S-%05d", n) }

// world is a database with locations and stock.
type world struct {
	db    *database.DB
	store *data.Store
	meter bench.Meter
	close func() error
}

// open starts a database with the center's tables, and fills it.
func open(ctx context.Context, on engine, rows spread) (w *world, err error) {
	dir, remove, err := testkit.Scratch()
	if err != nil {
		return nil, err
	}
	w = &world{close: remove}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	config := database.Config{Name: "bench", Engine: database.SQLite, Path: filepath.Join(dir, "bench.db"), MaxOpen: maxOpen}
	if !on.sqlite {
		server, err := testkit.StartDurable(dir, on.binaryLog, on.cache)
		if err != nil {
			return nil, err
		}
		w.closing(server.Close)
		config.Engine, w.meter = database.MySQL, bench.Meter{Others: []int{server.PID()}}
		if config.DSN, err = server.Database(); err != nil {
			return nil, err
		}
	}
	if w.db, err = database.Open(ctx, config); err != nil {
		return nil, err
	}
	w.closing(w.db.Close)
	if err = migrate.Apply(ctx, w.db, migrations.Files); err != nil {
		return nil, err
	}
	w.store = data.New(w.db, []byte(strings.Repeat("0", 32)))
	return w, w.fill(ctx, rows)
}

// closing adds what is to be closed first.
func (w *world) closing(first func() error) {
	then := w.close
	w.close = func() error { return errors.Join(first(), then()) }
}

// fill puts the stores, and stock of each SKU in each.
func (w *world) fill(ctx context.Context, rows spread) error {
	locations := make([]biz.Location, rows.stores)
	for i := range locations {
		locations[i] = biz.Location{Code: store(i), Name: "Store " + store(i), Org: seller, Kind: biz.DirectStore, Active: true, Ways: biz.WaysOf(biz.Parcel, biz.Pickup), Version: 1}
	}
	err := w.db.InTx(ctx, func(ctx context.Context) error {
		_, err := w.store.Put(ctx, locations)
		return err
	})
	if err != nil {
		return err
	}
	for from, all := 0, rows.skus*rows.stores; from < all; from += fillChunk {
		err := w.db.InTx(ctx, func(ctx context.Context) error { return w.fillStock(ctx, rows, from, min(all, from+fillChunk)) })
		if err != nil {
			return fmt.Errorf("fill stock: %w", err)
		}
	}
	return nil
}

// fillChunk bounds the rows of one transaction.
const fillChunk = 250_000

// fillStock makes the rows number from to to - 1 inside the database: there may be millions.
func (w *world) fillStock(ctx context.Context, rows spread, from, to int) error {
	numbers := fmt.Sprintf("(SELECT seq AS n FROM seq_%d_to_%d)", from, to-1)
	concat := func(prefix, number string, digits int) string {
		return fmt.Sprintf("CONCAT('%s', LPAD(%s, %d, '0'))", prefix, number, digits)
	}
	div := "x.n DIV %d"
	if w.db.Engine() == database.SQLite {
		numbers = fmt.Sprintf("(WITH RECURSIVE c(n) AS (SELECT %d UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c)", from, to-1)
		concat = func(prefix, number string, digits int) string {
			return fmt.Sprintf("printf('%s%%0%dd', %s)", prefix, digits, number)
		}
		div = "x.n / %d"
	}
	_, err := w.db.Conn(ctx).ExecContext(ctx, "INSERT INTO stock (org, sku, location, owner, on_hand, chain) SELECT '"+seller+"', "+
		concat("SKU-", fmt.Sprintf(div, rows.stores), 6)+", "+concat("S-", fmt.Sprintf("x.n %% %d", rows.stores), 5)+", '"+seller+"', ?, '' FROM "+numbers+" x", plenty)
	return err
}

// audit fails a measurement that was fast and wrong.
func (w *world) audit(ctx context.Context) error {
	got, err := w.store.CheckInvariants(tenancy.WithService(ctx, "bench"), 0)
	if err != nil {
		return err
	}
	for _, r := range got.Results {
		if r.Violations > 0 && r.Id != "I1" { // the opening stock has no movements
			return fmt.Errorf("%s is broken %d times: %v", r.Id, r.Violations, r.Examples)
		}
	}
	return nil
}
