// Package gtin checks barcodes: GS1 numbers of 8, 12, 13 and 14 digits.
//
// Always true:
//   - A code that Normalize returns has 14 digits, a right check digit, and is the one form of that number: UPC-A
//     012345678905, EAN-13 0012345678905 and GTIN-14 00012345678905 are one product.
//   - Nothing is repaired: a code with blanks, letters or a wrong check digit is ErrCode, and a lost leading zero shows as
//     a wrong length or check digit.
package gtin

import (
	"errors"
	"fmt"
)

// ErrCode is text that is no GS1 number. Its reason at the edge is VALIDATOR.
var ErrCode = errors.New("barcode is invalid")

const zeros = "00000000000000"

// CheckDigit returns the digit that completes body, the code without its last digit.
func CheckDigit(body string) (byte, error) {
	switch len(body) {
	case 7, 11, 12, 13:
	default:
		return 0, refuse("a code has 8, 12, 13 or 14 digits with its check digit")
	}
	sum := 0
	for i := range len(body) {
		c := body[i]
		if c < '0' || c > '9' {
			return 0, refuse("%.20q holds something else than digits", body)
		}
		weight := 1
		if (len(body)-i)%2 == 1 { // the last digit of the body weighs 3, whatever the length
			weight = 3
		}
		sum += weight * int(c-'0')
	}
	return byte('0' + (10-sum%10)%10), nil
}

// Valid says whether code has a right length and check digit.
func Valid(code string) bool {
	_, err := Normalize(code)
	return err == nil
}

// Normalize checks code and pads it to 14 digits.
func Normalize(code string) (string, error) {
	if len(code) == 0 {
		return "", refuse("it is empty")
	}
	last := len(code) - 1
	digit, err := CheckDigit(code[:last])
	if err != nil {
		return "", err
	}
	if code[last] != digit {
		return "", refuse("the check digit of %s would be %c", code, digit)
	}
	return zeros[len(code):] + code, nil
}

// refusal is ErrCode with its particulars. Its Fault is what a client is told, so that no handler maps it again.
type refusal string

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func (r refusal) Error() string        { return ErrCode.Error() + ": " + string(r) }
func (r refusal) Is(target error) bool { return target == ErrCode }

// Fault is the public face of the error.
func (r refusal) Fault() (code int, reason, message string, metadata map[string]string) {
	return 400, "VALIDATOR", r.Error(), map[string]string{"field": "barcode"}
}
