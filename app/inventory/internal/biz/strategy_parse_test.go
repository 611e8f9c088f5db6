package biz

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refusal says which field was refused, and by which rule or reason.
func refusal(err error) string {
	var coded refusedField
	if errors.As(err, &coded) {
		return coded.reason + " " + coded.Field
	}
	var plain Invalid
	if errors.As(err, &plain) {
		return plain.Field + ": " + plain.Rule
	}
	if err != nil {
		return err.Error()
	}
	return "accepted"
}

func TestStrategiesThatCannotBeAreRefusedByTheirField(t *testing.T) {
	one := func(rest string) string { return `{"stages": [{"name": "one"` + rest + `}]}` }
	for body, field := range map[string]string{
		``:                                 "body: is no valid JSON",
		`[]`:                               "body: must not be a array",
		`{}`:                               "stages: must have 1 to 16 entries",
		`{"stages": [{"name": "one"}]} {}`: "body: must be one JSON value",
		`{"stages": [{"name": "one"}], "stagess": []}`:                                             "stagess: is not known here",
		`{"Stages": [{"name": "one"}]}`:                                                            "Stages: is not known here",
		`{"stages": [{"name": "one"}], "stages": []}`:                                              "stages: occurs twice",
		`{"stages": [{"name": "one"}, {"name": "one"}]}`:                                           "stages[1].name: occurs twice: one",
		`{"stages": [{"name": ""}]}`:                                                               "stages[0].name: must have 1 to 64 characters, without quotes and line ends",
		`{"stages": [{"name": "one"}], "for": [{"channel": "a"}, {"channel": "a"}]}`:               "for[1]: occurs twice",
		`{"stages": [{"name": "one"}], "for": [{"chanel": "a"}]}`:                                  "for[0].chanel: is not known here",
		`{"stages": [{"name": "one"}], "for": [{"way": "drone"}]}`:                                 "for[0].way: must be parcel, local_delivery, pickup or carry_out",
		`{"stages": [{"name": "one"}], "nodes": 1000000}`:                                          "nodes: must be between 1 and 100000",
		`{"stages": [{"name": "one"}], "local_radius_m": -1}`:                                      "local_radius_m: must be between 0 and 20100000",
		`{"stages": [{"name": "one"}], "fair_share_days": 400}`:                                    "fair_share_days: must be between 1 and 366",
		`{"stages": [{"name": "one"}], "decline": {"rounds": 21}}`:                                 "decline.rounds: must be between 0 and 20",
		`{"stages": [{"name": "one"}], "decline": {"round": 1}}`:                                   "decline.round: is not known here",
		`{"stages": [{"name": "one"}], "decline": {"answer_within_s": -1}}`:                        "decline.answer_within_s: must be between 0 and 2592000",
		`{"stages": [{"name": "one", "split": {"back_order": true}}, {"name": "two"}]}`:            "stages[0].split.back_order: can only be in the last stage: nothing is tried after it",
		`{"stages": [{"name": "one"}], "filters": [{"rule": "kind", "in": ["shop"]}]}`:             "filters[0].in[0]: must be warehouse, direct_store or franchise_store",
		one(`, "split": {"parcels": 0}`):                                                           `stages[0].split.parcels: must be "never", "any" or a number from 1 to 200`,
		one(`, "split": {"parcels": "some"}`):                                                      `stages[0].split.parcels: must be "never", "any" or a number from 1 to 200`,
		one(`, "split": {"parcel": 1}`):                                                            "stages[0].split.parcel: is not known here",
		one(`, "split": {"min_parcel_minor": -1}`):                                                 "stages[0].split.min_parcel_minor: must be between 0 and 1000000000000",
		one(`, "filters": [{}]`):                                                                   "stages[0].filters[0].rule: must name a rule",
		one(`, "filters": [{"rule": "moon"}]`):                                                     "stages[0].filters[0].rule: is no filter: moon",
		one(`, "filters": [{"rule": "nearest"}]`):                                                  "stages[0].filters[0].rule: is no filter: nearest",
		one(`, "filters": [{"rule": "cut_off", "soft": 1}]`):                                       "stages[0].filters[0].soft: must be true or false",
		one(`, "filters": [{"rule": "cut_off", "after": "16:00"}]`):                                "stages[0].filters[0].after: is not known here",
		one(`, "filters": [{"rule": "kind", "in": []}]`):                                           "stages[0].filters[0].in: must not be empty",
		one(`, "filters": [{"rule": "kind", "in": "warehouse"}]`):                                  "stages[0].filters[0].in: must not be a string",
		one(`, "filters": [{"rule": "group"}]`):                                                    "stages[0].filters[0]: must have either in or not_in",
		one(`, "filters": [{"rule": "group", "in": ["a", "a"]}]`):                                  "stages[0].filters[0].in[1]: occurs twice: a",
		one(`, "filters": [{"rule": "locations"}]`):                                                "stages[0].filters[0]: must have only or never",
		one(`, "filters": [{"rule": "organisation", "of": "me"}]`):                                 "stages[0].filters[0].of: must be seller or others",
		one(`, "filters": [{"rule": "distance"}]`):                                                 "stages[0].filters[0]: must have at_most_m or at_least_m, the first not below the second",
		one(`, "filters": [{"rule": "area", "polygon": [[0, 0], [1, 1], [0, 1], [1, 0]]}]`):        "GEO_INVALID stages[0].filters[0].polygon",
		one(`, "filters": [{"rule": "area", "of": "sea", "polygon": [[0, 0], [0, 1], [1, 1]]}]`):   "stages[0].filters[0].of: must be location or destination",
		one(`, "filters": [{"rule": "region", "in": ["31"], "same": 2}]`):                          "stages[0].filters[0]: must have either in, or same from 1 to 64",
		one(`, "filters": [{"rule": "open", "by": "night"}]`):                                      "stages[0].filters[0].by: must be now or promised",
		one(`, "filters": [{"rule": "capacity", "at_most_percent": 101}]`):                         "stages[0].filters[0].at_most_percent: must be between 1 and 100",
		one(`, "filters": [{"rule": "territory", "against": "all"}]`):                              "stages[0].filters[0].against: must be franchisees or everyone",
		one(`, "filters": [{"rule": "territory", "against": "everyone", "sellers": "x"}]`):         "stages[0].filters[0].sellers: must be any or franchise",
		one(`, "filters": [{"rule": "brokering_safety"}]`):                                         "stages[0].filters[0]: must have pieces up to 1000000 or percent up to 100",
		one(`, "filters": [{"rule": "brokering_safety", "pieces": 1, "soft": true}]`):              "stages[0].filters[0].soft: is for filters that drop locations; this one lowers what may be taken",
		one(`, "filters": [{"rule": "last_mile"}]`):                                                "stages[0].filters[0]: must have skus or categories",
		one(`, "filters": [{"rule": "last_mile", "skus": ["A"], "ways": ["drone"]}]`):              "stages[0].filters[0].ways[0]: must be parcel, local_delivery, pickup or carry_out",
		one(`, "preferences": [{"rule": "kind"}]`):                                                 "stages[0].preferences[0].rule: is no preference: kind",
		one(`, "preferences": [{"rule": "nearest", "soft": true}]`):                                "stages[0].preferences[0].soft: is for filters",
		one(`, "preferences": [{"rule": "nearest"}, {"rule": "nearest"}]`):                         "stages[0].preferences[1].rule: occurs twice: nearest",
		one(`, "preferences": [{"rule": "nearest", "step_m": -1}]`):                                "stages[0].preferences[0].step_m: must be between 0 and 20100000",
		one(`, "preferences": [{"rule": "cheapest_freight"}]`):                                     "freight: must name a freight table: a preference needs it",
		`{"stages": [` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `]}`:                  "stages[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]: is nested too deep",
		`{"stages": [{"name": "one"}], "freight": "` + strings.Repeat("x", MaxRulesetBytes) + `"}`: "body: must have at most 1048576 bytes",
		`{"stages": [{"name": "one"}], "freight": "` + strings.Repeat("x", 65) + `", "nodes": 10}`: "freight: must have at most 64 characters",
	} {
		_, err := ParseStrategy("s", 1, []byte(body))
		require.Equal(t, field, refusal(err), "%.200s", body)
	}
	_, err := ParseStrategy("s", 1, []byte(nearFarLadder))
	require.NoError(t, err)
}

