package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onepool/onepool/app/internal/csvload"
	"github.com/onepool/onepool/app/onepool/internal/importer"
)

const importExamples = `  onepool import stores stores.csv
  onepool import stock opening.csv.gz --document OPENING-2026
  onepool import members members.csv --token-file data/admin.key --json

  A file with columns of its own: name ours=theirs, or ours:=constant
  onepool import stores directory.csv.gz --map code=store_number --map province=state \
      --map ownership:=direct --map org_code:=HQ`

func importCommand() *cobra.Command {
	var (
		r        remote
		mapping  csvload.Mapping
		document string
	)
	cmd := &cobra.Command{
		Use:   "import KIND FILE",
		Short: "Import " + strings.Join(importer.Kinds(), ", ") + " from CSV",
		Long: "Imports a .csv or .csv.gz file with a header line. Good rows are kept, bad rows are reported with line number and reason;\n" +
			"the exit code is 1 when the run broke off or no row was good.\n" +
			"The same file again changes nothing, so a broken run is resumed by running it again.\n\n" + columnsHelp(),
		Example:   importExamples,
		Args:      cobra.ExactArgs(2),
		ValidArgs: importer.Kinds(),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, path := args[0], args[1]
			c, err := r.connect(cmd.Context())
			if err != nil {
				return err
			}
			progress := csvload.NewProgress(cmd.ErrOrStderr(), kind)
			sum, err := importer.Run(cmd.Context(), c, importer.Source{Kind: kind, Mapping: mapping, Document: document,
				Open: func() (io.ReadCloser, error) { return os.Open(path) }}, progress)
			if sum != nil && r.json {
				if jerr := printJSON(cmd.OutOrStdout(), sum); jerr != nil {
					return jerr
				}
			} else if sum != nil {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d rows, %d new, %d changed, %d unchanged, %d bad\n", kind, sum.Rows, sum.Created, sum.Updated, sum.Unchanged, len(sum.Errors))
			}
			if err == nil && sum.Rows > 0 && int64(len(sum.Errors)) == sum.Rows {
				return fmt.Errorf("no row of %s could be imported", path) // a script must not take this for done
			}
			return err
		},
	}
	r.flags(cmd)
	cmd.Flags().Var(&mapping, "map", "column mapping: ours=theirs or ours:=constant, may be given several times")
	cmd.Flags().StringVar(&document, "document", "", "document under which stock and points are booked, once; default: the file's fingerprint")
	return cmd
}

func columnsHelp() string {
	var b strings.Builder
	b.WriteString("Columns (* must be given):\n")
	for _, kind := range importer.Kinds() {
		all, required := importer.Columns(kind)
		for i, column := range all {
			for _, must := range required {
				if column == must {
					all[i] += "*"
				}
			}
		}
		fmt.Fprintf(&b, "  %-14s %s\n", kind, strings.Join(all, ", "))
	}
	return b.String()
}
