// Package phone writes phone numbers in one way, so that a person is found however the number was typed.
package phone

import (
	"errors"
	"strings"
)

// ErrForm is what is no phone number.
var ErrForm = errors.New("must have 6 to 15 digits")

// Normalize leaves digits only, without the home country's code; numbers of other countries keep theirs after a plus.
func Normalize(raw, homeCountry string) (string, error) {
	digits := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(raw)
	international := false
	if rest, ok := strings.CutPrefix(digits, "+"); ok {
		digits, international = rest, true
	} else if rest, ok := strings.CutPrefix(digits, "00"); ok {
		digits, international = rest, true
	}
	if len(digits) < 6 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return "", ErrForm
	}
	if !international {
		return digits, nil
	}
	if national, ok := strings.CutPrefix(digits, homeCountry); ok && homeCountry != "" && len(national) >= 6 {
		return national, nil
	}
	return "+" + digits, nil
}
