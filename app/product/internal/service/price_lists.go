package service

import (
	"context"
	"net/http"
	"strconv"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/batch/wire"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/product/internal/biz"
	"github.com/onepool/onepool/app/product/internal/data"
)

// PriceLists is the service of what SKUs cost where.
type PriceLists struct {
	productv1.UnimplementedPriceListsServer
	db    *database.DB
	lists *data.PriceLists
	pages []byte
}

// NewPriceLists makes the service; pages is the key of page tokens.
func NewPriceLists(db *database.DB, lists *data.PriceLists, pages []byte) *PriceLists {
	return &PriceLists{db: db, lists: lists, pages: pages}
}

// editor is who keeps the lists.
func editor(ctx context.Context) (tenancy.Principal, error) {
	if err := requireEditor(ctx); err != nil {
		return tenancy.Principal{}, err
	}
	return tenancy.FromContext(ctx)
}

// ImportPriceLists keeps the good rows of a batch.
func (s *PriceLists) ImportPriceLists(ctx context.Context, req *productv1.ImportPriceListsRequest) (*commonv1.ImportResult, error) {
	p, err := editor(ctx)
	if err != nil {
		return nil, err
	}
	rows := toListRows(req.GetRows())
	return s.importing(ctx, productv1.PriceLists_ImportPriceLists_FullMethodName, req, func(ctx context.Context, nowUS int64) (*commonv1.ImportResult, error) {
		known, err := s.lists.KnownLists(ctx, rows)
		if err != nil {
			return nil, err
		}
		plan := biz.ImportLists(known, rows, p.Actor(), nowUS)
		return wire.ImportResult(plan.Result), s.lists.ApplyLists(ctx, plan)
	})
}

// ImportPrices keeps the good rows of a batch.
func (s *PriceLists) ImportPrices(ctx context.Context, req *productv1.ImportPricesRequest) (*commonv1.ImportResult, error) {
	p, err := editor(ctx)
	if err != nil {
		return nil, err
	}
	rows := toPriceRows(req.GetRows())
	return s.importing(ctx, productv1.PriceLists_ImportPrices_FullMethodName, req, func(ctx context.Context, nowUS int64) (*commonv1.ImportResult, error) {
		known, err := s.lists.KnownPrices(ctx, rows)
		if err != nil {
			return nil, err
		}
		plan := biz.ImportPrices(known, rows, p.Actor(), nowUS)
		return wire.ImportResult(plan.Result), s.lists.ApplyPrices(ctx, plan)
	})
}

// importing runs an import as one command.
func (s *PriceLists) importing(ctx context.Context, method string, req command.Request, decide func(ctx context.Context, nowUS int64) (*commonv1.ImportResult, error)) (*commonv1.ImportResult, error) {
	return command.Local[struct{}, *commonv1.ImportResult]{
		Method: method, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (result *commonv1.ImportResult, err error) {
			err = s.db.Contend(ctx, func(ctx context.Context) error {
				now, err := s.db.Now(ctx)
				if err != nil {
					return err
				}
				result, err = decide(ctx, now)
				return err
			})
			return result, err
		},
	}.Run(ctx, s.db)
}

