package mask

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPhone(t *testing.T) {
	for phone, want := range map[string]string{
		"13812345678": "138****5678", " 13812345678 ": "138****5678", "+8613812345678": "+86138****5678",
		"8765432": "****32", "110": "****", "": "",
	} {
		require.Equal(t, want, Phone(phone), phone)
	}
}

func TestName(t *testing.T) {
	for name, want := range map[string]string{"张三丰": "张**", "李四": "李**", "Ann Lee": "A**", "": "", " ": ""} {
		require.Equal(t, want, Name(name))
	}
}

func TestTextHidesPhonesHoweverTheyAreWritten(t *testing.T) {
	for text, want := range map[string]string{
		"13812345678":                       "138****5678",
		"电话13812345678。":                    "电话138****5678。",
		"call 138-1234-5678 now":            "call 138****5678 now",
		"call 138 1234 5678 now":            "call 138****5678 now",
		"+86 138 1234 5678":                 "138****5678",
		"+8613812345678":                    "138****5678",
		"008613812345678":                   "138****5678",
		"+44 20 7946 0958":                  "+****58",
		`{"phone":"13812345678","n":3}`:     `{"phone":"138****5678","n":3}`,
		"13812345678,13912345678":           "138****5678,139****5678",
		"13812345678 13912345678":           "138****5678 139****5678",
		"GET /v1/members?phone=13812345678": "GET /v1/members?phone=138****5678",
	} {
		require.Equal(t, want, Text(text), text)
	}
}

func TestTextLeavesEverythingElse(t *testing.T) {
	for _, text := range []string{
		"", "no digits", "1767225600000000", "12.34 CNY", "ord_01jd8w4z8k3q7c9m2v5x6y0t1r", "6901234567892", "10812345678",
		"a13812345678", "13812345678b", "2026-01-02 03:04:05", "sku 138-1234", "took 138 ms, 1234 rows", "138****5678", "+", "1+1",
	} {
		require.Equal(t, text, Text(text))
	}
}

func TestNoPhoneSurvivesAndMaskingIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		phone := rapid.StringMatching(`1[3-9][0-9]{9}`).Draw(t, "phone")
		before := rapid.SampledFrom([]string{"", "x ", "手机", "\"", "a=", "(", "+86", "+86 ", "1,", "room 5 ", "2-", "12 34 "}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", " x", "号", "\"", "&b", ")", ",1", "\n"}).Draw(t, "after")
		masked := Text(before + phone + after)
		require.NotContains(t, masked, phone)
		require.NotContains(t, masked, phone[3:7]+phone[7:])
		require.Equal(t, masked, Text(masked))
	})
}

func TestTextNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		Text(rapid.OneOf(rapid.String(), rapid.StringMatching(`[+0-9 -]{0,40}`)).Draw(t, "text"))
	})
}

func TestLogValuesAreMasked(t *testing.T) {
	require.Equal(t, "138****5678", Value(errors.New("13812345678")))
	require.Equal(t, []string{"138****5678"}, Value([]string{"13812345678"}))
	require.Equal(t, 13812345678, Value(13812345678))
	require.Nil(t, Value(nil))

	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: Attr}))
	log.Info("sent to 13812345678", "to", "13912345678", "err", errors.New("bad 13712345678"), slog.Group("g", "p", "13612345678"))
	for _, phone := range []string{"13812345678", "13912345678", "13712345678", "13612345678"} {
		require.NotContains(t, out.String(), phone)
	}
}
