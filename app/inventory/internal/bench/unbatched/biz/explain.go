package biz

import (
	"fmt"
	"slices"
	"strings"
)

// maxExplained bounds the candidates that an explanation names; the chosen ones are always among them.
const maxExplained = 50

// Explanation says why these locations ship: each candidate considered, what kept or dropped it.
type Explanation struct {
	Document, Strategy string
	Wanted             string
	Considered         int
	Proven             bool // no better choice exists
	Candidates         []Explained
	TookUS             int64
	DecidedAtUS        int64
}

// Explained is one candidate of an explanation.
type Explained struct {
	Location  string `json:"location"`
	Name      string `json:"name"`
	DistanceM int64  `json:"distance_m"`
	Has       string `json:"has"`
	Chosen    bool   `json:"chosen"`
	Reason    string `json:"reason"`
}

func explain(d Demand, s Strategy) Explanation {
	wanted := make([]string, 0, len(d.Lines))
	for _, l := range d.Lines {
		wanted = append(wanted, fmt.Sprintf("%d x %s", l.Quantity, l.SKU))
	}
	place := ""
	switch {
	case d.Way.AtTheStore():
		place = " at " + d.Location
	case d.Destination != nil:
		place = fmt.Sprintf(" near %.4f,%.4f", d.Destination.Lat, d.Destination.Lng)
	}
	return Explanation{Proven: true, Document: d.Document, Strategy: fmt.Sprintf("%s v%d", s.Name, s.Version),
		Wanted: strings.Join(wanted, ", ") + place + ", " + d.Way.String()}
}

// Drop names a location that did not become a candidate.
func (e *Explanation) Drop(l Location, distanceM int64, reason string) {
	if len(e.Candidates) < maxExplained {
		e.Candidates = append(e.Candidates, Explained{Location: l.Code, Name: l.Name, DistanceM: distanceM, Has: "-", Reason: "dropped: " + reason})
	}
}

func (e *Explanation) candidates(t *table) {
	e.Considered = len(t.candidates)
	for c, candidate := range t.candidates {
		if c >= maxExplained {
			return
		}
		e.Candidates = append(e.Candidates, t.explained(c, candidate))
	}
}

func (t *table) explained(c int, candidate Candidate) Explained {
	x := Explained{Location: candidate.Location.Code, Name: candidate.Location.Name, DistanceM: candidate.DistanceM}
	enough, _ := t.lines(c)
	x.Has = fmt.Sprintf("%d of %d lines", enough, len(t.skus))
	if enough == len(t.skus) {
		x.Has, x.Reason = "all lines", "ranked after the chosen"
		return x
	}
	for s, need := range t.need {
		if t.has[c][s] < need {
			x.Reason = "dropped: " + t.shelf(candidate, t.skus[s], t.has[c][s])
			break
		}
	}
	return x
}

// shelf says what a candidate has of a SKU, in words of the shop.
func (t *table) shelf(candidate Candidate, sku string, left int64) string {
	var onHand, reserved, safety int64
	for _, s := range candidate.Stock {
		if s.key.SKU == sku {
			onHand, reserved, safety = onHand+s.onHand, reserved+s.reserved, safety+s.safety
		}
	}
	return fmt.Sprintf("%s %d%s%d on hand, %d reserved, safety stock %d)", sku, left, toPromise, onHand, reserved, safety)
}

// toPromise is what the words about a shelf hold, and only they.
const toPromise = " to promise ("

// Discreet keeps the figures of locations that the reader does not see exactly out of an explanation and its text.
func (e Explanation) Discreet(text string, sees func(location string) bool) (Explanation, string) {
	lines := strings.Split(text, "\n")
	e.Candidates = slices.Clone(e.Candidates)
	for i := range e.Candidates {
		c := &e.Candidates[i]
		words := strings.Fields(c.Reason)
		if !strings.Contains(c.Reason, toPromise) || len(words) < 2 || sees(c.Location) {
			continue
		}
		told := "dropped: too few of " + words[1]
		if i+1 < len(lines) { // the first line says what was wanted
			lines[i+1] = strings.TrimSuffix(lines[i+1], c.Reason) + told
		}
		c.Reason = told
	}
	return e, strings.Join(lines, "\n")
}

func (e *Explanation) choose(t *table, chosen []int, how string) {
	for _, c := range chosen {
		code := t.candidates[c].Location.Code
		at := slices.IndexFunc(e.Candidates, func(x Explained) bool { return x.Location == code })
		if at < 0 {
			e.Candidates = append(e.Candidates, t.explained(c, t.candidates[c]))
			at = len(e.Candidates) - 1
		}
		e.Candidates[at].Chosen, e.Candidates[at].Reason = true, "chosen: "+how
	}
}

// Text is the explanation for a person.
func (e Explanation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s wanted %s, strategy %q\n", e.Document, e.Wanted, e.Strategy)
	for i, c := range e.Candidates {
		fmt.Fprintf(&b, "%3d  %-12s %-24s %7.1f km  %-14s %s\n", i+1, c.Location, c.Name, float64(c.DistanceM)/1000, c.Has, c.Reason)
	}
	fmt.Fprintf(&b, "decided in %d us, %d candidates\n", e.TookUS, e.Considered)
	return b.String()
}
