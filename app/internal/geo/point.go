// Package geo measures distances on the earth and finds what is near.
//
// Always true:
//   - A Point that Validate accepted has finite coordinates in degrees, WGS84-like.
//   - Distances are great circles on a sphere of radius EarthKM.
//   - An Index never changes: readers need no lock, a change builds another one and swaps it in.
//   - Walk and Nearest give the same items in the same order as sorting all of them by distance in whole millimetres, then
//     by id. Millimetres, because two points that are equally far in truth differ in the last bits when computed, and the
//     choice of a store must not hang on these.
package geo

import (
	"errors"
	"fmt"
	"math"
)

// EarthKM is the mean radius of the earth in kilometres (IUGG R1).
const EarthKM = 6371.0088

// ErrGeo is a coordinate out of range. Its reason at the edge is GEO_INVALID.
var ErrGeo = errors.New("coordinates are invalid")

// Point is a place in decimal degrees.
type Point struct {
	Lat, Lng float64
}

// Validate accepts latitudes of -90 to 90 and longitudes of -180 to 180, and no NaN.
func (p Point) Validate() error {
	if !(p.Lat >= -90 && p.Lat <= 90 && p.Lng >= -180 && p.Lng <= 180) {
		return refuse("latitude %v, longitude %v", p.Lat, p.Lng)
	}
	return nil
}

// Haversine returns the great-circle distance in kilometres.
func Haversine(a, b Point) float64 {
	const radian = math.Pi / 180
	sinLat := math.Sin((b.Lat - a.Lat) * radian / 2)
	sinLng := math.Sin((b.Lng - a.Lng) * radian / 2)
	h := sinLat*sinLat + math.Cos(a.Lat*radian)*math.Cos(b.Lat*radian)*sinLng*sinLng
	return 2 * EarthKM * math.Asin(math.Sqrt(min(1, h)))
}

// vector is a point of the unit sphere.
type vector [3]float64

func (p Point) vector() vector {
	const radian = math.Pi / 180
	sinLat, cosLat := math.Sincos(p.Lat * radian)
	sinLng, cosLng := math.Sincos(p.Lng * radian)
	return vector{cosLat * cosLng, cosLat * sinLng, sinLat}
}

// chordMM is the straight line between two unit vectors with the given differences, on the earth, in whole millimetres.
// It grows with the great-circle distance, so it orders like it, without trigonometry. The conversions forbid fused
// multiplication: every machine rounds the same way, and a smaller difference never gives a longer line.
func chordMM(dx, dy, dz float64) int64 {
	squared := float64(dx*dx) + float64(dy*dy) + float64(dz*dz)
	return int64(float64(math.Sqrt(squared)*(EarthKM*1e6)) + 0.5)
}

// arcKM turns a chord into the great circle above it.
func arcKM(chordMM int64) float64 {
	return 2 * EarthKM * math.Asin(min(1, float64(chordMM)/(2*EarthKM*1e6)))
}

// refusal is ErrGeo with its particulars. Its Fault is what a client is told, so that no handler maps it again.
type refusal string

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func (r refusal) Error() string        { return ErrGeo.Error() + ": " + string(r) }
func (r refusal) Is(target error) bool { return target == ErrGeo }

// Fault is the public face of the error.
func (r refusal) Fault() (code int, reason, message string, metadata map[string]string) {
	return 400, "GEO_INVALID", r.Error(), nil
}
