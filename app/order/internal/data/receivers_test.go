package data

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/persons"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/migrations"
)

func receivers(t testing.TB) *Receivers {
	s, err := NewReceivers([]byte("0123456789abcdef0123456789abcdef"), []byte("fedcba9876543210fedcba9876543210"), "86")
	require.NoError(t, err)
	return s
}

// created keeps an order as a placement does.
func created(t testing.TB, db *database.DB, s *Orders, r biz.Record) {
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		return s.Create(ctx, biz.Restore(r, biz.Terms{}, r.PlacedAtUS, "test"))
	}))
}

func anOrder(no int, r biz.Receiver) biz.Record {
	id := fmt.Sprintf("ord_%04d", no)
	return biz.Record{Header: biz.Header{ID: id, Org: "hq", Kind: biz.KindMall, Channel: "miniprogram", SourceNo: id, Currency: "CNY", Receiver: r, PlacedAtUS: int64(no)}}
}

// dump is everything that a table holds.
func dump(t *testing.T, db *database.DB, table string) string {
	rows, err := db.Conn(t.Context()).QueryContext(t.Context(), "SELECT * FROM "+table)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var all strings.Builder
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new([]byte)
		}
		require.NoError(t, rows.Scan(values...))
		for _, v := range values {
			all.Write(*v.(*[]byte))
			all.WriteByte('\n')
		}
	}
	require.NoError(t, rows.Err())
	return all.String()
}

var lin = biz.Receiver{Name: "Lin Daiyu", Phone: "+86 138-1234 5678", Address: "Hubin Road 1", Point: &biz.Point{Lat: 30.25, Lng: 120.16}}

func requireHidden(t *testing.T, text string) {
	for _, part := range []string{"Daiyu", "1234", "5678", "Hubin", "30.25"} {
		require.NotContains(t, text, part)
	}
}

func TestReceiversAreNotKeptInClear(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		s := NewOrders(db, receivers(t))
		created(t, db, s, anOrder(1, lin))
		requireHidden(t, dump(t, db, "orders"))
		got, err := s.Load(t.Context(), "ord_0001")
		require.NoError(t, err)
		require.Equal(t, lin, got.Receiver)

		// A row says nothing about another one's receiver: the same person looks different each time.
		created(t, db, s, anOrder(2, lin))
		rows, err := s.ent.Order.Query().Order(ent.Asc(order.FieldID)).All(AsService(t.Context()))
		require.NoError(t, err)
		require.NotEqual(t, rows[0].ReceiverCipher, rows[1].ReceiverCipher)
		require.Equal(t, rows[0].PhoneKey, rows[1].PhoneKey)
		require.NoError(t, db.InTx(AsService(t.Context()), func(ctx context.Context) error {
			return s.ent.Order.UpdateOneID("ord_0002").SetReceiverCipher(rows[0].ReceiverCipher).Exec(ctx)
		}))
		_, err = s.Load(t.Context(), "ord_0002")
		require.ErrorIs(t, err, persons.ErrCipher)
		requireHidden(t, err.Error())
	})
}

func TestOldReceiversAreReadAndHidden(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		s := NewOrders(db, receivers(t))
		const old = 7
		for i := range old {
			created(t, db, s, anOrder(i, lin))
			requireOld(t, db, s, fmt.Sprintf("ord_%04d", i), `{"name":"Lin Daiyu","phone":"+86 138-1234 5678","address":"Hubin Road 1","point":{"lat":30.25,"lng":120.16}}`)
		}
		created(t, db, s, anOrder(old, biz.Receiver{}))
		requireOld(t, db, s, fmt.Sprintf("ord_%04d", old), "{}")
		created(t, db, s, anOrder(old+1, lin))
		require.Contains(t, dump(t, db, "orders"), "Hubin")
		before := map[string]biz.Record{}
		for i := range old + 2 {
			r, err := s.Load(t.Context(), fmt.Sprintf("ord_%04d", i))
			require.NoError(t, err)
			before[r.ID] = r
		}
		require.Equal(t, lin, before["ord_0003"].Receiver)
		require.Equal(t, biz.Receiver{}, before["ord_0007"].Receiver)

		var turns []int
		for {
			n, err := s.HideOld(t.Context(), 3)
			require.NoError(t, err)
			if n == 0 {
				break
			}
			turns = append(turns, n)
		}
		require.Equal(t, []int{3, 3, 2}, turns)
		requireHidden(t, dump(t, db, "orders"))
		for id, was := range before {
			now, err := s.Load(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, was, now)
		}
		rows, err := s.ent.Order.Query().All(AsService(t.Context()))
		require.NoError(t, err)
		want, err := s.PhoneKey("13812345678")
		require.NoError(t, err)
		for _, row := range rows {
			if row.ID == "ord_0007" {
				require.Equal(t, noPhone, row.PhoneKey)
			} else {
				require.Equal(t, want, row.PhoneKey, "hidden early or late, it is found by the same key")
			}
		}
	})
}

