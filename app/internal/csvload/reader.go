// Package csvload reads tables that people export: CSV, plain or gzip-compressed, under column names of their own.
//
// Always true:
//   - The file is read as a stream; a row longer than MaxRow, more columns than MaxColumns or more rows than the given bound
//     end the reading with an error. Nothing that a file says makes memory grow without bound.
//   - A bad row is a RowError with its line number; the rows after it are still read. What ends the reading is any other
//     error: no header, a mapped column that the file lacks, damaged compression, a bound.
//   - Line is where the row begins, counted as an editor counts, the header being line 1, also after quoted line breaks.
//   - Row.Digest depends on the row's mapped values only, not on its place in the file, on other columns or on the
//     compression: the same row in another export is the same command.
package csvload

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of any table that a person would export.
const (
	MaxRow     = 64 << 10
	MaxColumns = 200
	MaxRows    = 5_000_000
)

// Options say how a file's columns become ours.
type Options struct {
	Columns  []string // ours, in order; each is a key of Row
	Required []string // those that the file, the mapping or a constant must give
	Mapping  Mapping
	MaxRows  int // 0 means MaxRows
}

// Row is one data row under our names.
type Row struct {
	Line   int
	values map[string]string
	digest string
}

// Get returns a column's value without blanks around it; "" if the file lacks the column.
func (r Row) Get(column string) string { return r.values[column] }

// Digest is the hex SHA-256 of the row's columns and values.
func (r Row) Digest() string { return r.digest }

// RowError says why a row cannot be used.
type RowError struct {
	Line   int
	Reason string
}

func (e RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// File is an open table.
type File struct {
	closers  []io.Closer
	counted  *counter
	size     int64
	records  *recordReader
	columns  []string       // ours, as in Options
	source   map[string]int // our column -> place in the file
	constant map[string]string
	width    int
	rows     int
	maxRows  int
}

// Open opens path, .gz or not, and reads its header.
func Open(path string, options Options) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	table, err := Read(f, options)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	table.closers = append(table.closers, f)
	return table, nil
}

// Read reads a table from r, and finds out by its first bytes whether it is compressed. Closing the table leaves r open.
func Read(r io.Reader, options Options) (*File, error) {
	t := &File{counted: &counter{in: r}, columns: options.Columns, maxRows: options.MaxRows}
	if file, ok := r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := file.Stat(); err == nil {
			t.size = info.Size()
		}
	}
	if t.maxRows <= 0 {
		t.maxRows = MaxRows
	}
	buffered := bufio.NewReaderSize(t.counted, 256<<10)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("damaged compression: %w", err)
		}
		t.closers = append(t.closers, unzipped)
		buffered = bufio.NewReaderSize(unzipped, 256<<10)
	}
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		buffered.Discard(3)
	}
	t.records = &recordReader{in: buffered}
	return t, t.readHeader(options)
}

// readHeader binds our columns to the file's.
func (t *File) readHeader(options Options) error {
	header, _, err := t.records.next()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty: a header line is needed")
	}
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if len(header) > MaxColumns {
		return fmt.Errorf("header: %d columns, at most %d", len(header), MaxColumns)
	}
	t.width = len(header)
	place := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := place[name]; twice && name != "" {
			return fmt.Errorf("header: column %q occurs twice", name)
		}
		place[name] = i
	}

	t.source, t.constant = map[string]int{}, map[string]string{}
	for ours := range options.Mapping.bound {
		if !slices.Contains(options.Columns, ours) {
			return fmt.Errorf("mapping: there is no column %q; there are %s", ours, strings.Join(options.Columns, ", "))
		}
	}
	for _, ours := range options.Columns {
		to, mapped := options.Mapping.bound[ours]
		switch at, found := place[ours]; {
		case mapped && to.constant:
			t.constant[ours] = to.text
		case mapped:
			at, found := place[to.text]
			if !found {
				return fmt.Errorf("mapping: the file has no column %q; it has %s", to.text, strings.Join(header, ", "))
			}
			t.source[ours] = at
		case found:
			t.source[ours] = at
		case slices.Contains(options.Required, ours):
			return fmt.Errorf("the file has no column %q; it has %s; map one with --map %s=COLUMN or give a value with --map %s:=VALUE",
				ours, strings.Join(header, ", "), ours, ours)
		}
	}
	return nil
}

// Next returns the next row, a RowError for one that cannot be used (go on), io.EOF after the last, or what ended the
// reading.
func (t *File) Next() (Row, error) {
	for {
		record, line, err := t.records.next()
		var bad RowError
		if err != nil && !errors.As(err, &bad) {
			return Row{}, err // io.EOF among others
		}
		if err == nil && len(record) == 1 && strings.TrimSpace(record[0]) == "" {
			continue // an empty line, often the last
		}
		if t.rows++; t.rows > t.maxRows {
			return Row{}, fmt.Errorf("line %d: more than %d rows: split the file", line, t.maxRows)
		}
		if err != nil {
			return Row{Line: line}, err
		}
		if len(record) != t.width {
			return Row{Line: line}, RowError{line, fmt.Sprintf("%d columns where the header has %d", len(record), t.width)}
		}
		return t.row(line, record)
	}
}

func (t *File) row(line int, record []string) (Row, error) {
	row := Row{Line: line, values: make(map[string]string, len(t.columns))}
	hash := sha256.New()
	var length [4]byte
	write := func(text string) {
		binary.BigEndian.PutUint32(length[:], uint32(len(text)))
		hash.Write(length[:])
		hash.Write([]byte(text))
	}
	for _, column := range t.columns {
		value, found := t.constant[column]
		if at, mapped := t.source[column]; mapped {
			value, found = strings.TrimSpace(record[at]), true
		}
		if !found {
			continue
		}
		if !utf8.ValidString(value) {
			return row, RowError{line, column + " is not UTF-8: save the file as CSV UTF-8"}
		}
		if strings.ContainsRune(value, 0) {
			return row, RowError{line, column + " holds a NUL character"}
		}
		row.values[column] = value
		write(column)
		write(value)
	}
	row.digest = hex.EncodeToString(hash.Sum(nil))
	return row, nil
}

// Progress returns how many bytes of how many have been read, as they lie on disk. The total is 0 if it is not known.
func (t *File) Progress() (done, total int64) { return t.counted.n, t.size }

// Close closes the file.
func (t *File) Close() error {
	var all error
	for _, c := range t.closers {
		all = errors.Join(all, c.Close())
	}
	return all
}

// counter counts what was read from the disk.
type counter struct {
	in io.Reader
	n  int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}
