// Package failpoint marks the places where a test kills, delays or fails a process.
//
// Always true:
//   - Without the build tag "failpoint", Hit does nothing and costs nothing, whatever the environment says: a released
//     binary cannot be made to fail by a variable.
//   - With the tag, FAILPOINT holds a comma-separated list of `name=action` and a named point acts each time it is hit:
//     `kill` (SIGKILL to the own process, also what a bare name means), `sleep:250` (milliseconds), `error` (Hit returns
//     ErrInjected). `name=kill@3` acts from the third hit on.
//   - With the tag, FAILPOINT_TRACE names a file to which each point's name is appended at its first hit, before it acts:
//     so a run proves which points it reached, also those that killed it.
//   - A wrong FAILPOINT ends the process at start: a fault that silently was not injected proves nothing.
//
// Names are `center.flow.step.before|after`, lower case, unique in the code.
package failpoint

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrInjected is what Hit returns at a point armed with `error`.
var ErrInjected = errors.New("failpoint: injected error")

// maxSleep bounds `sleep`: longer than any deadline in the product is a typing mistake.
const maxSleep = 10 * time.Minute

type act int

const (
	actKill act = iota + 1
	actSleep
	actError
)

// order is one armed point: what to do, and from which hit on.
type order struct {
	act   act
	sleep time.Duration
	from  int64
}

var nameForm = regexp.MustCompile(`^[a-z0-9_.-]{1,100}$`)

// parse reads the list form of FAILPOINT.
func parse(spec string) (map[string]order, error) {
	orders := map[string]order{}
	for entry := range strings.SplitSeq(spec, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		name, action, found := strings.Cut(entry, "=")
		if !found {
			action = "kill"
		}
		o := order{from: 1}
		if verb, from, counted := strings.Cut(action, "@"); counted {
			n, err := strconv.ParseInt(from, 10, 32)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("failpoint: %q: the hit to act from is a positive number", entry)
			}
			action, o.from = verb, n
		}
		millis, isSleep := strings.CutPrefix(action, "sleep:")
		switch {
		case !nameForm.MatchString(name):
			return nil, fmt.Errorf("failpoint: %q: a name is [a-z0-9_.-]", entry)
		case action == "kill":
			o.act = actKill
		case action == "error":
			o.act = actError
		case isSleep:
			n, err := strconv.ParseInt(millis, 10, 32)
			o.act, o.sleep = actSleep, time.Duration(n)*time.Millisecond
			if err != nil || n < 0 || o.sleep > maxSleep {
				return nil, fmt.Errorf("failpoint: %q: sleep wants milliseconds up to %d", entry, maxSleep.Milliseconds())
			}
		default:
			return nil, fmt.Errorf("failpoint: %q: an action is kill, error or sleep:MILLISECONDS", entry)
		}
		orders[name] = o
	}
	return orders, nil
}
