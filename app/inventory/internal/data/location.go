package data

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/geo"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const (
	maxLocations = 500_000
	// locationsKept names the generation of the locations.
	locationsKept = "locations"
)

// Directory returns all locations, at most a second behind the rows. It must not be called inside a transaction.
func (s *Store) Directory(ctx context.Context) (*biz.Directory, error) {
	return s.directory.get(ctx, s, func(ctx context.Context) (*biz.Directory, error) {
		locations, err := s.locations(ctx, "ORDER BY id LIMIT ?", maxLocations+1)
		if err != nil {
			return nil, err
		}
		if len(locations) > maxLocations {
			return nil, fmt.Errorf("more than %d locations", maxLocations)
		}
		return biz.NewDirectory(locations)
	})
}

// Fresh reads the rows of these locations.
func (s *Store) Fresh(ctx context.Context, codes []string) ([]biz.Location, error) {
	var all []biz.Location
	for chunk := range slices.Chunk(codes, maxParameters) {
		some, err := s.locations(ctx, "WHERE id IN ("+marks(len(chunk))+")", anys(chunk)...)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

const locationColumns = "id, name, org, kind, lat, lng, active, ways, shared, settlement_rate_bp, fulfilment_fee_minor, version, profile, profile_version"

func (s *Store) locations(ctx context.Context, rest string, args ...any) ([]biz.Location, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT "+locationColumns+" FROM locations "+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read locations: %w", err)
	}
	defer rows.Close()
	var all []biz.Location
	for rows.Next() {
		var l biz.Location
		var lat, lng sql.NullFloat64
		var profile []byte
		if err := rows.Scan(&l.Code, &l.Name, &l.Org, &l.Kind, &lat, &lng, &l.Active, &l.Ways, &l.Shared, &l.SettlementRateBP, &l.FulfilmentFeeMinor, &l.Version, &profile, &l.ProfileVersion); err != nil {
			return nil, fmt.Errorf("read locations: %w", err)
		}
		if lat.Valid && lng.Valid {
			l.Point = &geo.Point{Lat: lat.Float64, Lng: lng.Float64}
		}
		if l.Profile, err = profileOf(profile); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

// profileOf reads how a location works; nil: nothing is said.
func profileOf(body []byte) (*biz.Profile, error) {
	if len(body) == 0 {
		return nil, nil
	}
	p, err := biz.ParseProfile(body)
	if err != nil {
		return nil, fmt.Errorf("profile of a location: %w", err)
	}
	return p, nil
}

// Put stores the locations that are newer than what is there. The generation's row is the lock: one at a time, and
// replicas see that something has changed.
func (s *Store) Put(ctx context.Context, locations []biz.Location) (int, error) {
	if err := s.lockGeneration(ctx, locationsKept); err != nil {
		return 0, fmt.Errorf("put locations: %w", err)
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return 0, err
	}
	known := map[string]biz.Location{}
	codes := make([]string, len(locations))
	for i, l := range locations {
		codes[i] = l.Code
	}
	before, err := s.Fresh(ctx, codes)
	if err != nil {
		return 0, err
	}
	for _, l := range before {
		known[l.Code] = l
	}
	put, opened := 0, false
	for _, l := range locations {
		was, exists := known[l.Code]
		if exists && was.Version >= l.Version {
			continue
		}
		if err := s.putOne(ctx, l, exists, now); err != nil {
			return 0, err
		}
		opened = opened || exists && (was.Active != l.Active || was.Shared != l.Shared || was.Org != l.Org)
		known[l.Code] = l
		put++
	}
	if put == 0 {
		return 0, nil
	}
	if opened { // or closed: its whole stock may be promised now, or cannot be any more
		if err := s.logEverything(ctx, now); err != nil {
			return 0, err
		}
	}
	return put, s.directory.changed(ctx, s)
}

func (s *Store) putOne(ctx context.Context, l biz.Location, exists bool, now int64) error {
	var lat, lng any
	if l.Point != nil {
		lat, lng = l.Point.Lat, l.Point.Lng
	}
	args := []any{l.Name, l.Org, l.Kind, lat, lng, l.Active, int64(l.Ways), l.Shared, l.SettlementRateBP, l.FulfilmentFeeMinor, l.Version, now, l.Code}
	statement := "INSERT INTO locations (name, org, kind, lat, lng, active, ways, shared, settlement_rate_bp, fulfilment_fee_minor, version, updated_us, id) VALUES (" + marks(len(args)) + ")"
	if exists {
		statement = "UPDATE locations SET " + strings.Join([]string{"name", "org", "kind", "lat", "lng", "active", "ways", "shared",
			"settlement_rate_bp", "fulfilment_fee_minor", "version", "updated_us"}, " = ?, ") + " = ? WHERE id = ? AND version < ?"
		args = append(args, l.Version)
	}
	if _, err := s.db.Conn(ctx).ExecContext(ctx, statement, args...); err != nil {
		return fmt.Errorf("put location %s: %w", l.Code, err)
	}
	return nil
}

// PutProfile stores how a location works, in place of the version that the caller has seen. It answers the new version; 0
// when another has been stored meanwhile, or there is no such location.
func (s *Store) PutProfile(ctx context.Context, code string, expected int64, p *biz.Profile) (int64, error) {
	if err := s.lockGeneration(ctx, locationsKept); err != nil {
		return 0, fmt.Errorf("put profile: %w", err)
	}
	now, err := s.db.Now(ctx)
	if err != nil {
		return 0, err
	}
	body, err := json.Marshal(p.Body())
	if err != nil {
		return 0, fmt.Errorf("put profile of %s: %w", code, err)
	}
	res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE locations SET profile = ?, profile_version = profile_version + 1, updated_us = ? WHERE id = ? AND profile_version = ?", body, now, code, expected)
	if err != nil {
		return 0, fmt.Errorf("put profile of %s: %w", code, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return 0, err
	}
	return expected + 1, s.directory.changed(ctx, s)
}
