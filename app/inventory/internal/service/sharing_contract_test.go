package service

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/database"
)

func terms(channel string, mode inventoryv1.SharingMode, value int64) *inventoryv1.SharingTerms {
	return &inventoryv1.SharingTerms{Channel: channel, Mode: mode, Value: value}
}

func quota(channel, location, sku string, pieces int64) *inventoryv1.SharingTerms {
	t := terms(channel, inventoryv1.SharingMode_SHARE_EXCLUSIVE_QUOTA, pieces)
	t.Place, t.Product = &inventoryv1.SharingTerms_Location{Location: location}, &inventoryv1.SharingTerms_Sku{Sku: sku}
	return t
}

func (r *rig) policy(t testing.TB, terms *inventoryv1.SharingTerms) *inventoryv1.SharingPolicy {
	t.Helper()
	p, err := r.shares.PutSharingPolicy(hq(t.Context(), "operator"), &inventoryv1.PutSharingPolicyRequest{RequestId: requestID(), Terms: terms})
	require.NoError(t, err)
	return p
}

func (r *rig) explained(t testing.TB, channel, at, sku string) *inventoryv1.ExplainSharingResponse {
	t.Helper()
	e, err := r.shares.ExplainSharing(hq(t.Context()), &inventoryv1.ExplainSharingRequest{Channel: channel, Location: at, Sku: sku})
	require.NoError(t, err)
	return e
}

// regions writes where locations are, as their profiles say.
func (r *rig) regions(t testing.TB, of map[string]string) {
	t.Helper()
	require.NoError(t, r.db.InTx(t.Context(), func(ctx context.Context) error {
		for code, region := range of {
			if _, err := r.db.Conn(ctx).ExecContext(ctx, "UPDATE locations SET profile = ? WHERE id = ?", []byte(fmt.Sprintf(`{"region":%q}`, region)), code); err != nil {
				return err
			}
		}
		_, err := r.db.Conn(ctx).ExecContext(ctx, "UPDATE generations SET number = number + 1 WHERE id = 'locations'")
		return err
	}))
}

func TestAPolicyCountsFromItsTimeAndUntilItEnds(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 8)
		now := r.nowUS(t)
		later := quota("douyin", "S-01", "LJ", 3)
		later.FromUs, later.UntilUs = now+time.Minute.Microseconds(), now+time.Hour.Microseconds()
		p := r.policy(t, later)
		require.NotEmpty(t, p.Id)
		require.Equal(t, "hq:boss", p.CreatedBy)

		before := r.explained(t, "miniprogram", "S-01", "LJ")
		require.Equal(t, int64(8), before.Promise)
		require.Nil(t, before.Policy)
		r.clock.Advance(time.Minute)
		others := r.explained(t, "miniprogram", "S-01", "LJ")
		require.Equal(t, []int64{5, 3, 8, 8}, []int64{others.Promise, others.KeptForOthers, others.Online, others.AtTheTill})
		own := r.explained(t, "douyin", "S-01", "LJ")
		require.Equal(t, int64(3), own.Promise)
		require.Equal(t, p.Id, own.Policy.Id)
		require.Contains(t, own.Text, "an exclusive quota of 3")
		require.Equal(t, int64(8), r.rows(t, "S-01", "LJ").AtTheTill, "the till knows no policies")

		r.clock.Advance(time.Hour)
		require.Equal(t, int64(8), r.explained(t, "miniprogram", "S-01", "LJ").Promise, "given back at its time")
		require.Equal(t, int64(8), r.explained(t, "douyin", "S-01", "LJ").Promise, "and then the channel sells like all others")
		_, err := r.shares.EndSharingPolicy(hq(t.Context(), "operator"), &inventoryv1.EndSharingPolicyRequest{RequestId: requestID(), Id: p.Id})
		require.Equal(t, "STATE_CONFLICT", reasonOf(err))

		again := r.policy(t, quota("douyin", "S-01", "LJ", 4))
		require.Equal(t, int64(4), r.explained(t, "miniprogram", "S-01", "LJ").Promise)
		ended, err := r.shares.EndSharingPolicy(hq(t.Context(), "operator"), &inventoryv1.EndSharingPolicyRequest{RequestId: requestID(), Id: again.Id})
		require.NoError(t, err)
		require.Equal(t, r.nowUS(t), ended.EndedAtUs)
		require.Equal(t, int64(8), r.explained(t, "miniprogram", "S-01", "LJ").Promise, "given back early")
	})
}

