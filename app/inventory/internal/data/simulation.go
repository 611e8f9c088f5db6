package data

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/inventory/internal/biz"
)

const simulationColumns = "id, state, strategies, orders, done, report, failure, created_by, created_us, version"

// CreateSimulation stores a new one.
func (s *Store) CreateSimulation(ctx context.Context, sim biz.Simulation) error {
	strategies, err := json.Marshal(sim.Strategies)
	if err != nil {
		return fmt.Errorf("simulation: %w", err)
	}
	return s.insert(ctx, "simulations", "id, state, strategies, orders, created_by, created_us, updated_us",
		[][]any{{sim.ID, int8(sim.State), strategies, sim.Orders, sim.CreatedBy, sim.CreatedUS, sim.CreatedUS}})
}

// Simulation reads one; in a transaction it is locked.
func (s *Store) Simulation(ctx context.Context, id string, lock bool) (biz.Simulation, error) {
	query := "SELECT " + simulationColumns + " FROM simulations WHERE id = ?"
	if lock {
		query += s.db.ForUpdate()
	}
	sim, err := scanSimulation(s.db.Conn(ctx).QueryRowContext(ctx, query, id))
	if errors.Is(err, sql.ErrNoRows) {
		return sim, biz.UnknownSimulation{ID: id}
	}
	return sim, err
}

func scanSimulation(row interface{ Scan(...any) error }) (sim biz.Simulation, err error) {
	var strategies, report []byte
	if err := row.Scan(&sim.ID, &sim.State, &strategies, &sim.Orders, &sim.Done, &report, &sim.Failure, &sim.CreatedBy, &sim.CreatedUS, &sim.Version); err != nil {
		return sim, err
	}
	err = json.Unmarshal(strategies, &sim.Strategies)
	if err == nil && len(report) > 0 {
		err = json.Unmarshal(report, &sim.Results)
	}
	if err != nil {
		return sim, fmt.Errorf("simulation %s: %w", sim.ID, err)
	}
	return sim, nil
}

// SaveSimulation stores what has changed of a locked one.
func (s *Store) SaveSimulation(ctx context.Context, sim biz.Simulation) error {
	now, err := s.db.Now(ctx)
	if err != nil {
		return err
	}
	var report any
	if sim.Results != nil {
		if report, err = json.Marshal(sim.Results); err != nil {
			return fmt.Errorf("simulation %s: %w", sim.ID, err)
		}
	}
	res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE simulations SET state = ?, orders = ?, done = ?, report = ?, failure = ?, version = version + 1, updated_us = ? WHERE id = ? AND version = ?",
		int8(sim.State), sim.Orders, sim.Done, report, cut200(sim.Failure), now, sim.ID, sim.Version)
	if err != nil {
		return fmt.Errorf("simulation %s: %w", sim.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("simulation %s: %w (%v)", sim.ID, errGuard, err)
	}
	return nil
}

func cut200(text string) string {
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200])
	}
	return text
}

// AddSimulated adds orders to a simulation; a number that is taken already is left as it is.
func (s *Store) AddSimulated(ctx context.Context, id string, orders []biz.NumberedDemand) error {
	for chunk := range slices.Chunk(orders, simulatedChunk) {
		var args []any
		for _, o := range chunk {
			demand, err := json.Marshal(o.Demand)
			if err != nil {
				return fmt.Errorf("simulated order %s: %w", o.Demand.Document, err)
			}
			args = append(args, id, o.Number, o.Demand.Document, demand, false)
		}
		one := "(?, ?, ?, ?, ?)"
		_, err := s.db.Conn(ctx).ExecContext(ctx, "INSERT INTO simulation_orders (simulation, number, document, demand, differs) VALUES "+
			one+strings.Repeat(", "+one, len(chunk)-1)+s.orIgnore("number"), args...)
		if err != nil {
			return fmt.Errorf("simulated orders: %w", err)
		}
	}
	return nil
}

// CountSimulated counts the orders of a simulation.
func (s *Store) CountSimulated(ctx context.Context, id string) (n int64, err error) {
	err = s.db.Conn(ctx).QueryRowContext(ctx, "SELECT COUNT(*) FROM simulation_orders WHERE simulation = ?", id).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count simulated orders: %w", err)
	}
	return n, nil
}

