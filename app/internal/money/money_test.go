package money

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAllocateSumsExactlyAndStaysWithinOneUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64().Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64/64), 1, 60).Draw(t, "weights")
		sum := new(big.Int)
		for _, weight := range weights {
			sum.Add(sum, big.NewInt(weight))
		}
		parts, err := Allocate(total, weights)
		if sum.Sign() == 0 {
			require.ErrorIs(t, err, ErrAmount)
			return
		}
		require.NoError(t, err)
		got := new(big.Int)
		for i, part := range parts {
			got.Add(got, big.NewInt(part))
			// |part x sum - total x weight| < sum
			ideal := new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i]))
			off := new(big.Int).Mul(big.NewInt(part), sum)
			off.Sub(off, ideal).Abs(off)
			require.Negative(t, off.Cmp(sum), "part %d of %d by %v: %v", i, total, weights, parts)
		}
		require.Zero(t, got.Cmp(big.NewInt(total)), "%v", parts)
	})
}

func TestAllocateIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, 1_000_000).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(1, 5), 1, 20).Draw(t, "weights")
		parts, err := Allocate(total, weights)
		require.NoError(t, err)
		for i := range parts {
			for j := i + 1; j < len(parts); j++ {
				if weights[i] == weights[j] {
					require.GreaterOrEqual(t, parts[i], parts[j])
					require.LessOrEqual(t, parts[i]-parts[j], int64(1))
				}
			}
		}
		mirrored, err := Allocate(-total, weights)
		require.NoError(t, err)
		for i := range parts {
			require.Equal(t, parts[i], -mirrored[i])
		}
	})
}

func TestAllocateExamples(t *testing.T) {
	parts, err := Allocate(100, []int64{1, 1, 1})
	require.NoError(t, err)
	require.Equal(t, []int64{34, 33, 33}, parts)
	parts, err = Allocate(1, []int64{0, 1, 1})
	require.NoError(t, err)
	require.Equal(t, []int64{0, 1, 0}, parts)
	parts, err = Allocate(math.MinInt64, []int64{1})
	require.NoError(t, err)
	require.Equal(t, []int64{math.MinInt64}, parts)
	for _, weights := range [][]int64{nil, {}, {0, 0}, {1, -1, 3}, {math.MaxInt64, 1}} {
		_, err = Allocate(100, weights)
		require.ErrorIs(t, err, ErrAmount, "%v", weights)
	}
}

func TestProportionInStepsSumsToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64().Draw(t, "total")
		whole := rapid.Int64Range(1, math.MaxInt64).Draw(t, "whole")
		var part, booked int64
		for part < whole {
			part += rapid.Int64Range(1, whole-part).Draw(t, "refund")
			due := Proportion(total, part, whole)
			if total >= 0 {
				require.GreaterOrEqual(t, due, booked)
			} else {
				require.LessOrEqual(t, due, booked)
			}
			booked += due - booked
			if rapid.Bool().Draw(t, "stop") {
				break
			}
		}
		if part == whole {
			require.Equal(t, total, booked)
		}
	})
}

func TestMulDivRoundsHalfUpLikeBigNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1000, 1000)).Draw(t, "a")
		n := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1000, 1000)).Draw(t, "n")
		d := rapid.OneOf(rapid.Int64Range(1, math.MaxInt64), rapid.Int64Range(1, 20)).Draw(t, "d")
		product := new(big.Int).Mul(big.NewInt(a), big.NewInt(n))
		// half up in size: (2|p| + d) / 2d, with the sign of p
		want := new(big.Int).Abs(product)
		want.Lsh(want, 1).Add(want, big.NewInt(d)).Div(want, new(big.Int).Lsh(big.NewInt(d), 1))
		if product.Sign() < 0 {
			want.Neg(want)
		}
		got, err := MulDiv(a, n, d)
		if !want.IsInt64() {
			require.ErrorIs(t, err, ErrAmount)
			return
		}
		require.NoError(t, err)
		require.Equal(t, want.Int64(), got, "%d x %d / %d", a, n, d)
	})
}

// The unrounded quotient is 2^64 - 1: rounding it up would wrap around to nothing.
func TestMulDivDoesNotWrapWhenRoundingUp(t *testing.T) {
	_, err := MulDiv(math.MaxInt64-1, 1<<62+1, 1<<61)
	require.ErrorIs(t, err, ErrAmount)
}

