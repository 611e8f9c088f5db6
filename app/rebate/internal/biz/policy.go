// Package biz decides who earns on an order, what the parties owe each other, and keeps the books that prove it.
//
// Always true, in every method that returns without error:
//   - An accrual exists once per (order line, policy version, payee, role); its amount is a rate in basis points of the
//     base, rounded half up, and never changes.
//   - What is taken back of an accrual is Proportion(accrued, refunded, base) in all, whatever the order of the messages;
//     it never exceeds what was accrued.
//   - Each change of an accrual is one entry, and each entry and each supply is one journal entry that balances.
//   - A statement is a sum of entries; an entry is in one statement at most. A negative total is carried.
//
// Money is int64 minor units of one currency an order; times are microseconds since 1970 UTC.
package biz

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/onepool/onepool/app/internal/money"
)

// Role says as what somebody earns.
type Role string

// Roles of payees.
const (
	RoleGuide       Role = "GUIDE"
	RoleHomeStore   Role = "HOME_STORE"
	RoleDealerAbove Role = "DEALER_ABOVE"
)

// Share is what a role gets of the base.
type Share struct {
	Role   Role  `json:"role"`
	RateBP int64 `json:"rate_bp"`
}

// Policy is one version of a rebate policy; it never changes.
type Policy struct {
	Code    string
	Version int
	Name    string
	Shares  []Share
	// Channels it applies to, sorted; none means all.
	Channels []string
	// InForceFromUS is when it replaced its predecessor; InForceUntilUS when its successor did, 0 for the latest.
	InForceFromUS, InForceUntilUS int64
}

// Validate refuses what no order could be paid by.
func (p Policy) Validate() error {
	seen := map[Role]bool{}
	var total int64
	for _, s := range p.Shares {
		switch {
		case s.Role != RoleGuide && s.Role != RoleHomeStore && s.Role != RoleDealerAbove:
			return Invalid{Field: "shares.role", Rule: "is not a role that can earn"}
		case seen[s.Role]:
			return Invalid{Field: "shares.role", Rule: "each role has one share"}
		case s.RateBP < 0 || s.RateBP > money.BasisPoints:
			return Invalid{Field: "shares.rate_bp", Rule: "must be between 0 and 10000"}
		}
		seen[s.Role] = true
		total += s.RateBP
	}
	if len(p.Shares) == 0 {
		return Invalid{Field: "shares", Rule: "must not be empty"}
	}
	if total > money.BasisPoints {
		return Invalid{Field: "shares", Rule: "together are more than the base"}
	}
	return nil
}

// Normalize sorts what has no order, so that the same content looks the same.
func (p Policy) Normalize() Policy {
	p.Channels = slices.Compact(slices.Sorted(slices.Values(p.Channels)))
	p.Shares = slices.Clone(p.Shares)
	slices.SortFunc(p.Shares, func(a, b Share) int {
		if a.Role < b.Role {
			return -1
		}
		return 1
	})
	return p
}

// Content is a fingerprint of what the policy says.
func (p Policy) Content() string {
	p = p.Normalize()
	h := sha256.New()
	fmt.Fprintf(h, "%q %q", p.Name, p.Channels)
	for _, s := range p.Shares {
		fmt.Fprintf(h, " %q=%d", s.Role, s.RateBP)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// InForce says whether the policy was the one for a channel at a time.
func (p Policy) InForce(channel string, atUS int64) bool {
	if atUS < p.InForceFromUS || p.InForceUntilUS != 0 && atUS >= p.InForceUntilUS {
		return false
	}
	return len(p.Channels) == 0 || slices.Contains(p.Channels, channel)
}
