package biz

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/printed"
)

// maxExplained bounds the candidates that an explanation names; the chosen ones are always among them.
const maxExplained = 50

// Columns of the text: the least of each, and the most of a name.
const (
	leastCode, leastName, leastHas = 12, 24, 14
	mostName                       = 48
)

// Explanation says why these locations ship: each candidate considered, what kept or dropped it.
type Explanation struct {
	Document, Strategy string
	Wanted             string
	Stage              string // the one that decided, or was tried last
	StageNumber        int    // from 1
	Considered         int    // locations, also those that are not named
	Proven             bool   // no better choice exists
	Candidates         []Explained
	TookUS             int64
	DecidedAtUS        int64
	// Round of the document's allocations, where it is not the first, and what came of it, where that is no choice.
	Round   int64
	Outcome string
}

// Explained is one candidate of an explanation.
type Explained struct {
	Location  string `json:"location"`
	Name      string `json:"name"`
	DistanceM int64  `json:"distance_m"`
	Has       string `json:"has"`
	Chosen    bool   `json:"chosen"`
	Reason    string `json:"reason"`
	Filter    string `json:"filter,omitempty"` // the rule that dropped it; guard: one that holds for every strategy
	Stage     string `json:"stage,omitempty"`  // the stage that chose it
	// Ranks are its places by each preference, 1 for the best, in the order of the preferences.
	Ranks []Rank `json:"ranks,omitempty"`
}

// Rank is a place by one preference.
type Rank struct {
	Rule string `json:"rule"`
	Rank int    `json:"rank"`
}

const ruleGuard = "guard"

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
	return Explanation{Proven: true, Document: d.Document, Strategy: s.Label(),
		Wanted: strings.Join(wanted, ", ") + place + ", " + d.Way.String()}
}

// Drop names a location that did not become a candidate.
func (e *Explanation) Drop(l Location, distanceM int64, reason string) {
	if len(e.Candidates) < maxExplained {
		e.Candidates = append(e.Candidates, Explained{Location: l.Code, Name: l.Name, DistanceM: distanceM, Has: "-", Reason: "dropped: " + reason})
	}
}

// also names locations that did not come so far, where they are not named yet.
func (e *Explanation) also(dropped []Explained) {
	for _, x := range dropped {
		if !e.names(x.Location) {
			e.Candidates = append(e.Candidates, x)
			e.Considered++
		}
	}
}

func (e *Explanation) names(location string) bool {
	return slices.ContainsFunc(e.Candidates, func(x Explained) bool { return x.Location == location })
}

// promise names a location where pieces will arrive for the demand.
func (e *Explanation) promise(p Placed, sku string, qty int64) {
	if !e.names(p.Location.Code) {
		e.Considered++
	}
	e.Candidates = append(e.Candidates, Explained{Location: p.Location.Code, Name: p.Location.Name, DistanceM: p.DistanceM, Has: "presale", Chosen: true,
		Reason: fmt.Sprintf("chosen: %d x %s that will arrive there", qty, sku)})
}

// stage notes which stage is tried.
func (e *Explanation) stage(number int, g stage) { e.StageNumber, e.Stage = number+1, g.name }

// tell names the candidates in rank order: what the guards and the filters of the stage dropped, what each has, and how it
// compares with the chosen set. Chosen ones are named even where the explanation is full.
func (e *Explanation) tell(ranked []placed, dropped map[int]string, t *table, chosen []int) {
	number := make([]int, len(ranked)) // of a candidate in the table, by the caller's number, from 1
	for c, at := range t.at {
		number[at] = c + 1
	}
	how := ""
	if chosen != nil {
		how = "chosen: " + t.how(chosen, e.Proven)
	}
	e.Candidates = make([]Explained, 0, min(len(ranked), maxExplained+len(chosen)))
	ranks := t.ranks()
	first := 0 // the line of the first chosen one
	for _, p := range ranked {
		c := number[p.at] - 1
		kept := c >= 0
		picked := kept && slices.Contains(chosen, c)
		if len(e.Candidates) >= maxExplained && !picked {
			continue
		}
		x := Explained{Location: p.Location.Code, Name: p.Location.Name, DistanceM: p.DistanceM, Has: "-"}
		switch reason, guarded := dropped[p.at]; {
		case guarded:
			x.Filter, x.Reason = ruleGuard, "dropped: "+reason
		case !kept:
			x.Filter, x.Reason = t.notes[p.at].name, "dropped: "+t.notes[p.at].reason
		case picked:
			x.Has, x.Reason = t.stock(c)
			x.Chosen, x.Stage, x.Reason = true, e.Stage, how
		default:
			x.Has, x.Reason = t.stock(c)
			if x.Reason == "" {
				x.Reason = t.after(c, chosen, first)
			}
		}
		if kept {
			x.Ranks = ranks(c)
		}
		if e.Candidates = append(e.Candidates, x); picked && first == 0 {
			first = len(e.Candidates)
		}
	}
}

