package bench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// Table writes the results for a person.
func Table(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tvalue\tbaseline\tunit\tratio\ttarget\tmet")
	for _, r := range results {
		baseline, ratio, met := "-", "-", "yes"
		if r.Baseline != 0 {
			baseline, ratio = figure(r.Baseline), fmt.Sprintf("%.3g", r.Ratio)
		}
		if !r.Met {
			met = "NO"
		}
		if r.Target == "" {
			met = ""
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, figure(r.Value), baseline, r.Unit, ratio, r.Target, met)
	}
	return t.Flush()
}

func figure(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// Save puts the results into a file of results, in place of those of the same names; others stay as they are.
func Save(path string, results []Result) error {
	var all []Result
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(raw, &all); err != nil {
			return fmt.Errorf("bench: %s: %w", path, err)
		}
	}
	for _, r := range results {
		all = slices.DeleteFunc(all, func(old Result) bool { return old.Name == r.Name })
	}
	all = append(all, results...)
	slices.SortFunc(all, func(a, b Result) int { return cmp.Compare(a.Name, b.Name) })
	if raw, err = json.MarshalIndent(all, "", "  "); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
