// Command demogen writes the demo brand: a fictional tea house with real cities.
//
// Always true: the output is a function of the source. Places and goods are tables here; the rest (stock, members, staff)
// is drawn from a generator with a fixed seed. Names of persons are made of common characters, phones lie in 1990000xxxx.
//
//	go run ./app/onepool/internal/demogen [FOLDER]     FOLDER: configs/demo by default
package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/gtin"
)

//go:generate go run . ../../../../configs/demo

func main() {
	folder := "configs/demo"
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	if err := generate(folder); err != nil {
		fmt.Fprintln(os.Stderr, "demogen:", err)
		os.Exit(1)
	}
}

// table is a file: header and rows.
type table struct {
	name string
	rows [][]string
}

func generate(folder string) error {
	stores := storeTable()
	products, err := productTable()
	if err != nil {
		return err
	}
	staff, guides := staffTable(stores)
	for _, t := range []table{
		organisationTable(), stores, products, stockTable(stores, products), staff, memberTable(stores, guides),
	} {
		if err := write(filepath.Join(folder, t.name), t.rows); err != nil {
			return err
		}
	}
	return nil
}

func write(path string, rows [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := csv.NewWriter(f).WriteAll(rows); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}

// random gives each table its own sequence, so that a change of one does not change the others.
func random(table string) *rand.Rand {
	seed := uint64(len(table))
	for _, c := range table {
		seed = seed*131 + uint64(c)
	}
	return rand.New(rand.NewPCG(seed, 20260101))
}

func organisationTable() table {
	t := table{"organisations.csv", [][]string{{"code", "name", "kind", "parent_code", "settlement_rate_bp", "fulfilment_fee_minor", "share_stock"}}}
	for _, o := range organisations {
		t.rows = append(t.rows, []string{o.code, o.name, o.kind, o.parent, itoa(o.settlementRateBP), itoa(o.fulfilmentFeeMinor), strconv.FormatBool(o.shareStock)})
	}
	return t
}

func storeTable() table {
	t := table{"stores.csv", [][]string{{"code", "name", "ownership", "org_code", "address", "city", "province", "country", "postcode", "timezone", "lat", "lng", "opens", "closes", "capabilities"}}}
	byCode := map[string]city{}
	for _, c := range cities {
		byCode[c.code] = c
	}
	number := map[string]int{}
	for i, s := range sites {
		c := byCode[s.city]
		kind, ownership, opens, closes, capabilities := "S", "franchise", "09:30", "22:00", "parcel|pickup|local_delivery"
		if s.org == "HQ" {
			ownership = "direct"
		}
		switch {
		case s.warehouse:
			kind, ownership, opens, closes, capabilities = "W", "warehouse", "08:00", "20:00", "parcel"
		case s.kiosk:
			opens, closes, capabilities = "06:30", "23:00", "pickup"
		case i%7 == 3:
			opens, closes, capabilities = "10:00", "21:30", "parcel|pickup"
		}
		number[kind+s.city]++
		t.rows = append(t.rows, []string{
			fmt.Sprintf("%s-%s-%02d", kind, s.city, number[kind+s.city]), s.zh + " " + s.en, ownership, s.org,
			s.district + s.street, c.zh, c.province, "CN", c.postcode, "Asia/Shanghai",
			strconv.FormatFloat(s.lat, 'f', 4, 64), strconv.FormatFloat(s.lng, 'f', 4, 64), opens, closes, capabilities,
		})
	}
	return t
}

func productTable() (table, error) {
	t := table{"products.csv", [][]string{{"sku", "spu", "barcode", "title_zh", "title_en", "category", "list_price_minor", "currency", "weight_g", "tax_class", "returnable"}}}
	item := 0
	for _, p := range teas {
		for _, pack := range p.packs {
			item++
			body := fmt.Sprintf("%s%05d", brand, item*10)
			check, err := gtin.CheckDigit(body)
			if err != nil {
				return t, err
			}
			t.rows = append(t.rows, []string{
				p.spu + "-" + pack.suffix, p.spu, body + string(check), p.zh + " " + pack.zh, p.en + ", " + pack.en, p.category,
				itoa(pack.priceMinor), "CNY", itoa(pack.weightG), p.taxClass, strconv.FormatBool(!p.final),
			})
		}
	}
	return t, nil
}

// stockTable fills warehouses with everything that keeps, and shelves with about seven of ten SKUs.
func stockTable(stores, products table) table {
	t := table{"stock.csv", [][]string{{"location_code", "sku", "on_hand", "safety_stock"}}}
	r := random(t.name)
	for _, store := range stores.rows[1:] {
		warehouse, kiosk := store[2] == "warehouse", store[14] == "pickup"
		for _, product := range products.rows[1:] {
			fresh := product[5] == "fresh"
			onHand, safety := 2+r.Int64N(39), 1+r.Int64N(3)
			kept := r.IntN(100) < 70
			switch {
			case warehouse && fresh:
				continue
			case warehouse:
				onHand, safety = 400+50*r.Int64N(33), 20
			case kiosk && !fresh && product[5] != "flower" && product[5] != "green", !kept:
				continue
			}
			t.rows = append(t.rows, []string{store[0], product[0], itoa(onHand), itoa(safety)})
		}
	}
	return t
}

// staffTable gives each shop a manager, a clerk at the till and one or two guides; it returns the guides by shop too.
func staffTable(stores table) (table, map[string][]string) {
	t := table{"staff.csv", [][]string{{"code", "name", "store_code", "role", "login"}}}
	r := random(t.name)
	guides := map[string][]string{}
	for _, store := range stores.rows[1:] {
		code := store[0]
		roles := []string{"manager", "clerk", "guide"}
		if store[2] == "warehouse" {
			roles = []string{"manager", "clerk"}
		} else if r.IntN(2) == 0 {
			roles = append(roles, "guide")
		}
		count := map[string]int{}
		for _, role := range roles {
			count[role]++
			short := map[string]string{"manager": "M", "clerk": "C", "guide": "G"}[role]
			person := fmt.Sprintf("%s-%s%d", code, short, count[role])
			if role == "guide" {
				guides[code] = append(guides[code], person)
			}
			t.rows = append(t.rows, []string{person, name(r), code, role, strings.ToLower(person)})
		}
	}
	return t, guides
}

// memberTable makes thirty members; every sixth has no guide, since not all were won by one.
func memberTable(stores table, guides map[string][]string) table {
	t := table{"members.csv", [][]string{{"phone", "name", "home_store_code", "guide_code", "points"}}}
	r := random(t.name)
	var shops []string
	for _, store := range stores.rows[1:] {
		if store[2] != "warehouse" {
			shops = append(shops, store[0])
		}
	}
	for i := range 30 {
		home := shops[i*len(shops)/30]
		guide := ""
		if i%6 != 5 {
			guide = guides[home][r.IntN(len(guides[home]))]
		}
		t.rows = append(t.rows, []string{fmt.Sprintf("1990000%04d", 101+i), name(r), home, guide, itoa(50 * r.Int64N(60))})
	}
	return t
}

func name(r *rand.Rand) string {
	family := []rune("林陈叶苏沈顾陆江何宋许方")
	given := []rune("一安宁川云舟青禾言初微之然月")
	return string([]rune{family[r.IntN(len(family))], given[r.IntN(len(given))], given[r.IntN(len(given))]})
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
