package data

import (
	"context"
	"fmt"
	"io/fs"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

// profile is how the filled location works.
var profile = []byte(`{"region":"310101"}`)

// fill gives every field a value of its own, so that a field that is forgotten or mixed up shows.
func fill(t *testing.T, v reflect.Value, n *int64) {
	t.Helper()
	*n++
	if v.Type() == reflect.TypeFor[*biz.Profile]() {
		p, err := biz.ParseProfile(profile)
		require.NoError(t, err)
		v.Set(reflect.ValueOf(p))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.String:
		v.SetString(fmt.Sprintf("v%d", *n))
	case reflect.Int64, reflect.Int:
		v.SetInt(*n)
	case reflect.Int8:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n) / 8)
	case reflect.Slice:
		v.Set(reflect.ValueOf([]byte{byte(*n), 2, 3}))
	default:
		t.Fatalf("no value for %s", v.Type())
	}
}

func filled[T any](t *testing.T) T {
	t.Helper()
	var v T
	n := int64(0)
	fill(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

func contract(t *testing.T, suite func(ctx context.Context, t *testing.T, db *database.DB, s *Store)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		suite(tenancy.WithService(t.Context(), "test"), t, db, New(db, []byte("0123456789abcdef0123456789abcdef")))
	})
}

func TestEveryFieldComesBackFromItsRow(t *testing.T) {
	contract(t, func(ctx context.Context, t *testing.T, db *database.DB, s *Store) {
		location := filled[biz.Location](t)
		location.Point = &geo.Point{Lat: 12.5, Lng: -3.25}
		movement := filled[biz.Movement](t)
		reservation := filled[biz.ReservationRow](t)
		reservation.Quantity = reservation.Open + reservation.Shipped + reservation.Released + reservation.Expired
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
			if n, err := s.Put(ctx, []biz.Location{location}); err != nil || n != 1 {
				return fmt.Errorf("put %d: %w", n, err)
			}
			if _, err := db.Conn(ctx).ExecContext(ctx, "UPDATE locations SET profile = ?, profile_version = ?", profile, location.ProfileVersion); err != nil {
				return err
			}
			return s.Write(ctx, biz.Changes{NowUS: 1, Created: []biz.ReservationRow{reservation}, Movements: []biz.Movement{movement}})
		}))

		fresh, err := s.Fresh(ctx, []string{location.Code})
		require.NoError(t, err)
		require.Equal(t, []biz.Location{location}, fresh)
		listed, _, err := s.ListLocations(ctx, 0, Page{})
		require.NoError(t, err)
		require.Equal(t, []biz.Location{location}, listed)
		directory, err := s.Directory(ctx)
		require.NoError(t, err)
		got, known := directory.Get(location.Code)
		require.True(t, known)
		require.Equal(t, location, got)

		movements, _, err := s.ListMovements(ctx, MovementFilter{}, Page{})
		require.NoError(t, err)
		require.Equal(t, []biz.Movement{movement}, movements)

		rows, err := s.ListReservations(ctx, []string{reservation.Document})
		require.NoError(t, err)
		require.Equal(t, []biz.ReservationRow{reservation}, rows)
		raw, err := s.reservations(ctx, "WHERE id = ?", reservation.ID)
		require.NoError(t, err)
		require.Equal(t, reservation, raw[0].Row())
	})
}

func TestAStockRowComesBackAndItsGuardHolds(t *testing.T) {
	contract(t, func(ctx context.Context, t *testing.T, db *database.DB, s *Store) {
		key := biz.StockKey{SKU: "LJ", Location: "S-01", Owner: "HQ"}
		var row biz.StockRow
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
			book, err := s.Open(ctx, "test")
			if err != nil {
				return err
			}
			if err := s.LockStock(ctx, book, []biz.StockKey{key, key}, map[string]string{"S-01": "ORG"}); err != nil {
				return err
			}
			row = filled[biz.StockRow](t)
			opened := book.Stock(key).Row()
			row.ID, row.Key, row.Org, row.Version = opened.ID, key, "ORG", 0
			return s.Write(ctx, biz.Changes{NowUS: 5, Stock: []biz.StockRow{row}})
		}))
		row.Version = 1
		read, err := s.AtLocations(ctx, []string{"LJ"}, []string{"S-01"})
		require.NoError(t, err)
		require.Equal(t, row, read[0].Row())
		listed, _, err := s.ListStock(ctx, "", "", Page{})
		require.NoError(t, err)
		require.Equal(t, row, listed[0].Row())

		row.Version = 0 // a row that somebody else has changed meanwhile
		err = db.InTx(ctx, func(ctx context.Context) error {
			return s.Write(ctx, biz.Changes{NowUS: 6, Stock: []biz.StockRow{row}})
		})
		require.ErrorIs(t, err, errGuard)
	})
}

