package biz

import (
	"strings"
	"time"
	_ "time/tzdata" // a static binary on a machine without zone files

	"github.com/onepool/onepool/app/internal/batch"
)

// oldNames are zones as store directories write them: capitals that the IANA list knows under another city, and names
// that a column of 20 characters has cut off.
var oldNames = map[string]string{
	"Asia/Beijing":         "Asia/Shanghai",
	"Asia/New_Delhi":       "Asia/Kolkata",
	"America/Oranjestad":   "America/Aruba",
	"America/Willemstad":   "America/Curacao",
	"America/Argentina/Bu": "America/Argentina/Buenos_Aires",
	"America/Dawson_Cree":  "America/Dawson_Creek",
	"America/Port_of_Spa":  "America/Port_of_Spain",
}

// Zones checks time zones and remembers those it has seen, for one batch.
type Zones struct{ known map[string]bool }

// NewZones returns an empty memory.
func NewZones() *Zones { return &Zones{known: map[string]bool{}} }

// Normalize returns the IANA name of a zone, written as such or after an offset ("GMT-08:00 America/Los_Angeles"). The
// offset is not compared: directories carry wrong ones, and it changes twice a year.
func (z *Zones) Normalize(field, text string) (string, *batch.Refusal) {
	name := strings.TrimSpace(text)
	if before, after, ok := strings.Cut(name, " "); ok && (strings.HasPrefix(before, "GMT") || strings.HasPrefix(before, "UTC")) {
		name = strings.TrimSpace(after)
	}
	if other, ok := oldNames[name]; ok {
		name = other
	}
	valid, seen := z.known[name]
	if !seen {
		// "" and "Local" are this machine's zone to the library: never a store's.
		_, err := time.LoadLocation(name)
		valid = err == nil && name != "" && name != "Local" && len(name) <= 64
		z.known[name] = valid
	}
	if !valid {
		return "", batch.Refuse(batch.ReasonTimeInvalid, field, "%.64q is no IANA time zone such as Asia/Shanghai", text)
	}
	return name, nil
}
