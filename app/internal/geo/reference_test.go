package geo

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The figures were computed elsewhere, by brute force with haversine, on real stores and districts.
func TestReferenceDistances(t *testing.T) {
	folder := os.Getenv("ONEPOOL_DATA")
	if folder == "" {
		t.Skip("ONEPOOL_DATA names no data folder")
	}
	stores := read(t, filepath.Join(folder, "stores_starbucks.csv.gz"))
	for _, c := range []struct {
		country, demand           string
		points, stores            int
		sum, median, p90, longest float64
		ties                      int
	}{
		{"CN", "geo_cn_counties.csv.gz", 2558, 2734, 434_575.592, 79.494, 286.413, 2330.222, 198},
		{"US", "geo_us_zips.csv.gz", 28547, 13608, 1_266_980.752, 22.414, 74.266, 5966.095, 2691},
	} {
		t.Run(c.country, func(t *testing.T) {
			var items []Item
			for i, row := range stores {
				if row["country"] == c.country && row["lat"] != "" {
					items = append(items, Item{ID: row["store_number"] + "/" + strconv.Itoa(i), Point: position(t, row)})
				}
			}
			require.InDelta(t, c.stores, len(items), 1) // one row of the file has no position
			x, err := Build(items)
			require.NoError(t, err)

			demand := read(t, filepath.Join(folder, c.demand))
			require.Len(t, demand, c.points)
			var sum float64
			ties := 0
			distances := make([]float64, 0, len(demand))
			for _, row := range demand {
				near := x.Nearest(position(t, row), 2, nil)
				sum += near[0].KM
				distances = append(distances, near[0].KM)
				if near[0].KM == near[1].KM {
					ties++
				}
			}
			slices.Sort(distances)
			require.InDelta(t, c.sum, sum, 0.0015)
			require.InDelta(t, c.median, distances[len(distances)/2], 0.0006) // the upper one of an even number
			require.InDelta(t, c.p90, distances[len(distances)*9/10], 0.0006)
			require.InDelta(t, c.longest, distances[len(distances)-1], 0.0006)
			require.Equal(t, c.ties, ties)
		})
	}
}

func position(t *testing.T, row map[string]string) Point {
	lat, err := strconv.ParseFloat(row["lat"], 64)
	require.NoError(t, err)
	lng, err := strconv.ParseFloat(row["lng"], 64)
	require.NoError(t, err)
	return Point{lat, lng}
}

func read(t *testing.T, path string) []map[string]string {
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	rows, err := csv.NewReader(unzipped).ReadAll()
	require.NoError(t, err)
	out := make([]map[string]string, 0, len(rows)-1)
	for _, row := range rows[1:] {
		named := map[string]string{}
		for i, name := range rows[0] {
			named[name] = row[i]
		}
		out = append(out, named)
	}
	return out
}
