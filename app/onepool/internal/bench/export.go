package bench

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/onepool/onepool/app/internal/bench"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

const (
	exported    = 1_000_000
	exportChunk = 20_000
)

// exportCase has headquarters export a million orders, as CSV and as a spreadsheet, and measures what the platform needs for
// it: the orders are copies of one that was placed and paid.
func exportCase() bench.Case {
	name := fmt.Sprintf("order/export of %d orders, %s", exported, onDefault.name)
	return bench.Case{Name: name, Slow: true, Run: func(ctx context.Context, e *bench.Env) (results []bench.Result, err error) {
		p, err := start(ctx, onDefault)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, p.close()) }()
		e.Log("  filling")
		all, err := p.fill(ctx, size{stores: 10, skus: 3, members: 1})
		if err != nil {
			return nil, err
		}
		order, err := all[0].place(ctx, line{skuOf(0), 1})
		if err != nil {
			return nil, err
		}
		if err := all[0].pay(ctx, order); err != nil {
			return nil, err
		}
		if _, err := p.settled(ctx); err != nil {
			return nil, err
		}
		if err := p.multiply(ctx, order, exported-1); err != nil {
			return nil, err
		}
		if _, err := p.settled(ctx); err != nil {
			return nil, err
		}
		for _, format := range []string{"csv", "xlsx"} {
			e.Log("  %s", format)
			took, grown, err := p.export(ctx, format)
			if err != nil {
				return nil, err
			}
			results = append(results,
				bench.Value(name+" as "+format+", memory above what was in use", "MiB", grown, bench.AtMost(100)),
				bench.Value(name+" as "+format, "orders/s", exported/took.Seconds(), bench.Target{}))
		}
		return results, nil
	}}
}

// multiply writes copies of an order straight into the database of the order center, without its receiver, who is sealed for
// that order alone.
func (p *platform) multiply(ctx context.Context, order string, copies int) (err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.data, "order.db")+"?_pragma=busy_timeout(60000)&_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	id := func(column string) string { return column + " || printf('%08d', n)" }
	changed := map[string]map[string]string{
		"orders":           {"id": id("id"), "source_no": id("source_no"), "placed_us": "placed_us - n", "receiver_cipher": "NULL", "phone_key": "'none'"},
		"order_lines":      {"id": id("id"), "order_id": id("order_id"), "placed_us": "placed_us - n"},
		"fulfilments":      {"id": id("id"), "order_id": id("order_id"), "placed_us": "placed_us - n"},
		"fulfilment_lines": {"id": id("id"), "order_id": id("order_id"), "fulfilment_id": id("fulfilment_id"), "line_id": id("line_id")},
	}
	for _, table := range []string{"orders", "order_lines", "fulfilments", "fulfilment_lines"} {
		names, err := columns(ctx, db, table)
		if err != nil {
			return err
		}
		values := make([]string, len(names))
		for i, name := range names {
			if values[i] = changed[table][name]; values[i] == "" {
				values[i] = name
			}
		}
		key := "order_id"
		if table == "orders" {
			key = "id"
		}
		insert := fmt.Sprintf("WITH RECURSIVE seq(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM seq WHERE n < ?) INSERT INTO %s (%s) SELECT %s FROM (SELECT * FROM %s WHERE %s = ?), seq",
			table, strings.Join(names, ", "), strings.Join(values, ", "), table, key)
		for from := 1; from <= copies; from += exportChunk {
			if _, err := db.ExecContext(ctx, insert, from, min(copies, from+exportChunk-1), order); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
		}
	}
	return nil
}

func columns(ctx context.Context, db *sql.DB, table string) (names []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT name FROM pragma_table_info(?)", table)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// export downloads all orders and says how long that took, and by how many MiB the platform's process grew at most.
func (p *platform) export(ctx context.Context, format string) (time.Duration, float64, error) {
	operator, err := client.New(ctx, p.url, p.key)
	if err != nil {
		return 0, 0, err
	}
	server := p.pids[0]
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", server), []byte("5"), 0); err != nil { // the peak begins anew
		return 0, 0, err
	}
	before, err := memory(server, "VmRSS")
	if err != nil {
		return 0, 0, err
	}
	from := time.Now()
	err = operator.Download(ctx, "/v1/order/exports/orders."+format, http.Header{}, func(resp *http.Response) error {
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return err
		}
		if n := resp.Trailer.Get("X-Exported-Orders"); n != strconv.Itoa(exported) {
			return fmt.Errorf("%q orders came, not %d", n, exported)
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	took := time.Since(from)
	peak, err := memory(server, "VmHWM")
	return took, peak - before, err
}

// memory of a process in MiB, by a line of its status.
func memory(pid int, which string) (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == which+":" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s of process %d", which, pid)
}
