package importer

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/csvload"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// kind is one sort of table: its columns, and how a batch of its rows is sent.
type kind struct {
	order    int
	columns  []string
	required []string
	numbers  []string // columns that hold whole numbers; empty is 0
	decimals []string // columns that hold decimal numbers; empty is absent
	flags    []string // columns that hold yes or no; empty is no
	times    []string // columns that hold moments (2026-03-20T00:00:00+08:00); empty is 0
	optional bool     // a brand may do without
	dates    []string // columns that hold dates (2026-03-20); empty is not known
	document bool     // rows are booked under a document
	follows  string   // reason of a row whose foundation may still be on its way from another center
	send     func(context.Context, *client.Client, batch) (*commonv1.ImportResult, error)
}

type batch struct {
	requestID string
	document  string
	rows      []csvload.Row
}

var kinds = map[string]kind{
	"organisations": {
		order:    1,
		columns:  []string{"code", "name", "kind", "parent_code", "settlement_rate_bp", "fulfilment_fee_minor", "share_stock", "taxpayer"},
		required: []string{"code", "name", "kind"},
		numbers:  []string{"settlement_rate_bp", "fulfilment_fee_minor"},
		flags:    []string{"share_stock"},
		send: func(ctx context.Context, c *client.Client, b batch) (*commonv1.ImportResult, error) {
			req := &storev1.ImportOrganisationsRequest{RequestId: b.requestID}
			for _, r := range b.rows {
				req.Rows = append(req.Rows, &storev1.ImportOrganisationRow{Line: int64(r.Line), Code: r.Get("code"), Name: r.Get("name"), Kind: r.Get("kind"),
					ParentCode: r.Get("parent_code"), SettlementRateBp: number(r, "settlement_rate_bp"), FulfilmentFeeMinor: number(r, "fulfilment_fee_minor"), ShareStock: yes(r, "share_stock"),
					Taxpayer: r.Get("taxpayer")})
			}
			return c.Store().ImportOrganisations(ctx, req)
		},
	},
	"stores": {
		order: 2,
		columns: []string{"code", "name", "ownership", "org_code", "address", "city", "province", "country", "postcode", "timezone", "lat", "lng",
			"opens", "closes", "capabilities", "region"},
		required: []string{"code", "name", "ownership", "org_code", "lat", "lng"},
		decimals: []string{"lat", "lng"},
		send: func(ctx context.Context, c *client.Client, b batch) (*commonv1.ImportResult, error) {
			req := &storev1.ImportStoresRequest{RequestId: b.requestID}
			for _, r := range b.rows {
				req.Rows = append(req.Rows, &storev1.ImportStoreRow{Line: int64(r.Line), Code: r.Get("code"), Name: r.Get("name"), Ownership: r.Get("ownership"),
					OrgCode: r.Get("org_code"), Address: r.Get("address"), City: r.Get("city"), Province: r.Get("province"), Country: r.Get("country"),
					Postcode: r.Get("postcode"), Timezone: r.Get("timezone"), Lat: degrees(r, "lat"), Lng: degrees(r, "lng"), Opens: r.Get("opens"),
					Closes: r.Get("closes"), Capabilities: r.Get("capabilities"), Region: r.Get("region")})
			}
			return c.Store().ImportStores(ctx, req)
		},
	},
	"staff": {
		order:    3,
		columns:  []string{"code", "name", "store_code", "role", "login"},
		required: []string{"code", "name", "role"},
		send: func(ctx context.Context, c *client.Client, b batch) (*commonv1.ImportResult, error) {
			req := &storev1.ImportStaffRequest{RequestId: b.requestID}
			for _, r := range b.rows {
				req.Rows = append(req.Rows, &storev1.ImportStaffRow{Line: int64(r.Line), Code: r.Get("code"), Name: r.Get("name"), StoreCode: r.Get("store_code"),
					Role: r.Get("role"), Login: r.Get("login")})
			}
			return c.Store().ImportStaff(ctx, req)
		},
	},
	"products": {
		order: 4,
		columns: []string{"sku", "spu", "barcode", "title_zh", "title_en", "category", "list_price_minor", "currency", "weight_g", "tax_class",
			"returnable", "brand"},
		required: []string{"sku", "list_price_minor", "currency"},
		numbers:  []string{"list_price_minor", "weight_g"},
		flags:    []string{"returnable"},
		send: func(ctx context.Context, c *client.Client, b batch) (*commonv1.ImportResult, error) {
			req := &productv1.ImportProductsRequest{RequestId: b.requestID}
			for _, r := range b.rows {
				req.Rows = append(req.Rows, &productv1.ImportProductRow{Line: int64(r.Line), Sku: r.Get("sku"), Spu: r.Get("spu"), Barcode: r.Get("barcode"),
					TitleZh: r.Get("title_zh"), TitleEn: r.Get("title_en"), Category: r.Get("category"), ListPriceMinor: number(r, "list_price_minor"),
					Currency: r.Get("currency"), WeightG: number(r, "weight_g"), TaxClass: r.Get("tax_class"), Returnable: yes(r, "returnable"), Brand: r.Get("brand")})
			}
			return c.Product().ImportProducts(ctx, req)
		},
	},
	"stock": {
		order:    5,
		columns:  []string{"location_code", "sku", "on_hand", "safety_stock", "owner", "batch", "produced", "expires"},
		required: []string{"location_code", "sku", "on_hand"},
		numbers:  []string{"on_hand", "safety_stock"},
		dates:    []string{"produced", "expires"},
		document: true,
		follows:  "LOCATION_UNKNOWN",
		send: func(ctx context.Context, c *client.Client, b batch) (*commonv1.ImportResult, error) {
			req := &inventoryv1.ImportStockRequest{RequestId: b.requestID, Document: b.document}
			for _, r := range b.rows {
				req.Rows = append(req.Rows, &inventoryv1.ImportStockRow{Line: int64(r.Line), LocationCode: r.Get("location_code"), Sku: r.Get("sku"),
					OnHand: number(r, "on_hand"), SafetyStock: number(r, "safety_stock"), Owner: r.Get("owner"),
					Batch: r.Get("batch"), ProducedDay: day(r, "produced"), ExpiresDay: day(r, "expires")})
			}
			return c.Inventory().ImportStock(ctx, req)
		},
	},
	"price_lists": {
		order:    7,
		columns:  []string{"code", "name", "channel", "store_code", "region", "tier", "currency", "from", "until"},
		required: []string{"code", "name", "currency"},
		times:    []string{"from", "until"},
		optional: true,
		send: func(ctx context.Context, c *client.Client, b batch) (*commonv1.ImportResult, error) {
			req := &productv1.ImportPriceListsRequest{RequestId: b.requestID}
			for _, r := range b.rows {
				req.Rows = append(req.Rows, &productv1.ImportPriceListRow{Line: int64(r.Line), Code: r.Get("code"), Name: r.Get("name"), Channel: r.Get("channel"),
					StoreCode: r.Get("store_code"), Region: r.Get("region"), Tier: r.Get("tier"), Currency: r.Get("currency"), FromUs: moment(r, "from"), UntilUs: moment(r, "until")})
			}
			return c.PriceLists().ImportPriceLists(ctx, req)
		},
	},
	"prices": {
		order:    8,
		columns:  []string{"list", "sku", "price_minor", "from", "withdrawn"},
		required: []string{"list", "sku"},
		numbers:  []string{"price_minor"},
		times:    []string{"from"},
		flags:    []string{"withdrawn"},
		optional: true,
		send: func(ctx context.Context, c *client.Client, b batch) (*commonv1.ImportResult, error) {
			req := &productv1.ImportPricesRequest{RequestId: b.requestID}
			for _, r := range b.rows {
				req.Rows = append(req.Rows, &productv1.ImportPriceRow{Line: int64(r.Line), List: r.Get("list"), Sku: r.Get("sku"), PriceMinor: amount(r, "price_minor"),
					FromUs: moment(r, "from"), Withdrawn: yes(r, "withdrawn")})
			}
			return c.PriceLists().ImportPrices(ctx, req)
		},
	},
	"members": {
		order:    6,
		columns:  []string{"phone", "name", "home_store_code", "guide_code", "points", "tier", "segments"},
		required: []string{"phone"},
		numbers:  []string{"points"},
		document: true,
		send: func(ctx context.Context, c *client.Client, b batch) (*commonv1.ImportResult, error) {
			req := &memberv1.ImportMembersRequest{RequestId: b.requestID, Document: b.document}
			for _, r := range b.rows {
				req.Rows = append(req.Rows, &memberv1.ImportMemberRow{Line: int64(r.Line), Phone: r.Get("phone"), Name: r.Get("name"),
					HomeStoreCode: r.Get("home_store_code"), GuideCode: r.Get("guide_code"), Points: number(r, "points"),
					Tier: r.Get("tier"), Segments: r.Get("segments")})
			}
			return c.Member().ImportMembers(ctx, req)
		},
	},
}