func TestAReplicaSeesChangedLocationsWithinASecond(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			ctx := tenancy.WithService(t.Context(), "test")
			config := testkit.Config(t, engine)
			one := New(testkit.Migrated(t, config, migrations.Files), nil)
			two := New(testkit.Open(t, config), nil)
			l := biz.Location{Code: "S-01", Org: "HQ", Kind: biz.DirectStore, Active: true, Version: 1}
			put := func() {
				require.NoError(t, one.db.InTx(ctx, func(ctx context.Context) error { _, err := one.Put(ctx, []biz.Location{l}); return err }))
			}
			active := func(s *Store) bool {
				d, err := s.Directory(ctx)
				require.NoError(t, err)
				got, _ := d.Get("S-01")
				return got.Active
			}
			put()
			require.True(t, active(two))
			l.Active, l.Version = false, 2
			put()
			require.False(t, active(one), "its own change at once")
			require.Eventually(t, func() bool { return !active(two) }, keptAge*2, keptAge/10)
		})
	}
}

func TestADocumentAndItsAssignmentsComeBack(t *testing.T) {
	contract(t, func(ctx context.Context, t *testing.T, db *database.DB, s *Store) {
		document := biz.DocumentRow{ID: "ord_1", Seller: "HQ", State: biz.Waiting, Round: 2, Priority: 3, ShipByUS: 4, WaitingSinceUS: 5, TriedUS: 6, CreatedUS: 7,
			Asked: &biz.Asked{GID: "g", ExpiresAtUS: 8, AnswerWithinUS: 9, Rounds: 10, Paid: true, Demand: biz.Demand{Document: "ord_1", Channel: "c", Seller: "HQ", Way: biz.Pickup,
				Destination: &geo.Point{Lat: 12.5, Lng: -3.25}, Region: "r", Location: "l", HomeStore: "h", PromisedUS: 11, MaxParcels: 12, Partial: true,
				Lines: []biz.DemandLine{filled[biz.DemandLine](t)}}}}
		later := document
		later.ID, later.ShipByUS, later.Priority = "other", 0, -5
		assignment := filled[biz.AssignmentRow](t)
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
			return s.Write(ctx, biz.Changes{NowUS: document.CreatedUS, Opened: []biz.DocumentRow{document, later}, Given: []biz.AssignmentRow{assignment}})
		}))
		rows, err := s.documentRows(ctx, "ORDER BY "+queueOrder)
		require.NoError(t, err)
		require.Equal(t, []biz.DocumentRow{document, later}, rows, "one without a time comes after those that have one, the lower priority last")
		assignments, err := s.assignments(ctx, "")
		require.NoError(t, err)
		require.Equal(t, []biz.AssignmentRow{assignment}, assignments)

		turned := document
		turned.State, turned.Round, turned.TriedUS, turned.Asked = biz.ToPerson, 7, 9, nil
		answered := assignment
		answered.State, answered.Version, answered.Reason, answered.Actor, answered.AnswerByUS = biz.Declined, assignment.Version+1, "r", "a", 0
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error {
			return s.Write(ctx, biz.Changes{NowUS: 5, Turned: []biz.DocumentRow{turned}, Answered: []biz.AssignmentRow{answered}})
		}))
		rows, err = s.documentRows(ctx, "WHERE id = ?", document.ID)
		require.NoError(t, err)
		require.Equal(t, []biz.DocumentRow{turned}, rows)
		assignments, err = s.assignments(ctx, "")
		require.NoError(t, err)
		require.Equal(t, []biz.AssignmentRow{answered}, assignments)
		require.ErrorIs(t, db.InTx(ctx, func(ctx context.Context) error {
			return s.Write(ctx, biz.Changes{NowUS: 5, Answered: []biz.AssignmentRow{answered}})
		}), errGuard, "another has answered")
	})
}
