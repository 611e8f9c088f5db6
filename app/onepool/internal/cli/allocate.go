package cli

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/csvload"
	"github.com/onepool/onepool/app/internal/printed"
	"github.com/onepool/onepool/app/onepool/internal/client"
	"github.com/onepool/onepool/app/onepool/internal/simulate"
)

const simulateExamples = `  onepool allocate simulate --strategy near-then-split --strategy campaign@2 --orders orders.csv.gz
  onepool allocate simulate --strategy near-then-split --strategy campaign --past-from 2026-11-01 --past-until 2026-11-12 --csv diff.csv

  A file with columns of its own: name ours=theirs, or ours:=constant
  onepool allocate simulate --strategy near-then-split --orders lines.csv --map order=order_id --map sku=product_id`

func allocateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "allocate", Short: "Work with allocation strategies", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(simulateCommand())
	return cmd
}

// simulateFlags are what the command is told.
type simulateFlags struct {
	remote
	strategies          []string
	orders              string
	mapping             csvload.Mapping
	pastFrom, pastUntil string
	channel, table      string
	onlyDifferent       bool
}

func simulateCommand() *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Try strategies on orders before they go live",
		Long: "Replays orders of a file, or past ones, against a copy of the stock as it is now, once under each strategy. Nothing is held.\n" +
			"Prints fill rate, parcels, distances, freight, emptied locations and the busiest ones; --csv writes what became of each order.\n" +
			"A strategy is NAME (the version in force) or NAME@VERSION; the others are compared with the first.\n" +
			"The file has a row for each line; rows of one order follow each other. Columns (* must be given):\n" + ordersColumns(),
		Example: simulateExamples,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.flags(cmd)
	cmd.Flags().StringArrayVar(&f.strategies, "strategy", nil, "a strategy to try; may be given several times")
	cmd.Flags().StringVar(&f.orders, "orders", "", "orders to replay, .csv or .csv.gz")
	cmd.Flags().Var(&f.mapping, "map", "column mapping: ours=theirs or ours:=constant, may be given several times")
	cmd.Flags().StringVar(&f.pastFrom, "past-from", "", "replay past orders from this time on (2026-11-01 or RFC 3339)")
	cmd.Flags().StringVar(&f.pastUntil, "past-until", "", "and before this time; default: now")
	cmd.Flags().StringVar(&f.channel, "channel", "", "past orders of this channel only")
	cmd.Flags().StringVar(&f.table, "csv", "", "write what each strategy made of each order to this file; - is standard output")
	cmd.Flags().BoolVar(&f.onlyDifferent, "only-different", false, "in the file, only orders about which the strategies differ")
	return cmd
}

func ordersColumns() string {
	all, required := simulate.Columns()
	must := map[string]bool{}
	for _, c := range required {
		must[c] = true
	}
	text := "  "
	for i, c := range all {
		if i > 0 {
			text += ", "
		}
		if text += c; must[c] {
			text += "*"
		}
	}
	return text
}

func (f *simulateFlags) job() (job simulate.Job, closeFile func(), err error) {
	job.Strategies, closeFile = f.strategies, func() {}
	switch {
	case len(f.strategies) == 0:
		return job, closeFile, errors.New("name at least one --strategy")
	case (f.orders == "") == (f.pastFrom == ""):
		return job, closeFile, errors.New("give either --orders FILE or --past-from TIME")
	case f.orders != "":
		all, required := simulate.Columns()
		if job.Orders, err = csvload.Open(f.orders, csvload.Options{Columns: all, Required: required, Mapping: f.mapping}); err == nil {
			closeFile = func() { job.Orders.Close() }
		}
		return job, closeFile, err
	}
	until := time.Now()
	from, err := moment(f.pastFrom)
	if err == nil && f.pastUntil != "" {
		until, err = moment(f.pastUntil)
	}
	job.Past = &inventoryv1.PastOrders{FromUs: from.UnixMicro(), UntilUs: until.UnixMicro(), Channel: f.channel}
	return job, closeFile, err
}

func moment(text string) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is no time: write 2026-11-01 or 2026-11-01T08:00:00+08:00", text)
	}
	return at, nil
}

func (f *simulateFlags) run(cmd *cobra.Command) error {
	job, closeFile, err := f.job()
	if err != nil {
		return err
	}
	defer closeFile()
	c, err := f.connect(cmd.Context())
	if err != nil {
		return err
	}
	done, err := simulate.Run(cmd.Context(), c, job, csvload.NewProgress(cmd.ErrOrStderr(), "orders"), csvload.NewProgress(cmd.ErrOrStderr(), "decisions"))
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if f.table != "" {
		if err := f.write(cmd.Context(), c, done.Id, out); err != nil || f.table == "-" {
			return err
		}
	}
	if f.json {
		raw, err := protojson.MarshalOptions{Multiline: true, UseProtoNames: true, EmitUnpopulated: true}.Marshal(done.Simulation)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, string(raw))
		return nil
	}
	return printSimulation(out, done)
}

