package biz

import (
	"slices"

	"github.com/onepool/onepool/app/internal/phone"
)

// NormalizePhone writes a phone in one way, so that a person is found however it was typed.
func NormalizePhone(raw, homeCountry string) (string, error) {
	digits, err := phone.Normalize(raw, homeCountry)
	if err != nil {
		return "", Invalid{Field: "phone", Rule: err.Error()}
	}
	return digits, nil
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
