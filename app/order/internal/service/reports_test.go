package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func (s *shop) reports(by tenancy.Principal, channel string) []*orderv1.ShippingReport {
	s.t.Helper()
	var all []*orderv1.ShippingReport
	for token := ""; ; {
		got, err := NewShippingReports(s.Order).ListShippingReports(s.as(by), &orderv1.ListShippingReportsRequest{PageSize: 2, PageToken: token, Channel: channel})
		require.NoError(s.t, err)
		all = append(all, got.Reports...)
		if token = got.NextPageToken; token == "" {
			return all
		}
	}
}

func (s *shop) acknowledge(by tenancy.Principal, ids ...string) error {
	_, err := NewShippingReports(s.Order).AcknowledgeShippingReports(s.as(by), &orderv1.AcknowledgeShippingReportsRequest{RequestId: requestID(), ReportIds: ids})
	return err
}

func TestAPlatformIsToldOfWhatHasLeftUntilItSaysSo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, err := s.ImportChannelOrder(s.as(tmall), external("T1", "tea", 7, 100000)) // five from one store, two from the other
		require.NoError(t, err)
		o = s.get(o.Id)
		require.Len(t, o.Fulfilments, 2)
		for _, f := range o.Fulfilments {
			_, err := s.AcceptFulfilment(s.as(boss), &orderv1.AcceptFulfilmentRequest{RequestId: requestID(), FulfilmentId: f.Id})
			require.NoError(t, err)
		}
		require.Empty(t, s.reports(tmall, ""))
		_, err = s.shipPart(boss, o.Fulfilments[0], "P1", content(o.Fulfilments[0].Lines[0], 2))
		require.NoError(t, err)
		s.clock.Advance(time.Second)
		parts, err := s.shipPart(boss, o.Fulfilments[0], "P2", content(o.Fulfilments[0].Lines[0], 3))
		require.NoError(t, err)
		_, err = s.shipPart(boss, o.Fulfilments[0], "P1", content(o.Fulfilments[0].Lines[0], 2))
		require.NoError(t, err, "the carrier's message once more")
		s.clock.Advance(time.Second)
		_, err = s.shipOne(boss, o.Fulfilments[1].Id)
		require.NoError(t, err)

		told := s.reports(tmall, "")
		require.Len(t, told, 3)
		require.Equal(t, told, s.reports(tmall, "tmall"), "nobody has said that it is known")
		require.Equal(t, told, s.reports(boss, "tmall"))
		pieces := int64(0)
		for _, r := range told {
			require.Equal(t, []any{"T1", "tmall", o.Id, "SF"}, []any{r.ExternalNo, r.Channel, r.OrderId, r.Carrier})
			require.Equal(t, []any{int32(1), "tea"}, []any{r.Lines[0].LineNo, r.Lines[0].Sku})
			pieces += r.Lines[0].Quantity
		}
		require.Equal(t, int64(7), pieces)
		require.Equal(t, []string{"P1", "P2", "SF1"}, []string{told[0].TrackingNo, told[1].TrackingNo, told[2].TrackingNo})

		require.NoError(t, s.acknowledge(tmall, told[0].Id, told[2].Id))
		require.NoError(t, s.acknowledge(tmall, told[0].Id), "known, and known again")
		require.Equal(t, told[1:2], s.reports(tmall, ""))
		requireReason(t, "NOT_FOUND", s.acknowledge(tmall, told[1].Id, "rpt_none"))
		require.Len(t, s.reports(tmall, ""), 1, "all or none")

		// A parcel that goes out once more is told under its new number.
		p := parts.Parcels[1].Id
		_, err = s.parcels().FailParcel(s.as(boss), &orderv1.FailParcelRequest{RequestId: requestID(), ParcelId: p, Reason: "x"})
		require.NoError(t, err)
		_, err = s.parcels().ShipParcel(s.as(boss), &orderv1.ShipParcelRequest{RequestId: requestID(), ParcelId: p, Carrier: "YTO", TrackingNo: "P3"})
		require.NoError(t, err)
		told = s.reports(tmall, "")
		require.Len(t, told, 2)
		require.Equal(t, []any{"P3", p}, []any{told[1].TrackingNo, told[1].ParcelId})
		require.Empty(t, s.audit())
	})
}

func TestReportsAreTheChannelsAndItsSellersOwn(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *shop) {
		o, err := s.ImportChannelOrder(s.as(tmall), external("T1", "tea", 1, 19900))
		require.NoError(t, err)
		s.ship(s.get(o.Id))
		mall := s.paid(0)
		s.ship(mall)
		told := s.reports(tmall, "")
		require.Len(t, told, 1, "of what the mall sells nobody is told")

		jd := tenancy.Principal{Kind: tenancy.Channel, ID: "acc_2", Org: "hq", Channel: "jd"}.WithScope()
		shop := tenancy.Principal{Kind: tenancy.Channel, ID: "acc_3", Org: "fra", Channel: "tmall"}.WithScope()
		for _, p := range []tenancy.Principal{jd, shop} {
			require.Empty(t, s.reports(p, ""))
			requireReason(t, "NOT_FOUND", s.acknowledge(p, told[0].Id))
		}
		list := func(p tenancy.Principal, channel string) error {
			_, err := NewShippingReports(s.Order).ListShippingReports(s.as(p), &orderv1.ListShippingReportsRequest{Channel: channel})
			return err
		}
		requireReason(t, "FORBIDDEN", list(jd, "tmall"))
		requireReason(t, "VALIDATOR", list(boss, ""))
		for _, p := range []tenancy.Principal{keeper, other, ann, till} {
			requireReason(t, "FORBIDDEN", list(p, "tmall"))
			requireReason(t, "FORBIDDEN", s.acknowledge(p, told[0].Id))
		}
		require.Equal(t, told, s.reports(tmall, ""))
	})
}
