package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// book reads a workbook the way a spreadsheet does: from the workbook part to its sheets, cell by cell.
type book struct {
	names []string
	rows  [][][]string // of each sheet; a cell that is not there is empty
	typed map[string]int
}

func part(t require.TestingT, files map[string]*zip.File, name string, into any) {
	require.Contains(t, files, name)
	f, err := files[name].Open()
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, xml.NewDecoder(f).Decode(into), name)
}

func open(t require.TestingT, raw []byte) (b book) {
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	files := map[string]*zip.File{}
	for _, f := range r.File {
		files[f.Name] = f
	}
	var types struct {
		Override []struct {
			PartName, ContentType string `xml:",attr"`
		}
	}
	part(t, files, "[Content_Types].xml", &types)
	for _, o := range types.Override {
		require.Contains(t, files, strings.TrimPrefix(o.PartName, "/"))
	}
	type related struct {
		Relationship []struct {
			Id, Target string `xml:",attr"`
		}
	}
	var root, rels related
	part(t, files, "_rels/.rels", &root)
	require.Equal(t, "xl/workbook.xml", root.Relationship[0].Target)
	part(t, files, "xl/_rels/workbook.xml.rels", &rels)
	var workbook struct {
		Sheets struct {
			Sheet []struct {
				Name string `xml:"name,attr"`
				ID   string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
			} `xml:"sheet"`
		} `xml:"sheets"`
	}
	part(t, files, "xl/workbook.xml", &workbook)
	require.Len(t, rels.Relationship, len(workbook.Sheets.Sheet))
	b.typed = map[string]int{}
	for i, s := range workbook.Sheets.Sheet {
		require.Equal(t, rels.Relationship[i].Id, s.ID)
		b.names = append(b.names, s.Name)
		var data struct {
			Rows []struct {
				R     string `xml:"r,attr"`
				Cells []struct {
					R     string  `xml:"r,attr"`
					Type  string  `xml:"t,attr"`
					Text  *string `xml:"is>t"`
					Value *string `xml:"v"`
				} `xml:"c"`
			} `xml:"sheetData>row"`
		}
		part(t, files, "xl/"+rels.Relationship[i].Target, &data)
		var rows [][]string
		for no, row := range data.Rows {
			require.Equal(t, fmt.Sprint(no+1), row.R)
			cells := map[string]string{}
			for _, c := range row.Cells {
				b.typed[c.Type]++
				if c.Type == "inlineStr" {
					cells[c.R] = *c.Text
				} else {
					require.Empty(t, c.Type)
					cells[c.R] = *c.Value
				}
			}
			var values []string
			for col := 0; len(cells) > 0; col++ {
				at := letters(col) + row.R
				values = append(values, cells[at])
				delete(cells, at)
				require.Less(t, col, maxColumns)
			}
			rows = append(rows, values)
		}
		b.rows = append(b.rows, rows)
	}
	return b
}

func TestColumnsAreNamedAsSpreadsheetsDo(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA", maxColumns - 1: "XFD"} {
		require.Equal(t, want, letters(i))
	}
}

func TestAWorkbookHoldsWhatWasWritten(t *testing.T) {
	var out bytes.Buffer
	x, err := newXLSX(&out, "orders", []string{"名称", "n"}, 3)
	require.NoError(t, err)
	for _, row := range [][]Cell{
		{Text(`=HYPERLINK("http://x","y")`), Number(7)}, {Text(" <茶> & \"'\n"), Number(-1)}, {Exact("-12.50"), Text("")}, {Text("\x01"), Number(1e15)}, {Text("last"), Number(0)},
	} {
		require.NoError(t, x.Row(row))
	}
	require.NoError(t, x.Close())
	b := open(t, out.Bytes())
	require.Equal(t, []string{"orders", "orders 2", "orders 3"}, b.names)
	head := []string{"名称", "n"}
	require.Equal(t, [][][]string{
		{head, {`=HYPERLINK("http://x","y")`, "7"}, {" <茶> & \"'\n", "-1"}},
		{head, {"-12.50"}, {"\uFFFD", "1000000000000000"}},
		{head, {"last", "0"}},
	}, b.rows)
	require.Equal(t, map[string]int{"inlineStr": 6 + 6, "": 3}, b.typed, "a text is never a formula, a number never a text")
}