func TestPlaceCountsBeforeProduct(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.regions(t, map[string]string{"S-01": "310101", "S-02": "310106", "F-01": "3201"})
		for _, at := range places {
			r.stock(t, at, "green-1", 100)
			r.stock(t, at, "black-1", 100)
		}
		put := func(value int64, edit func(*inventoryv1.SharingTerms)) {
			p := terms("tmall", inventoryv1.SharingMode_SHARE_ALL_BUT, value)
			edit(p)
			r.policy(t, p)
		}
		put(1, func(p *inventoryv1.SharingTerms) { p.Product = &inventoryv1.SharingTerms_Sku{Sku: "green-1"} })
		put(2, func(p *inventoryv1.SharingTerms) {
			p.Place = &inventoryv1.SharingTerms_StoreType{StoreType: inventoryv1.LocationKind_FRANCHISE_STORE}
		})
		put(3, func(p *inventoryv1.SharingTerms) {
			p.Place, p.Product = &inventoryv1.SharingTerms_Region{Region: "31"}, &inventoryv1.SharingTerms_Category{Category: "green"}
		})
		put(4, func(p *inventoryv1.SharingTerms) { p.Place = &inventoryv1.SharingTerms_Region{Region: "3101"} })
		put(5, func(p *inventoryv1.SharingTerms) { p.Place = &inventoryv1.SharingTerms_Location{Location: "S-02"} })
		put(6, func(p *inventoryv1.SharingTerms) {
			p.Channel, p.Place = "", &inventoryv1.SharingTerms_Location{Location: "S-02"}
		})
		for place, want := range map[string]int64{"W-01/green-1": 99, "W-01/black-1": 100, "F-01/green-1": 98, "S-01/green-1": 96, "S-01/black-1": 96, "S-02/black-1": 95} {
			at, sku, _ := strings.Cut(place, "/")
			require.Equal(t, want, r.explained(t, "tmall", at, sku).Promise, place)
		}
		require.Equal(t, int64(94), r.explained(t, "jd", "S-02", "black-1").Promise)
		require.Equal(t, int64(100), r.explained(t, "jd", "S-01", "green-1").Promise)
	})
}

func TestWhatCouldTieIsRefused(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		first := r.policy(t, quota("douyin", "S-01", "LJ", 3))
		put := func(terms *inventoryv1.SharingTerms) error {
			_, err := r.shares.PutSharingPolicy(hq(t.Context(), "admin"), &inventoryv1.PutSharingPolicyRequest{RequestId: requestID(), Terms: terms})
			return err
		}
		equal := quota("douyin", "S-01", "LJ", 5)
		equal.UntilUs = r.nowUS(t) + 1000
		err := put(equal)
		require.Equal(t, "POLICY_CONFLICT", reasonOf(err))
		require.Equal(t, first.Id, metadataOf(err)["policy"])
		require.NoError(t, put(quota("jd", "S-01", "LJ", 3)))
		_, err = r.shares.EndSharingPolicy(hq(t.Context(), "admin"), &inventoryv1.EndSharingPolicyRequest{RequestId: requestID(), Id: first.Id})
		require.NoError(t, err)
		require.NoError(t, put(equal))

		// At the same moment, on two replicas: one of them is the policy.
		other := newRig(r.db)
		for round := range 8 {
			var wg sync.WaitGroup
			errs := make([]error, 4)
			for i := range errs {
				wg.Go(func() {
					p := terms("tmall", inventoryv1.SharingMode_SHARE_NONE, 0)
					p.Product = &inventoryv1.SharingTerms_Sku{Sku: fmt.Sprintf("SKU-%d", round)}
					by := []*rig{r, other}[i%2]
					_, errs[i] = by.shares.PutSharingPolicy(hq(t.Context(), "admin"), &inventoryv1.PutSharingPolicyRequest{RequestId: requestID(), Terms: p})
				})
			}
			wg.Wait()
			stored := 0
			for _, err := range errs {
				if err == nil {
					stored++
					continue
				}
				assert.Equal(t, "POLICY_CONFLICT", reasonOf(err))
			}
			require.Equal(t, 1, stored)
		}
	})
}

