// Package batch keeps account of an import: what became of each row of a batch.
//
// Always true:
//   - created + updated + unchanged + len(errors) = rows that were given an outcome; a row has exactly one.
//   - A refused row never stops the others, and says its line, a reason in capitals, and the column that is wrong.
//   - A text that Text accepted is valid UTF-8 within its bounds, without blanks at its ends, control characters and
//     characters that turn the writing direction. Tabs, line breaks and the C1 controls that badly decoded files carry
//     have become blanks.
package batch

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reasons of refused rows that more than one center gives.
const (
	ReasonDuplicate           = "DUPLICATE"
	ReasonValidator           = "VALIDATOR"
	ReasonAmountInvalid       = "AMOUNT_INVALID"
	ReasonGeoInvalid          = "GEO_INVALID"
	ReasonTimeInvalid         = "TIME_INVALID"
	ReasonStateConflict       = "STATE_CONFLICT"
	ReasonOrganisationUnknown = "ORGANISATION_UNKNOWN"
	ReasonStoreUnknown        = "STORE_UNKNOWN"
)

// Refusal is why a row was not taken.
type Refusal struct {
	Reason, Field, Message string
}

// Error makes a Refusal an error, so that parsers can return it.
func (r Refusal) Error() string { return r.Field + ": " + r.Message }

// Refuse builds a Refusal.
func Refuse(reason, field, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Outcome is what became of one row.
type Outcome int

// The outcomes of rows that were taken.
const (
	Created Outcome = iota
	Updated
	Unchanged
)

// Result is the account of a batch. The zero value is an empty one.
type Result struct {
	Created, Updated, Unchanged int64
	Errors                      []RowError
}

// RowError is a row that was not taken.
type RowError struct {
	Line int64
	Refusal
}

// Took counts a row that was taken.
func (r *Result) Took(o Outcome) {
	switch o {
	case Created:
		r.Created++
	case Updated:
		r.Updated++
	case Unchanged:
		r.Unchanged++
	}
}

// Refused counts a row that was not taken.
func (r *Result) Refused(line int64, why *Refusal) {
	r.Errors = append(r.Errors, RowError{Line: line, Refusal: *why})
}

// Text checks a text column of min to max characters and returns it without blanks at its ends.
func Text(field, value string, min, max int) (string, *Refusal) {
	if !utf8.ValidString(value) {
		return "", Refuse(ReasonValidator, field, "is not valid UTF-8")
	}
	text := strings.TrimSpace(strings.Map(blank, value))
	switch n := utf8.RuneCountInString(text); {
	case n < min && min == 1:
		return "", Refuse(ReasonValidator, field, "must not be empty")
	case n < min || n > max:
		return "", Refuse(ReasonValidator, field, "must have %d to %d characters, has %d", min, max, n)
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return "", Refuse(ReasonValidator, field, "holds the control character %U", r)
		}
	}
	return text, nil
}

// blank turns controls that mean nothing but space into it.
func blank(r rune) rune {
	if r == '\t' || r == '\r' || r == '\n' || r >= 0x80 && r <= 0x9f {
		return ' '
	}
	return r
}

// Code checks a business code: like Text, and of printable ASCII without blanks, so that it is one word in every
// system and compares the same everywhere.
func Code(field, value string, max int) (string, *Refusal) {
	code, refusal := Text(field, value, 1, max)
	if refusal != nil {
		return "", refusal
	}
	for _, r := range code {
		if r <= ' ' || r > '~' {
			return "", Refuse(ReasonValidator, field, "must be printable ASCII without blanks, holds %q", r)
		}
	}
	return code, nil
}
