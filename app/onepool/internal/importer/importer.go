// Package importer sends tables of stores, products, stock and members to a platform, batch by batch.
//
// Always true: a file may be sent any number of times, or again after a broken run, and changes nothing the second
// time, because the centers know each row by its business key; a bad row is reported by its line and the rows around
// it are kept; a batch whose answer was lost is sent again under the same request id.
package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"time"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	"github.com/onepool/onepool/app/internal/csvload"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

const (
	batchRows = 200
	// onTheWay is how long, in all, a run waits for what an earlier import has committed and another center has not
	// heard of yet: locations follow their stores by message.
	onTheWay     = 5 * time.Second
	onTheWayStep = 250 * time.Millisecond
)

// Summary is what an import did. Rows = Created + Updated + Unchanged + len(Errors).
type Summary struct {
	Kind      string               `json:"kind"`
	Rows      int64                `json:"rows"`
	Created   int64                `json:"created"`
	Updated   int64                `json:"updated"`
	Unchanged int64                `json:"unchanged"`
	Errors    []*commonv1.RowError `json:"errors"`
}

// Source is a table to import.
type Source struct {
	Kind string
	// Open is called twice: once to know the table by its fingerprint, once to send it.
	Open    func() (io.ReadCloser, error)
	Mapping csvload.Mapping
	// Document under which stock and points are booked once; empty: the fingerprint of the table.
	Document string
}

// Kinds are the tables that can be imported, in the order in which they need each other.
func Kinds() []string {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return kinds[names[i]].order < kinds[names[j]].order })
	return names
}

// Columns of a kind: all, and those that must be given.
func Columns(kind string) (all, required []string) {
	k := kinds[kind]
	return slices.Clone(k.columns), k.required
}

// Run imports a table and reports on progress, which may be nil.
func Run(ctx context.Context, c *client.Client, src Source, progress *csvload.Progress) (*Summary, error) {
	k, ok := kinds[src.Kind]
	if !ok {
		return nil, fmt.Errorf("cannot import %q: want one of %s", src.Kind, strings.Join(Kinds(), ", "))
	}
	if src.Document == "" && k.document {
		fingerprint, err := fingerprint(src, k)
		if err != nil {
			return nil, err
		}
		src.Document = "file-" + fingerprint[:32]
	}
	file, closeFile, err := open(src, k)
	if err != nil {
		return nil, err
	}
	defer closeFile()

	s := &sender{client: c, kind: k, document: src.Document, run: client.RequestID()[:20], progress: progress, file: file, sum: &Summary{Kind: src.Kind}}
	for {
		row, err := file.Next()
		var bad csvload.RowError
		switch {
		case errors.Is(err, io.EOF):
			if err := s.flush(ctx); err != nil {
				return s.sum, err
			}
			s.finish()
			return s.sum, nil
		case errors.As(err, &bad):
			s.sum.Rows++
			s.bad(&commonv1.RowError{Line: int64(bad.Line), Reason: "CSV", Message: bad.Reason})
			continue
		case err != nil:
			return s.sum, fmt.Errorf("after %d rows: %w", s.sum.Rows, err)
		}
		s.sum.Rows++
		if err := s.add(ctx, row); err != nil {
			return s.sum, err
		}
	}
}

func open(src Source, k kind) (*csvload.File, func(), error) {
	in, err := src.Open()
	if err != nil {
		return nil, nil, err
	}
	file, err := csvload.Read(in, csvload.Options{Columns: k.columns, Required: k.required, Mapping: src.Mapping})
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	return file, func() { file.Close(); in.Close() }, nil
}

// fingerprint names a table by what its rows say, whatever its compression or other columns.
func fingerprint(src Source, k kind) (string, error) {
	file, closeFile, err := open(src, k)
	if err != nil {
		return "", err
	}
	defer closeFile()
	hash := sha256.New()
	for {
		row, err := file.Next()
		var bad csvload.RowError
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(hash.Sum(nil)), nil
		case errors.As(err, &bad):
			continue
		case err != nil:
			return "", err
		}
		io.WriteString(hash, row.Digest())
	}
}

// sender gathers rows to batches.
type sender struct {
	client   *client.Client
	kind     kind
	document string
	run      string // part of the request ids: a new run asks anew, a retry within it does not
	batches  int
	waited   time.Duration
	rows     []csvload.Row
	progress *csvload.Progress
	file     *csvload.File
	sum      *Summary
}

func (s *sender) add(ctx context.Context, row csvload.Row) error {
	if err := s.kind.check(row); err != nil {
		s.bad(err)
		return nil
	}
	s.rows = append(s.rows, row)
	if len(s.rows) < batchRows {
		return nil
	}
	return s.flush(ctx)
}

func (s *sender) flush(ctx context.Context) error {
	rows := s.rows
	s.rows = nil
	for len(rows) > 0 {
		result, err := s.send(ctx, rows)
		if err != nil {
			return fmt.Errorf("lines %d to %d: %w", rows[0].Line, rows[len(rows)-1].Line, err)
		}
		s.sum.Created += result.Created
		s.sum.Updated += result.Updated
		s.sum.Unchanged += result.Unchanged
		wait := s.kind.follows != "" && s.waited < onTheWay
		late := map[int64]bool{}
		for _, e := range result.Errors {
			if wait && e.Reason == s.kind.follows {
				late[e.Line] = true
				continue
			}
			s.bad(e)
		}
		rows = slices.DeleteFunc(slices.Clone(rows), func(r csvload.Row) bool { return !late[int64(r.Line)] })
		if len(rows) > 0 {
			s.waited += onTheWayStep
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(onTheWayStep):
			}
		}
	}
	s.update()
	return nil
}

func (s *sender) send(ctx context.Context, rows []csvload.Row) (result *commonv1.ImportResult, err error) {
	s.batches++
	id := fmt.Sprintf("imp-%s-%06d", s.run, s.batches)
	err = client.Patiently(ctx, func() error {
		result, err = s.kind.send(ctx, s.client, batch{requestID: id, document: s.document, rows: rows})
		return err
	})
	return result, err
}

func (s *sender) bad(e *commonv1.RowError) {
	s.sum.Errors = append(s.sum.Errors, e)
	if s.progress != nil {
		where := ""
		if e.Field != "" {
			where = " " + e.Field
		}
		s.progress.Note(fmt.Sprintf("line %d: %s%s: %s", e.Line, e.Reason, where, e.Message))
	}
}

func (s *sender) counts() csvload.Counts {
	done, total := s.file.Progress()
	return csvload.Counts{Done: done, Total: total, Rows: s.sum.Rows, Written: s.sum.Created + s.sum.Updated + s.sum.Unchanged, Bad: int64(len(s.sum.Errors))}
}
func (s *sender) update() {
	if s.progress != nil {
		s.progress.Update(s.counts())
	}
}
func (s *sender) finish() {
	if s.progress != nil {
		s.progress.Finish(s.counts())
	}
}
