package biz

import (
	"fmt"

	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
)

// Payee is whom a statement is for. A franchisee's guide is paid through the franchisee's organisation.
type Payee struct {
	Org, Code string
	Role      Role
	Currency  string
}

// Statement is what a payee is owed for a month.
type Statement struct {
	ID, Period string
	Payee
	EarnedMinor, ClawedBackMinor int64
	// CarriedMinor is the debt of earlier statements: negative or zero.
	CarriedMinor int64
	Closed       bool
	ClosedUS     int64
}

// NewStatement sums up a payee's month. previousTotal is the total of its last closed statement; only a debt is carried.
func NewStatement(period string, payee Payee, earned, clawedBack, previousTotal int64) Statement {
	return Statement{ID: ids.Derived("stm", period, payee.Org, payee.Code, string(payee.Role), payee.Currency), Period: period, Payee: payee,
		EarnedMinor: earned, ClawedBackMinor: clawedBack, CarriedMinor: min(0, previousTotal)}
}

// TotalMinor is what is paid out, or a debt that the next statement carries.
func (s Statement) TotalMinor() (int64, error) {
	total, err := money.Sum(s.EarnedMinor, -s.ClawedBackMinor, s.CarriedMinor)
	if err != nil {
		return 0, fmt.Errorf("statement %s: %w", s.ID, err)
	}
	return total, nil
}