func TestWhoMaySetAPolicy(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		put := func(ctx context.Context, p *inventoryv1.SharingTerms) string {
			_, err := r.shares.PutSharingPolicy(ctx, &inventoryv1.PutSharingPolicyRequest{RequestId: requestID(), Terms: p})
			return reasonOf(err)
		}
		own, foreign, all := quota("jd", "F-01", "LJ", 1), quota("jd", "S-01", "LJ", 1), terms("jd", inventoryv1.SharingMode_SHARE_NONE, 0)
		manager, other := franchisee(t.Context(), "FR1", "manager"), franchisee(t.Context(), "FR2", "manager")
		require.Equal(t, "FORBIDDEN", put(manager, all))
		require.Equal(t, "LOCATION_UNKNOWN", put(manager, foreign))
		require.Equal(t, "LOCATION_UNKNOWN", put(other, own))
		require.Equal(t, "FORBIDDEN", put(franchisee(t.Context(), "FR1", "clerk"), own))
		require.Equal(t, "FORBIDDEN", put(hq(t.Context(), "finance"), all))
		require.Equal(t, "FORBIDDEN", put(member(t.Context()), all))
		require.Equal(t, "UNAUTHENTICATED", put(t.Context(), all))
		require.Equal(t, "LOCATION_UNKNOWN", put(hq(t.Context(), "admin"), quota("jd", "S-99", "LJ", 1)))
		require.Equal(t, "SKU_UNKNOWN", put(hq(t.Context(), "admin"), quota("jd", "S-01", "NO-1", 1)))
		lost := terms("jd", inventoryv1.SharingMode_SHARE_NONE, 0)
		lost.Product = &inventoryv1.SharingTerms_Category{Category: "oolong"}
		require.Equal(t, "CATEGORY_UNKNOWN", put(hq(t.Context(), "admin"), lost))
		lost.Product, lost.Place = nil, &inventoryv1.SharingTerms_Region{Region: "99"}
		require.Equal(t, "REGION_UNKNOWN", put(hq(t.Context(), "admin"), lost))
		require.Equal(t, "VALIDATOR", put(hq(t.Context(), "admin"), terms("", inventoryv1.SharingMode_SHARE_EXCLUSIVE_QUOTA, 1)))

		require.Empty(t, put(manager, own))
		everywhere := r.policy(t, all)
		list := func(ctx context.Context, in *inventoryv1.ListSharingPoliciesRequest) (ids []string) {
			got, err := r.shares.ListSharingPolicies(ctx, in)
			require.NoError(t, err)
			for _, p := range got.Policies {
				ids = append(ids, p.Id)
			}
			return ids
		}
		require.Len(t, list(hq(t.Context()), &inventoryv1.ListSharingPoliciesRequest{}), 2)
		mine := list(manager, &inventoryv1.ListSharingPoliciesRequest{})
		require.Len(t, mine, 1, "headquarters' own policies are not a franchisee's to read")
		require.Empty(t, list(other, &inventoryv1.ListSharingPoliciesRequest{}))
		_, err := r.shares.ListSharingPolicies(member(t.Context()), &inventoryv1.ListSharingPoliciesRequest{})
		require.Equal(t, "FORBIDDEN", reasonOf(err))

		end := func(ctx context.Context, id string) error {
			_, err := r.shares.EndSharingPolicy(ctx, &inventoryv1.EndSharingPolicyRequest{RequestId: requestID(), Id: id})
			return err
		}
		for _, id := range []string{"shp_none", mine[0]} {
			err := end(other, id)
			require.Equal(t, "NOT_FOUND", reasonOf(err))
			require.Equal(t, map[string]string{"kind": "sharing policy"}, metadataOf(err), "another's policy is like none")
		}
		require.Equal(t, "NOT_FOUND", reasonOf(end(manager, everywhere.Id)))
		require.Equal(t, "FORBIDDEN", reasonOf(end(franchisee(t.Context(), "FR1", "clerk"), mine[0])))
		require.NoError(t, end(manager, mine[0]))
		require.Empty(t, list(manager, &inventoryv1.ListSharingPoliciesRequest{}))
		require.Equal(t, mine, list(manager, &inventoryv1.ListSharingPoliciesRequest{Over: true}))

		_, err = r.shares.ExplainSharing(other, &inventoryv1.ExplainSharingRequest{Channel: "jd", Location: "F-01", Sku: "LJ"})
		require.Equal(t, "LOCATION_UNKNOWN", reasonOf(err))
		seen, err := r.shares.ExplainSharing(manager, &inventoryv1.ExplainSharingRequest{Channel: "jd", Location: "F-01", Sku: "LJ"})
		require.NoError(t, err)
		require.Equal(t, everywhere.Id, seen.Policy.Id, "what governs his own goods is told")
		_, err = r.shares.DryRunSharing(manager, &inventoryv1.DryRunSharingRequest{Policy: all})
		require.Equal(t, "FORBIDDEN", reasonOf(err))

		// A direct store's manager sets those of his store, as a franchisee's does: not of the organisation's other stores.
		direct := inStore(t.Context(), "S-01", "manager")
		require.Empty(t, put(direct, foreign))
		require.Equal(t, "LOCATION_UNKNOWN", put(direct, quota("jd", "S-02", "LJ", 1)))
		require.Equal(t, "LOCATION_UNKNOWN", put(direct, own))
		require.Equal(t, "FORBIDDEN", put(direct, all))
		require.Equal(t, "FORBIDDEN", put(inStore(t.Context(), "S-01", "clerk"), quota("jd", "S-01", "TG", 1)))
		set := list(direct, &inventoryv1.ListSharingPoliciesRequest{Location: "S-01"})
		require.Len(t, set, 1)
		require.Equal(t, "NOT_FOUND", reasonOf(end(inStore(t.Context(), "S-02", "manager"), set[0])))
		require.NoError(t, end(direct, set[0]))
		_, err = r.shares.DryRunSharing(direct, &inventoryv1.DryRunSharingRequest{Policy: foreign})
		require.NoError(t, err)
	})
}

