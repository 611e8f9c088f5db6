package tenancy_test

import (
	"context"
	"io/fs"
	"testing"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/entsample"
	"github.com/onepool/onepool/app/internal/entsample/ent"
	"github.com/onepool/onepool/app/internal/entsample/ent/note"
	_ "github.com/onepool/onepool/app/internal/entsample/ent/runtime"
	"github.com/onepool/onepool/app/internal/entsample/ent/shelf"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
)

var (
	service   = tenancy.Principal{Kind: tenancy.Service, ID: "test", Scope: tenancy.Scope{All: true}}
	hq        = tenancy.Principal{Kind: tenancy.HQ, ID: "boss", Org: "org_hq"}.WithScope()
	north     = tenancy.Principal{Kind: tenancy.Franchisee, ID: "usr_n", Org: "org_n"}.WithScope()
	dealer    = tenancy.Principal{Kind: tenancy.Dealer, ID: "usr_d", Org: "org_d"}.WithScope("org_n")
	ann       = tenancy.Principal{Kind: tenancy.Member, ID: "mem_ann", Member: "mem_ann"}.WithScope()
	scopeless = tenancy.Principal{Kind: tenancy.Channel, ID: "chn_x"}.WithScope()
)

// world is a database with one note and one shelf each of two organisations.
type world struct {
	t  *testing.T
	db *database.DB
	c  *ent.Client
}

func engines(t *testing.T, rule func(w world)) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(entsample.Migrations())
		w := world{t: t, db: db, c: ent.NewClient(ent.Driver(db.EntDriver()))}
		require.NoError(t, w.tx(service, func(ctx context.Context) error {
			for _, org := range []string{"org_n", "org_s"} {
				w.c.Note.Create().SetID("n_" + org).SetOrg(org).SetCode("c").SetMember("mem_" + org).SetQty(1).ExecX(ctx)
				w.c.Shelf.Create().SetID("s_" + org).SetOrg(org).SetSku("tea").SetOnHand(5).ExecX(ctx)
			}
			w.c.Note.Create().SetID("n_ann").SetOrg("org_s").SetCode("ann").SetMember("mem_ann").SetQty(1).ExecX(ctx)
			return w.c.Brand.Create().SetID("b").SetName("Tea").Exec(ctx)
		}))
		rule(w)
	})
}

func (w world) tx(p tenancy.Principal, fn func(ctx context.Context) error) error {
	return w.db.InTx(tenancy.NewContext(w.t.Context(), p), fn)
}

// quantities are all notes as they are, past every rule.
func (w world) quantities() map[string]int64 {
	got := map[string]int64{}
	for _, n := range w.c.Note.Query().AllX(tenancy.NewContext(w.t.Context(), service)) {
		got[n.ID+"/"+n.Org] = n.Qty
	}
	return got
}

func TestNobodySeesNothing(t *testing.T) {
	engines(t, func(w world) {
		_, err := w.c.Shelf.Query().Count(w.t.Context())
		require.ErrorIs(w.t, err, tenancy.ErrNoPrincipal)
		_, err = w.c.Brand.Query().All(w.t.Context())
		require.ErrorIs(w.t, err, tenancy.ErrNoPrincipal)
		require.ErrorIs(w.t, w.db.InTx(w.t.Context(), func(ctx context.Context) error {
			return w.c.Shelf.Create().SetID("x").SetOrg("org_n").SetSku("x").Exec(ctx)
		}), tenancy.ErrNoPrincipal)
		require.ErrorIs(w.t, w.db.InTx(w.t.Context(), func(ctx context.Context) error {
			_, err := w.c.Shelf.Delete().Exec(ctx)
			return err
		}), tenancy.ErrNoPrincipal)
	})
}

func TestEachCallerReadsItsOwnRowsOnly(t *testing.T) {
	for name, c := range map[string]struct {
		p              tenancy.Principal
		notes, shelves []string
	}{
		"headquarters": {hq, []string{"n_ann", "n_org_n", "n_org_s"}, []string{"s_org_n", "s_org_s"}},
		"franchisee":   {north, []string{"n_org_n"}, []string{"s_org_n"}},
		"dealer":       {dealer, []string{"n_org_n"}, []string{"s_org_n"}},
		"member":       {ann, []string{"n_ann"}, []string{}},
		"no scope":     {scopeless, []string{}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(w world) {
				ctx := tenancy.NewContext(w.t.Context(), c.p)
				require.ElementsMatch(w.t, c.notes, w.c.Note.Query().IDsX(ctx))
				require.ElementsMatch(w.t, c.shelves, w.c.Shelf.Query().IDsX(ctx))
				require.Equal(w.t, len(c.shelves), w.c.Shelf.Query().CountX(ctx))
				require.Equal(w.t, len(c.shelves) == 2, w.c.Shelf.Query().Where(shelf.ID("s_org_s")).ExistX(ctx))
				_, err := w.c.Note.Get(ctx, "n_org_s")
				require.Equal(w.t, len(c.notes) != 3, ent.IsNotFound(err))
				var sums []struct {
					Org string
					Sum int64
				}
				require.NoError(w.t, w.c.Shelf.Query().GroupBy("org").Aggregate(ent.Sum("on_hand")).Scan(ctx, &sums))
				require.Len(w.t, sums, len(c.shelves))
				require.Equal(w.t, "Tea", w.c.Brand.GetX(ctx, "b").Name)
			})
		})
	}
}

