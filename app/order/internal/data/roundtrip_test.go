package data

import (
	"context"
	"io/fs"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/migrations"
)

// filled gives every field of a record a value of its own.
func filled(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			filled(v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		filled(v.Index(0), n)
		filled(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("en"), reflect.ValueOf("tea"))
	case reflect.String:
		v.SetString(string(rune('a'+*n%26)) + string(rune('a'+*n/26%26)))
	case reflect.Int64:
		v.SetInt(*n)
	case reflect.Float64:
		v.SetFloat(float64(*n) / 4)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// What is kept is what is read again, each field of it: one that is added to the domain and forgotten here is seen.
func TestARecordComesBackAsItWas(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		orders := NewOrders(db, receivers(t))
		var gift biz.Record
		gift.ID, gift.Org, gift.SourceNo, gift.Kind, gift.GiftOrder = "ord_gift", "hq", "gift", biz.KindGift, &biz.GiftOrder{}
		n := int64(0)
		filled(reflect.ValueOf(gift.GiftOrder).Elem(), &n)
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return orders.Create(ctx, biz.Restore(gift, biz.Terms{}, 1, "test")) }))
		kept, err := orders.Load(t.Context(), gift.ID)
		require.NoError(t, err)
		require.Equal(t, gift.GiftOrder, kept.GiftOrder)
		changed := kept
		changed.GiftOrder = &biz.GiftOrder{Message: kept.GiftOrder.Message, OpenUS: kept.GiftOrder.OpenUS, UntilUS: 1, KeyHash: "k", TakenAtUS: 2, TakenBy: "m", DueUS: 3}
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			return orders.save(AsService(ctx), kept, biz.Restore(changed, biz.Terms{}, 1, "test"))
		}))
		kept, err = orders.Load(t.Context(), gift.ID)
		require.NoError(t, err)
		require.Equal(t, changed.GiftOrder, kept.GiftOrder)

		var r biz.Record
		filled(reflect.ValueOf(&r).Elem(), &n)
		r.Currency, r.Kind, r.GiftOrder = "CNY", biz.KindPresale, nil // whose deposit is looked up
		for i := range r.Captures {
			r.Captures[i].Currency = "CNY"
		}
		for i := range r.Lines {
			r.Lines[i].No = int64(i)
		}
		o := biz.Restore(r, biz.Terms{}, 1, "test")
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error { return orders.Create(ctx, o) }))
		got, err := orders.Load(t.Context(), r.ID)
		require.NoError(t, err)
		require.Equal(t, r, got)

		// And what a method may change is kept too.
		before := got
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			changed := biz.Restore(before, biz.Terms{}, 1, "test")
			after := changed.Record()
			mutate(&after)
			return orders.save(AsService(ctx), before, biz.Restore(after, biz.Terms{}, 1, "test"))
		}))
		want := before
		want = biz.Restore(want, biz.Terms{}, 1, "test").Record()
		mutate(&want)
		got, err = orders.Load(t.Context(), r.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)

		// An order that has another version by now is not ours to save.
		require.ErrorIs(t, db.InTx(t.Context(), func(ctx context.Context) error {
			stale := got
			stale.Version--
			return orders.save(AsService(ctx), stale, biz.Restore(got, biz.Terms{}, 1, "test"))
		}), errLost)
	})
}

// mutate changes everything that methods of an order change.
func mutate(r *biz.Record) {
	r.State, r.CapturedMinor, r.RefundedMinor, r.PaidAtUS, r.UpdatedAtUS, r.Unallocated = "S", 901, 902, 903, 904, false
	r.AllocateAttempt, r.AllocateAtUS = 905, 906
	r.Lines[1].ReturnedQuantity, r.Lines[1].RefundedMinor, r.Lines[1].PointsBack = 907, 908, 909
	f := &r.Fulfilments[1]
	f.State, f.Carrier, f.TrackingNo, f.Merged = "F", "C", "T", "M"
	f.AssignedAtUS, f.AcceptedAtUS, f.ShippedAtUS, f.ReceivedAtUS, f.AutoReceiveAtUS, f.ReturnUntilUS, f.CloseAtUS, f.Version = 1, 2, 3, 4, 5, 6, 7, 8
	f.Lines[1].ReturnedQuantity = 910
	r.Payments[1].State = "P"
	r.Captures[1].RefundedMinor = 911
	refund := &r.Refunds[1]
	refund.State, refund.Reference, refund.Attempts, refund.NextAtUS, refund.DoneAtUS = "R", "ref", 912, 913, 914
	ret := &r.Returns[1]
	ret.State, ret.Location, ret.RefundMinor, ret.PointsBack, ret.ApprovedAtUS, ret.ReceivedAtUS, ret.DoneAtUS = "Q", "L", 915, 916, 917, 918, 919
	ret.Lines[1].RefundMinor, ret.Lines[1].PointsBack = 920, 921
	ret.Refusal, ret.Carrier, ret.TrackingNo, ret.SentAtUS = "no", "SF", "9", 922
	ret.ExchangeOrder, r.CreditMinor = "X", 932
	ret.CashAt, ret.GiftMinor, r.GiftChargedMinor = "S9", 930, 931
	ret.RefundOnly, ret.FreightMinor, r.FreightRefundedMinor = false, 926, 927
	v := &r.Invoices[1]
	v.State, v.Buyer.Message, v.AmountMinor, v.TaxMinor, v.Lines, v.Round, v.AskedAtUS, v.AcceptedAtUS, v.Attempts = "I", "no", 933, 934, v.Lines[:1], 935, 936, 937, 938
	v.NextAtUS, v.Failure, v.OfficialNo, v.URL, v.IssuedAtUS = 939, "F", "20", "https://x", 940
	r.InvoiceCount = 941
	r.Deposit.PaidAtUS, r.Deposit.Payments, r.Deposit.ForfeitedMinor, r.Deposit.DueUS = 933, 934, 935, 936
	g := &r.Goodwills[1]
	g.State, g.ApprovedBy, g.Refusal, g.Reference, g.ApprovedAtUS, g.DoneAtUS = "G", "boss", "no", "T1", 928, 929
	r.Review = "V"
	rv := &r.Reviews[1]
	rv.State, rv.HeldAtUS, rv.DueAtUS, rv.EscalatedAtUS, rv.DoneAtUS, rv.DoneBy, rv.Answer = "V", 933, 934, 935, 936, "boss", "no"
	ret.Lines[1].Damaged, ret.Lines[1].Missing, ret.Lines[1].Forgiven = 923, 924, 925
}
