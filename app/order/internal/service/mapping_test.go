package service

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	orderv1 "github.com/onepool/onepool/api/order/v1"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/pricing"
)

// fill gives every field of a value something that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("en"), reflect.ValueOf("tea"))
	case reflect.String:
		v.SetString("x")
	case reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// full requires that every field of a message is there, below it too, except those named.
func full(t *testing.T, m protoreflect.Message, except ...protoreflect.Name) {
	t.Helper()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		skip := false
		for _, name := range except {
			skip = skip || f.Name() == name
		}
		if skip {
			continue
		}
		require.True(t, m.Has(f), "%s is not filled", f.FullName())
		switch {
		case f.IsMap():
		case f.IsList() && f.Message() != nil:
			full(t, m.Get(f).List().Get(0).Message(), except...)
		case f.Message() != nil:
			full(t, m.Get(f).Message(), except...)
		}
	}
}

// A field that is added to an answer and forgotten in its mapping is seen here.
func TestMappingForgetsNoField(t *testing.T) {
	var r biz.Record
	fill(reflect.ValueOf(&r).Elem())
	r.Review = biz.ReviewHeld
	r.State, r.Kind, r.Way, r.ShopStore, r.SourceNo = biz.OrderPaid, biz.KindTill, biz.WayParcel, "S1", "S1/R1"
	r.Fulfilments[0].State, r.Returns[0].State, r.Payments[0].State = biz.FulfilmentShipped, biz.ReturnReceived, biz.PaymentPending
	r.Deposit.ForfeitBP = 10_000
	r.Goodwills[0].State, r.Goodwills[0].Way = biz.GoodwillPaid, biz.GoodwillCash
	r.Returns[0].Lines[0].Quantity = 35 // 14 sellable, 7 damaged, 14 missing
	r.Returns[0].Lines[0].Missing = 14
	r.Lines[0].Quantity, r.Lines[0].ReturnedQuantity, r.Lines[0].PayableMinor = 14, 7, 14
	r.Fulfilments[0].Parcels[0].State, r.Fulfilments[0].Way = biz.ParcelFailed, biz.WayParcel
	event := biz.HistoryEvent{Version: 1, Subject: biz.SubjectOrder, SubjectID: "o", Event: "pay", From: "A", To: "B", Actor: "me", Note: "n", AtUS: 1}
	info := toOrderInfo(r, []biz.HistoryEvent{event})
	// Tenders are two: points have no reference; a fulfilment of an order shows no receiver.
	for _, f := range info.Fulfilments {
		full(t, f.ProtoReflect(), "receiver", "pickup")
	}
	full(t, toParcel(r.Header, r.Fulfilments[0]).ProtoReflect(), "pickup")
	require.Equal(t, "x", info.Tenders[1].Reference)
	info.Fulfilments, info.Tenders = []*orderv1.Fulfilment{toParcel(r.Header, r.Fulfilments[0])}, info.Tenders[1:]
	full(t, info.ProtoReflect(), "bearers", "left_to_pay", "pickup", "receipts", "seller_tax") // are told to some, and at times
	r.Lines[0].Discounts[0].Bearers[0].Role = pricing.Supplier
	full(t, toDiscounts(r.Lines[0].Discounts, true)[0].ProtoReflect())
	full(t, toReceipts(biz.Receipts{AmountMinor: 9, SubsidyMinor: 3, BackMinor: 4, Bearers: []biz.BearerPart{{Party: pricing.Party{Role: pricing.Platform, Code: "x"}, AmountMinor: 3, BackMinor: 1}}}, "CNY").ProtoReflect())
	profile := biz.TaxProfile{}
	fill(reflect.ValueOf(&profile).Elem())
	profile.InvoiceWhen = biz.WhenReceived
	full(t, toTaxProfile(profile).ProtoReflect())
	full(t, toSellerTax(profile).ProtoReflect())
	r.Invoices[0].State = biz.InvoicePartRed
	full(t, NewInvoices(nil).full(r, r.Invoices[0]).ProtoReflect())
	require.Nil(t, toInvoice(r, r.Invoices[0]).Buyer, "told to some")
	told := biz.TradeReceipts{}
	fill(reflect.ValueOf(&told).Elem())
	told.Bearers[0].Role = pricing.Platform
	full(t, toEventReceipts(&told).ProtoReflect())
	payment := toPayment("o", "CNY", r.Payments[0])
	full(t, payment.ProtoReflect(), "provider_params") // the provider's own

	back := fromReceiver(toReceiver(r.Receiver))
	require.Equal(t, r.Receiver, back)
	require.Nil(t, toOrderInfo(r, nil).Receiver)
}

func TestAReturnSaysWhereTheGoodsAre(t *testing.T) {
	part := func(location, line string) biz.Fulfilment {
		return biz.Fulfilment{Location: location, Lines: []biz.FulfilmentLine{{ID: line}}}
	}
	r := biz.Record{Fulfilments: []biz.Fulfilment{part("S1", "f1"), part("S2", "f2"), part("S1", "f3")}}
	ret := func(location string, received int64, lines ...string) biz.Return {
		out := biz.Return{Location: location, ReceivedAtUS: received}
		for _, l := range lines {
			out.Lines = append(out.Lines, biz.ReturnLine{FulfilmentLineID: l})
		}
		return out
	}
	require.Empty(t, backAt(r, ret("", 0, "f1")), "not back yet")
	require.Equal(t, "S1", backAt(r, ret("", 1, "f1", "f3")))
	require.Empty(t, backAt(r, ret("", 1, "f1", "f2")), "to several")
	require.Equal(t, "S9", backAt(r, ret("S9", 1, "f1", "f2")))
}
