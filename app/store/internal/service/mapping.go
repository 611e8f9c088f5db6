package service

import (
	commonv1 "github.com/onepool/onepool/api/common/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/store/internal/biz"
)

func each[A, B any](in []A, to func(A) B) []B {
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = to(v)
	}
	return out
}

func toOrganisationRows(in []*storev1.ImportOrganisationRow) []biz.OrganisationRow {
	return each(in, func(r *storev1.ImportOrganisationRow) biz.OrganisationRow {
		return biz.OrganisationRow{Line: r.GetLine(), Code: r.GetCode(), Name: r.GetName(), Kind: r.GetKind(), ParentCode: r.GetParentCode(),
			SettlementRateBP: r.GetSettlementRateBp(), FulfilmentFee: r.GetFulfilmentFeeMinor(), ShareStock: r.GetShareStock(), Taxpayer: r.GetTaxpayer()}
	})
}

func toStoreRows(in []*storev1.ImportStoreRow) []biz.StoreRow {
	return each(in, func(r *storev1.ImportStoreRow) biz.StoreRow {
		return biz.StoreRow{Line: r.GetLine(), Code: r.GetCode(), Name: r.GetName(), Ownership: r.GetOwnership(), OrgCode: r.GetOrgCode(),
			Address: r.GetAddress(), City: r.GetCity(), Province: r.GetProvince(), Country: r.GetCountry(), Postcode: r.GetPostcode(),
			Timezone: r.GetTimezone(), Lat: r.Lat, Lng: r.Lng, Opens: r.GetOpens(), Closes: r.GetCloses(), Capabilities: r.GetCapabilities(), Region: r.GetRegion()}
	})
}

func toStaffRows(in []*storev1.ImportStaffRow) []biz.StaffRow {
	return each(in, func(r *storev1.ImportStaffRow) biz.StaffRow {
		return biz.StaffRow{Line: r.GetLine(), Code: r.GetCode(), Name: r.GetName(), StoreCode: r.GetStoreCode(), Role: r.GetRole(), Login: r.GetLogin()}
	})
}

func toKind(k biz.Kind) storev1.OrganisationKind {
	switch k {
	case biz.Headquarters:
		return storev1.OrganisationKind_HEADQUARTERS
	case biz.Dealer:
		return storev1.OrganisationKind_DEALER
	case biz.Franchisee:
		return storev1.OrganisationKind_FRANCHISEE
	}
	return storev1.OrganisationKind_ORGANISATION_KIND_UNSPECIFIED
}

func toOwnership(o biz.Ownership) storev1.Ownership {
	switch o {
	case biz.Direct:
		return storev1.Ownership_DIRECT
	case biz.Franchise:
		return storev1.Ownership_FRANCHISE
	case biz.Warehouse:
		return storev1.Ownership_WAREHOUSE
	}
	return storev1.Ownership_OWNERSHIP_UNSPECIFIED
}

func toOrganisation(o biz.Organisation) *storev1.Organisation {
	return &storev1.Organisation{Code: o.Code, Name: o.Name, Kind: toKind(o.Kind), ParentCode: o.Parent,
		SettlementRateBp: o.SettlementRateBP, FulfilmentFeeMinor: o.FulfilmentFee, ShareStock: o.ShareStock, Taxpayer: o.Taxpayer}
}

func toStore(s biz.Store) *storev1.StoreInfo {
	return &storev1.StoreInfo{
		Code: s.Code, Name: s.Name, Ownership: toOwnership(s.Ownership), OrgCode: s.Org, Address: s.Address, City: s.City,
		Province: s.Province, Country: s.Country, Postcode: s.Postcode, Timezone: s.Timezone,
		Point: &commonv1.GeoPoint{Lat: s.Point.Lat, Lng: s.Point.Lng}, Opens: s.Opens, Closes: s.Closes,
		Capabilities: s.Capabilities, Active: s.Active, Region: s.Region,
	}
}

func toStaff(s biz.Staff) *storev1.Staff {
	return &storev1.Staff{Code: s.Code, Name: s.Name, StoreCode: s.Store, OrgCode: s.Org, Role: s.Role, Login: s.Login, Active: s.Active}
}

func toStanding(p biz.StorePlace) *storev1.StoreStanding {
	return &storev1.StoreStanding{StoreCode: p.Store.Code, Name: p.Store.Name, OrgCode: p.Organisation.Code,
		OrgKind: toKind(p.Organisation.Kind), DealerOrg: p.Dealer, Timezone: p.Store.Timezone, Region: p.Store.Region}
}
