package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"sort"
	"strconv"
	"time"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/configs"
)

// downloadStatement adds up the month's CSV, line by line, and holds it against the statements and the ledger.
func (r *run) downloadStatement(ctx context.Context) error {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return err
	}
	period := time.Now().In(zone).Format("2006-01")
	status, raw, err := r.admin.Send(ctx, http.MethodGet, "/v1/rebate/statements/"+period+"/download", nil, nil)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("statement: %d %s", status, raw)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\uFEFF")))).ReadAll()
	if err != nil || len(rows) < 2 {
		return fmt.Errorf("statement: %d rows: %w", len(rows), err)
	}
	kind, amount := column(rows[0], "kind"), column(rows[0], "amount")
	if kind < 0 || amount < 0 {
		return fmt.Errorf("statement: no columns kind and amount in %v", rows[0])
	}
	var entries, total int64
	count := 0
	for _, row := range rows[1:] {
		minor, err := minorOf(row[amount])
		if err != nil {
			return fmt.Errorf("statement: %w", err)
		}
		switch row[kind] {
		case "total":
			total += minor
		case "subtotal":
		default:
			entries += minor
			count++
		}
	}
	var statements int64
	token := ""
	for {
		page, err := r.admin.Rebate().ListStatements(ctx, &rebatev1.ListStatementsRequest{Period: period, PageSize: 200, PageToken: token})
		if err != nil {
			return fmt.Errorf("statements: %w", err)
		}
		for _, s := range page.Statements {
			statements += s.TotalMinor
			r.tell("%-12s %-10s paid through %-8s earned %8s, taken back %7s: %8s", s.Role, s.Payee, s.PayeeOrg, decimal(s.EarnedMinor), decimal(s.ClawedBackMinor), decimal(s.TotalMinor))
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	if entries != total || total != statements {
		return fmt.Errorf("statement of %s does not add up: entries %d, total %d, statements %d", period, entries, total, statements)
	}
	r.tell("%s: %d entries add up to %s CNY, as the total line and the payees' statements do", period, count, decimal(total))
	return nil
}

func (r *run) audit(ctx context.Context) error {
	found, err := r.admin.Console().CheckInvariants(ctx, &commonv1.CheckInvariantsRequest{})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	for _, result := range found.Results {
		if result.Violations > 0 {
			return fmt.Errorf("%s (%s) is violated %d times, e.g. %v", result.Id, result.Title, result.Violations, result.Examples)
		}
	}
	r.tell("invariants: %d checked, 0 violated", len(found.Results))
	return nil
}

type demoMember struct {
	phone, home, guide string
	points             int64
}

func demoMembers() ([]demoMember, error) {
	raw, err := fs.ReadFile(configs.Demo, "demo/members.csv")
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("demo members: %w", err)
	}
	var members []demoMember
	for _, row := range rows[1:] {
		points, err := strconv.ParseInt(row[column(rows[0], "points")], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("demo members: %w", err)
		}
		members = append(members, demoMember{phone: row[column(rows[0], "phone")], home: row[column(rows[0], "home_store_code")],
			guide: row[column(rows[0], "guide_code")], points: points})
	}
	return members, nil
}

func column(header []string, name string) int {
	for i, h := range header {
		if h == name {
			return i
		}
	}
	return -1
}

// decimal writes fen as yuan.
func decimal(minor int64) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	return fmt.Sprintf("%s%d.%02d", sign, minor/100, minor%100)
}

func minorOf(text string) (int64, error) {
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, fmt.Errorf("%q is no amount", text)
	}
	value.Mul(value, big.NewRat(100, 1))
	if !value.IsInt() {
		return 0, fmt.Errorf("%q is finer than a fen", text)
	}
	return value.Num().Int64(), nil
}

// proportion is total x part / whole, rounded half up: computed here independently of the platform.
func proportion(total, part, whole int64) int64 {
	n := new(big.Int).Mul(big.NewInt(2*total), big.NewInt(part))
	n.Add(n, big.NewInt(whole))
	return n.Quo(n, big.NewInt(2*whole)).Int64()
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
