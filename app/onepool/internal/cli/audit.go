package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	commonv1 "github.com/onepool/onepool/api/common/v1"
)

func auditCommand() *cobra.Command {
	var r remote
	var limit int32
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Check the invariants of a running platform",
		Long: "Checks that nothing is lost, counted twice or shown to the wrong one: every invariant of every center, and those between centers.\n" +
			"The last line says how many were checked and violated; the exit code is 1 when one is.",
		Example: "  onepool audit --server http://127.0.0.1:8000 --token-file data/admin.key\n  onepool audit --json | jq '.results[] | select(.violations != \"0\")'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := r.connect(cmd.Context())
			if err != nil {
				return err
			}
			found, err := c.Console().CheckInvariants(cmd.Context(), &commonv1.CheckInvariantsRequest{Limit: limit})
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			violated := 0
			for _, result := range found.Results {
				if result.Violations > 0 {
					violated++
				}
			}
			if r.json {
				raw, err := protojson.MarshalOptions{Multiline: true, UseProtoNames: true, EmitUnpopulated: true}.Marshal(found)
				if err != nil {
					return err
				}
				fmt.Fprintln(out, string(raw))
			} else {
				for _, result := range found.Results {
					state := "holds"
					if result.Violations > 0 {
						state = fmt.Sprintf("VIOLATED %d times", result.Violations)
					}
					fmt.Fprintf(out, "%-5s %-10s %-70s %8d checked  %s\n", result.Id, result.Center, result.Title, result.Checked, state)
					for _, example := range result.Examples {
						fmt.Fprintf(out, "      %s: %s\n", example.Subject, example.Detail)
					}
				}
				fmt.Fprintf(out, "invariants: %d checked, %d violated\n", len(found.Results), violated)
			}
			if violated > 0 {
				return errFound
			}
			return nil
		},
	}
	r.flags(cmd)
	cmd.Flags().Int32Var(&limit, "limit", 10, "counter-examples to name of each invariant, at most 100")
	return cmd
}
