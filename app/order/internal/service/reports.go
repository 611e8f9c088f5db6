package service

import (
	"context"
	"strconv"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// ShippingReports serves the connectors of other platforms.
type ShippingReports struct {
	orderv1.UnimplementedShippingReportsServer
	order *Order
}

// NewShippingReports shares the order center's work.
func NewShippingReports(order *Order) *ShippingReports { return &ShippingReports{order: order} }

// connector says for which channel and seller the caller works: an account for its own, headquarters for any.
func connector(ctx context.Context, channel string) (string, string, error) {
	p, err := tenancy.FromContext(ctx)
	switch {
	case err != nil:
		return "", "", err
	case p.Kind == tenancy.Channel && p.Channel != "" && (channel == "" || channel == p.Channel):
		return p.Channel, p.Org, nil
	case p.Kind == tenancy.HQ && isStaff(p) && p.Store == "":
		if channel == "" {
			return "", "", biz.Invalid("channel", "is needed: you work for all of them")
		}
		return channel, "", nil
	}
	return "", "", biz.Forbidden("account of the channel")
}

// ListShippingReports pages through what a channel has not acknowledged, the oldest first.
func (s *ShippingReports) ListShippingReports(ctx context.Context, in *orderv1.ListShippingReportsRequest) (*orderv1.ListShippingReportsResponse, error) {
	channel, org, err := connector(ctx, in.GetChannel())
	if err != nil {
		return nil, err
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	query := page.Query("shipping reports", p.Caller(), channel, org)
	after, err := s.order.after(in.GetPageToken(), query)
	if err != nil {
		return nil, err
	}
	size := page.Size(in.GetPageSize())
	found, err := s.order.Orders.OpenReports(ctx, channel, org, after, size+1)
	if err != nil {
		return nil, err
	}
	out := &orderv1.ListShippingReportsResponse{}
	if len(found) > size {
		found = found[:size]
		last := found[size-1]
		out.NextPageToken = page.Encode(s.order.settings.PageSecret, query, strconv.FormatInt(last.AtUS, 10), last.ID)
	}
	for _, r := range found {
		out.Reports = append(out.Reports, toReport(r))
	}
	return out, nil
}

// AcknowledgeShippingReports notes that the platform knows.
func (s *ShippingReports) AcknowledgeShippingReports(ctx context.Context, in *orderv1.AcknowledgeShippingReportsRequest) (*orderv1.AcknowledgeShippingReportsResponse, error) {
	var channel, org string
	return decide(ctx, s.order, orderv1.ShippingReports_AcknowledgeShippingReports_FullMethodName, in,
		func(ctx context.Context) (err error) {
			channel, org, err = connector(ctx, in.GetChannel())
			return err
		},
		func(ctx context.Context) (*orderv1.AcknowledgeShippingReportsResponse, error) {
			now, err := s.order.DB.Now(ctx)
			if err != nil {
				return nil, err
			}
			return &orderv1.AcknowledgeShippingReportsResponse{}, s.order.Orders.Acknowledge(ctx, channel, org, actor(ctx), in.GetReportIds(), now)
		})
}

func toReport(r biz.ShippingReport) *orderv1.ShippingReport {
	out := &orderv1.ShippingReport{
		Id: r.ID, OrderId: r.OrderID, Channel: r.Channel, ExternalNo: r.ExternalNo, FulfilmentId: r.FulfilmentID, ParcelId: r.ParcelID,
		Carrier: r.Carrier, TrackingNo: r.TrackingNo, AtUs: r.AtUS,
	}
	for _, l := range r.Lines {
		out.Lines = append(out.Lines, &orderv1.ReportedLine{LineNo: int32(l.No), Sku: l.SKU, Quantity: l.Quantity})
	}
	return out
}
