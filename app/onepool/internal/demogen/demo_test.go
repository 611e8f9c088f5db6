package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/clock"
	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/internal/gtin"
	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/configs"
)

const committed = "../../../../configs/demo"

// rows reads a committed table as maps by column.
func rows(t *testing.T, name, header string) []map[string]string {
	f, err := os.Open(filepath.Join(committed, name))
	require.NoError(t, err)
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Equal(t, header, strings.Join(records[0], ","), name)
	var out []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			require.Equal(t, strings.TrimSpace(record[i]), record[i], "%s: %v", name, record)
			row[column] = record[i]
		}
		out = append(out, row)
	}
	return out
}

func organisationRows(t *testing.T) []map[string]string {
	return rows(t, "organisations.csv", "code,name,kind,parent_code,settlement_rate_bp,fulfilment_fee_minor,share_stock")
}

func storeRows(t *testing.T) []map[string]string {
	return rows(t, "stores.csv", "code,name,ownership,org_code,address,city,province,country,postcode,timezone,lat,lng,opens,closes,capabilities")
}

func productRows(t *testing.T) []map[string]string {
	return rows(t, "products.csv", "sku,spu,barcode,title_zh,title_en,category,list_price_minor,currency,weight_g,tax_class,returnable")
}

func staffRows(t *testing.T) []map[string]string {
	return rows(t, "staff.csv", "code,name,store_code,role,login")
}

// by indexes rows and proves the key unique.
func by(t *testing.T, key string, rows []map[string]string) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, row := range rows {
		require.NotEmpty(t, row[key], "%v", row)
		require.NotContains(t, out, row[key], "%s twice", key)
		out[row[key]] = row
	}
	return out
}

func number(t *testing.T, row map[string]string, column string, low, high int64) int64 {
	n, err := strconv.ParseInt(row[column], 10, 64)
	require.NoError(t, err, "%v", row)
	require.True(t, low <= n && n <= high, "%s of %v", column, row)
	return n
}

func TestCommittedFilesAreWhatTheGeneratorWrites(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, generate(folder))
	made, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	require.NoError(t, err)
	require.Len(t, made, 6)
	for _, path := range made {
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(committed, filepath.Base(path)))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "run go generate ./app/onepool/internal/demogen")
	}
}

func TestOrganisationsFormOneTree(t *testing.T) {
	organisations := by(t, "code", organisationRows(t))
	kinds := map[string]int{}
	for _, o := range organisations {
		kinds[o["kind"]]++
		parent := organisations[o["parent_code"]]["kind"]
		require.Equal(t, map[string]string{"headquarters": "", "dealer": "headquarters", "franchisee": "dealer"}[o["kind"]], parent, "%v", o)
		number(t, o, "settlement_rate_bp", 0, 10_000)
		number(t, o, "fulfilment_fee_minor", 0, 10_000)
		require.Contains(t, []string{"true", "false"}, o["share_stock"])
		if o["kind"] == "franchisee" {
			number(t, o, "settlement_rate_bp", 1, 9_999)
		}
	}
	require.Equal(t, 1, kinds["headquarters"])
	require.Equal(t, 3, kinds["dealer"])
	require.GreaterOrEqual(t, kinds["franchisee"], 5)
}

func TestStoresStandInTheirCities(t *testing.T) {
	organisations := by(t, "code", organisationRows(t))
	centres := map[string]city{}
	for _, c := range cities {
		centres[c.zh] = c
	}
	stores := storeRows(t)
	require.InDelta(t, 60, len(stores), 2)
	by(t, "code", stores)
	by(t, "name", stores)
	owned := map[string]bool{}
	points := map[geo.Point]string{}
	ownerships := map[string]int{}
	for _, s := range stores {
		owned[s["org_code"]] = true
		ownerships[s["ownership"]]++
		kind := "franchisee"
		if s["ownership"] != "franchise" {
			kind = "headquarters"
		}
		require.Equal(t, kind, organisations[s["org_code"]]["kind"], "%v", s)
		lat, err := strconv.ParseFloat(s["lat"], 64)
		require.NoError(t, err)
		lng, err := strconv.ParseFloat(s["lng"], 64)
		require.NoError(t, err)
		at := geo.Point{Lat: lat, Lng: lng}
		require.NoError(t, at.Validate())
		require.True(t, lat > 18 && lat < 54 && lng > 73 && lng < 135, "not in China: %v", s)
		centre, known := centres[s["city"]]
		require.True(t, known, s["city"])
		require.Less(t, geo.Haversine(at, geo.Point{Lat: centre.lat, Lng: centre.lng}), 50.0, "%v", s)
		require.Empty(t, points[at], "two on one point: %v", s)
		points[at] = s["code"]
		require.Equal(t, centre.province, s["province"])
		require.Equal(t, centre.postcode, s["postcode"])
		require.Equal(t, "CN", s["country"])
		_, err = clock.Zone(s["timezone"])
		require.NoError(t, err)
		opens, err := time.Parse("15:04", s["opens"])
		require.NoError(t, err)
		closes, err := time.Parse("15:04", s["closes"])
		require.NoError(t, err)
		require.True(t, opens.Before(closes), "%v", s)
		for _, capability := range strings.Split(s["capabilities"], "|") {
			require.Contains(t, []string{"parcel", "pickup", "local_delivery"}, capability)
		}
	}
	require.Equal(t, 2, ownerships["warehouse"])
	require.GreaterOrEqual(t, ownerships["direct"], 20)
	require.GreaterOrEqual(t, ownerships["franchise"], 20)
	for code, o := range organisations {
		if o["kind"] == "franchisee" {
			require.True(t, owned[code], "%s has no store", code)
		}
	}
}

