// Package money counts in minor units.
//
// Always true:
//   - An amount is an int64 of minor units of one ISO 4217 currency; no floating point is used, here or by callers.
//   - Nothing wraps around: what does not fit is ErrAmount.
//   - Two currencies never meet: adding or comparing them is ErrAmount.
//   - Rounding is half up in size ("half away from zero"), so the negative of a result is the result of the negative and a
//     correction cancels what it corrects.
//   - Allocate gives exactly the total; each part is less than one minor unit from its ideal share; equal weights differ by
//     at most one, the earlier one never less. The same input gives the same parts.
//   - Proportion is monotonic in part, 0 at none and total at all of it, so differences of consecutive results sum to the
//     total exactly, in whatever steps a line is refunded.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// ErrAmount is an amount that overflows, has a fraction of a minor unit, or a currency that is unknown or another one's.
// Its reason at the edge is AMOUNT_INVALID.
var ErrAmount = errors.New("amount is invalid")

// BasisPoints is the whole of a rate: 10,000 basis points are 100 %.
const BasisPoints = 10_000

// Money is an amount in a currency. The zero value is no money: a Money of a known currency comes from New or Parse.
type Money struct {
	Minor    int64
	Currency string
}

// New returns minor units of a known currency.
func New(minor int64, currency string) (Money, error) {
	if _, known := Exponent(currency); !known {
		return Money{}, refuse("unknown currency %.10q", currency)
	}
	return Money{Minor: minor, Currency: currency}, nil
}

// Add returns m + o.
func (m Money) Add(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, m.mixed(o)
	}
	sum, err := Add(m.Minor, o.Minor)
	return Money{sum, m.Currency}, err
}

// Sub returns m - o.
func (m Money) Sub(o Money) (Money, error) {
	if m.Currency != o.Currency {
		return Money{}, m.mixed(o)
	}
	difference, err := Sub(m.Minor, o.Minor)
	return Money{difference, m.Currency}, err
}

// Mul returns m times n.
func (m Money) Mul(n int64) (Money, error) {
	product, err := Mul(m.Minor, n)
	return Money{product, m.Currency}, err
}

// Allocate splits m by weights; see the package's promises.
func (m Money) Allocate(weights []int64) ([]Money, error) {
	parts, err := Allocate(m.Minor, weights)
	if err != nil {
		return nil, err
	}
	out := make([]Money, len(parts))
	for i, part := range parts {
		out[i] = Money{part, m.Currency}
	}
	return out, nil
}

// String gives "12.34 CNY", for messages and logs.
func (m Money) String() string { return Format(m.Minor, m.Currency) + " " + m.Currency }

func (m Money) mixed(o Money) error {
	return refuse("%.10q and %.10q are different currencies", m.Currency, o.Currency)
}

// Add returns a + b of one currency.
func Add(a, b int64) (int64, error) {
	sum := a + b
	if (sum > a) != (b > 0) && b != 0 {
		return 0, refuse("%d + %d overflows", a, b)
	}
	return sum, nil
}

// Sub returns a - b of one currency.
func Sub(a, b int64) (int64, error) {
	difference := a - b
	if (difference < a) != (b > 0) && b != 0 {
		return 0, refuse("%d - %d overflows", a, b)
	}
	return difference, nil
}

