package cli

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/onepool/onepool/app/internal/csvload"
)

// What an export says of itself; see the order center.
const (
	totalOrders    = "X-Total-Orders"
	exportedOrders = "X-Exported-Orders"
)

var errCut = errors.New("the export broke off: the file is not whole and was removed; try again")

func ordersCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "orders", Short: "Work with orders", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(exportOrdersCommand())
	return cmd
}

// exportFlags are what the command is told.
type exportFlags struct {
	remote
	format, out, lang string
	filters           map[string]*string // by the name of the parameter
	from, until       string
}

func exportOrdersCommand() *cobra.Command {
	f := exportFlags{filters: map[string]*string{}}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write orders to a file, however many there are",
		Long: "Writes the orders that all the filters name, the newest first, a row for each line. Receivers are masked, amounts are decimal text beside\n" +
			"their currency, times have the zone of the caller's organisation. The file appears under its name when it is whole.",
		Example: "  onepool orders export --out orders.csv\n" +
			"  onepool orders export --format xlsx --out november.xlsx --lang zh --state PAID --from 2026-11-01 --until 2026-12-01\n" +
			"  onepool orders export --sku TEA-1 --channel tmall | head",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.flags(cmd)
	cmd.Flags().StringVar(&f.format, "format", "csv", "csv or xlsx")
	cmd.Flags().StringVar(&f.out, "out", "-", "file to write; - is standard output")
	cmd.Flags().StringVar(&f.lang, "lang", "en", "language of the column names and titles, en or zh")
	for _, filter := range []struct{ flag, parameter, usage string }{
		{"order", "order_id", "the order of this number"}, {"external-no", "external_no", "orders with this number in the channel, or on the receipt"},
		{"phone", "phone", "orders to this receiver's phone, the whole number"}, {"member", "member_id", "orders of this member"},
		{"state", "state", "UNPAID, PAID, COMPLETED or CANCELLED"}, {"channel", "channel", "orders of this channel"},
		{"store", "shop_store_code", "orders of this store's online shop or till"}, {"location", "location", "orders that this location ships a part of"},
		{"sku", "sku", "orders with this SKU"},
	} {
		f.filters[filter.parameter] = cmd.Flags().String(filter.flag, "", filter.usage)
	}
	cmd.Flags().StringVar(&f.from, "from", "", "orders placed at this time or later (2026-11-01 or RFC 3339)")
	cmd.Flags().StringVar(&f.until, "until", "", "orders placed before this time")
	return cmd
}

func (f *exportFlags) path() (string, error) {
	if f.format != "csv" && f.format != "xlsx" {
		return "", fmt.Errorf("--format %q: write csv or xlsx", f.format)
	}
	if f.lang != "en" && f.lang != "zh" {
		return "", fmt.Errorf("--lang %q: write en or zh", f.lang)
	}
	query := url.Values{}
	for parameter, value := range f.filters {
		if *value != "" {
			query.Set(parameter, *value)
		}
	}
	for parameter, text := range map[string]string{"placed_from_us": f.from, "placed_until_us": f.until} {
		if text == "" {
			continue
		}
		at, err := moment(text)
		if err != nil {
			return "", err
		}
		query.Set(parameter, strconv.FormatInt(at.UnixMicro(), 10))
	}
	path := "/v1/order/exports/orders." + f.format
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, nil
}

func (f *exportFlags) run(cmd *cobra.Command) error {
	path, err := f.path()
	if err != nil {
		return err
	}
	c, err := f.connect(cmd.Context())
	if err != nil {
		return err
	}
	return c.Download(cmd.Context(), path, http.Header{"Accept-Language": {f.lang}}, func(resp *http.Response) error {
		if f.out == "-" {
			_, err := f.copy(cmd.OutOrStdout(), resp, cmd.ErrOrStderr())
			return err
		}
		return f.keep(cmd, resp)
	})
}

// keep writes beside the file and puts it into place when it is whole.
func (f *exportFlags) keep(cmd *cobra.Command, resp *http.Response) (err error) {
	part := f.out + ".part"
	file, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // orders are nobody else's to read
	if err != nil {
		return err
	}
	n, err := f.copy(file, resp, cmd.ErrOrStderr())
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, f.out); err != nil {
		return err
	}
	if f.json {
		return printJSON(cmd.OutOrStdout(), map[string]any{"file": f.out, "orders": n})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d orders\n", f.out, n)
	return nil
}

// copy writes what comes, tells on progress how far it is, and refuses an answer that is not whole.
func (f *exportFlags) copy(to io.Writer, resp *http.Response, progress io.Writer) (orders int64, err error) {
	total, err := strconv.ParseInt(resp.Header.Get(totalOrders), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("this is no export: %s says %q", totalOrders, resp.Header.Get(totalOrders))
	}
	buffered := bufio.NewWriterSize(to, 64<<10)
	if f.format == "csv" {
		err = copyCSV(buffered, resp.Body, total, csvload.NewProgress(progress, "orders"))
	} else { // which order is being compressed cannot be seen from outside
		err = copyBytes(buffered, resp.Body, csvload.NewProgress(progress, fmt.Sprintf("%d orders, KiB", total)))
	}
	if err = errors.Join(err, buffered.Flush()); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, errCut
		}
		return 0, err
	}
	orders, err = strconv.ParseInt(resp.Trailer.Get(exportedOrders), 10, 64)
	if err != nil {
		return 0, errCut
	}
	return orders, nil
}

// copyCSV counts the orders: rows of one follow each other, its number first.
func copyCSV(to io.Writer, from io.Reader, total int64, progress *csvload.Progress) error {
	rows := csv.NewReader(io.TeeReader(from, to))
	rows.ReuseRecord = true
	if _, err := rows.Read(); err != nil { // the names of the columns
		return err
	}
	orders, last := int64(0), ""
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			progress.FinishOf(orders, total)
			return nil
		}
		if err != nil {
			return err
		}
		if row[0] != last {
			orders, last = orders+1, row[0]
		}
		progress.Of(orders, total)
	}
}

func copyBytes(to io.Writer, from io.Reader, progress *csvload.Progress) error {
	buffer, done := make([]byte, 64<<10), int64(0)
	for {
		n, err := from.Read(buffer)
		if _, failed := to.Write(buffer[:n]); failed != nil {
			return failed
		}
		done += int64(n)
		if errors.Is(err, io.EOF) {
			progress.FinishOf(done>>10, 0)
			return nil
		}
		if err != nil {
			return err
		}
		progress.Of(done>>10, 0)
	}
}
