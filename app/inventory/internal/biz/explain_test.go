package biz

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/printed"
)

func TestAnotherPartysFiguresAreNotToldInAnExplanation(t *testing.T) {
	figures := "dropped: TG-100 0 to promise (2 on hand, 0 reserved, safety stock 2)"
	e := Explanation{Document: "ord_1", Wanted: "1 x TG-100", Strategy: "near v1", Candidates: []Explained{
		{Location: "F-01", Reason: figures}, {Location: "F-02", Reason: figures}, {Location: "F-03", Chosen: true, Reason: "chosen: nearest single"},
		{Location: "F-04", Reason: "dropped: closed"},
	}}
	seen, text := e.Discreet(e.Text(), func(location string) bool { return location == "F-01" })
	require.Equal(t, "dropped: too few of TG-100", seen.Candidates[1].Reason)
	e.Candidates = append([]Explained{}, e.Candidates...)
	require.Equal(t, figures, e.Candidates[1].Reason, "the original stays as it is")
	e.Candidates[1].Reason = "dropped: too few of TG-100"
	require.Equal(t, e.Candidates, seen.Candidates)
	require.Equal(t, e.Text(), text)

	all, whole := e.Discreet(e.Text(), func(string) bool { return true })
	require.Equal(t, e, all)
	require.Equal(t, e.Text(), whole)
}

// golden is what people read. A change of it is a change for them.
const golden = `ord_7Q wanted 2 x A, 1 x B near 31.2304,121.4737, parcel, strategy "near-then-far v4"
  1  S-0042       The Bund                     0.4 km  -              dropped: declined this document at 10:42 (shelf empty)
  2  S-0231       People's Sq                  0.6 km  1 of 2 lines   dropped: B 0 to promise (2 on hand, 0 reserved, safety stock 2)
  3  S-0118       Jing'an                      0.9 km  -              dropped: its day is full (40 of 40 orders)
  4  S-0117       Nanjing Rd                   1.2 km  all lines      chosen: home store first, then nearest single
  5  S-0300       Hongqiao                     1.4 km  all lines      ranked after 4: not as good by home store first
  6  F-0009       Pudong                       1.6 km  -              dropped: not of this kind: franchise_store
  7  W-01         Shanghai DC                 18.4 km  -              dropped: farther than 5.000 km
decided in 41 us, 7 candidates, stage 1 "near, single"
`

func goldenScene(t *testing.T) (Demand, []Candidate, Strategy) {
	t.Helper()
	five := map[string]int64{"A": 5, "B": 5}
	all := []Candidate{candidate(t, "S-0042", 400, five), candidate(t, "S-0231", 600, map[string]int64{"A": 5, "B": 2}), candidate(t, "S-0118", 900, five),
		candidate(t, "S-0117", 1200, five), candidate(t, "S-0300", 1400, five), candidate(t, "F-0009", 1600, five), candidate(t, "W-01", 18400, five)}
	for i, name := range []string{"The Bund", "People's Sq", "Jing'an", "Nanjing Rd", "Hongqiao", "Pudong", "Shanghai DC"} {
		all[i].Location.Name = name
	}
	all[1].Stock[1].safety = 2
	all[2] = withProfile(t, all[2], ProfileBody{TimeZone: "Asia/Shanghai", DailyOrders: 40})
	all[2].Load.Orders = 40
	all[5].Location.Kind, all[6].Location.Kind = FranchiseStore, Warehouse
	d := demand(want("1", "A", 2), want("2", "B", 1))
	d.Document, d.HomeStore = "ord_7Q", "S-0117"
	d.Facts.Declined = map[string]string{"S-0042": " at 10:42 (shelf empty)"}
	s, err := ParseStrategy("near-then-far", 4, []byte(`{"stages": [
		{"name": "near, single", "filters": [{"rule": "kind", "in": ["direct_store", "warehouse"]}, {"rule": "distance", "at_most_m": 5000}], "preferences": [{"rule": "home_store"}, {"rule": "nearest"}]}]}`))
	require.NoError(t, err)
	return d, all, s
}