// check refuses a row whose cells cannot be read, before it is sent.
func (k kind) check(r csvload.Row) *commonv1.RowError {
	refuse := func(field, reason, message string) *commonv1.RowError {
		return &commonv1.RowError{Line: int64(r.Line), Field: field, Reason: reason, Message: message}
	}
	for _, column := range k.required {
		if r.Get(column) == "" && !contains(k.decimals, column) { // the center says what a missing position means
			return refuse(column, "REQUIRED", "is empty")
		}
	}
	for _, column := range k.numbers {
		if text := r.Get(column); text != "" {
			if _, err := strconv.ParseInt(text, 10, 64); err != nil {
				return refuse(column, "NUMBER_INVALID", fmt.Sprintf("%q is no whole number", text))
			}
		}
	}
	for _, column := range k.decimals {
		if text := r.Get(column); text != "" {
			if _, err := strconv.ParseFloat(text, 64); err != nil {
				return refuse(column, "NUMBER_INVALID", fmt.Sprintf("%q is no number", text))
			}
		}
	}
	for _, column := range k.dates {
		if text := r.Get(column); text != "" {
			if _, err := time.Parse(time.DateOnly, text); err != nil {
				return refuse(column, "DATE_INVALID", fmt.Sprintf("%q is no date such as 2026-03-20", text))
			}
		}
	}
	for _, column := range k.times {
		if text := r.Get(column); text != "" {
			if _, err := time.Parse(time.RFC3339, text); err != nil {
				return refuse(column, "TIME_INVALID", fmt.Sprintf("%q is no moment such as 2026-03-20T00:00:00+08:00", text))
			}
		}
	}
	for _, column := range k.flags {
		switch strings.ToLower(r.Get(column)) {
		case "", "yes", "no", "true", "false", "1", "0", "y", "n":
		default:
			return refuse(column, "FLAG_INVALID", fmt.Sprintf("%q is neither yes nor no", r.Get(column)))
		}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

// number reads a cell that check has seen.
func number(r csvload.Row, column string) int64 {
	n, _ := strconv.ParseInt(r.Get(column), 10, 64)
	return n
}

// day reads a date as days since 1970-01-01; 0: there is none.
func day(r csvload.Row, column string) int64 {
	t, err := time.Parse(time.DateOnly, r.Get(column))
	if err != nil {
		return 0 // empty: check has seen it
	}
	return t.Unix() / 86_400
}

// amount reads a cell that check has seen; nil: it is empty.
func amount(r csvload.Row, column string) *int64 {
	if r.Get(column) == "" {
		return nil
	}
	n := number(r, column)
	return &n
}

// moment reads a time as microseconds since 1970; 0: there is none.
func moment(r csvload.Row, column string) int64 {
	t, err := time.Parse(time.RFC3339, r.Get(column))
	if err != nil {
		return 0 // empty: check has seen it
	}
	return t.UnixMicro()
}

func degrees(r csvload.Row, column string) *float64 {
	if r.Get(column) == "" {
		return nil
	}
	f, _ := strconv.ParseFloat(r.Get(column), 64)
	return &f
}

func yes(r csvload.Row, column string) bool {
	switch strings.ToLower(r.Get(column)) {
	case "yes", "true", "1", "y":
		return true
	}
	return false
}