func TestProportionEdges(t *testing.T) {
	require.EqualValues(t, 0, Proportion(500, 0, 0))
	require.EqualValues(t, 0, Proportion(500, 0, 3))
	require.EqualValues(t, 167, Proportion(500, 1, 3))
	require.EqualValues(t, 333, Proportion(500, 2, 3))
	require.EqualValues(t, 3, Proportion(5, 1, 2))
	require.EqualValues(t, -3, Proportion(-5, 1, 2))
	require.Panics(t, func() { Proportion(500, 4, 3) })
	require.Panics(t, func() { Proportion(500, -1, 3) })
	require.Panics(t, func() { Proportion(500, 0, -1) })
}

func TestArithmeticAgreesWithBigNumbersOrRefuses(t *testing.T) {
	edge := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 1 << 32}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := edge.Draw(t, "a"), edge.Draw(t, "b")
		for name, op := range map[string]struct {
			ours func(a, b int64) (int64, error)
			big  func(z, a, b *big.Int) *big.Int
		}{
			"add": {Add, (*big.Int).Add},
			"sub": {Sub, (*big.Int).Sub},
			"mul": {Mul, (*big.Int).Mul},
		} {
			want := op.big(new(big.Int), big.NewInt(a), big.NewInt(b))
			got, err := op.ours(a, b)
			if want.IsInt64() {
				require.NoError(t, err, "%s %d %d", name, a, b)
				require.Equal(t, want.Int64(), got, "%s %d %d", name, a, b)
			} else {
				require.ErrorIs(t, err, ErrAmount, "%s %d %d", name, a, b)
			}
		}
	})
}

func TestParseAndFormatAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"CNY", "JPY", "KWD", "USD"}).Draw(t, "currency")
		minor := rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(t, "minor")
		m, err := Parse(Format(minor, currency), currency)
		require.NoError(t, err)
		require.Equal(t, Money{minor, currency}, m)
	})
}

func TestParseExamples(t *testing.T) {
	for text, want := range map[string]int64{"12.34": 1234, "0.05": 5, "-0.05": -5, "7": 700, "7.5": 750, "007": 700, "1.2300": 123, "92233720368547758.07": math.MaxInt64} {
		m, err := Parse(text, "CNY")
		require.NoError(t, err, text)
		require.Equal(t, want, m.Minor, text)
	}
	for _, bad := range []string{"", "-", ".", ".5", "5.", "1.234", "1e3", "1,000", " 1", "1 ", "+1", "--1", "1.-2", "0x10", "１２", "92233720368547758.08", "NaN", "1.2.3"} {
		_, err := Parse(bad, "CNY")
		require.ErrorIs(t, err, ErrAmount, bad)
	}
	_, err := Parse("1.0", "JPY")
	require.NoError(t, err)
	_, err = Parse("1.5", "JPY")
	require.ErrorIs(t, err, ErrAmount)
	_, err = Parse("1", "cny")
	require.ErrorIs(t, err, ErrAmount)
}

func TestCurrenciesNeverMeet(t *testing.T) {
	yuan, err := New(1, "CNY")
	require.NoError(t, err)
	dollar, err := New(1, "USD")
	require.NoError(t, err)
	_, err = New(1, "ZZZ")
	require.ErrorIs(t, err, ErrAmount)
	_, err = yuan.Add(dollar)
	require.ErrorIs(t, err, ErrAmount)
	_, err = yuan.Sub(dollar)
	require.ErrorIs(t, err, ErrAmount)
	require.Equal(t, "0.01 CNY", yuan.String())
}

func TestExponentsKnowTheOddOnes(t *testing.T) {
	for currency, want := range map[string]int{"CNY": 2, "HKD": 2, "TWD": 2, "JPY": 0, "KRW": 0, "VND": 0, "KWD": 3, "BHD": 3, "ZMW": 2} {
		exponent, known := Exponent(currency)
		require.True(t, known, currency)
		require.Equal(t, want, exponent, currency)
	}
	for currency := range exponents {
		require.Regexp(t, `^[A-Z]{3}$`, currency)
	}
	_, known := Exponent("ZZZ")
	require.False(t, known)
}
