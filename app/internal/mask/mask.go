// Package mask hides personal data where it must not be read: in logs, error texts, and pages of those who may not see it.
//
// Always true:
//   - Phone, Name and Text never return a longer hidden part than they got, and never the hidden characters.
//   - Text hides every mainland mobile number (also with +86, 0086, blanks or hyphens) and every number in international
//     form, and leaves identifiers, amounts and microsecond times as they are: digits that stand in a longer run of letters
//     and digits are not a phone.
//   - Masking what is masked changes nothing.
package mask

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// stars is the fixed width of what is hidden: the number of hidden digits says something too.
const stars = "****"

// Phone keeps the first three and the last four characters of a phone: "138****5678". A shorter one loses all but its
// last two, so that the rest cannot be guessed from the shape.
func Phone(phone string) string {
	runes := []rune(strings.TrimSpace(phone))
	switch {
	case len(runes) == 0:
		return ""
	case len(runes) >= 11:
		return string(runes[:len(runes)-8]) + stars + string(runes[len(runes)-4:])
	case len(runes) > 6:
		return stars + string(runes[len(runes)-2:])
	}
	return stars
}

// Name keeps the first character of a name.
func Name(name string) string {
	first, size := utf8.DecodeRuneInString(strings.TrimSpace(name))
	if size == 0 {
		return ""
	}
	return string(first) + "**"
}

// Text hides the phones in a text that somebody else wrote.
func Text(text string) string {
	var out strings.Builder
	kept := 0 // everything before it is in out
	for i := 0; i < len(text); {
		if !startsNumber(text, i) {
			i++
			continue
		}
		end, digits := number(text, i)
		if isPhone(digits, text[i] == '+') {
			out.WriteString(text[kept:i])
			out.WriteString(hide(digits, text[i] == '+'))
			kept, i = end, end
			continue
		}
		for i++; i < len(text) && isDigit(text[i]); i++ { // the next group of digits may begin a phone of its own
		}
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

// Value masks what a structured log gets as a value: texts, errors and Stringers as Text does, lists of texts one by one,
// everything else unchanged.
func Value(value any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return Text(v)
	case []byte:
		return Text(string(v))
	case []string:
		masked := make([]string, len(v))
		for i, text := range v {
			masked[i] = Text(text)
		}
		return masked
	case error:
		return Text(v.Error())
	case fmt.Stringer:
		return Text(v.String())
	}
	return value
}

// Attr is for slog.HandlerOptions.ReplaceAttr.
func Attr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Text(a.Value.String()))
	case slog.KindAny:
		a.Value = slog.AnyValue(Value(a.Value.Any()))
	}
	return a
}

// startsNumber says whether a run of digits, perhaps with a plus, begins at i and not in the middle of a word.
func startsNumber(text string, i int) bool {
	c := text[i]
	if c == '+' {
		return i+1 < len(text) && isDigit(text[i+1])
	}
	return isDigit(c) && (i == 0 || !isWord(text[i-1]))
}

// number reads digits from i on, over single blanks and hyphens between them, and returns where they end. A run that goes
// over into letters is a word, not a number: it returns no digits then.
func number(text string, i int) (end int, digits string) {
	var b strings.Builder
	if text[i] == '+' {
		i++
	}
	end = i
	for i < len(text) {
		switch {
		case isDigit(text[i]):
			b.WriteByte(text[i])
			i++
			end = i
			continue
		case (text[i] == ' ' || text[i] == '-') && i+1 < len(text) && isDigit(text[i+1]) && !isPhone(b.String(), false) && b.Len() < 16:
			i++
			continue
		case isWord(text[i]):
			return end, ""
		}
		break
	}
	return end, b.String()
}

// isPhone says whether digits are a mainland mobile number or, after a plus, a number in international form.
func isPhone(digits string, plus bool) bool {
	if plus && len(digits) >= 8 && len(digits) <= 15 {
		return true
	}
	digits = national(digits)
	return len(digits) == 11 && digits[0] == '1' && digits[1] >= '3'
}

// hide writes the mask of a phone.
func hide(digits string, plus bool) string {
	if short := national(digits); len(short) == 11 && short[0] == '1' {
		return Phone(short)
	}
	if plus {
		return "+" + stars + digits[len(digits)-2:]
	}
	return Phone(digits)
}

// national cuts China's country code off.
func national(digits string) string {
	switch {
	case len(digits) == 13 && strings.HasPrefix(digits, "86"):
		return digits[2:]
	case len(digits) == 15 && strings.HasPrefix(digits, "0086"):
		return digits[4:]
	}
	return digits
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWord is ASCII only: Chinese text stands next to a number without a blank.
func isWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