func TestPoliciesAreListedByPage(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		var want []string
		for n := range 7 {
			want = append([]string{r.policy(t, quota("jd", "S-01", fmt.Sprintf("SKU-%d", n), 1)).Id}, want...)
			r.clock.Advance(time.Millisecond)
		}
		r.policy(t, quota("tmall", "S-02", "SKU-1", 1))
		var got []string
		in := &inventoryv1.ListSharingPoliciesRequest{PageSize: 3, Channel: "jd", Location: "S-01"}
		for {
			page, err := r.shares.ListSharingPolicies(hq(t.Context()), in)
			require.NoError(t, err)
			for _, p := range page.Policies {
				got = append(got, p.Id)
			}
			if in.PageToken = page.NextPageToken; in.PageToken == "" {
				break
			}
		}
		require.Equal(t, want, got, "the newest first")
		first, err := r.shares.ListSharingPolicies(hq(t.Context()), &inventoryv1.ListSharingPoliciesRequest{PageSize: 3, Channel: "jd"})
		require.NoError(t, err)
		_, err = r.shares.ListSharingPolicies(hq(t.Context()), &inventoryv1.ListSharingPoliciesRequest{PageSize: 3, Channel: "tmall", PageToken: first.NextPageToken})
		require.Equal(t, "PAGE_TOKEN_INVALID", reasonOf(err))
	})
}

// A dry run says what comes true when the policy is put.
func TestADryRunChangesNothingAndIsRight(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		for _, at := range places {
			r.stock(t, at, "green-1", 10)
			r.stock(t, at, "black-1", 10)
		}
		r.stock(t, "S-01", "LJ", 10)
		old := r.policy(t, func() *inventoryv1.SharingTerms {
			p := terms("jd", inventoryv1.SharingMode_SHARE_ALL_BUT, 4)
			p.Place = &inventoryv1.SharingTerms_Location{Location: "S-01"}
			return p
		}())
		p := terms("douyin", inventoryv1.SharingMode_SHARE_EXCLUSIVE_QUOTA, 3)
		p.Product = &inventoryv1.SharingTerms_Category{Category: "green"}
		run := func(in *inventoryv1.DryRunSharingRequest) (all []string) {
			for {
				page, err := r.shares.DryRunSharing(hq(t.Context(), "operator"), in)
				require.NoError(t, err)
				if in.PageSize > 0 {
					require.LessOrEqual(t, len(page.Differences), 3, "what one SKU has at a location is not cut apart")
				}
				for _, d := range page.Differences {
					all = append(all, fmt.Sprintf("%s %s %q %d %d", d.Location, d.Sku, d.Channel, d.Before, d.After))
				}
				if in.PageToken = page.NextPageToken; in.PageToken == "" {
					return all
				}
			}
		}
		want := []string{
			`F-01 green-1 "" 10 7`, `F-01 green-1 "douyin" 10 3`, `F-01 green-1 "jd" 10 7`,
			`S-01 green-1 "" 10 7`, `S-01 green-1 "douyin" 10 3`, `S-01 green-1 "jd" 6 3`,
			`S-02 green-1 "" 10 7`, `S-02 green-1 "douyin" 10 3`, `S-02 green-1 "jd" 10 7`,
			`W-01 green-1 "" 10 7`, `W-01 green-1 "douyin" 10 3`, `W-01 green-1 "jd" 10 7`,
		}
		require.Equal(t, want, run(&inventoryv1.DryRunSharingRequest{Policy: p}))
		require.Equal(t, want, run(&inventoryv1.DryRunSharingRequest{Policy: p, PageSize: 2}))
		require.Equal(t, want[3:6], run(&inventoryv1.DryRunSharingRequest{Policy: p, Locations: []string{"S-01"}}))
		require.Empty(t, run(&inventoryv1.DryRunSharingRequest{Policy: p, Skus: []string{"black-1", "LJ"}}))
		require.Equal(t, int64(10), r.explained(t, "tmall", "S-01", "green-1").Promise, "nothing has changed")
		require.Equal(t, []string{`S-01 LJ "jd" 6 10`, `S-01 black-1 "jd" 6 10`, `S-01 green-1 "jd" 6 10`}, run(&inventoryv1.DryRunSharingRequest{End: []string{old.Id}}))
		require.Equal(t, []string{`S-01 LJ "jd" 6 1`, `S-01 black-1 "jd" 6 1`, `S-01 green-1 "jd" 6 1`}, run(&inventoryv1.DryRunSharingRequest{End: []string{old.Id},
			Policy: &inventoryv1.SharingTerms{Channel: "jd", Mode: inventoryv1.SharingMode_SHARE_PERCENTAGE, Value: 1900, Place: &inventoryv1.SharingTerms_Location{Location: "S-01"}}}))

		r.policy(t, p)
		require.Equal(t, []int64{7, 3, 3}, []int64{r.explained(t, "", "S-01", "green-1").Promise, r.explained(t, "douyin", "S-01", "green-1").Promise, r.explained(t, "jd", "S-01", "green-1").Promise})
		_, err := r.shares.DryRunSharing(hq(t.Context(), "operator"), &inventoryv1.DryRunSharingRequest{Policy: p})
		require.Equal(t, "POLICY_CONFLICT", reasonOf(err))
		_, err = r.shares.DryRunSharing(hq(t.Context(), "operator"), &inventoryv1.DryRunSharingRequest{})
		require.Equal(t, "VALIDATOR", reasonOf(err))
		_, err = r.shares.DryRunSharing(hq(t.Context(), "operator"), &inventoryv1.DryRunSharingRequest{End: []string{"shp_none"}})
		require.Equal(t, "NOT_FOUND", reasonOf(err))
	})
}

