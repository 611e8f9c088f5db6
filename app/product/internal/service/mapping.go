package service

import (
	commonv1 "github.com/onepool/onepool/api/common/v1"
	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/product/internal/biz"
)

func toRows(in []*productv1.ImportProductRow) []biz.Row {
	rows := make([]biz.Row, len(in))
	for i, r := range in {
		rows[i] = biz.Row{
			Line: r.GetLine(), SKU: r.GetSku(), SPU: r.GetSpu(), Barcode: r.GetBarcode(), TitleZH: r.GetTitleZh(), TitleEN: r.GetTitleEn(),
			Category: r.GetCategory(), ListPriceMinor: r.GetListPriceMinor(), Currency: r.GetCurrency(), WeightG: r.GetWeightG(),
			TaxClass: r.GetTaxClass(), Returnable: r.GetReturnable(), Brand: r.GetBrand(),
		}
	}
	return rows
}

func toAPI(s biz.SKU) *productv1.Sku {
	st := s.State()
	return &productv1.Sku{
		Code: st.Code, Spu: st.SPU, Barcode: st.Barcode, Title: st.Title, Category: st.Category, Brand: st.Brand,
		ListPrice: &commonv1.Money{AmountMinor: st.PriceMinor, Currency: st.Currency},
		WeightG:   st.WeightG, TaxClass: st.TaxClass, Returnable: st.Returnable, Active: st.Active, UpdatedAtUs: st.UpdatedUS,
	}
}

func toAPIs(skus []biz.SKU) []*productv1.Sku {
	out := make([]*productv1.Sku, len(skus))
	for i, s := range skus {
		out[i] = toAPI(s)
	}
	return out
}
