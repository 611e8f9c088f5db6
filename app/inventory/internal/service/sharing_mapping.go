package service

import (
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

func fromSharingTerms(in *inventoryv1.SharingTerms) biz.SharingRow {
	r := biz.SharingRow{Mode: biz.SharingMode(in.GetMode()), Value: in.GetValue(), FromUS: in.GetFromUs(), UntilUS: in.GetUntilUs()}
	r.Channel = in.GetChannel()
	switch place := in.GetPlace().(type) {
	case *inventoryv1.SharingTerms_StoreType:
		r.PlaceKind, r.Place = biz.OfStoreType, place.StoreType.String()
	case *inventoryv1.SharingTerms_Region:
		r.PlaceKind, r.Place = biz.InRegion, place.Region
	case *inventoryv1.SharingTerms_Location:
		r.PlaceKind, r.Place = biz.AtLocation, place.Location
	}
	switch product := in.GetProduct().(type) {
	case *inventoryv1.SharingTerms_Category:
		r.ProductKind, r.Product = biz.OfCategory, product.Category
	case *inventoryv1.SharingTerms_Sku:
		r.ProductKind, r.Product = biz.OfSKU, product.Sku
	}
	return r
}

func toSharingTerms(r biz.SharingRow) *inventoryv1.SharingTerms {
	out := &inventoryv1.SharingTerms{Channel: r.Channel, Mode: inventoryv1.SharingMode(r.Mode), Value: r.Value, FromUs: r.FromUS, UntilUs: r.UntilUS}
	switch r.PlaceKind {
	case biz.OfStoreType:
		out.Place = &inventoryv1.SharingTerms_StoreType{StoreType: inventoryv1.LocationKind(inventoryv1.LocationKind_value[r.Place])}
	case biz.InRegion:
		out.Place = &inventoryv1.SharingTerms_Region{Region: r.Place}
	case biz.AtLocation:
		out.Place = &inventoryv1.SharingTerms_Location{Location: r.Place}
	}
	switch r.ProductKind {
	case biz.OfCategory:
		out.Product = &inventoryv1.SharingTerms_Category{Category: r.Product}
	case biz.OfSKU:
		out.Product = &inventoryv1.SharingTerms_Sku{Sku: r.Product}
	}
	return out
}

func toSharingPolicy(r biz.SharingRow) *inventoryv1.SharingPolicy {
	return &inventoryv1.SharingPolicy{Id: r.ID, Terms: toSharingTerms(r), CreatedBy: r.CreatedBy, CreatedAtUs: r.CreatedAtUS, EndedAtUs: r.EndedUS}
}

func toShareExplained(e biz.ShareExplained) *inventoryv1.ExplainSharingResponse {
	out := &inventoryv1.ExplainSharingResponse{Location: e.Location.Code, OnHand: e.OnHand, Reserved: e.Reserved, Online: e.Online,
		KeptForOthers: e.KeptForOthers, QuotaUsed: e.QuotaUsed, Promise: e.Promise, AtTheTill: e.AtTheTill, Text: e.Text}
	if e.Policy != nil {
		out.Policy = toSharingPolicy(e.Policy.Row())
	}
	return out
}

func toSharingDifference(d biz.SharingDifference) *inventoryv1.SharingDifference {
	return &inventoryv1.SharingDifference{Location: d.Location, Sku: d.SKU, Channel: d.Channel, Before: d.Before, After: d.After}
}
