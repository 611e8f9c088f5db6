package geo

import "math"

const (
	// MaxCorners bounds a polygon.
	MaxCorners = 500
	// minCos keeps each corner within 80 degrees of the middle: a polygon is much smaller than half the earth, so what is
	// inside of it is never a question.
	minCos = 0.17364817766693033
	// touching is how near (in parts of the earth's radius, less than a millimetre) counts as on the edge.
	touching = 1e-10
)

// Polygon is an area on the earth whose edges are great circles. It may lie on a pole or on the date line, and is at most
// 80 degrees wide from its middle.
type Polygon struct {
	middle, east, north Vector
	flat                [][2]float64 // the corners, seen from the earth's centre on the plane that touches it in the middle
}

// NewPolygon takes the corners in order, either way round; the last is joined to the first. It refuses with ErrGeo fewer
// than three corners, two neighbours that are the same, edges that cross, and what is too large.
func NewPolygon(corners []Point) (*Polygon, error) {
	if len(corners) < 3 || len(corners) > MaxCorners {
		return nil, refuse("a polygon has 3 to %d corners, not %d", MaxCorners, len(corners))
	}
	var sum Vector
	for _, c := range corners {
		if err := c.Validate(); err != nil {
			return nil, err
		}
		v := c.Vector()
		sum = Vector{sum[0] + v[0], sum[1] + v[1], sum[2] + v[2]}
	}
	length := math.Sqrt(dot(sum, sum))
	if length < 1e-9 {
		return nil, refuse("a polygon's corners lie all around the earth")
	}
	p := &Polygon{middle: Vector{sum[0] / length, sum[1] / length, sum[2] / length}}
	p.east, p.north = tangents(p.middle)
	for _, c := range corners {
		at, ok := p.project(c)
		if !ok {
			return nil, refuse("a polygon is too large: %v, %v is far from its middle", c.Lat, c.Lng)
		}
		p.flat = append(p.flat, at)
	}
	return p, p.simple()
}

// Contains says whether the point is inside, or on the edge.
func (p *Polygon) Contains(at Point) bool {
	if at.Validate() != nil {
		return false
	}
	q, ok := p.project(at)
	if !ok {
		return false
	}
	inside := false
	for i, b := range p.flat {
		a := p.flat[(i+len(p.flat)-1)%len(p.flat)]
		if onEdge(a, b, q) {
			return true
		}
		if (a[1] > q[1]) != (b[1] > q[1]) && q[0] < (b[0]-a[0])*(q[1]-a[1])/(b[1]-a[1])+a[0] {
			inside = !inside
		}
	}
	return inside
}

// project looks at a point from the earth's centre: great circles become straight lines. Only what is on the same side of
// the earth can be seen.
func (p *Polygon) project(at Point) ([2]float64, bool) {
	v := at.Vector()
	towards := dot(v, p.middle)
	if towards < minCos {
		return [2]float64{}, false
	}
	return [2]float64{dot(v, p.east) / towards, dot(v, p.north) / towards}, true
}

// simple refuses edges that cross or touch.
func (p *Polygon) simple() error {
	n := len(p.flat)
	for i := range n {
		a, b := p.flat[i], p.flat[(i+1)%n]
		if math.Hypot(a[0]-b[0], a[1]-b[1]) <= touching {
			return refuse("corner %d of a polygon is the same as the next", i+1)
		}
		for j := i + 2; j < n; j++ {
			if i == 0 && j == n-1 {
				continue // neighbours
			}
			if crosses(a, b, p.flat[j], p.flat[(j+1)%n]) {
				return refuse("edges %d and %d of a polygon cross", i+1, j+1)
			}
		}
		if c := p.flat[(i+2)%n]; onEdge(a, b, c) || onEdge(b, c, a) {
			return refuse("edges %d and %d of a polygon lie on each other", i+1, (i+1)%n+1)
		}
	}
	return nil
}

func crosses(a, b, c, d [2]float64) bool {
	if onEdge(a, b, c) || onEdge(a, b, d) || onEdge(c, d, a) || onEdge(c, d, b) {
		return true
	}
	return (turn(a, b, c) > 0) != (turn(a, b, d) > 0) && (turn(c, d, a) > 0) != (turn(c, d, b) > 0)
}

func onEdge(a, b, q [2]float64) bool {
	length := math.Hypot(b[0]-a[0], b[1]-a[1])
	if length == 0 || math.Abs(turn(a, b, q)) > touching*length {
		return false
	}
	along := ((q[0]-a[0])*(b[0]-a[0]) + (q[1]-a[1])*(b[1]-a[1])) / length
	return along >= -touching && along <= length+touching
}

// turn is positive when a, b, c turns left.
func turn(a, b, c [2]float64) float64 {
	return (b[0]-a[0])*(c[1]-a[1]) - (b[1]-a[1])*(c[0]-a[0])
}

func dot(a, b Vector) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

// tangents are two directions along the ground at m. Which ones does not matter; they exist at the poles too.
func tangents(m Vector) (east, north Vector) {
	axis := Vector{0, 0, 1}
	if math.Abs(m[2]) > 0.9 {
		axis = Vector{1, 0, 0}
	}
	east = cross(axis, m)
	length := math.Sqrt(dot(east, east))
	east = Vector{east[0] / length, east[1] / length, east[2] / length}
	return east, cross(m, east)
}

func cross(a, b Vector) Vector {
	return Vector{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}