func TestProductsHaveValidBarcodesAndPrices(t *testing.T) {
	products := productRows(t)
	require.Len(t, products, 40)
	by(t, "sku", products)
	by(t, "barcode", products)
	by(t, "title_zh", products)
	by(t, "title_en", products)
	final := 0
	for _, p := range products {
		require.Regexp(t, `^69[0-9]{11}$`, p["barcode"])
		require.True(t, gtin.Valid(p["barcode"]), p["barcode"])
		require.True(t, strings.HasPrefix(p["sku"], p["spu"]+"-"), "%v", p)
		_, err := money.New(number(t, p, "list_price_minor", 100, 1_000_000), p["currency"])
		require.NoError(t, err)
		number(t, p, "weight_g", 1, 5_000)
		require.NotEmpty(t, p["category"])
		require.Contains(t, []string{"agricultural", "standard"}, p["tax_class"])
		if p["returnable"] == "false" {
			final++
		} else {
			require.Equal(t, "true", p["returnable"])
		}
	}
	require.Positive(t, final)
}

func TestStockIsOfKnownGoodsInKnownPlaces(t *testing.T) {
	stores, products := by(t, "code", storeRows(t)), by(t, "sku", productRows(t))
	seen := map[string]bool{}
	sold := map[string]bool{}
	for _, s := range rows(t, "stock.csv", "location_code,sku,on_hand,safety_stock") {
		require.Contains(t, stores, s["location_code"])
		require.Contains(t, products, s["sku"])
		require.False(t, seen[s["location_code"]+s["sku"]], "%v", s)
		seen[s["location_code"]+s["sku"]], sold[s["sku"]] = true, true
		number(t, s, "on_hand", 1, 1_000_000)
		number(t, s, "safety_stock", 0, 100)
	}
	require.InDelta(t, 0.7, float64(len(seen))/float64(len(stores)*len(products)), 0.05)
	require.Len(t, sold, len(products))
}

func TestMembersAndStaffBelongSomewhere(t *testing.T) {
	stores, staff := by(t, "code", storeRows(t)), by(t, "code", staffRows(t))
	by(t, "login", staffRows(t))
	roles := map[string][]string{}
	for _, s := range staff {
		require.Contains(t, stores, s["store_code"])
		require.Contains(t, []string{"guide", "clerk", "manager"}, s["role"])
		require.Regexp(t, `^[a-z0-9-]+$`, s["login"])
		require.NotEmpty(t, s["name"])
		roles[s["store_code"]] = append(roles[s["store_code"]], s["role"])
	}
	for code, store := range stores {
		if store["ownership"] != "warehouse" {
			require.True(t, slices.Contains(roles[code], "guide"), code)
		}
	}
	members := rows(t, "members.csv", "phone,name,home_store_code,guide_code,points")
	require.Len(t, members, 30)
	by(t, "phone", members)
	guided := 0
	fictional := regexp.MustCompile(`^1990000[0-9]{4}$`)
	for _, m := range members {
		require.Regexp(t, fictional, m["phone"])
		require.Contains(t, stores, m["home_store_code"])
		require.NotEqual(t, "warehouse", stores[m["home_store_code"]]["ownership"])
		number(t, m, "points", 0, 100_000)
		if m["guide_code"] != "" {
			guided++
			require.Equal(t, "guide", staff[m["guide_code"]]["role"], "%v", m)
			require.Equal(t, m["home_store_code"], staff[m["guide_code"]]["store_code"], "%v", m)
		}
	}
	require.Equal(t, 25, guided)
}

func TestTheRebatePolicyIsOneTheRebateCenterTakes(t *testing.T) {
	raw, err := configs.Demo.ReadFile("demo/policy.json")
	require.NoError(t, err)
	policy := &rebatev1.PutPolicyRequest{}
	require.NoError(t, protojson.Unmarshal(raw, policy))
	policy.RequestId = "policy-of-the-demo" // the import makes its own
	require.NoError(t, protovalidate.Validate(policy))
	rates := map[rebatev1.Role]int64{}
	for _, share := range policy.Shares {
		rates[share.Role] = share.RateBp
	}
	require.Equal(t, map[rebatev1.Role]int64{rebatev1.Role_GUIDE: 300, rebatev1.Role_HOME_STORE: 500, rebatev1.Role_DEALER_ABOVE: 100}, rates)
}
