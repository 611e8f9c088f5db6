package gtin

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestKnownCodes(t *testing.T) {
	for code, want := range map[string]string{
		"73513537":       "00000073513537", // EAN-8
		"036000291452":   "00036000291452", // UPC-A
		"4006381333931":  "04006381333931", // EAN-13
		"6901234567892":  "06901234567892",
		"10614141000415": "10614141000415", // GTIN-14
	} {
		got, err := Normalize(code)
		require.NoError(t, err, code)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "0", "4006381333932", "400638133393", "40063813339310", "4006381333 31", "400638133393X", "４００６３８１３３３９３１", "006381333931", "-006381333931"} {
		_, err := Normalize(bad)
		require.ErrorIs(t, err, ErrCode, bad)
	}
}

func TestOneWrongDigitIsAlwaysSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.StringMatching(`[0-9]{7}|[0-9]{11}|[0-9]{12}|[0-9]{13}`).Draw(t, "body")
		digit, err := CheckDigit(body)
		require.NoError(t, err)
		code := []byte(body + string(digit))
		require.True(t, Valid(string(code)))
		at := rapid.IntRange(0, len(code)-1).Draw(t, "at")
		other := byte('0' + rapid.IntRange(0, 9).Draw(t, "other"))
		if code[at] != other {
			code[at] = other
			require.False(t, Valid(string(code)), "%s", code)
		}
	})
}

// Every code of a crowd-written catalogue gets the verdict that was computed for it elsewhere.
func TestCatalogueVerdicts(t *testing.T) {
	folder := os.Getenv("ONEPOOL_DATA")
	if folder == "" {
		t.Skip("ONEPOOL_DATA names no data folder")
	}
	file, err := os.Open(filepath.Join(folder, "catalog_gtin.csv.gz"))
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	rows := csv.NewReader(unzipped)
	rows.ReuseRecord = true
	_, err = rows.Read()
	require.NoError(t, err)
	verdicts := map[string]int{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		verdicts[row[2]]++
		if got := Valid(row[0]); got != (row[2] == "ok") {
			t.Errorf("%s: valid %v, catalogue says %s", row[0], got, row[2])
		}
	}
	require.Equal(t, map[string]int{"ok": 153_203, "bad": 6_495, "na": 3_697}, verdicts)
}
