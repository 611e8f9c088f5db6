package csvload

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var storeColumns = Options{Columns: []string{"code", "name", "country"}, Required: []string{"code", "name"}}

// parseMapping reads a list of entries as Set does.
func parseMapping(entries ...string) (Mapping, error) {
	var m Mapping
	for _, entry := range entries {
		if err := m.Set(entry); err != nil {
			return Mapping{}, err
		}
	}
	return m, nil
}

// load reads everything and writes each row and error as a line.
func load(t require.TestingT, text string, options Options) []string {
	table, err := Read(strings.NewReader(text), options)
	require.NoError(t, err)
	var out []string
	for range 10_000 {
		row, err := table.Next()
		var bad RowError
		switch {
		case errors.Is(err, io.EOF):
			return out
		case errors.As(err, &bad):
			require.Equal(t, bad.Line, row.Line)
			out = append(out, "bad "+err.Error())
		case err != nil:
			return append(out, "end "+err.Error())
		default:
			out = append(out, fmt.Sprintf("%d %s|%s|%s", row.Line, row.Get("code"), row.Get("name"), row.Get("country")))
		}
	}
	return append(out, "endless")
}

func TestRowsComeWithTheirLines(t *testing.T) {
	got := load(t, "\xef\xbb\xbfname,code,other\r\n 茶馆 ,S1,x\r\n\"two\nlines, \"\"quoted\"\"\",S2,x\r\n\r\nlast,S3,x", storeColumns)
	require.Equal(t, []string{"2 S1|茶馆|", "3 S2|two\nlines, \"quoted\"|", "6 S3|last|"}, got)
}

func TestABadRowCostsItselfOnly(t *testing.T) {
	text := "code,name\n" + // 1
		"S1,one\n" + // 2
		"S2\n" + // 3 too few
		"S3,3\" pipe\n" + // 4 a stray quote
		"S4,four\n" + // 5
		"S5,5\" pipe\n" + // 6 another, that seems to close it
		"S6,\"open\n" + // 7 never closed
		"S7,\xff\n" + // 8 not UTF-8
		"S8,a\x00b\n" + // 9
		"S9," + strings.Repeat("x", MaxRow) + "\n" + // 10
		"S10,ten\n" // 11
	got := load(t, text, storeColumns)
	require.Equal(t, []string{
		"2 S1|one|",
		"bad line 3: 1 columns where the header has 2",
		"bad line 4: a quote is opened and never closed",
		"5 S4|four|",
		"bad line 6: a quote is opened and never closed",
		"bad line 7: a quote is opened and never closed",
		"bad line 8: name is not UTF-8: save the file as CSV UTF-8",
		"bad line 9: name holds a NUL character",
		"bad line 10: longer than 65536 bytes",
		"11 S10|ten|",
	}, got)
}

// A quote that is closed far below is a stray one: what lies between is rows, not a field.
func TestAFieldSpansAFewLinesOnly(t *testing.T) {
	between := maxJoined + 5
	got := load(t, "code,name\nS1,\"open\n"+strings.Repeat("A,a\n", between)+"end\"\n", storeColumns)
	require.Len(t, got, between+2)
	require.Equal(t, "bad line 2: a quote is opened and never closed", got[0])
	require.Equal(t, "3 A|a|", got[1])
	require.Equal(t, fmt.Sprintf("bad line %d: a quote is opened and never closed", between+3), got[between+1])
}

// Whatever damage, reading ends, and every undamaged line that no quote touches is kept with its number.
func TestDamageNeverHidesOtherRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"A,a", "B,\"b\"", "C,c\"", "D,\"d", "E", "", "F,\"f\"\"\"", "G,g,g"}), 0, 60).Draw(t, "lines")
		quotes := 0
		want := map[string]bool{}
		for i, line := range lines {
			quotes += strings.Count(line, `"`)
			if line == "A,a" {
				want[fmt.Sprintf("%d A|a|", i+2)] = true
			}
		}
		got := load(t, "code,name\n"+strings.Join(lines, "\n"), storeColumns)
		require.NotContains(t, got, "endless")
		if quotes > 0 {
			return // a field that is opened and closed may truly hold other lines
		}
		for _, line := range got {
			delete(want, line)
		}
		require.Empty(t, want)
	})
}

func TestWhatIsWrittenAsCSVIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[a-z",\n' 茶]{0,12}`)
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]string {
			return [2]string{rapid.StringMatching(`[A-Z]{1,4}`).Draw(t, "code"), value.Draw(t, "name")}
		}), 0, 20).Draw(t, "rows")
		var out bytes.Buffer
		w := csv.NewWriter(&out)
		require.NoError(t, w.Write([]string{"code", "name"}))
		for _, row := range rows {
			require.NoError(t, w.Write(row[:]))
		}
		w.Flush()
		table, err := Read(&out, storeColumns)
		require.NoError(t, err)
		for _, want := range rows {
			row, err := table.Next()
			require.NoError(t, err)
			require.Equal(t, want[0], row.Get("code"))
			require.Equal(t, strings.TrimSpace(want[1]), row.Get("name"))
		}
		_, err = table.Next()
		require.ErrorIs(t, err, io.EOF)
	})
}

func TestColumnsAreMapped(t *testing.T) {
	mapping, err := parseMapping("code=store_number", "country:=CN", "name = label")
	require.NoError(t, err)
	options := storeColumns
	options.Mapping = mapping
	require.Equal(t, []string{"2 7|Tea|CN"}, load(t, "label,country,store_number\nTea,US,7\n", options))
}

func TestMappingErrorsSayWhatToDo(t *testing.T) {
	for entry, want := range map[string]string{
		"code=nothere": "the file has no column \"nothere\"",
		"cod=id":       "there is no column \"cod\"; there are code, name, country",
	} {
		options := storeColumns
		options.Mapping, _ = parseMapping(entry)
		_, err := Read(strings.NewReader("id,name\n"), options)
		require.ErrorContains(t, err, want)
	}
	_, err := Read(strings.NewReader("id,name\n"), storeColumns)
	require.ErrorContains(t, err, "--map code=COLUMN")
	_, err = Read(strings.NewReader("code,name,name\n"), storeColumns)
	require.ErrorContains(t, err, "occurs twice")
	_, err = Read(strings.NewReader(""), storeColumns)
	require.ErrorContains(t, err, "the file is empty")
	for _, entry := range []string{"", "code", "=x", ":=x", "code="} {
		_, err := parseMapping(entry)
		require.Error(t, err, entry)
	}
	_, err = parseMapping("a=b", "a:=c")
	require.Error(t, err)
}

func TestDigestIsOfTheRowNotOfTheFile(t *testing.T) {
	digest := func(text string, entries ...string) string {
		options := storeColumns
		options.Mapping, _ = parseMapping(entries...)
		table, err := Read(strings.NewReader(text), options)
		require.NoError(t, err)
		row, err := table.Next()
		require.NoError(t, err)
		return row.Digest()
	}
	one := digest("code,name\nS1,Tea\n")
	require.Len(t, one, 64)
	require.Equal(t, one, digest("other,name,code\n\nx,Tea,S1\n"))
	require.Equal(t, one, digest("id,name\nS1, Tea \n", "code=id"))
	require.NotEqual(t, one, digest("code,name\nS1,Teas\n"))
	require.NotEqual(t, one, digest("code,name\nS1T,ea\n"))
	require.NotEqual(t, one, digest("code,name,country\nS1,Tea,\n"))
}

