// Package webhook tells a channel's receiver what has happened in a center, as long as it takes.
//
// Always true:
//   - A hook's position moves only forward, and only when the receiver has taken everything up to it.
//   - Nobody but its owner knows its secret, which is stored nowhere.
//   - No transaction is open while a receiver is called.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

const (
	// Most bounds the webhooks of one channel of one organisation.
	Most = 20

	coalesceDefaultMS = 1000
	coalesceLeastMS   = 100
	coalesceMostMS    = 60_000

	backoffFirst = time.Second
	backoffMost  = 15 * time.Minute
	// failuresMost in a row park a webhook: with these pauses that is about a day.
	failuresMost = 100
	// errorMost bounds what is kept of a failure, in characters.
	errorMost = 200
	// restPer is how long a receiver is left alone for each unit of time that it took: a slow one gets its share, no more.
	restPer = 2
)

// Row is the stored form of a Hook.
type Row struct {
	ID, Org, Channel, URL string
	// Salt and the platform's key make the secret; the secret itself is stored nowhere.
	Salt       []byte
	CoalesceMS int64
	Active     bool
	// Position is the last commit that the receiver has taken.
	Position             int64
	Failures, NextUS     int64
	LastError            string
	CreatedUS, UpdatedUS int64
}

// Hook is a channel's wish to be told. Its position moves only forward, and only when the receiver has taken what came
// before it.
type Hook struct{ row Row }

// Restore takes a stored one.
func Restore(row Row) *Hook { return &Hook{row} }

// Row is the stored form.
func (w *Hook) Row() Row { return w.row }

// Terms are what its owner chooses.
type Terms struct {
	URL        string
	CoalesceMS int64 // 0: a second
	Active     bool
}

// Checked are the terms with what was left out, or why they cannot be.
func (t Terms) Checked(loopback bool) (Terms, error) {
	if t.CoalesceMS == 0 {
		t.CoalesceMS = coalesceDefaultMS
	}
	if t.CoalesceMS < coalesceLeastMS || t.CoalesceMS > coalesceMostMS {
		return t, Invalid{"coalesce_ms", "must be " + strconv.Itoa(coalesceLeastMS) + " to " + strconv.Itoa(coalesceMostMS)}
	}
	return t, CheckURL(t.URL, loopback)
}

// change sets the terms. One that failed, or was parked, begins again where it was.
func (w *Hook) change(t Terms, nowUS int64) {
	w.row.URL, w.row.CoalesceMS, w.row.Active = t.URL, t.CoalesceMS, t.Active
	w.row.Failures, w.row.NextUS, w.row.LastError, w.row.UpdatedUS = 0, 0, "", nowUS
}

// Delivered moves it on to a position that the receiver has taken. more says that there is more to tell already: then the
// window is not waited for.
func (w *Hook) Delivered(to, nowUS, tookUS int64, more bool) {
	rest := restPer * max(0, tookUS)
	if !more {
		rest = max(rest, w.row.CoalesceMS*int64(time.Millisecond/time.Microsecond))
	}
	w.row.Position, w.row.Failures, w.row.LastError = max(to, w.row.Position), 0, ""
	w.row.NextUS, w.row.UpdatedUS = nowUS+rest, nowUS
}

// Failed puts it off: each time for twice as long, with jitter (a number from 0 up to below its argument) so that those that
// failed together do not come back together; after too many times it is parked.
func (w *Hook) Failed(why string, nowUS int64, jitter func(int64) int64) {
	w.row.Failures++
	pause := min(backoffFirst<<min(w.row.Failures-1, 20), backoffMost).Microseconds()
	w.row.NextUS, w.row.UpdatedUS = nowUS+pause/2+jitter(pause/2), nowUS
	if w.row.Failures >= failuresMost {
		w.row.Active = false
		why = "parked after " + strconv.Itoa(failuresMost) + " failures in a row, at last: " + why
	}
	w.row.LastError = why
	if runes := []rune(why); len(runes) > errorMost {
		w.row.LastError = string(runes[:errorMost])
	}
}

// Parked says whether it was given up.
func (w *Hook) Parked() bool { return !w.row.Active && w.row.Failures >= failuresMost }

// Secret is what signs a webhook's messages: of the platform's key, the webhook and its salt.
func Secret(key []byte, id string, salt []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "\n"))
	mac.Write(salt)
	return hex.EncodeToString(mac.Sum(nil))
}

// SecretID names the secret without telling it.
func SecretID(id string, salt []byte) string {
	sum := sha256.Sum256(append([]byte(id+"\n"), salt...))
	return "whs_" + hex.EncodeToString(sum[:8])
}

// Sign is the signature of a message: hex HMAC-SHA256 of timestamp, nonce and raw body, with dots between.
func Sign(secret string, timestampS int64, nonce string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strconv.FormatInt(timestampS, 10) + "." + nonce + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// CheckURL refuses what can be told to be wrong before it is called: the address that a name leads to is looked at
// when it is dialled. loopback allows this machine, also without TLS.
func CheckURL(raw string, loopback bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return URLRefused{"it is no absolute url"}
	case u.User != nil:
		return URLRefused{"it must not hold credentials"}
	case u.Fragment != "":
		return URLRefused{"it must not have a fragment"}
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return URLRefused{"its port is none"}
		}
	}
	ip, err := netip.ParseAddr(u.Hostname())
	isIP := err == nil
	local := isIP && ip.Unmap().IsLoopback() || u.Hostname() == "localhost"
	switch {
	case u.Scheme != "https" && !(u.Scheme == "http" && local && loopback):
		return URLRefused{"it must begin with https://"}
	case isIP && !Address(ip, loopback), local && !loopback:
		return URLRefused{"its address is not public"}
	}
	return nil
}

// notPublic are addresses that lead into somebody's own network, or to nobody, beside those that netip knows.
var notPublic = func() (all []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}()

// Address says whether a webhook may go to an address: a public one, or with loopback this machine.
func Address(ip netip.Addr, loopback bool) bool {
	ip = ip.Unmap().WithZone("")
	if ip.IsLoopback() {
		return loopback
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}