func TestLockingReadsAreFilteredToo(t *testing.T) {
	engines(t, func(w world) {
		require.NoError(w.t, w.tx(north, func(ctx context.Context) error {
			require.Equal(w.t, []string{"s_org_n"}, w.c.Shelf.Query().ForUpdate().IDsX(ctx))
			return nil
		}))
	})
}

func TestNoWriteReachesAnotherOrganisation(t *testing.T) {
	for _, p := range []tenancy.Principal{north, dealer, ann, scopeless} {
		t.Run(string(p.Kind), func(t *testing.T) {
			engines(t, func(w world) {
				before := w.quantities()
				foreign := w.c.Note.Query().Where(note.ID("n_org_s")).OnlyX(tenancy.NewContext(w.t.Context(), service))
				for name, write := range map[string]func(ctx context.Context) error{
					"update": func(ctx context.Context) error {
						n, err := w.c.Note.Update().Where(note.ID("n_org_s")).AddQty(9).Save(ctx)
						require.Zero(w.t, n)
						return err
					},
					"update one": func(ctx context.Context) error {
						err := w.c.Note.UpdateOneID("n_org_s").SetQty(9).Exec(ctx)
						require.True(w.t, ent.IsNotFound(err), "%v", err)
						return nil
					},
					"update a row that was read in another scope": func(ctx context.Context) error {
						_, err := w.c.Note.UpdateOne(foreign).SetQty(9).Save(ctx)
						require.True(w.t, ent.IsNotFound(err), "%v", err)
						return nil
					},
					"delete": func(ctx context.Context) error {
						n, err := w.c.Note.Delete().Where(note.ID("n_org_s")).Exec(ctx)
						require.Zero(w.t, n)
						return err
					},
					"delete one": func(ctx context.Context) error {
						require.True(w.t, ent.IsNotFound(w.c.Note.DeleteOneID("n_org_s").Exec(ctx)))
						return nil
					},
					"create": func(ctx context.Context) error {
						require.ErrorIs(w.t, w.c.Note.Create().SetID("new").SetOrg("org_s").SetCode("new").Exec(ctx), tenancy.ErrForbidden)
						return nil
					},
					"create many": func(ctx context.Context) error {
						own := w.c.Note.Create().SetID("new1").SetOrg("org_n").SetCode("new1")
						other := w.c.Note.Create().SetID("new2").SetOrg("org_s").SetCode("new2")
						require.ErrorIs(w.t, w.c.Note.CreateBulk(own, other).Exec(ctx), tenancy.ErrForbidden)
						return nil
					},
					"shared row": func(ctx context.Context) error {
						require.ErrorIs(w.t, w.c.Brand.UpdateOneID("b").SetName("x").Exec(ctx), tenancy.ErrForbidden)
						return nil
					},
				} {
					require.NoError(w.t, w.tx(p, write), name)
					require.Equal(w.t, before, w.quantities(), name)
				}
			})
		})
	}
}

