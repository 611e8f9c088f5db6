package biz

import (
	"slices"
	"strings"
)

// NormalizePhone writes a phone in one way, so that a person is found however it was typed: digits only, without the
// home country's code; numbers of other countries keep theirs after a plus.
func NormalizePhone(raw, homeCountry string) (string, error) {
	digits := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(raw)
	international := false
	if rest, ok := strings.CutPrefix(digits, "+"); ok {
		digits, international = rest, true
	} else if rest, ok := strings.CutPrefix(digits, "00"); ok {
		digits, international = rest, true
	}
	if len(digits) < 6 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return "", Invalid{Field: "phone", Rule: "must have 6 to 15 digits"}
	}
	if !international {
		return digits, nil
	}
	if national, ok := strings.CutPrefix(digits, homeCountry); ok && homeCountry != "" && len(national) >= 6 {
		return national, nil
	}
	return "+" + digits, nil
}

// MaxChannels bounds the channels on which a member is known.
const MaxChannels = 50

// Light adds a channel to those on which a member is known (亮灯), sorted. It says whether that is new.
func Light(channels []string, channel string) ([]string, bool) {
	if channel == "" || slices.Contains(channels, channel) || len(channels) >= MaxChannels {
		return channels, false
	}
	lit := append(slices.Clone(channels), channel)
	slices.Sort(lit)
	return lit, true
}
