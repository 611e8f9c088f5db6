// Package simulate compares allocation strategies on the orders of a file, or on past ones, on a running platform.
//
// Always true: nothing on the platform is held or changed; a piece of the file whose answer was lost is sent again under
// the same request id, and each order is taken once; bad rows are reported by their line, and the orders that they
// belong to are left out whole.
package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/csvload"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

const (
	batchOrders = 100
	maxLines    = 200
	look        = 300 * time.Millisecond
)

// Columns of an orders file: one row a line; the rows of an order follow each other.
func Columns() (all, required []string) {
	return []string{"order", "sku", "quantity", "lat", "lng", "channel", "way", "location", "weight_g", "price_minor", "seller_org", "region"}, []string{"order", "sku"}
}

// Job is a comparison to run.
type Job struct {
	Strategies []string
	// Orders is a table, or nil: then Past is taken.
	Orders *csvload.File
	Past   *inventoryv1.PastOrders
}

// Outcome is a finished comparison.
type Outcome struct {
	*inventoryv1.Simulation
	// Left out are orders with bad rows.
	LeftOut int64
}

// Run sends the orders, starts, and waits for the end.
func Run(ctx context.Context, c *client.Client, job Job, loaded, decided *csvload.Progress) (*Outcome, error) {
	api := c.Simulations()
	sim, err := api.CreateSimulation(ctx, &inventoryv1.CreateSimulationRequest{RequestId: client.RequestID(), Strategies: job.Strategies, Past: job.Past})
	if err != nil {
		return nil, err
	}
	out := &Outcome{Simulation: sim}
	if job.Orders != nil {
		s := sender{client: c, id: sim.Id, run: client.RequestID()[:20], progress: loaded, file: job.Orders}
		if err := s.all(ctx); err != nil {
			return nil, err
		}
		out.LeftOut = s.leftOut
		if s.number == 0 {
			return nil, errors.New("no order of the file can be used: see its bad rows")
		}
	}
	if _, err = api.StartSimulation(ctx, &inventoryv1.StartSimulationRequest{RequestId: client.RequestID(), Id: sim.Id}); err != nil {
		return nil, err
	}
	for {
		out.Simulation, err = api.GetSimulation(ctx, &inventoryv1.GetSimulationRequest{Id: sim.Id})
		if err != nil {
			return nil, err
		}
		total := out.Orders * int64(len(job.Strategies))
		counts := csvload.Counts{Done: out.Decided, Total: total, Rows: out.Decided, Written: out.Decided}
		switch out.State {
		case inventoryv1.SimulationState_SIMULATION_DONE:
			decided.Finish(counts)
			return out, nil
		case inventoryv1.SimulationState_SIMULATION_FAILED:
			return nil, fmt.Errorf("simulation %s failed: %s", sim.Id, out.Failure)
		}
		decided.Update(counts)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(look):
		}
	}
}

// Orders calls fn for each order of a finished comparison.
func Orders(ctx context.Context, c *client.Client, id string, onlyDiffering bool, fn func(*inventoryv1.SimulatedOrder) error) error {
	token := ""
	for {
		page, err := c.Simulations().ListSimulationOrders(ctx, &inventoryv1.ListSimulationOrdersRequest{Id: id, OnlyDiffering: onlyDiffering, PageSize: 200, PageToken: token})
		if err != nil {
			return err
		}
		for _, o := range page.Orders {
			if err := fn(o); err != nil {
				return err
			}
		}
		if token = page.NextPageToken; token == "" {
			return nil
		}
	}
}

// sender reads orders and sends them in pieces.
type sender struct {
	client   *client.Client
	id, run  string
	progress *csvload.Progress
	file     *csvload.File

	order   *inventoryv1.SimulationOrder
	spoilt  bool
	batch   []*inventoryv1.SimulationOrder
	counts  csvload.Counts
	number  int64
	pieces  int
	leftOut int64
}