func TestRowsAreBounded(t *testing.T) {
	options := storeColumns
	options.MaxRows = 2
	require.Equal(t, []string{"2 a|b|", "bad line 3: 1 columns where the header has 2", "end line 4: more than 2 rows: split the file"},
		load(t, "code,name\na,b\na\na,b\n", options))
	_, err := Read(strings.NewReader(strings.Repeat("c,", MaxColumns+1)), storeColumns)
	require.ErrorContains(t, err, "at most 200")
}

func TestCompressedAndDamagedFiles(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	fmt.Fprint(w, "code,name\n")
	for i := range 20_000 {
		fmt.Fprintf(w, "S%d,store %d\n", i, i*7919)
	}
	require.NoError(t, w.Close())

	whole := filepath.Join(t.TempDir(), "stores.csv.gz")
	require.NoError(t, os.WriteFile(whole, zipped.Bytes(), 0o600))
	table, err := Open(whole, storeColumns)
	require.NoError(t, err)
	rows := 0
	for {
		if _, err = table.Next(); err != nil {
			break
		}
		rows++
	}
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, 20_000, rows)
	done, total := table.Progress()
	require.EqualValues(t, zipped.Len(), total)
	require.Equal(t, total, done)
	require.NoError(t, table.Close())

	// Half a file must not look like a whole one.
	table, err = Read(bytes.NewReader(zipped.Bytes()[:zipped.Len()/2]), storeColumns)
	require.NoError(t, err)
	for err == nil {
		_, err = table.Next()
	}
	require.NotErrorIs(t, err, io.EOF)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestProgressOnALogIsPlainLines(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, "stores")
	at := p.start
	p.now = func() time.Time { return at }
	p.Update(Counts{Rows: 1})
	at = at.Add(6 * time.Second)
	p.Update(Counts{Done: 50, Total: 200, Rows: 600, Written: 599, Bad: 1})
	p.Note("line 7: no code")
	p.Finish(Counts{Done: 200, Total: 200, Rows: 1200, Written: 1199, Bad: 1})
	require.Equal(t, "stores: 600 rows, 599 good, 1 bad, 100 rows/s (25%)\nline 7: no code\nstores: 1200 rows, 1199 good, 1 bad, 200 rows/s in 6.0 s\n", out.String())
}

func TestProgressOnATerminalIsABarThatNotesDoNotTear(t *testing.T) {
	var out bytes.Buffer
	p := NewProgress(&out, "s")
	at := p.start
	p.terminal, p.now = true, func() time.Time { return at }
	at = at.Add(5 * time.Second)
	p.Update(Counts{Done: 1, Total: 2, Rows: 10})
	p.Note("line 7: no code")
	bar := "[############............]  50% s: 10 rows, 0 good, 0 bad, 2 rows/s"
	require.Equal(t, bar+"\r"+strings.Repeat(" ", len(bar))+"\rline 7: no code\n", out.String())
}

// The real store directory: Chinese, Hangul, Arabic, stray characters, and every row whole.
func TestTheRealStoreDirectory(t *testing.T) {
	folder := os.Getenv("ONEPOOL_DATA")
	if folder == "" {
		t.Skip("ONEPOOL_DATA names no data folder")
	}
	mapping, err := parseMapping("code=store_number")
	require.NoError(t, err)
	table, err := Open(filepath.Join(folder, "stores_starbucks.csv.gz"), Options{
		Columns: []string{"code", "name", "country", "lat"}, Required: []string{"code", "name"}, Mapping: mapping,
	})
	require.NoError(t, err)
	defer table.Close()
	digests, codes, china, unplaced := map[string]bool{}, map[string]int{}, 0, 0
	for {
		row, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		digests[row.Digest()] = true
		codes[row.Get("code")]++
		if row.Get("country") == "CN" {
			china++
		}
		if row.Get("lat") == "" {
			unplaced++
		}
	}
	require.Len(t, digests, 25_600)
	require.Equal(t, 25_599, len(codes))
	require.Equal(t, 2, codes["19773-160973"])
	require.Equal(t, 2_734, china)
	require.Equal(t, 1, unplaced)
}