// What lists look for is kept with an order, and comes to one of an older version when its receiver is hidden.
func TestOldOrdersGetWhatListsLookFor(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		s := NewOrders(db, receivers(t))
		r := anOrder(1, lin)
		r.Kind, r.ShopStore, r.SourceNo, r.PlacedAtUS = biz.KindTill, "S1", "S1/T-77", 1000
		r.Lines = []biz.Line{{ID: "line_1", No: 1, SKU: "tea", Quantity: 2}}
		r.Fulfilments = []biz.Fulfilment{{ID: "ful_1", Org: "hq", Location: "W1", State: biz.FulfilmentAssigned, CreatedAtUS: 1007,
			Lines: []biz.FulfilmentLine{{ID: "fl_1", LineID: "line_1", SKU: "tea", Quantity: 2}}}}
		created(t, db, s, r)
		found := func() []any {
			ctx := AsService(t.Context())
			return []any{s.ent.Order.Query().OnlyX(ctx).ExternalNo, s.ent.OrderLine.Query().OnlyX(ctx).PlacedUs,
				s.ent.Fulfilment.Query().OnlyX(ctx).PlacedUs, s.ent.FulfilmentLine.Query().OnlyX(ctx).CreatedUs}
		}
		want := []any{"T-77", int64(1000), int64(1000), int64(1007)}
		require.Equal(t, want, found())
		requireOld(t, db, s, r.ID, `{"name":"Lin"}`)
		require.NoError(t, db.InTx(AsService(t.Context()), func(ctx context.Context) error {
			s.ent.Order.Update().SetExternalNo("").ExecX(ctx)
			s.ent.OrderLine.Update().SetPlacedUs(0).ExecX(ctx)
			s.ent.Fulfilment.Update().SetPlacedUs(0).ExecX(ctx)
			return s.ent.FulfilmentLine.Update().SetCreatedUs(0).Exec(ctx)
		}))
		n, err := s.HideOld(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, want, found())
	})
}

// requireOld makes a row what older versions kept.
func requireOld(t *testing.T, db *database.DB, s *Orders, id, receiver string) {
	require.NoError(t, db.InTx(AsService(t.Context()), func(ctx context.Context) error {
		return s.ent.Order.UpdateOneID(id).SetReceiver([]byte(receiver)).ClearReceiverCipher().SetPhoneKey("").Exec(ctx)
	}))
}

func TestWhatIsNoPhoneIsNotToBeFound(t *testing.T) {
	s := receivers(t)
	for _, r := range []biz.Receiver{{}, {Name: "Lin"}, {Phone: "call me"}, {Phone: "13812345678", Ciphertext: true}} {
		require.Equal(t, noPhone, s.keyOf(r))
	}
	_, err := s.PhoneKey("call me")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "call me")
	abroad, err := s.PhoneKey("+85291234567")
	require.NoError(t, err)
	require.NotEqual(t, abroad, s.keyOf(biz.Receiver{Phone: "91234567"}))
	_, err = toReceiver([]byte(`{"name":"Lin", "phone":13812345678}`))
	require.Error(t, err)
	requireHidden(t, err.Error())
}

// A changed secret is refused by name: at the start, and where a receiver would be read.
func TestAnotherKeyIsRefused(t *testing.T) {
	lookup, encryption, other := []byte("0123456789abcdef0123456789abcdef"), []byte("fedcba9876543210fedcba9876543210"), []byte("another key of 32 bytes in here.")
	for what, keys := range map[string][2][]byte{"look-up key has 0": {nil, encryption}, "encryption key has 0": {lookup, nil}, "look-up key has 3": {[]byte("abc"), encryption}} {
		_, err := NewReceivers(keys[0], keys[1], "86")
		require.ErrorContains(t, err, what)
	}
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		under := func(lookup, encryption []byte, home string) *Orders {
			s, err := NewReceivers(lookup, encryption, home)
			require.NoError(t, err)
			return NewOrders(db, s)
		}
		s := under(lookup, encryption, "86")
		require.NoError(t, s.CheckKeys(t.Context()), "nothing is kept yet")
		created(t, db, s, anOrder(1, biz.Receiver{}))
		require.NoError(t, under(other, other, "86").CheckKeys(t.Context()), "nothing is kept under a key")
		created(t, db, s, anOrder(2, lin))
		require.NoError(t, s.CheckKeys(t.Context()))
		for name, wrong := range map[string]*Orders{"encryption": under(lookup, other, "86"), "look-up": under(other, encryption, "86"), "country": under(lookup, encryption, "1")} {
			err := wrong.CheckKeys(t.Context())
			require.ErrorIs(t, err, ErrKey, name)
			require.ErrorContains(t, err, "ord_0002", name)
			requireHidden(t, err.Error())
		}
		_, err := under(lookup, other, "86").Load(t.Context(), "ord_0002")
		require.ErrorIs(t, err, ErrKey)
		_, err = s.Open([]byte("short"), "ord_0002")
		require.ErrorIs(t, err, persons.ErrCipher)
	})
}
