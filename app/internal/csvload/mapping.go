package csvload

import (
	"fmt"
	"strings"
)

// Mapping says which of the file's columns, or which constant, stands for a column of ours. Columns that it does not name
// are found by their own name. It is a flag.Value (and pflag.Value) that may be given several times:
//
//	--map code=store_number --map country:=CN
type Mapping struct {
	bound map[string]binding
}

type binding struct {
	text     string
	constant bool
}

// Set adds `ours=theirs` or `ours:=value`.
func (m *Mapping) Set(entry string) error {
	ours, text, found := strings.Cut(entry, "=")
	ours, constant := strings.CutSuffix(ours, ":")
	ours = strings.TrimSpace(ours)
	if !found || ours == "" || !constant && strings.TrimSpace(text) == "" {
		return fmt.Errorf("%q: write COLUMN=FILE_COLUMN or COLUMN:=VALUE", entry)
	}
	if _, twice := m.bound[ours]; twice {
		return fmt.Errorf("%q: column %q is mapped already", entry, ours)
	}
	if m.bound == nil {
		m.bound = map[string]binding{}
	}
	m.bound[ours] = binding{text: strings.TrimSpace(text), constant: constant}
	return nil
}

// String satisfies flag.Value.
func (m *Mapping) String() string { return "" }

// Type satisfies pflag.Value.
func (m *Mapping) Type() string { return "COLUMN=FILE_COLUMN" }
