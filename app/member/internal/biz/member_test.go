package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFirstGuideWinsWithinTheProtectionPeriod(t *testing.T) {
	first, changed := Binding{}.Rebind(Binding{GuideCode: "A", Reason: "wecom", BoundUS: start}, 365*day)
	require.True(t, changed)
	kept, changed := first.Rebind(Binding{GuideCode: "B", BoundUS: start + 364*day}, 365*day)
	require.False(t, changed)
	require.Equal(t, "A", kept.GuideCode)
	taken, changed := first.Rebind(Binding{GuideCode: "B", BoundUS: start + 365*day}, 365*day)
	require.True(t, changed)
	require.Equal(t, "B", taken.GuideCode)
	require.Equal(t, "bound by wecom", first.Because())
	require.False(t, first.Holds(start+365*day, 365*day))
}

func TestAPhoneIsFoundHoweverItWasTyped(t *testing.T) {
	for _, raw := range []string{"13812345678", "+8613812345678", "008613812345678", "138-1234 5678"} {
		phone, err := NormalizePhone(raw, "86")
		require.NoError(t, err)
		require.Equal(t, "13812345678", phone)
	}
	abroad, err := NormalizePhone("+85291234567", "86")
	require.NoError(t, err)
	require.Equal(t, "+85291234567", abroad)
	for _, raw := range []string{"", "12345", "1381234567x", "1234567890123456", "';--"} {
		_, err := NormalizePhone(raw, "86")
		require.ErrorAs(t, err, &Invalid{}, raw)
	}
}

func TestACodeIsUsedOnceAndGuessedFiveTimes(t *testing.T) {
	key := []byte("key")
	fresh := func() *Code { return &Code{ID: "c", Hash: HashCode(key, "c", "123456"), ExpiresUS: start + CodeTTLUS} }
	c := fresh()
	require.True(t, c.Try(key, "123456", start))
	require.False(t, c.Try(key, "123456", start))

	c = fresh()
	for range MaxCodeAttempts {
		require.False(t, c.Try(key, "000000", start))
	}
	require.False(t, c.Try(key, "123456", start), "the right code after five wrong ones")
	require.False(t, fresh().Try(key, "123456", start+CodeTTLUS), "too old")
}

func TestCodesOfAPhoneAreBounded(t *testing.T) {
	made := make([]int64, MaxCodesAnHour)
	for i := range made {
		made[i] = start + int64(i)
	}
	require.Equal(t, TooMany{RetryAfterS: 3600}, MayIssue(made, start+1_000_000))
	require.NoError(t, MayIssue(made[1:], start))
	require.NoError(t, MayIssue(made, start+CodeWindowUS))
}

func TestPointsOfMoneyAreWhole(t *testing.T) {
	require.EqualValues(t, 1, yuan.Points(199))
	require.EqualValues(t, 0, yuan.Points(99))
	require.EqualValues(t, 0, yuan.Points(-500))
	require.EqualValues(t, MaxPoints, yuan.Points(1<<62))
	double := Scheme{PointsPerUnit: 2, UnitMinor: 100}
	require.EqualValues(t, 3, double.Points(199))
}

func TestChannelsAreLitOnce(t *testing.T) {
	lit, changed := Light([]string{"pos"}, "miniprogram")
	require.True(t, changed)
	require.Equal(t, []string{"miniprogram", "pos"}, lit)
	_, changed = Light(lit, "pos")
	require.False(t, changed)
}