// Sum adds amounts of one currency.
func Sum(amounts ...int64) (total int64, err error) {
	for _, amount := range amounts {
		if total, err = Add(total, amount); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// Mul returns a times n.
func Mul(a, n int64) (int64, error) {
	hi, lo := bits.Mul64(size(a), size(n))
	return signed(hi, lo, (a < 0) != (n < 0), "%d x %d", a, n)
}

// Rate returns bp basis points of amount, rounded half up.
func Rate(amount, bp int64) (int64, error) { return MulDiv(amount, bp, BasisPoints) }

// MulDiv returns amount x numerator / denominator, rounded half up, with nothing lost in between.
func MulDiv(amount, numerator, denominator int64) (int64, error) {
	if denominator <= 0 {
		return 0, refuse("division by %d", denominator)
	}
	hi, lo := bits.Mul64(size(amount), size(numerator))
	if hi >= uint64(denominator) {
		return 0, refuse("%d x %d / %d overflows", amount, numerator, denominator)
	}
	quotient, remainder := bits.Div64(hi, lo, uint64(denominator))
	if quotient <= math.MaxInt64 && remainder >= uint64(denominator)-remainder {
		quotient++ // only what may still fit: a larger one could wrap around to 0
	}
	return signed(0, quotient, (amount < 0) != (numerator < 0), "%d x %d / %d", amount, numerator, denominator)
}

// Proportion returns the share of total that belongs to part of whole, rounded half up: what is due in all once part of
// the line has been refunded. The next correction is the difference to what was booked before. It wants
// 0 <= part <= whole and panics otherwise, since a refund above what was paid has been refused long before; of a whole of
// nothing nothing is due.
func Proportion(total, part, whole int64) int64 {
	if part < 0 || part > whole {
		panic(fmt.Sprintf("money: %d is no part of %d", part, whole))
	}
	if whole == 0 {
		return 0
	}
	share, err := MulDiv(total, part, whole)
	if err != nil {
		panic(err) // cannot be: the share is never larger than total
	}
	return share
}

// Allocate splits total by weights with the largest remainder method; ties go to the earlier part. Weights are not
// negative and not all zero. A negative total is split as its positive is.
func Allocate(total int64, weights []int64) ([]int64, error) {
	var sum int64
	for _, weight := range weights {
		if weight < 0 {
			return nil, refuse("weight %d is negative", weight)
		}
		var err error
		if sum, err = Add(sum, weight); err != nil {
			return nil, err
		}
	}
	if sum == 0 {
		return nil, refuse("nothing to split %d by", total)
	}

	parts := make([]int64, len(weights))
	remainders := make([]uint64, len(weights))
	rest := size(total)
	for i, weight := range weights {
		hi, lo := bits.Mul64(size(total), uint64(weight))
		quotient, remainder := bits.Div64(hi, lo, uint64(sum)) // hi < sum, since weight <= sum
		parts[i], remainders[i] = int64(quotient), remainder
		rest -= quotient
	}

	// rest is less than the number of parts with a remainder, so each gets at most one more.
	order := make([]int, len(weights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case remainders[a] > remainders[b]:
			return -1
		case remainders[a] < remainders[b]:
			return 1
		}
		return 0
	})
	for _, i := range order[:rest] {
		parts[i]++
	}
	if total < 0 {
		for i := range parts {
			parts[i] = -parts[i] // right for math.MinInt64 as well: its size wraps to itself and back
		}
	}
	return parts, nil
}

// Exponent returns the number of decimals of a currency, and whether the currency is known.
func Exponent(currency string) (int, bool) {
	exponent, known := exponents[currency]
	return exponent, known
}

// Parse reads a decimal such as "12.34", "-0.05" or "1000" of a currency. It takes no signs of grouping, no exponent, no
// blank, and never rounds: more decimals than the currency has are refused unless they are zero.
func Parse(text, currency string) (Money, error) {
	exponent, known := Exponent(currency)
	if !known {
		return Money{}, refuse("unknown currency %.10q", currency)
	}
	unsigned, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(unsigned, ".")
	if whole == "" || hasPoint && fraction == "" || len(text) > maxText {
		return Money{}, refuse("%.40q is not a decimal", text)
	}
	if extra := len(fraction) - exponent; extra > 0 {
		if strings.Trim(fraction[exponent:], "0") != "" {
			return Money{}, refuse("%.40q has more than %d decimals of %s", text, exponent, currency)
		}
		fraction = fraction[:exponent]
	}
	digits := whole + fraction + strings.Repeat("0", exponent-len(fraction))
	var minor int64
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return Money{}, refuse("%.40q is not a decimal", text)
		}
		if minor > (math.MaxInt64-int64(c-'0'))/10 {
			return Money{}, refuse("%.40q is too large", text)
		}
		minor = minor*10 + int64(c-'0')
	}
	if negative {
		minor = -minor
	}
	return Money{minor, currency}, nil
}

// maxText is longer than any amount that fits, with room for zeros.
const maxText = 40

// Format writes minor units as Parse reads them, with all decimals of the currency. An unknown currency has none.
func Format(minor int64, currency string) string {
	exponent, _ := Exponent(currency)
	digits := fmt.Sprintf("%0*d", exponent+1, size(minor))
	if exponent > 0 {
		digits = digits[:len(digits)-exponent] + "." + digits[len(digits)-exponent:]
	}
	if minor < 0 {
		return "-" + digits
	}
	return digits
}

// size is the absolute value; of math.MinInt64 too, as an unsigned number.
func size(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// signed puts a sign on a 128-bit size, if it fits.
func signed(hi, lo uint64, negative bool, operation string, operands ...any) (int64, error) {
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	if hi != 0 || lo > limit {
		return 0, refuse("%s overflows", fmt.Sprintf(operation, operands...))
	}
	if negative {
		return -int64(lo), nil
	}
	return int64(lo), nil
}

// refusal is ErrAmount with its particulars. Its Fault is what a client is told, so that no handler maps it again.
type refusal string

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func (r refusal) Error() string        { return ErrAmount.Error() + ": " + string(r) }
func (r refusal) Is(target error) bool { return target == ErrAmount }

// Fault is the public face of the error.
func (r refusal) Fault() (code int, reason, message string, metadata map[string]string) {
	return 400, "AMOUNT_INVALID", r.Error(), nil
}