func (s *sender) all(ctx context.Context) error {
	for {
		row, err := s.file.Next()
		var bad csvload.RowError
		switch {
		case errors.Is(err, io.EOF):
			if err := s.close(ctx, true); err != nil {
				return err
			}
			s.progress.Finish(s.counts)
			return nil
		case errors.As(err, &bad):
			s.bad(bad.Line, bad.Reason)
			continue
		case err != nil:
			return err
		}
		s.counts.Rows++
		s.counts.Done, s.counts.Total = s.file.Progress()
		if err := s.row(ctx, row); err != nil {
			return err
		}
		s.progress.Update(s.counts)
	}
}

func (s *sender) bad(line int, why string) {
	s.counts.Bad++
	s.spoilt = s.order != nil
	s.progress.Note(fmt.Sprintf("line %d: %s", line, why))
}

func (s *sender) row(ctx context.Context, row csvload.Row) error {
	name := row.Get("order")
	if s.order == nil || s.order.Document != name {
		if err := s.close(ctx, false); err != nil {
			return err
		}
		s.order, s.spoilt = &inventoryv1.SimulationOrder{Document: name, Channel: row.Get("channel"), SellerOrg: row.Get("seller_org"), Location: row.Get("location"), Region: row.Get("region")}, false
	}
	if err := fill(s.order, row); err != nil {
		s.bad(row.Line, err.Error())
		s.spoilt = true
		return nil
	}
	s.counts.Written++
	return nil
}

// close ends an order, and sends what is full or last.
func (s *sender) close(ctx context.Context, last bool) error {
	switch {
	case s.order == nil:
	case s.spoilt || len(s.order.Lines) == 0 || s.order.Document == "":
		s.leftOut++
	default:
		s.number++
		s.order.Number = s.number
		s.batch = append(s.batch, s.order)
	}
	s.order = nil
	if len(s.batch) == 0 || len(s.batch) < batchOrders && !last {
		return nil
	}
	s.pieces++
	req := &inventoryv1.AddSimulationOrdersRequest{RequestId: fmt.Sprintf("%s-%08d", s.run, s.pieces), Id: s.id, Orders: s.batch}
	s.batch = nil
	return client.Patiently(ctx, func() error {
		_, err := s.client.Simulations().AddSimulationOrders(ctx, req)
		return err
	})
}

// fill adds a row to its order.
func fill(o *inventoryv1.SimulationOrder, row csvload.Row) error {
	quantity, err := number(row, "quantity", 1)
	if err != nil || quantity < 1 {
		return fmt.Errorf("quantity %q is no whole number above 0", row.Get("quantity"))
	}
	weight, err := number(row, "weight_g", 0)
	if err != nil {
		return fmt.Errorf("weight_g %q is no whole number", row.Get("weight_g"))
	}
	price, err := number(row, "price_minor", 0)
	if err != nil {
		return fmt.Errorf("price_minor %q is no whole number", row.Get("price_minor"))
	}
	way := strings.ToUpper(row.Get("way")) // strategies write it small
	if way == "" {
		way = inventoryv1.DeliveryWay_PARCEL.String()
	}
	value, known := inventoryv1.DeliveryWay_value[way]
	if !known || value == 0 {
		return fmt.Errorf("way %q is none of PARCEL, LOCAL_DELIVERY, PICKUP, CARRY_OUT", way)
	}
	o.Way = inventoryv1.DeliveryWay(value)
	if row.Get("lat") != "" || row.Get("lng") != "" {
		lat, lerr := strconv.ParseFloat(row.Get("lat"), 64)
		lng, gerr := strconv.ParseFloat(row.Get("lng"), 64)
		if lerr != nil || gerr != nil || lat < -90 || lat > 90 || lng < -180 || lng > 180 {
			return fmt.Errorf("lat %q, lng %q is no place on earth", row.Get("lat"), row.Get("lng"))
		}
		o.Destination = &commonv1.GeoPoint{Lat: lat, Lng: lng}
	}
	if len(o.Lines) == maxLines {
		return fmt.Errorf("order %s has more than %d lines", o.Document, maxLines)
	}
	o.Lines = append(o.Lines, &inventoryv1.SimulationLine{Sku: row.Get("sku"), Quantity: quantity, WeightG: weight, PriceMinor: price})
	return nil
}

func number(row csvload.Row, column string, otherwise int64) (int64, error) {
	text := row.Get(column)
	if text == "" {
		return otherwise, nil
	}
	return strconv.ParseInt(text, 10, 64)
}
