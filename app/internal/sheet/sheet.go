// Package sheet writes tables for spreadsheets, row by row, as CSV or XLSX.
//
// Always true:
//   - What was written goes on to the reader at once: a writer holds a few fixed buffers, however many rows there are. (The
//     libraries for XLSX gather a sheet in a temporary file and answer when the last row is known; a download of many rows would
//     stand still until then.)
//   - No text is taken for a formula: a CSV file has a quotation mark before it, an XLSX file says that the cell is text.
//   - The first row of each sheet names the columns.
package sheet

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
)

// ByteOrderMark makes spreadsheets read UTF-8.
const ByteOrderMark = "\uFEFF"

// Cell is a value of a table.
type Cell struct {
	text string
	kind kind
}

type kind uint8

const (
	foreign kind = iota // a text from outside
	exact
	number
)

// Text is a text that somebody else wrote.
func Text(text string) Cell { return Cell{text, foreign} }

// Exact is a text of the platform's own, such as an amount or a time: it stands as it is.
func Exact(text string) Cell { return Cell{text, exact} }

// Number is a whole number. Beyond 15 digits a spreadsheet would round it: such a one is text.
func Number(n int64) Cell {
	const most = 999_999_999_999_999
	if n > most || n < -most {
		return Exact(strconv.FormatInt(n, 10))
	}
	return Cell{strconv.FormatInt(n, 10), number}
}

// Writer writes rows. After an error nothing more is written, and Close returns it.
type Writer interface {
	// Row writes a row of as many cells as there are columns.
	Row(cells []Cell) error
	// Flush hands on what is held back, as far as the form allows.
	Flush() error
	// Close ends the table. The writer below stays open.
	Close() error
}

// ErrColumns is a row that has not as many cells as the table has columns.
var ErrColumns = errors.New("sheet: a row has another number of cells than the table")

// Harmless keeps a spreadsheet from taking a text in a CSV file for a formula.
func Harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

type csvWriter struct {
	out     *csv.Writer
	columns int
	record  []string
}

// NewCSV begins a CSV file in UTF-8 with a byte order mark.
func NewCSV(w io.Writer, columns []string) (Writer, error) {
	if _, err := io.WriteString(w, ByteOrderMark); err != nil {
		return nil, err
	}
	c := &csvWriter{csv.NewWriter(w), len(columns), make([]string, len(columns))}
	return c, c.out.Write(columns)
}

func (c *csvWriter) Row(cells []Cell) error {
	if len(cells) != c.columns {
		return ErrColumns
	}
	for i, cell := range cells {
		c.record[i] = cell.text
		if cell.kind == foreign {
			c.record[i] = Harmless(cell.text)
		}
	}
	return c.out.Write(c.record)
}

func (c *csvWriter) Flush() error {
	c.out.Flush()
	return c.out.Error()
}

func (c *csvWriter) Close() error { return c.Flush() }