// Simulated reads orders of a simulation after a number, in order.
func (s *Store) Simulated(ctx context.Context, id string, after int64, limit int) ([]biz.NumberedDemand, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT number, demand FROM simulation_orders WHERE simulation = ? AND number > ? ORDER BY number LIMIT ?", id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("simulated orders: %w", err)
	}
	defer rows.Close()
	var all []biz.NumberedDemand
	for rows.Next() {
		var o biz.NumberedDemand
		var demand []byte
		if err := rows.Scan(&o.Number, &demand); err != nil {
			return nil, fmt.Errorf("simulated orders: %w", err)
		}
		if err := json.Unmarshal(demand, &o.Demand); err != nil {
			return nil, fmt.Errorf("simulated order %d: %w", o.Number, err)
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

// SimulatedOutcome is what the strategies made of an order.
type SimulatedOutcome struct {
	Number   int64
	Document string
	Differs  bool
	Outcomes []biz.TrialOutcome
}

// SaveOutcomes stores them.
func (s *Store) SaveOutcomes(ctx context.Context, id string, outcomes []SimulatedOutcome) error {
	for _, o := range outcomes {
		body, err := json.Marshal(o.Outcomes)
		if err != nil {
			return fmt.Errorf("simulated order %d: %w", o.Number, err)
		}
		if _, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE simulation_orders SET outcome = ?, differs = ? WHERE simulation = ? AND number = ?", body, o.Differs, id, o.Number); err != nil {
			return fmt.Errorf("simulated order %d: %w", o.Number, err)
		}
	}
	return nil
}

// ListSimulated lists orders of a simulation with their outcomes, by number.
func (s *Store) ListSimulated(ctx context.Context, id string, differing bool, p Page) ([]SimulatedOutcome, string, error) {
	l, err := s.open(ctx, p, 1, "simulated", id, strconv.FormatBool(differing))
	if err != nil {
		return nil, "", err
	}
	after := int64(0)
	if len(l.after) > 0 {
		if after, err = strconv.ParseInt(l.after[0], 10, 64); err != nil {
			return nil, "", page.ErrToken
		}
	}
	query, args := "SELECT number, document, differs, outcome FROM simulation_orders WHERE simulation = ? AND number > ?", []any{id, after}
	if differing {
		query, args = query+" AND differs = ?", append(args, true)
	}
	rows, err := s.db.Conn(ctx).QueryContext(ctx, query+" ORDER BY number LIMIT ?", append(args, l.size+1)...)
	if err != nil {
		return nil, "", fmt.Errorf("list simulated orders: %w", err)
	}
	defer rows.Close()
	var all []SimulatedOutcome
	for rows.Next() {
		var o SimulatedOutcome
		var body []byte
		if err := rows.Scan(&o.Number, &o.Document, &o.Differs, &body); err != nil {
			return nil, "", fmt.Errorf("list simulated orders: %w", err)
		}
		if len(body) > 0 {
			if err := json.Unmarshal(body, &o.Outcomes); err != nil {
				return nil, "", fmt.Errorf("simulated order %d: %w", o.Number, err)
			}
		}
		all = append(all, o)
	}
	if err := rows.Err(); err != nil {
		return nil, "", fmt.Errorf("list simulated orders: %w", err)
	}
	page, next := cut(l, all, func(o SimulatedOutcome) []string { return []string{strconv.FormatInt(o.Number, 10)} })
	return page, next, nil
}

// LeaseSimulation gives the oldest simulation that waits, or whose process has died, to owner; found is false when there
// is none.
func (s *Store) LeaseSimulation(ctx context.Context, owner string, forUS int64) (sim biz.Simulation, found bool, err error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return sim, false, err
	}
	q := s.db.Conn(ctx)
	var id string
	err = q.QueryRowContext(ctx, "SELECT id FROM simulations WHERE state IN (?, ?) AND lease_until_us < ? ORDER BY created_us, id LIMIT 1"+s.db.ForUpdate(),
		int8(biz.SimulationWaiting), int8(biz.SimulationRunning), now).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return sim, false, nil
	}
	if err != nil {
		return sim, false, fmt.Errorf("lease simulation: %w", err)
	}
	if _, err := q.ExecContext(ctx, "UPDATE simulations SET lease_owner = ?, lease_until_us = ? WHERE id = ?", owner, now+forUS, id); err != nil {
		return sim, false, fmt.Errorf("lease simulation: %w", err)
	}
	sim, err = s.Simulation(ctx, id, true)
	return sim, err == nil, err
}

// KeepSimulation extends the lease; false means that another has it now.
func (s *Store) KeepSimulation(ctx context.Context, id, owner string, forUS int64) (bool, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return false, err
	}
	res, err := s.db.Conn(ctx).ExecContext(ctx, "UPDATE simulations SET lease_until_us = ? WHERE id = ? AND lease_owner = ?", now+forUS, id, owner)
	if err != nil {
		return false, fmt.Errorf("keep simulation: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// PastDemands reads what documents asked for in a time, in the order in which they did, after (time, document).
func (s *Store) PastDemands(ctx context.Context, fromUS, untilUS int64, channel string, limit int) ([]biz.Demand, error) {
	rows, err := s.db.Conn(ctx).QueryContext(ctx, "SELECT demand FROM holds WHERE created_us >= ? AND created_us < ? AND demand IS NOT NULL ORDER BY created_us, id LIMIT ?", fromUS, untilUS, limit)
	if err != nil {
		return nil, fmt.Errorf("past demands: %w", err)
	}
	defer rows.Close()
	var all []biz.Demand
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("past demands: %w", err)
		}
		d, err := decodeDemand(body)
		if err != nil {
			return nil, fmt.Errorf("past demands: %w", err)
		}
		if channel == "" || d.Channel == channel {
			all = append(all, d)
		}
	}
	return all, rows.Err()
}

func decodeDemand(body []byte) (d biz.Demand, err error) {
	err = json.Unmarshal(body, &d)
	return d, err
}

// CopyOf copies the stock of these SKUs, in one snapshot.
func (s *Store) CopyOf(ctx context.Context, skus []string) (*biz.StockCopy, error) {
	var rows []*biz.Stock
	err := s.db.InSnapshot(ctx, func(ctx context.Context) error {
		for chunk := range slices.Chunk(skus, maxParameters) {
			some, err := s.stock(ctx, "WHERE sku IN ("+marks(len(chunk))+")", anys(chunk)...)
			if err != nil {
				return err
			}
			rows = append(rows, some...)
			if len(rows) > maxCopied {
				return fmt.Errorf("more than %d stock rows for one simulation", maxCopied)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return biz.NewStockCopy(rows), nil
}

// simulatedChunk bounds the orders of one statement.
const simulatedChunk = 100

// maxCopied bounds the rows that a simulation keeps in memory.
const maxCopied = 4_000_000
