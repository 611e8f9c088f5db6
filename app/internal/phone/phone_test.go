package phone

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestANumberIsWrittenInOneWay(t *testing.T) {
	for raw, want := range map[string]string{
		"13812345678": "13812345678", "+8613812345678": "13812345678", "008613812345678": "13812345678", "138-1234 5678": "13812345678",
		"+85291234567": "+85291234567", "(021) 6287-0000": "02162870000", "+86 12345": "+8612345",
	} {
		got, err := Normalize(raw, "86")
		require.NoError(t, err, raw)
		require.Equal(t, want, got, raw)
		again, err := Normalize(got, "86")
		require.NoError(t, err)
		require.Equal(t, got, again, "what is normal stays as it is")
	}
	for _, raw := range []string{"", "12345", "1381234567x", "1234567890123456", "';--", "+", "１３８１２３４５６７８"} {
		_, err := Normalize(raw, "86")
		require.ErrorIs(t, err, ErrForm, raw)
	}
}
