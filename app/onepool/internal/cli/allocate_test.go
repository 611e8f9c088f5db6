package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDistancesAreRoundedAsInExplanations(t *testing.T) {
	for metres, want := range map[int64]string{0: "0.0 km", 49: "0.0 km", 650: "0.7 km", 1280: "1.3 km", 1949: "1.9 km", 1950: "2.0 km"} {
		require.Equal(t, want, km(metres), "%d m", metres)
	}
}
