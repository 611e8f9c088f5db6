package batch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachRowIsCountedOnce(t *testing.T) {
	var r Result
	r.Took(Created)
	r.Took(Updated)
	r.Took(Updated)
	r.Took(Unchanged)
	r.Refused(7, Refuse(ReasonDuplicate, "code", "line %d has it", 3))
	require.Equal(t, Result{Created: 1, Updated: 2, Unchanged: 1, Errors: []RowError{
		{Line: 7, Refusal: Refusal{Reason: "DUPLICATE", Field: "code", Message: "line 3 has it"}},
	}}, r)
}

func TestTextRefusesWhatCannotBeReadSafely(t *testing.T) {
	for name, bad := range map[string]string{
		"empty": "  ", "long": strings.Repeat("茶", 11), "NUL": "a\x00b", "bell": "a\ab",
		"right-to-left override": "a\u202eb", "isolate": "a\u2066b", "broken UTF-8": "a\xff",
	} {
		_, refusal := Text("name", bad, 1, 10)
		require.NotNil(t, refusal, name)
		require.Equal(t, ReasonValidator, refusal.Reason, name)
		require.Equal(t, "name", refusal.Field, name)
	}
	got, refusal := Text("name", " 明前 龙井 ", 1, 10)
	require.Nil(t, refusal)
	require.Equal(t, "明前 龙井", got)
	got, refusal = Text("name", "\tCafé\u0096\r\nBar", 1, 10)
	require.Nil(t, refusal)
	require.Equal(t, "Café   Bar", got)
	got, refusal = Text("name", strings.Repeat("茶", 10), 1, 10)
	require.Nil(t, refusal, "bounds count characters, not bytes")
	require.Len(t, []rune(got), 10)
}

func TestCodeIsOneASCIIWord(t *testing.T) {
	for _, bad := range []string{"", "a b", "茶", "a\tb", strings.Repeat("x", 65)} {
		_, refusal := Code("sku", bad, 64)
		require.NotNil(t, refusal, "%q", bad)
	}
	got, refusal := Code("sku", "LJ-250/'\"%_", 64)
	require.Nil(t, refusal)
	require.Equal(t, "LJ-250/'\"%_", got)
}
