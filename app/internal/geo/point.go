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

// Vector is a point of the unit sphere.
type Vector [3]float64

// Vector turns degrees into a place on the sphere: what is compared with many others is turned once.
func (p Point) Vector() Vector {
	const radian = math.Pi / 180
	sinLat, cosLat := math.Sincos(p.Lat * radian)
	sinLng, cosLng := math.Sincos(p.Lng * radian)
	return Vector{cosLat * cosLng, cosLat * sinLng, sinLat}
}

// chordMM is the straight line between two unit vectors with the given differences, on the earth, in whole millimetres.
// It grows with the great-circle distance, so it orders like it, without trigonometry. The conversions forbid fused
// multiplication: every machine rounds the same way, and a smaller difference never gives a longer line.
func chordMM(dx, dy, dz float64) int64 {
	return MM(float64(dx*dx) + float64(dy*dy) + float64(dz*dz))
}

// Squared is the squared chord between two vectors: it orders like the distance, and MM makes millimetres of it.
func (v Vector) Squared(o Vector) float64 {
	dx, dy, dz := v[0]-o[0], v[1]-o[1], v[2]-o[2]
	return float64(dx*dx) + float64(dy*dy) + float64(dz*dz)
}

// MM is the chord in whole millimetres on the earth: the unit in which distances are equal.
func MM(squared float64) int64 {
	return int64(float64(math.Sqrt(squared)*(EarthKM*1e6)) + 0.5)
}

// SquaredMM is a bound for Squared: what is above it is at least a millimetre farther than mm, also after rounding.
func SquaredMM(mm int64) float64 {
	chord := (float64(mm) + 1) / (EarthKM * 1e6)
	return chord * chord
}

// ChordMM is the chord below a great circle, rounded up: no place within km is beyond it.
func ChordMM(km float64) int64 {
	return int64(math.Ceil(2*EarthKM*1e6*math.Sin(min(math.Pi/2, km/(2*EarthKM))))) + 1
}

// ArcKM turns a chord in millimetres into the great circle above it.
func ArcKM(chordMM int64) float64 {
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
