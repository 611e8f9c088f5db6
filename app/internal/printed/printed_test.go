package printed

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAChineseCharacterTakesTwoColumns(t *testing.T) {
	for text, width := range map[string]int{
		"": 0, "S-01": 4, "杭州武林店": 10, "杭州武林店 Wulin": 16, "（总店）": 8, "ＡＢ": 4, "カフェ": 6, "카페": 4, "café": 4, "cafe\u0301": 4, "𠮷": 2, "🍵": 2, "a\u200bb": 2, "5 ¥": 3,
	} {
		require.Equal(t, width, Width(text), text)
	}
	require.Equal(t, "茶馆  |", Pad("茶馆", 6)+"|")
	require.Equal(t, "茶馆|", Pad("茶馆", 3)+"|", "what is longer stays whole")
}
