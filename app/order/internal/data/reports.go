package data

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/shippingreport"
)

// report leaves word for a platform, in the transaction that ships.
func (s *Orders) report(ctx context.Context, r biz.Record, e biz.ToldPlatform) error {
	out := r.Report(e)
	err := s.ent.ShippingReport.Create().SetID(ids.New("rpt")).SetOrg(r.Org).SetOrderID(out.OrderID).SetChannel(out.Channel).SetExternalNo(out.ExternalNo).
		SetFulfilmentID(out.FulfilmentID).SetParcelID(out.ParcelID).SetCarrier(out.Carrier).SetTrackingNo(out.TrackingNo).SetLines(out.Lines).
		SetAtUs(out.AtUS).Exec(ctx)
	if err != nil {
		return fmt.Errorf("shipping report of %s: %w", r.ID, err)
	}
	return nil
}

// after is the rest of a list that starts with the oldest.
func (a After) after(us, id string) func(*sql.Selector) {
	return func(q *sql.Selector) {
		if a.ID != "" {
			q.Where(sql.Or(sql.GT(q.C(us), a.US), sql.And(sql.EQ(q.C(us), a.US), sql.GT(q.C(id), a.ID))))
		}
	}
}

// OpenReports reads a page of what the caller may see and a channel has not acknowledged, the oldest first; no org: of all sellers.
func (s *Orders) OpenReports(ctx context.Context, channel, org string, after After, limit int) ([]biz.ShippingReport, error) {
	q := s.ent.ShippingReport.Query().Where(shippingreport.Channel(channel), shippingreport.AcknowledgedUs(0), after.after(shippingreport.FieldAtUs, shippingreport.FieldID))
	if org != "" {
		q = q.Where(shippingreport.Org(org))
	}
	rows, err := q.Order(ent.Asc(shippingreport.FieldAtUs), ent.Asc(shippingreport.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("shipping reports: %w", err)
	}
	out := make([]biz.ShippingReport, len(rows))
	for i, row := range rows {
		out[i] = biz.ShippingReport{
			ID: row.ID, OrderID: row.OrderID, Channel: row.Channel, ExternalNo: row.ExternalNo, FulfilmentID: row.FulfilmentID, ParcelID: row.ParcelID,
			Carrier: row.Carrier, TrackingNo: row.TrackingNo, Lines: row.Lines, AtUS: row.AtUs,
		}
	}
	return out, nil
}

// Acknowledge notes that a platform knows of reports; of those it had known of before nothing changes. A report that the caller
// may not see, or of another channel, is unknown: then nothing is noted.
func (s *Orders) Acknowledge(ctx context.Context, channel, org, by string, reports []string, nowUS int64) error {
	q := s.ent.ShippingReport.Query().Where(shippingreport.Channel(channel), shippingreport.IDIn(reports...))
	if org != "" {
		q = q.Where(shippingreport.Org(org))
	}
	known, err := q.IDs(ctx)
	if err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	seen := make(map[string]bool, len(known))
	for _, id := range known {
		seen[id] = true
	}
	for _, id := range reports {
		if !seen[id] {
			return biz.NotFound("report")
		}
	}
	_, err = s.ent.ShippingReport.Update().Where(shippingreport.IDIn(known...), shippingreport.AcknowledgedUs(0)).
		SetAcknowledgedUs(nowUS).SetAcknowledgedBy(by).Save(ctx)
	if err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}