func TestACSVFileHoldsWhatWasWritten(t *testing.T) {
	var out bytes.Buffer
	c, err := NewCSV(&out, []string{"名称", "n"})
	require.NoError(t, err)
	for _, row := range [][]Cell{
		{Text("=1+1"), Number(7)}, {Text("+1"), Number(-1)}, {Text("-1"), Exact("-12.50")}, {Text("@x"), Text("\t=1")}, {Text("a,\"b\"\n"), Text("")},
	} {
		require.NoError(t, c.Row(row))
	}
	require.NoError(t, c.Close())
	raw, ok := strings.CutPrefix(out.String(), ByteOrderMark)
	require.True(t, ok)
	rows, err := csv.NewReader(strings.NewReader(raw)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{{"名称", "n"}, {"'=1+1", "7"}, {"'+1", "-1"}, {"'-1", "-12.50"}, {"'@x", "'\t=1"}, {"a,\"b\"\n", ""}}, rows)
}

func TestWhatNoSheetHoldsIsRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns []string
	}{{"", []string{"a"}}, {"a/b", []string{"a"}}, {strings.Repeat("n", 26), []string{"a"}}, {"n", nil}, {"n", make([]string, maxColumns+1)}} {
		_, err := NewXLSX(io.Discard, c.name, c.columns)
		require.ErrorIs(t, err, ErrSheet)
	}
	x, err := NewXLSX(io.Discard, "n", []string{"a"})
	require.NoError(t, err)
	require.ErrorIs(t, x.Row(nil), ErrColumns)
	require.NoError(t, x.Row([]Cell{Text(strings.Repeat("茶", maxText))}))
	require.ErrorIs(t, x.Row([]Cell{Text(strings.Repeat("茶", maxText+1))}), ErrCell)
	require.ErrorIs(t, x.Close(), ErrCell)
	c, err := NewCSV(io.Discard, []string{"a"})
	require.NoError(t, err)
	require.ErrorIs(t, c.Row([]Cell{Text("a"), Text("b")}), ErrColumns)
}

func TestAnyTextComesBackFromAWorkbook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("aZ0 \n\t<>&'\"=+-@茶🍵é"))).Draw(t, "text")
		var out bytes.Buffer
		x, err := NewXLSX(&out, "n", []string{"a", "b"})
		require.NoError(t, err)
		require.NoError(t, x.Row([]Cell{Text(text), Exact(".")}))
		require.NoError(t, x.Close())
		require.Equal(t, text, open(t, out.Bytes()).rows[0][1][0])
	})
}

// counted counts what has arrived.
type counted struct{ n, after int }

var errGone = errors.New("gone")

func (c *counted) Write(p []byte) (int, error) {
	c.n += len(p)
	if c.after > 0 && c.n > c.after {
		return 0, errGone
	}
	return len(p), nil
}

// news are texts of which no compression saves more than a quarter.
func news() func() string {
	r := rand.New(rand.NewPCG(1, 2))
	return func() string {
		text := make([]byte, 4<<10)
		for i := range text {
			text[i] = byte('0' + r.IntN(64))
		}
		return string(text)
	}
}

// What a writer holds back is bounded, whatever has gone through it: so it needs no more memory for a million rows.
func TestAWriterHoldsBackABoundedPart(t *testing.T) {
	const bound = 256 << 10
	for name, begin := range map[string]func(w io.Writer) (Writer, error){
		"csv":  func(w io.Writer) (Writer, error) { return NewCSV(w, []string{"a"}) },
		"xlsx": func(w io.Writer) (Writer, error) { return NewXLSX(w, "n", []string{"a"}) },
	} {
		out := &counted{}
		w, err := begin(out)
		require.NoError(t, err)
		text, given := news(), 0
		for range 2000 {
			row := text()
			require.NoError(t, w.Row([]Cell{Exact(row)}))
			require.NoError(t, w.Flush())
			given += len(row)
			// Six bits of each byte are news: less than that has not arrived only if it is held back.
			require.Less(t, given*6/8-out.n, bound, "%s: %d bytes given, %d arrived", name, given, out.n)
		}
		require.NoError(t, w.Close())
	}
}

func TestAReaderThatLeavesEndsTheWriting(t *testing.T) {
	for name, begin := range map[string]func(w io.Writer) (Writer, error){
		"csv":  func(w io.Writer) (Writer, error) { return NewCSV(w, []string{"a"}) },
		"xlsx": func(w io.Writer) (Writer, error) { return NewXLSX(w, "n", []string{"a"}) },
	} {
		w, err := begin(&counted{after: 64 << 10})
		require.NoError(t, err)
		text := news()
		for range 1000 {
			if err = w.Row([]Cell{Text(text())}); err != nil {
				break
			}
		}
		require.ErrorIs(t, err, errGone, name)
		require.ErrorIs(t, w.Close(), errGone, name)
	}
}

func TestACellIsNoFormula(t *testing.T) {
	for _, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"} {
		require.Equal(t, "'"+text, Harmless(text))
	}
	require.Equal(t, "S-0117 Nanjing Rd", Harmless("S-0117 Nanjing Rd"))
	require.Empty(t, Harmless(""))
}
