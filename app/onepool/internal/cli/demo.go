package cli

import (
	"github.com/spf13/cobra"

	"github.com/onepool/onepool/app/onepool/internal/demo"
)

func demoCommand() *cobra.Command {
	var r remote
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Walk one order through all six centers of a running platform, step by step",
		Long: "Imports the demo brand and lets an order walk through the platform as its users would: mini-program, payment, store, return,\n" +
			"till, marketplace, statement, audit. Every step is checked. The server needs its sandbox and a short return window: serve --demo.",
		Example: "  onepool serve --demo &\n  onepool demo --server http://127.0.0.1:8000 --token-file data/admin.key",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := r.connect(cmd.Context())
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if !r.json {
				return demo.Run(cmd.Context(), c, out)
			}
			if err := demo.Run(cmd.Context(), c, cmd.ErrOrStderr()); err != nil {
				return err
			}
			return printJSON(out, map[string]bool{"ok": true})
		},
	}
	r.flags(cmd)
	return cmd
}