// ListPriceLists pages through the lists by code.
func (s *PriceLists) ListPriceLists(ctx context.Context, req *productv1.ListPriceListsRequest) (*productv1.ListPriceListsResponse, error) {
	if err := authn.Require(ctx, "hq"); err != nil {
		return nil, err
	}
	query := page.Query(productv1.PriceLists_ListPriceLists_FullMethodName)
	after, err := page.Decode(s.pages, req.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	last, size := "", page.Size(req.GetPageSize())
	if len(after) == 1 {
		last = after[0]
	}
	lists, err := s.lists.List(ctx, last, size+1)
	if err != nil {
		return nil, err
	}
	out := &productv1.ListPriceListsResponse{}
	if len(lists) > size {
		lists = lists[:size]
		out.NextPageToken = page.Encode(s.pages, query, lists[size-1].Code)
	}
	for _, l := range lists {
		out.Lists = append(out.Lists, toPriceList(l))
	}
	return out, nil
}

// ListPrices pages through what was ever put into a list.
func (s *PriceLists) ListPrices(ctx context.Context, req *productv1.ListPricesRequest) (*productv1.ListPricesResponse, error) {
	if err := authn.Require(ctx, "hq"); err != nil {
		return nil, err
	}
	list, known, err := s.lists.Get(ctx, req.GetList())
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, fault.New(http.StatusNotFound, productv1.ProductErrorReason_PRICE_LIST_UNKNOWN.String(), "there is no such price list: check its code", "list", req.GetList())
	}
	query := page.Query(productv1.PriceLists_ListPrices_FullMethodName, req.GetList(), req.GetSku())
	after, err := entryAfter(s.pages, req.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(req.GetPageSize())
	entries, err := s.lists.Prices(ctx, req.GetList(), req.GetSku(), after, size+1)
	if err != nil {
		return nil, err
	}
	out := &productv1.ListPricesResponse{}
	if len(entries) > size {
		entries = entries[:size]
		last := entries[size-1]
		out.NextPageToken = page.Encode(s.pages, query, last.SKU, strconv.FormatInt(last.FromUS, 10), strconv.FormatInt(last.Version, 10))
	}
	for _, e := range entries {
		out.Prices = append(out.Prices, toPriceEntry(e, list.Currency))
	}
	return out, nil
}

// entryAfter reads the token of a list of prices.
func entryAfter(secret []byte, token, query string) (*biz.PriceEntry, error) {
	keys, err := page.Decode(secret, token, query)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	if len(keys) != 3 {
		return nil, fault.PageTokenInvalid()
	}
	from, err := strconv.ParseInt(keys[1], 10, 64)
	if err != nil {
		return nil, fault.PageTokenInvalid()
	}
	version, err := strconv.ParseInt(keys[2], 10, 64)
	if err != nil {
		return nil, fault.PageTokenInvalid()
	}
	return &biz.PriceEntry{SKU: keys[0], FromUS: from, Version: version}, nil
}

// GetPrices answers what SKUs cost in one sale. What a store asks is for those who sell there to know: other centers and
// frontends ask for them.
func (s *PriceLists) GetPrices(ctx context.Context, req *productv1.GetPricesRequest) (*productv1.GetPricesResponse, error) {
	if authn.RequireService(ctx) != nil {
		if err := authn.Require(ctx, "hq"); err != nil {
			return nil, err
		}
	}
	ask := biz.PriceAsk{Channel: req.GetChannel(), Store: req.GetStoreCode(), Region: req.GetRegion(), Tier: req.GetTier(), Currency: req.GetCurrency(), AtUS: req.GetAtUs()}
	if ask.AtUS == 0 {
		now, err := s.db.Now(ctx)
		if err != nil {
			return nil, err
		}
		ask.AtUS = now
	}
	priced, err := s.lists.Price(ctx, req.GetCodes(), ask)
	if err != nil {
		return nil, err
	}
	out := &productv1.GetPricesResponse{}
	if req.GetWantUntil() {
		if out.UntilUs, err = s.lists.Until(ctx, req.GetCodes(), ask); err != nil {
			return nil, err
		}
	}
	for _, p := range priced {
		out.Skus = append(out.Skus, toPriced(p))
	}
	return out, nil
}

func toListRows(in []*productv1.ImportPriceListRow) []biz.ListRow {
	rows := make([]biz.ListRow, len(in))
	for i, r := range in {
		rows[i] = biz.ListRow{Line: r.GetLine(), Code: r.GetCode(), Name: r.GetName(), Channel: r.GetChannel(), Store: r.GetStoreCode(), Region: r.GetRegion(),
			Tier: r.GetTier(), Currency: r.GetCurrency(), FromUS: r.GetFromUs(), UntilUS: r.GetUntilUs()}
	}
	return rows
}

func toPriceRows(in []*productv1.ImportPriceRow) []biz.PriceRow {
	rows := make([]biz.PriceRow, len(in))
	for i, r := range in {
		rows[i] = biz.PriceRow{Line: r.GetLine(), List: r.GetList(), SKU: r.GetSku(), PriceMinor: r.PriceMinor, FromUS: r.GetFromUs(), Withdrawn: r.GetWithdrawn()}
	}
	return rows
}

func toPriceList(l biz.PriceList) *productv1.PriceList {
	return &productv1.PriceList{Code: l.Code, Name: l.Name, Channel: l.Channel, StoreCode: l.Store, Region: l.Region, Tier: l.Tier, Currency: l.Currency,
		FromUs: l.FromUS, UntilUs: l.UntilUS, Version: l.Version, ChangedBy: l.ChangedBy, ChangedAtUs: l.ChangedUS}
}

func toPriceEntry(e biz.PriceEntry, currency string) *productv1.PriceEntry {
	return &productv1.PriceEntry{Sku: e.SKU, Price: &commonv1.Money{AmountMinor: e.PriceMinor, Currency: currency}, FromUs: e.FromUS, Version: e.Version,
		Withdrawn: e.Withdrawn, ChangedBy: e.ChangedBy, ChangedAtUs: e.ChangedUS}
}

func toPriced(p biz.Priced) *productv1.PricedSku {
	out := &productv1.PricedSku{Sku: toAPI(p.SKU), Price: &commonv1.Money{AmountMinor: p.Price.Minor, Currency: p.Price.Currency}, List: p.Price.List, TierList: p.Tier.List}
	if p.Tier.List != "" {
		out.TierPrice = &commonv1.Money{AmountMinor: p.Tier.Minor, Currency: p.Tier.Currency}
	}
	return out
}