func TestFreightTablesThatCannotBeAreRefusedByTheirField(t *testing.T) {
	rows := func(row string) string { return `{"currency": "CNY", "rows": [` + row + `]}` }
	for body, field := range map[string]string{
		`{"currency": "CNY", "rows": []}`:                                                                                                                                 "rows: must have 1 to 5000 entries",
		`{"currency": "yuan", "rows": []}`:                                                                                                                                "currency: must be a code such as CNY",
		rows(`{"from": "", "to": "*", "steps": [{"up_to_g": 1}]}`):                                                                                                        "rows[0].from: must have 1 to 64 characters",
		rows(`{"from": "*", "to": "", "steps": [{"up_to_g": 1}]}`):                                                                                                        "rows[0].to: must have 1 to 64 characters",
		rows(`{"from": "*", "to": "*", "steps": []}`):                                                                                                                     "rows[0].steps: must have 1 to 50 entries",
		rows(`{"from": "*", "to": "*", "steps": [{"upto_g": 1}]}`):                                                                                                        "rows[0].steps[0].upto_g: is not known here",
		rows(`{"from": "*", "to": "*", "steps": [{"up_to_g": 1.5}]}`):                                                                                                     "rows.steps.up_to_g: must not be a number 1.5",
		rows(`{"from": "*", "to": "*", "steps": [{"up_to_g": 2}, {"up_to_g": 2}]}`):                                                                                       "rows[0].steps[1].up_to_g: must grow from step to step, up to 1000000000",
		rows(`{"from": "*", "to": "*", "steps": [{"up_to_g": 2, "price_minor": 2}, {"up_to_g": 3, "price_minor": 1}]}`):                                                   "rows[0].steps[1].price_minor: must not fall from step to step, and be at most 1000000000",
		rows(`{"from": "*", "to": "*", "steps": [{"up_to_g": 1}], "extra": {"each_g": 0}}`):                                                                               "rows[0].extra: must have each_g of at least 1 and a price that is not negative",
		rows(`{"from": "*", "to": "*", "steps": [{"up_to_g": 1}]}, {"from": "*", "to": "*", "steps": [{"up_to_g": 1}]}`):                                                  "rows[1]: is the second from * to *",
		`{"currency": "CNY", "zones": [{"zone": "*", "regions": ["1"]}], "rows": [{"from": "*", "to": "*", "steps": [{"up_to_g": 1}]}]}`:                                  "zones[0].zone: must have 1 to 64 characters and not be *",
		`{"currency": "CNY", "zones": [{"zone": "A", "regions": ["1"]}, {"zone": "B", "regions": ["1"]}], "rows": [{"from": "*", "to": "*", "steps": [{"up_to_g": 1}]}]}`: "zones[1].regions[0]: is in zone A already",
	} {
		_, err := ParseFreight("f", 1, []byte(body))
		require.Equal(t, field, refusal(err), body)
	}
}