// ranks gives a candidate's places by each preference.
func (t *table) ranks() func(c int) []Rank {
	places := make([][]int64, len(t.levels)) // the different penalties, in order
	for i, l := range t.levels {
		places[i] = slices.Clone(l.penalty)
		slices.Sort(places[i])
		places[i] = slices.Compact(places[i])
	}
	return func(c int) []Rank {
		var all []Rank
		for i, l := range t.levels {
			if l.name == ruleFewestParcels {
				continue
			}
			at, _ := slices.BinarySearch(places[i], l.penalty[c])
			all = append(all, Rank{l.name, at + 1})
		}
		return all
	}
}

// stock says what a candidate has; why not: the first SKU of which it has too little.
func (t *table) stock(c int) (has, whyNot string) {
	enough, _ := t.lines(c)
	if enough == len(t.skus) {
		if t.full(c) {
			return "all lines", ""
		}
		return "all lines", "dropped: cannot keep together what must not be split"
	}
	has = strconv.Itoa(enough) + " of " + strconv.Itoa(len(t.skus)) + " lines"
	for s := range t.skus {
		if t.has[c][s] < t.need[s] {
			return has, "dropped: " + t.shelf(t.candidates[c], t.skus[s], t.has[c][s])
		}
	}
	return has, ""
}

// after says by which preference a candidate that has all lines comes after the chosen one.
func (t *table) after(c int, chosen []int, line int) string {
	switch {
	case len(chosen) == 0:
		return "could serve alone"
	case len(chosen) > 1:
		return "has all, and several are preferred"
	}
	level, order := t.compareAlone(c, chosen[0])
	why := "farther"
	switch {
	case order == 0:
		why = "equal, and later by its code"
	case level < len(t.levels) && t.levels[level].name != ruleNearest:
		why = "not as good by " + t.levels[level].text
	}
	return "ranked after " + strconv.Itoa(max(line, 1)) + ": " + why
}

// how says by what the set was chosen.
func (t *table) how(chosen []int, proven bool) string {
	var words []string
	for _, l := range t.levels {
		if len(chosen) > 1 || l.name != ruleFewestParcels {
			words = append(words, l.text)
		}
	}
	text := strings.Join(words, ", then ")
	switch {
	case len(t.waiting()) > 0:
		text = strings.TrimPrefix(text+"; what is not there waits for stock", "; ")
	case len(chosen) == 1:
		text = strings.TrimSpace(text + " single")
	}
	if !proven {
		text += " (search stopped at its bound)"
	}
	return text
}

// shelf says what a candidate has of a SKU, in words of the shop.
func (t *table) shelf(candidate *Candidate, sku string, left int64) string {
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

// Discreet keeps the figures of locations that the reader does not see exactly out of an explanation and its text: what is
// on the shelf, what stands in brackets after the reason for dropping it, and its ranks.
func (e Explanation) Discreet(text string, sees func(location string) bool) (Explanation, string) {
	lines := strings.Split(text, "\n")
	e.Candidates = slices.Clone(e.Candidates)
	for i := range e.Candidates {
		c := &e.Candidates[i]
		if sees(c.Location) {
			continue
		}
		c.Ranks = nil
		told := c.Reason
		if words := strings.Fields(c.Reason); strings.Contains(c.Reason, toPromise) && len(words) >= 2 {
			told = "dropped: too few of " + words[1]
		} else if strings.HasPrefix(c.Reason, "dropped: ") {
			told, _, _ = strings.Cut(c.Reason, " (")
		}
		if told == c.Reason {
			continue
		}
		if i+1 < len(lines) { // the first line says what was wanted
			lines[i+1] = strings.TrimSuffix(lines[i+1], c.Reason) + told
		}
		c.Reason = told
	}
	return e, strings.Join(lines, "\n")
}

// Text is the explanation for a person.
func (e Explanation) Text() string {
	var b strings.Builder
	round := ""
	if e.Round > 1 {
		round = fmt.Sprintf(", round %d", e.Round)
	}
	fmt.Fprintf(&b, "%s wanted %s, strategy %q%s\n", e.Document, e.Wanted, e.Strategy, round)
	code, name, has := leastCode, leastName, leastHas
	for _, c := range e.Candidates {
		code, name, has = max(code, printed.Width(c.Location)), max(name, printed.Width(c.Name)), max(has, printed.Width(c.Has))
	}
	for i, c := range e.Candidates {
		fmt.Fprintf(&b, "%3d  %s %s %7.1f km  %s %s\n", i+1, printed.Pad(c.Location, code), printed.Pad(c.Name, min(name, mostName)), float64(c.DistanceM)/1000,
			printed.Pad(c.Has, has), c.Reason)
	}
	if e.Outcome != "" {
		fmt.Fprintf(&b, "%s\n", e.Outcome)
	}
	fmt.Fprintf(&b, "decided in %d us, %d candidates", e.TookUS, e.Considered)
	if n := len(e.Candidates); n < e.Considered {
		fmt.Fprintf(&b, " (%d of them named)", n)
	}
	if e.Stage != "" {
		fmt.Fprintf(&b, ", stage %d %q", e.StageNumber, e.Stage)
	}
	b.WriteString("\n")
	return b.String()
}
