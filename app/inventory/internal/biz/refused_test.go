package biz

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What no request may say is refused by the field's name, also where the edge has not looked.
func TestRequestsThatSayNothingAreRefusedByName(t *testing.T) {
	reserve := func(change func(in *ReserveInput)) error {
		in := ReserveInput{Document: "d", Channel: "c", Seller: "HQ", Way: Parcel, Lines: []ReserveLine{{ID: "1", SKU: "A", Location: "S", Quantity: 1}}}
		change(&in)
		return in.Validate()
	}
	decline := func(change func(in *DeclineInput)) error {
		in := DeclineInput{Document: "d", Location: "S", Effect: ToZero, Reason: 1}
		change(&in)
		return in.Validate()
	}
	require.NoError(t, reserve(func(*ReserveInput) {}))
	require.NoError(t, decline(func(*DeclineInput) {}))
	for _, c := range []struct {
		field string
		err   error
	}{
		{"document", reserve(func(in *ReserveInput) { in.Document = "" })},
		{"seller_org", reserve(func(in *ReserveInput) { in.Seller = "" })},
		{"seller_org", reserve(func(in *ReserveInput) { in.Seller = strings.Repeat("x", MaxOrg+1) })},
		{"way", reserve(func(in *ReserveInput) { in.Way = 0 })},
		{"lines", reserve(func(in *ReserveInput) { in.Lines = nil })},
		{"expires_at_us", reserve(func(in *ReserveInput) { in.ExpiresAtUS = -1 })},
		{"lines", reserve(func(in *ReserveInput) { in.Lines[0].SKU = "" })},
		{"lines.line_id", reserve(func(in *ReserveInput) { in.Lines = append(in.Lines, in.Lines[0]) })},
		{"others_too", decline(func(in *DeclineInput) { in.OthersToo, in.Effect = true, MinusQuantity })},
	} {
		var invalid Invalid
		require.ErrorAs(t, c.err, &invalid, c.field)
		require.Equal(t, c.field, invalid.Field)
	}
	require.NoError(t, decline(func(in *DeclineInput) { in.OthersToo = true }))
}

// A policy binds the book itself, whoever decides on it and whatever was looked at before.
func TestABookHoldsNoMoreThanPoliciesAllow(t *testing.T) {
	b := shelfBook(t)
	policy, err := NewSharingPolicy(SharingRow{ID: "p", SharingScope: SharingScope{Channel: "mall"}, Mode: ShareNone}, 500)
	require.NoError(t, err)
	b.AddLocations(Location{Code: "S", Org: "HQ", Active: true})
	b.AddSharing(NewSharing([]*SharingPolicy{policy}, 1000))
	hold := func(channel string, way Way) error {
		_, err := b.Hold(Terms{Document: "new-" + channel + way.String(), LineID: "1", Key: StockKey{"A", "S", "HQ"}, Seller: "HQ", LocationOrg: "HQ", Channel: channel, Way: way, Quantity: 1})
		return err
	}
	require.ErrorAs(t, hold("mall", Parcel), new(Short))
	require.NoError(t, hold("other", Parcel))
	require.NoError(t, hold("mall", CarryOut), "no policy counts at the till")
}

// An assignment that is answered stays so.
func TestAnAnswerIsGivenOnce(t *testing.T) {
	for from, allowed := range map[AssignmentState][]AssignmentState{Assigned: AssignmentTransitions[Assigned], Declined: AssignmentTransitions[Declined], TimedOut: AssignmentTransitions[TimedOut]} {
		for _, to := range []AssignmentState{Assigned, Accepted, Declined, TimedOut} {
			a := RestoreAssignment(AssignmentRow{ID: "a", Document: "d", Location: "S", State: from, Round: 1, Version: 1})
			err := a.enter(to, "boss", "")
			require.Equal(t, slices.Contains(allowed, to), err == nil, "from %d to %d", from, to)
		}
	}
	require.NotContains(t, AssignmentTransitions[Declined], Accepted)
}

// A kit of parts that cannot be counted is no kit, and a demand stays small when its kits are taken apart.
func TestKitsHaveBounds(t *testing.T) {
	for field, parts := range map[string][]KitPart{
		"parts.pieces": {{SKU: "A", Pieces: 0}, {SKU: "B", Pieces: 2}},
		"parts.sku":    {{SKU: "A", Pieces: 1}, {SKU: "A", Pieces: 1}},
		"parts":        {{SKU: "A", Pieces: 1}},
	} {
		_, err := NewKit("K", parts, "x", 1)
		var invalid Invalid
		require.ErrorAs(t, err, &invalid, field)
		require.Equal(t, field, invalid.Field)
	}
	_, err := NewKit("K", []KitPart{{SKU: "A", Pieces: maxKitPieces + 1}}, "x", 1)
	require.ErrorAs(t, err, new(Invalid))
	kit := KitRow{SKU: "K", Active: true}
	for i := range maxKitParts {
		kit.Parts = append(kit.Parts, KitPart{SKU: string(rune('A' + i)), Pieces: 1})
	}
	demand := func(lines int) Demand {
		var d Demand
		for i := range lines {
			d.Lines = append(d.Lines, DemandLine{ID: string(rune('a' + i)), SKU: "K", Quantity: 1})
		}
		return d
	}
	_, err = Kits{"K": kit}.TakeApart(demand(maxTakenApart / maxKitParts))
	require.NoError(t, err)
	_, err = Kits{"K": kit}.TakeApart(demand(maxTakenApart/maxKitParts + 1))
	require.ErrorAs(t, err, new(Invalid))
}

// No more comes back from a reservation than it holds.
func TestMoreThanIsOpenIsNotReleased(t *testing.T) {
	b := shelfBook(t)
	r := b.Of("d0")[0]
	for _, qty := range []int64{0, -1, 4} {
		require.ErrorAs(t, b.ReleasePart(r, qty), new(Broken), "%d of 3", qty)
	}
	require.NoError(t, b.ReleasePart(r, 3))
	require.ErrorAs(t, b.ReleasePart(r, 1), new(Broken))
}