func TestAnUpsertStaysInItsOrganisation(t *testing.T) {
	engines(t, func(w world) {
		before := w.quantities()
		take := func(id, code string) *ent.NoteCreate {
			return w.c.Note.Create().SetID(id).SetOrg("org_n").SetCode(code).SetQty(99)
		}
		key := entsql.ConflictColumns(note.FieldOrg, note.FieldCode)
		// The primary key is another organisation's row.
		for name, write := range map[string]func(ctx context.Context) error{
			"by id": func(ctx context.Context) error {
				return take("n_org_s", "z").OnConflict(key).UpdateNewValues().Exec(ctx)
			},
			"by id, any key": func(ctx context.Context) error { return take("n_org_s", "z").OnConflict().UpdateNewValues().Exec(ctx) },
			"by id, id as key": func(ctx context.Context) error {
				return take("n_org_s", "z").OnConflictColumns("id").UpdateNewValues().Exec(ctx)
			},
			"one field": func(ctx context.Context) error {
				return take("n_org_s", "z").OnConflict(key).Update(func(u *ent.NoteUpsert) { u.SetQty(99) }).Exec(ctx)
			},
			"many": func(ctx context.Context) error {
				return w.c.Note.CreateBulk(take("ok", "y"), take("n_org_s", "z")).OnConflict(key).UpdateNewValues().Exec(ctx)
			},
		} {
			require.Error(w.t, w.tx(north, write), name)
			require.Equal(w.t, before, w.quantities(), name)
		}
		// On its own key it updates its own row, and makes a new one.
		require.NoError(w.t, w.tx(north, func(ctx context.Context) error {
			return take("n_org_n", "c").OnConflict(key).Update(func(u *ent.NoteUpsert) { u.UpdateQty() }).Exec(ctx)
		}))
		require.NoError(w.t, w.tx(north, func(ctx context.Context) error {
			return take("n_2", "d").OnConflict(key).Update(func(u *ent.NoteUpsert) { u.UpdateQty() }).Exec(ctx)
		}))
		before["n_org_n/org_n"], before["n_2/org_n"] = 99, 99
		require.Equal(w.t, before, w.quantities())
	})
}

func TestTheOrganisationOfARowNeverChanges(t *testing.T) {
	engines(t, func(w world) {
		for _, p := range []tenancy.Principal{hq, north, service} {
			err := w.tx(p, func(ctx context.Context) error {
				u := w.c.Note.UpdateOneID("n_org_n").SetQty(2)
				require.NoError(w.t, u.Mutation().SetField(note.FieldOrg, "org_s"))
				return u.Exec(ctx)
			})
			require.ErrorIs(w.t, err, tenancy.ErrForbidden)
		}
		require.Contains(w.t, w.quantities(), "n_org_n/org_n")
	})
}

func TestAMemberWritesItsOwnRowsOnly(t *testing.T) {
	engines(t, func(w world) {
		require.NoError(w.t, w.tx(ann, func(ctx context.Context) error {
			w.c.Note.Create().SetID("mine").SetOrg("org_s").SetCode("mine").SetMember("mem_ann").ExecX(ctx)
			return w.c.Note.UpdateOneID("n_ann").SetQty(3).Exec(ctx)
		}))
		for name, write := range map[string]func(ctx context.Context) error{
			"give away": func(ctx context.Context) error { return w.c.Note.UpdateOneID("n_ann").SetMember("mem_bob").Exec(ctx) },
			"disown":    func(ctx context.Context) error { return w.c.Note.UpdateOneID("n_ann").ClearMember().Exec(ctx) },
			"for another": func(ctx context.Context) error {
				return w.c.Note.Create().SetID("x").SetOrg("org_s").SetCode("x").SetMember("mem_bob").Exec(ctx)
			},
			"for nobody": func(ctx context.Context) error {
				return w.c.Note.Create().SetID("x").SetOrg("org_s").SetCode("x").Exec(ctx)
			},
			"a shelf": func(ctx context.Context) error {
				return w.c.Shelf.Create().SetID("x").SetOrg("org_s").SetSku("x").Exec(ctx)
			},
		} {
			require.ErrorIs(w.t, w.tx(ann, write), tenancy.ErrForbidden, name)
		}
		require.Equal(w.t, int64(3), w.quantities()["n_ann/org_s"])
	})
}

func TestANewRowGetsTheCallersOrganisation(t *testing.T) {
	engines(t, func(w world) {
		require.NoError(w.t, w.tx(north, func(ctx context.Context) error {
			return w.c.Shelf.Create().SetID("s_new").SetSku("cup").Exec(ctx)
		}))
		require.Equal(w.t, "org_n", w.c.Shelf.GetX(tenancy.WithService(w.t.Context(), "test"), "s_new").Org)
	})
}

func TestRawSQLIsFilteredByTheSameScope(t *testing.T) {
	engines(t, func(w world) {
		for _, c := range []struct {
			p    tenancy.Principal
			want int
		}{{hq, 3}, {north, 1}, {dealer, 1}, {ann, 0}, {scopeless, 0}, {service, 3}} {
			ctx := tenancy.NewContext(w.t.Context(), c.p)
			cond, args, err := tenancy.SQL(ctx, "org")
			require.NoError(w.t, err)
			var n int
			require.NoError(w.t, w.db.Conn(ctx).QueryRowContext(ctx, "SELECT COUNT(*) FROM notes WHERE "+cond, args...).Scan(&n))
			require.Equal(w.t, c.want, n, c.p.Kind)
		}
		_, _, err := tenancy.SQL(w.t.Context(), "org")
		require.ErrorIs(w.t, err, tenancy.ErrNoPrincipal)
	})
}
