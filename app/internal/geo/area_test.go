package geo

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWhatIsInsideAPolygon(t *testing.T) {
	for name, c := range map[string]struct {
		corners []Point
		in, out []Point
	}{
		"a town": {[]Point{{31, 121}, {31, 122}, {32, 122}, {32, 121}},
			[]Point{{31.5, 121.5}, {31, 121}, {31.5, 121}, {31.0001, 121.0001}}, []Point{{30.9, 121.5}, {31.5, 122.01}, {-31.5, -58.5}, {31.5, 301.5}}},
		"a bay": {[]Point{{0, 0}, {0, 10}, {10, 10}, {10, 7}, {3, 5}, {10, 3}, {10, 0}},
			[]Point{{5, 2}, {5, 8}, {2, 5}}, []Point{{8, 5}, {4, 5}}},
		"across the date line": {[]Point{{-18, 178}, {-18, -178}, {-16, -178}, {-16, 178}},
			[]Point{{-17, 179.9}, {-17, -179.9}, {-17, 180}, {-17, -180}}, []Point{{-17, 177}, {-17, -177}, {-17, 0}}},
		"around the north pole": {[]Point{{80, 0}, {80, 90}, {80, 180}, {80, -90}},
			[]Point{{90, 0}, {90, 123}, {85, 45}, {81, 180}}, []Point{{75, 0}, {-90, 0}, {-85, 45}}},
		"around the south pole": {[]Point{{-80, -120}, {-80, 120}, {-80, 0}},
			[]Point{{-90, 0}, {-85, 60}}, []Point{{-70, 0}, {90, 0}}},
	} {
		for range 2 { // either way round
			p, err := NewPolygon(c.corners)
			require.NoError(t, err, name)
			for _, at := range c.in {
				require.True(t, p.Contains(at), "%s: %v", name, at)
			}
			for _, at := range c.out {
				require.False(t, p.Contains(at), "%s: %v", name, at)
			}
			slices.Reverse(c.corners)
		}
	}
}

// Turning the earth below a polygon changes nothing: neither the date line nor a pole is special.
func TestAPolygonAnywhereIsTheSamePolygon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		corners := []Point{{-5, -5}, {-5, 5}, {0, 2}, {5, 5}, {5, -5}}
		at := Point{Lat: rapid.Float64Range(-8, 8).Draw(t, "lat"), Lng: rapid.Float64Range(-8, 8).Draw(t, "lng")}
		here, err := NewPolygon(corners)
		require.NoError(t, err)
		shift := rapid.Float64Range(0, 360).Draw(t, "shift")
		moved := make([]Point, len(corners))
		for i, c := range corners {
			moved[i] = turned(c, shift)
		}
		there, err := NewPolygon(moved)
		require.NoError(t, err)
		require.Equal(t, here.Contains(at), there.Contains(turned(at, shift)))
	})
}

func turned(p Point, by float64) Point {
	p.Lng += by
	for p.Lng > 180 {
		p.Lng -= 360
	}
	return p
}

func TestPolygonsThatCannotBeAreRefused(t *testing.T) {
	for name, corners := range map[string][]Point{
		"two corners":      {{0, 0}, {0, 1}},
		"off the earth":    {{0, 0}, {0, 1}, {91, 0}},
		"corner twice":     {{0, 0}, {0, 0}, {0, 1}, {1, 1}},
		"crossing":         {{0, 0}, {1, 1}, {0, 1}, {1, 0}},
		"back and forth":   {{0, 0}, {0, 2}, {0, 1}},
		"half the earth":   {{0, 0}, {0, 120}, {0, -120}},
		"far too large":    {{-80, -85}, {-80, 85}, {80, 85}, {80, -85}},
		"too many corners": make([]Point, MaxCorners+1),
	} {
		_, err := NewPolygon(corners)
		require.ErrorIs(t, err, ErrGeo, name)
	}
}