// write writes the table order by order.
func (f *simulateFlags) write(ctx context.Context, c *client.Client, id string, stdout io.Writer) (err error) {
	to := stdout
	if f.table != "-" {
		file, err := os.Create(f.table)
		if err != nil {
			return err
		}
		defer func() {
			if cerr := file.Close(); err == nil {
				err = cerr
			}
		}()
		to = file
	}
	w := csv.NewWriter(to)
	if err := w.Write([]string{"number", "order", "differs", "strategy", "filled", "parcel", "location", "distance_m", "pieces", "freight_minor", "reason"}); err != nil {
		return err
	}
	err = simulate.Orders(ctx, c, id, f.onlyDifferent, func(o *inventoryv1.SimulatedOrder) error {
		for _, outcome := range o.Outcomes {
			head := []string{strconv.FormatInt(o.Number, 10), o.Document, strconv.FormatBool(o.Differs), outcome.Strategy, strconv.FormatBool(outcome.Filled)}
			freight := strconv.FormatInt(outcome.FreightMinor, 10)
			if len(outcome.Parcels) == 0 {
				if err := w.Write(append(head, "", "", "", "", freight, outcome.Reason)); err != nil {
					return err
				}
			}
			for i, p := range outcome.Parcels {
				row := append(append([]string{}, head...), strconv.Itoa(i+1), p.Location, strconv.FormatInt(p.DistanceM, 10), strconv.FormatInt(p.Pieces, 10), freight, "")
				if err := w.Write(row); err != nil {
					return err
				}
			}
		}
		return nil
	})
	w.Flush()
	return errors.Join(err, w.Error())
}

// km writes metres in kilometres, to the nearest hundred metres like the explanations.
func km(metres int64) string { return fmt.Sprintf("%d.%d km", (metres+50)/1000, (metres+50)%1000/100) }

// printSimulation prints a column a strategy.
func printSimulation(out io.Writer, s *simulate.Outcome) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(name string, value func(*inventoryv1.SimulationResult) string) {
		fmt.Fprint(t, name, "\t")
		for _, r := range s.Results {
			fmt.Fprint(t, value(r), "\t")
		}
		fmt.Fprintln(t)
	}
	count := func(v int64) string { return strconv.FormatInt(v, 10) }
	line("strategy", func(r *inventoryv1.SimulationResult) string { return r.Strategy })
	line("orders", func(r *inventoryv1.SimulationResult) string { return count(r.Orders) })
	line("filled", func(r *inventoryv1.SimulationResult) string { return count(r.FilledOrders) })
	line("fill rate", func(r *inventoryv1.SimulationResult) string {
		return fmt.Sprintf("%d.%02d %%", r.FillRateBp/100, r.FillRateBp%100)
	})
	line("pieces filled", func(r *inventoryv1.SimulationResult) string { return count(r.FilledPieces) + "/" + count(r.Pieces) })
	line("parcels", func(r *inventoryv1.SimulationResult) string { return count(r.Parcels) })
	line("parcels an order", func(r *inventoryv1.SimulationResult) string {
		return fmt.Sprintf("%d.%04d", r.ParcelsPerOrderBp/10_000, r.ParcelsPerOrderBp%10_000)
	})
	line("mean distance", func(r *inventoryv1.SimulationResult) string { return km(r.MeanM) })
	line("p50", func(r *inventoryv1.SimulationResult) string { return km(r.P50M) })
	line("p90", func(r *inventoryv1.SimulationResult) string { return km(r.P90M) })
	line("max", func(r *inventoryv1.SimulationResult) string { return km(r.MaxM) })
	line("freight (minor units)", func(r *inventoryv1.SimulationResult) string { return count(r.FreightMinor) })
	line("emptied locations", func(r *inventoryv1.SimulationResult) string { return count(r.EmptiedLocations) })
	line("orders that differ", func(r *inventoryv1.SimulationResult) string { return count(r.DifferingOrders) })
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range s.Results {
		fmt.Fprintf(out, "\nbusiest under %s\n", r.Strategy)
		for _, l := range r.Load[:min(len(r.Load), 10)] {
			fmt.Fprintf(out, "  %s %s %8d orders %9d pieces\n", printed.Pad(l.Location, 16), printed.Pad(l.Name, 28), l.Orders, l.Pieces)
		}
	}
	if s.LeftOut > 0 {
		fmt.Fprintf(out, "\n%d orders with bad rows were left out\n", s.LeftOut)
	}
	return nil
}
