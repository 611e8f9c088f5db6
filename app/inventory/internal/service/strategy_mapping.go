package service

import (
	"fmt"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// keyed names a version of a ruleset.
type keyed interface {
	GetKind() inventoryv1.RulesetKind
	GetName() string
	GetVersion() int64
}

func keyOf(in keyed) biz.RulesetKey {
	return biz.RulesetKey{Kind: biz.RulesetKind(in.GetKind()), Name: in.GetName(), Version: in.GetVersion()}
}

func subjectOf(k biz.RulesetKey) string { return fmt.Sprintf("%s %s v%d", k.Kind, k.Name, k.Version) }

func toRuleset(r biz.Ruleset) *inventoryv1.Ruleset {
	return &inventoryv1.Ruleset{Kind: inventoryv1.RulesetKind(r.Kind), Name: r.Name, Version: r.Version, State: inventoryv1.RulesetState(r.State), Body: string(r.Body),
		Revision: r.Revision, CreatedBy: r.CreatedBy, ActivatedBy: r.ActivatedBy, CreatedUs: r.CreatedUS, UpdatedUs: r.UpdatedUS}
}

func fromProfile(in *inventoryv1.LocationProfile) biz.ProfileBody {
	body := biz.ProfileBody{TimeZone: in.GetTimeZone(), CutOff: in.GetCutOff(), DailyOrders: in.GetDailyOrders(), DailyLines: in.GetDailyLines(), Groups: in.GetGroups(),
		Region: in.GetRegion(), FreightZone: in.GetFreightZone(), Delivery: fromArea(in.GetDelivery()), Territory: fromArea(in.GetTerritory())}
	for _, w := range in.GetWeekly() {
		hours := biz.WeeklyHours{Open: w.GetOpen(), Close: w.GetClose()}
		for _, d := range w.GetDays() {
			hours.Days = append(hours.Days, int(d))
		}
		body.Weekly = append(body.Weekly, hours)
	}
	for _, e := range in.GetExceptions() {
		day := biz.DayHours{Date: e.GetDate()}
		for _, h := range e.GetHours() {
			day.Hours = append(day.Hours, biz.Hours{Open: h.GetOpen(), Close: h.GetClose()})
		}
		body.Exceptions = append(body.Exceptions, day)
	}
	return body
}

func fromArea(in *inventoryv1.Area) *biz.AreaBody {
	if in == nil {
		return nil
	}
	a := &biz.AreaBody{RadiusM: in.GetRadiusM(), Regions: in.GetRegions()}
	for _, p := range in.GetPolygon() {
		a.Polygon = append(a.Polygon, [2]float64{p.GetLat(), p.GetLng()})
	}
	return a
}

func toProfile(l biz.Location) *inventoryv1.LocationProfile {
	b := l.Profile.Body()
	out := &inventoryv1.LocationProfile{Location: l.Code, Version: l.ProfileVersion, TimeZone: b.TimeZone, CutOff: b.CutOff, DailyOrders: b.DailyOrders, DailyLines: b.DailyLines,
		Groups: b.Groups, Region: b.Region, FreightZone: b.FreightZone, Delivery: toArea(b.Delivery), Territory: toArea(b.Territory)}
	for _, w := range b.Weekly {
		hours := &inventoryv1.WeeklyHours{Open: w.Open, Close: w.Close}
		for _, d := range w.Days {
			hours.Days = append(hours.Days, int32(d))
		}
		out.Weekly = append(out.Weekly, hours)
	}
	for _, e := range b.Exceptions {
		day := &inventoryv1.DayHours{Date: e.Date}
		for _, h := range e.Hours {
			day.Hours = append(day.Hours, &inventoryv1.Hours{Open: h.Open, Close: h.Close})
		}
		out.Exceptions = append(out.Exceptions, day)
	}
	return out
}

func toArea(a *biz.AreaBody) *inventoryv1.Area {
	if a == nil {
		return nil
	}
	out := &inventoryv1.Area{RadiusM: a.RadiusM, Regions: a.Regions}
	for _, p := range a.Polygon {
		out.Polygon = append(out.Polygon, &commonv1.GeoPoint{Lat: p[0], Lng: p[1]})
	}
	return out
}