// A policy of one replica counts on the others within a second, without a restart.
func TestAnotherReplicaSeesThePolicy(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "LJ", 8)
		other := newRig(r.db)
		require.Equal(t, int64(8), other.explained(t, "miniprogram", "S-01", "LJ").Promise)
		r.policy(t, quota("douyin", "S-01", "LJ", 3))
		require.Equal(t, int64(5), r.explained(t, "miniprogram", "S-01", "LJ").Promise, "at once where it was put")
		require.Eventually(t, func() bool { return other.explained(t, "miniprogram", "S-01", "LJ").Promise == 5 }, time.Second, 20*time.Millisecond)
	})
}

// While the product center is away, what is remembered of categories goes on counting; what was never asked for is said to
// be unknown, not guessed.
func TestCategoriesOutliveTheProductCenter(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		r.stock(t, "S-01", "green-1", 8)
		r.stock(t, "S-01", "green-2", 8)
		asked := r.shop.asked.Load()
		require.Equal(t, int64(8), r.explained(t, "jd", "S-01", "green-1").Promise)
		require.Equal(t, asked, r.shop.asked.Load(), "nobody asks for what no policy needs")
		p := terms("jd", inventoryv1.SharingMode_SHARE_NONE, 0)
		p.Product = &inventoryv1.SharingTerms_Category{Category: "green"}
		r.policy(t, p)
		require.Zero(t, r.explained(t, "jd", "S-01", "green-1").Promise)
		r.shop.down.Store(true)
		require.Zero(t, r.explained(t, "jd", "S-01", "green-1").Promise)
		_, err := r.shares.ExplainSharing(hq(t.Context()), &inventoryv1.ExplainSharingRequest{Channel: "jd", Location: "S-01", Sku: "green-2"})
		require.Error(t, err)
	})
}

// The last line of defence: a writer that does not lock cannot store what ties.
func TestTheDatabaseRefusesWhatTies(t *testing.T) {
	contract(t, func(t *testing.T, r *rig) {
		r.city(t)
		p := r.policy(t, quota("douyin", "S-01", "LJ", 3))
		err := r.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := r.db.Conn(ctx).ExecContext(ctx, `INSERT INTO sharing_policies (id, channel, place_kind, place, product_kind, product, mode, value, from_us, until_us, created_by, created_us, ended_us, live_key)
				SELECT 'shp_other', channel, place_kind, place, product_kind, product, mode, value, from_us, until_us, created_by, created_us, ended_us, live_key FROM sharing_policies WHERE id = ?`, p.Id)
			return err
		})
		require.True(t, database.IsUniqueViolation(err), "%v", err)
	})
}
