package csvload

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// recordReader cuts the stream into records: lines, and lines joined where a quoted field holds a line break. It exists
// because a CSV parser that meets a stray quote swallows the rest of the file; here a bad line costs itself only, and the
// next line is tried again.
type recordReader struct {
	in   *bufio.Reader
	line int      // lines taken so far
	held []string // lines given back after a quote that nothing closed
}

// maxJoined bounds how many lines one quoted field may span: an address has a few, a stray quote would take all.
const maxJoined = 20

// next returns a record and the line on which it begins; a RowError for a line that is none.
func (r *recordReader) next() (record []string, line int, err error) {
	whole, err := r.take()
	line = r.line
	if err != nil {
		return nil, line, err
	}
	if !openQuote(whole) {
		record, err = parse(whole, line)
		return record, line, err
	}

	var joined []string
	for len(joined) < maxJoined && len(whole) <= MaxRow {
		more, err := r.take()
		var bad RowError
		if errors.As(err, &bad) {
			more = strings.Repeat("x", MaxRow) + "\n" // still too long when its turn comes
		} else if errors.Is(err, io.EOF) {
			r.line--
			break
		} else if err != nil {
			return nil, line, err
		}
		joined = append(joined, more)
		whole += more
		if openQuote(whole) {
			continue
		}
		if record, err := parse(whole, line); err == nil {
			return record, line, nil
		}
		break
	}
	// Nothing closes the quote: this line is bad, the others are rows of their own.
	r.held = append(joined, r.held...)
	r.line -= len(joined)
	return nil, line, RowError{line, "a quote is opened and never closed"}
}

// take returns one line with its end, io.EOF after the last, or a RowError for one that is too long.
func (r *recordReader) take() (string, error) {
	r.line++
	if len(r.held) > 0 {
		line := r.held[0]
		r.held = r.held[1:]
		return checked(line, len(line), r.line)
	}
	var b strings.Builder
	length := 0
	for {
		part, err := r.in.ReadSlice('\n')
		if length += len(part); length <= MaxRow {
			b.Write(part)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, errors.Is(err, io.EOF) && length > 0:
			return checked(b.String(), length, r.line)
		case errors.Is(err, io.EOF):
			return "", io.EOF
		default:
			return "", fmt.Errorf("line %d: %w", r.line, err)
		}
	}
}

func checked(text string, length, line int) (string, error) {
	if length > MaxRow {
		return "", RowError{line, fmt.Sprintf("longer than %d bytes", MaxRow)}
	}
	return text, nil
}

// parse reads the fields of one record; an empty line is one empty field.
func parse(text string, line int) ([]string, error) {
	parser := csv.NewReader(strings.NewReader(text))
	parser.FieldsPerRecord = -1
	record, err := parser.Read()
	if errors.Is(err, io.EOF) {
		return []string{""}, nil
	}
	if err != nil {
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			err = wrong.Err
		}
		return nil, RowError{line, "not CSV: " + err.Error()}
	}
	return record, nil
}

// openQuote says whether text ends inside a quoted field. A doubled quote toggles twice.
func openQuote(text string) bool { return strings.Count(text, `"`)%2 == 1 }