func TestFreightByZoneAndWeight(t *testing.T) {
	f, err := ParseFreight("standard", 1, []byte(freight))
	require.NoError(t, err)
	for _, c := range []struct {
		from, to string
		weightG  int64
		price    int64
		known    bool
	}{
		{"EAST", "EAST", 1, 600, true}, {"EAST", "EAST", 1000, 600, true}, {"EAST", "EAST", 1001, 900, true}, {"EAST", "EAST", 3000, 900, true},
		{"EAST", "EAST", 3001, 1100, true}, {"EAST", "EAST", 4000, 1100, true}, {"EAST", "EAST", 4001, 1300, true},
		{"WEST", "EAST", 2000, 1200, true}, {"WEST", "EAST", 2001, 0, false}, {"", "EAST", 1, 1200, true}, {"EAST", "WEST", 1, 0, false}, {"EAST", "", 1, 0, false},
	} {
		price, known := f.Price(c.from, c.to, c.weightG)
		require.Equal(t, c.price, price, "%+v", c)
		require.Equal(t, c.known, known, "%+v", c)
	}
	require.Equal(t, "EAST", f.Zone("310101"))
	require.Equal(t, "", f.Zone("999"))
	require.Equal(t, "", f.Zone(""))
}

func TestTheMostSpecificStrategyIsChosen(t *testing.T) {
	named := func(name, selectors string) Strategy {
		s, err := ParseStrategy(name, 1, []byte(`{"for": [`+selectors+`], "stages": [{"name": "one"}]}`))
		require.NoError(t, err)
		return s
	}
	all := []Strategy{
		named("everything", `{}`), named("local", `{"way": "local_delivery"}`), named("east", `{"region": "31"}`), named("district", `{"region": "3101"}`),
		named("jd", `{"channel": "jd"}, {"channel": "tmall"}`), named("jd east", `{"channel": "jd", "region": "31"}`), named("jd local", `{"channel": "jd", "way": "local_delivery"}`),
	}
	for _, c := range []struct {
		channel, region string
		way             Way
		want            string
	}{
		{"pos", "", Parcel, "everything"}, {"pos", "", LocalDelivery, "local"}, {"pos", "310215", Parcel, "east"}, {"pos", "310101", LocalDelivery, "district"},
		{"jd", "", Parcel, "jd"}, {"tmall", "310101", Parcel, "jd"}, {"jd", "310101", LocalDelivery, "jd east"}, {"jd", "11", LocalDelivery, "jd local"},
	} {
		d := Demand{Channel: c.channel, Region: c.region, Way: c.way}
		require.Equal(t, c.want, Select(all, d).Name, "%+v", c)
		slicesReversed := append([]Strategy{}, all...)
		for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
			slicesReversed[i], slicesReversed[j] = slicesReversed[j], slicesReversed[i]
		}
		require.Equal(t, c.want, Select(slicesReversed, d).Name, "%+v", c)
	}
	require.Equal(t, "near-then-split", Select(all[1:2], Demand{Channel: "jd", Way: Parcel}).Name, "built in, when none is for it")
	clash, ok := Clash(all[4], named("other", `{"way": "pickup"}, {"channel": "tmall"}`))
	require.True(t, ok)
	require.Equal(t, Selector{Channel: "tmall"}, clash)
	_, ok = Clash(all[0], all[1])
	require.False(t, ok)
}
