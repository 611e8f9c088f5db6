package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Limits of the format (ECMA-376, and what spreadsheets open).
const (
	maxRows    = 1_048_576
	maxColumns = 16_384
	maxText    = 32_767 // UTF-16 units of a cell
)

// ErrCell is a text that no cell can hold.
var ErrCell = errors.New("sheet: a text is longer than a cell of a spreadsheet holds")

// ErrSheet is a table that no sheet can be.
var ErrSheet = errors.New("sheet: the table needs a name of 1 to 25 characters and 1 to 16,384 columns")

const (
	spreadsheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relations   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packaged    = "http://schemas.openxmlformats.org/package/2006"
	beginSheet  = xml.Header + `<worksheet xmlns="` + spreadsheet + `"><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>`
	endSheet = `</sheetData></worksheet>`
)

// xlsxWriter writes the sheets as they come, and in the end the parts that say how many there are.
type xlsxWriter struct {
	name    string
	columns []string
	letters []string
	most    int // rows of a sheet

	zip    *zip.Writer
	out    *bufio.Writer // into the current sheet
	text   bytes.Buffer
	sheets int
	row    int // of the current sheet, the last that was written
	err    error
}

// NewXLSX begins a workbook. Rows that do not fit into one sheet go on in the next, named "name 2" and so on.
func NewXLSX(w io.Writer, name string, columns []string) (Writer, error) {
	return newXLSX(w, name, columns, maxRows)
}

func newXLSX(w io.Writer, name string, columns []string, most int) (*xlsxWriter, error) {
	if name == "" || len(name) > 25 || strings.ContainsAny(name, `[]:*?/\'<>&"`) || len(columns) == 0 || len(columns) > maxColumns {
		return nil, ErrSheet
	}
	x := &xlsxWriter{name: name, columns: columns, most: most, zip: zip.NewWriter(w), out: bufio.NewWriterSize(nil, 16<<10)}
	// A download waits for the network and the database: half the size more, a third of the work.
	x.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for i := range columns {
		x.letters = append(x.letters, letters(i))
	}
	x.begin()
	return x, x.err
}

// letters name a column: A to Z, AA and so on.
func letters(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

func (x *xlsxWriter) keep(err error) {
	if x.err == nil {
		x.err = err
	}
}

func (x *xlsxWriter) begin() {
	x.sheets++
	x.row = 0
	part, err := x.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", x.sheets))
	if err != nil {
		x.keep(err)
		return
	}
	x.out.Reset(part)
	x.write(beginSheet)
	head := make([]Cell, len(x.columns))
	for i, name := range x.columns {
		head[i] = Exact(name)
	}
	x.cells(head)
}

func (x *xlsxWriter) end() {
	x.write(endSheet)
	x.keep(x.out.Flush())
}

func (x *xlsxWriter) write(text string) {
	if x.err == nil {
		_, x.err = x.out.WriteString(text)
	}
}

// Row writes a row.
func (x *xlsxWriter) Row(cells []Cell) error {
	if len(cells) != len(x.columns) {
		return ErrColumns
	}
	if x.err == nil && x.row == x.most {
		x.end()
		x.begin()
	}
	x.cells(cells)
	return x.err
}

// cells writes what is not empty.
func (x *xlsxWriter) cells(cells []Cell) {
	x.row++
	row := strconv.Itoa(x.row)
	x.write(`<row r="` + row + `">`)
	for i, cell := range cells {
		at := `<c r="` + x.letters[i] + row + `"`
		switch {
		case cell.text == "":
		case cell.kind == number:
			x.write(at + `><v>` + cell.text + `</v></c>`)
		default:
			if len(cell.text) > maxText && len(utf16.Encode([]rune(cell.text))) > maxText {
				x.keep(ErrCell)
			}
			x.text.Reset()
			x.keep(xml.EscapeText(&x.text, []byte(cell.text)))
			x.write(at + ` t="inlineStr"><is><t xml:space="preserve">` + x.text.String() + `</t></is></c>`)
		}
	}
	x.write(`</row>`)
}

// Flush hands on what is not still being compressed.
func (x *xlsxWriter) Flush() error {
	if x.err == nil {
		x.keep(x.out.Flush())
		x.keep(x.zip.Flush())
	}
	return x.err
}

// Close writes the parts around the sheets.
func (x *xlsxWriter) Close() error {
	if x.err != nil {
		return x.err
	}
	x.end()
	var types, sheets, targets strings.Builder
	for n := 1; n <= x.sheets; n++ {
		name := x.name
		if n > 1 {
			name += " " + strconv.Itoa(n)
		}
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, n)
		fmt.Fprintf(&sheets, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, name, n, n)
		fmt.Fprintf(&targets, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, relations, n)
	}
	for _, part := range []struct{ name, content string }{
		{"xl/workbook.xml", `<workbook xmlns="` + spreadsheet + `" xmlns:r="` + relations + `"><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + packaged + `/relationships">` + targets.String() + `</Relationships>`},
		{"_rels/.rels", `<Relationships xmlns="` + packaged + `/relationships"><Relationship Id="rId1" Type="` + relations + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"[Content_Types].xml", `<Types xmlns="` + packaged + `/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` + types.String() + `</Types>`},
	} {
		w, err := x.zip.Create(part.name)
		if err == nil {
			_, err = io.WriteString(w, xml.Header+part.content)
		}
		x.keep(err)
	}
	if x.err == nil {
		x.keep(x.zip.Close())
	}
	return x.err
}