func TestAnExplanationIsReadByPeople(t *testing.T) {
	d, all, s := goldenScene(t)
	_, why, err := Allocate(d, all, s)
	require.NoError(t, err)
	why.TookUS = 41
	require.Equal(t, golden, why.Text())

	require.Equal(t, "near, single", why.Candidates[3].Stage)
	require.Equal(t, []Rank{{"home_store", 1}, {"nearest", 2}}, why.Candidates[3].Ranks)
	require.Equal(t, []Rank{{"home_store", 2}, {"nearest", 3}}, why.Candidates[4].Ranks)
	var filters []string
	for _, c := range why.Candidates {
		filters = append(filters, c.Filter)
	}
	require.Equal(t, []string{"guard", "", "guard", "", "", "kind", "distance"}, filters)
}

func TestAnotherPartysReasonsAndRanksAreNotToldInAnExplanation(t *testing.T) {
	d, all, s := goldenScene(t)
	_, why, err := Allocate(d, all, s)
	require.NoError(t, err)
	seen, text := why.Discreet(why.Text(), func(location string) bool { return location == "S-0117" })
	for i, reason := range []string{"dropped: declined this document at 10:42", "dropped: too few of B", "dropped: its day is full"} {
		require.Equal(t, reason, seen.Candidates[i].Reason)
		require.Contains(t, text, reason+"\n")
	}
	require.NotContains(t, text, "40 of 40")
	require.NotContains(t, text, "shelf empty")
	require.NotContains(t, text, "safety stock")
	require.Nil(t, seen.Candidates[4].Ranks)
	require.NotNil(t, seen.Candidates[3].Ranks)
	require.NotNil(t, why.Candidates[4].Ranks, "the original stays as it is")
}

func TestAnExplanationIsBounded(t *testing.T) {
	var all []Candidate
	for i := range 300 {
		has := map[string]int64{"A": 1}
		if i == 299 {
			has["B"] = 1
		}
		all = append(all, candidate(t, fmt.Sprintf("S-%03d", i), int64(i), has))
	}
	_, why, err := Allocate(demand(want("1", "A", 1), want("2", "B", 1)), all, NearThenSplit())
	require.NoError(t, err)
	require.Len(t, why.Candidates, maxExplained+1)
	require.True(t, why.Candidates[maxExplained].Chosen, "the chosen one is always named")
	require.Equal(t, 300, why.Considered)
	require.Equal(t, maxExplained+3, strings.Count(why.Text(), "\n"))
	require.Contains(t, why.Text(), "300 candidates (51 of them named), ")
}

// Names are Chinese, and wide: what follows stands in one column all the same. The number at the end is that of the lines.
func TestAnExplanationStandsInColumnsAndCountsItsLines(t *testing.T) {
	d, all, s := goldenScene(t)
	for i, name := range []string{"外滩", "人民广场店 People's Square Flagship", "静安", "南京东路", "虹桥", "浦东", "上海仓"} {
		all[i].Location.Name = name
	}
	_, why, err := Allocate(d, all, s)
	require.NoError(t, err)
	var walked Explanation
	walked.Drop(Location{Code: "S-HZ-9999-ANNEX", Name: "杭州"}, 170_000, "beyond the radius of local delivery")
	walked.Drop(all[0].Location, 400, "is named already")
	why.also(walked.Candidates)
	why.promise(Placed{Location: all[1].Location}, "A", 1)
	lines := strings.Split(strings.TrimSuffix(why.Text(), "\n"), "\n")
	table := lines[1 : len(lines)-1]
	require.Len(t, table, 9)
	require.Contains(t, lines[len(lines)-1], ", 8 candidates, ", "the one that is promised to is named twice")
	for _, line := range table {
		at := strings.Index(line, " km  ")
		require.Positive(t, at)
		require.Equal(t, 64, printed.Width(line[:at]), line)
	}
}
