package service

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/batch"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// populate gives every field of a message a value of its own, also of those that are added later.
func populate(m protoreflect.Message, n *int64) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case f.IsList() && f.Kind() != protoreflect.MessageKind:
			*n++
			m.Mutable(f).List().Append(value(f, *n))
		case f.IsList():
			populate(m.Mutable(f).List().AppendMutable().Message(), n)
		case f.Kind() == protoreflect.MessageKind:
			populate(m.Mutable(f).Message(), n)
		default:
			*n++
			m.Set(f, value(f, *n))
		}
	}
}

func value(f protoreflect.FieldDescriptor, n int64) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(string(rune('a' + n)))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(n)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(n) / 4)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(2)
	}
	panic(f.Kind())
}

// full fails when a field is empty: it was forgotten in a mapping.
func full(t *testing.T, m protoreflect.Message) {
	t.Helper()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Name() == "counted_blind" { // set instead of the figures, never with them
			continue
		}
		require.True(t, m.Has(f), "%s is not filled", f.FullName())
	}
}

func TestMappingForgetsNoField(t *testing.T) {
	n := int64(0)
	facts := &inventoryv1.LocationFacts{}
	populate(facts.ProtoReflect(), &n)
	location := fromLocationFacts(facts)
	api := toLocation(location)
	full(t, api.ProtoReflect())
	require.Equal(t, []any{facts.Code, facts.Name, facts.Org, facts.Kind, facts.Point.String(), facts.Active, facts.Ways, facts.Shared},
		[]any{api.Code, api.Name, api.Org, api.Kind, api.Point.String(), api.Active, api.Ways, api.Shared})
	require.Equal(t, []int64{facts.SettlementRateBp, facts.FulfilmentFeeMinor, facts.Version}, []int64{location.SettlementRateBP, location.FulfilmentFeeMinor, location.Version})

	hold := &inventoryv1.HoldRequest{}
	populate(hold.ProtoReflect(), &n)
	in := fromHold(hold)
	require.Equal(t, biz.HoldInput{GID: hold.Gid, ExpiresAtUS: hold.ExpiresAtUs, AllowPresale: true, Partial: true, Wait: hold.WaitForStock, Priority: int64(hold.Priority), ShipByUS: hold.ShipByUs, Demand: biz.Demand{Document: hold.Document, Channel: hold.Channel, Seller: hold.SellerOrg,
		Way: biz.Way(hold.Way), Destination: fromPoint(hold.Destination), Location: hold.Location, MaxParcels: int(hold.MaxParcels),
		Region: hold.Region, HomeStore: hold.HomeStore, PromisedUS: hold.PromisedUs,
		Lines: []biz.DemandLine{{ID: hold.Lines[0].LineId, SKU: hold.Lines[0].Sku, Quantity: hold.Lines[0].Quantity, ListPriceMinor: hold.Lines[0].ListPriceMinor,
			WeightG: hold.Lines[0].WeightG, Category: hold.Lines[0].Category, Group: hold.Lines[0].Group}}}}, in)

	key := biz.StockKey{SKU: "LJ", Location: "S-01", Owner: "HQ"}
	held := biz.ReservationRow{Terms: biz.Terms{ID: "r", Document: "d", LineID: "l", Key: key, Batch: "b", LocationName: "n", LocationOrg: "o", Quantity: 9,
		ExpiresAtUS: 1, SettlementPriceMinor: 2, FulfilmentFeeMinor: 3, DistanceM: 4, KitSKU: "k", Presale: "p", Replaces: "r0"}, State: biz.Held, Open: 5, Shipped: 4}
	reservation := toReservation(held)
	reservation.ArrivesUs = 1 // the presale knows it
	full(t, reservation.ProtoReflect())
	held.State = biz.Confirmed
	require.Zero(t, toReservation(held).ExpiresAtUs, "what is confirmed has no deadline")
	kit := toKit(biz.KitRow{SKU: "k", Parts: []biz.KitPart{{SKU: "LJ", Pieces: 2, Weight: 3}}, Active: true, Version: 1, ChangedBy: "a", UpdatedUS: 4})
	full(t, kit.ProtoReflect())
	full(t, kit.Parts[0].ProtoReflect())
	full(t, toPresale(data.Listed{PresaleRow: biz.PresaleRow{ID: "p", Key: key, Quota: 2, Used: 1, ArrivesUS: 3, Open: true, CreatedBy: "a", CreatedUS: 4, UpdatedUS: 5}, Waiting: 1, Late: true}).ProtoReflect())
	full(t, toShort([]biz.Missing{{LineID: "l", SKU: "LJ", Wanted: 2, Short: 1}})[0].ProtoReflect())
	row, err := biz.RestoreStock(biz.StockRow{Key: key, Org: "HQ", OnHand: 9, Reserved: 2, SafetyStock: 3, InTransit: 4, Damaged: 5, Blocked: 1, Batched: 6})
	require.NoError(t, err)
	shown, frozen := toStock(row), row.Row()
	frozen.OutageUntilUS = biz.FrozenUS + 7
	row, err = biz.RestoreStock(frozen)
	require.NoError(t, err)
	shown.Frozen = toStock(row).Frozen // nothing of a frozen row is online
	require.Zero(t, toStock(row).Online)
	full(t, shown.ProtoReflect())
	full(t, toMovement(biz.Movement{ID: "m", Key: key, Step: biz.Step{Quantity: 1, Before: 2, After: 3}, Reason: biz.ReasonShip, Document: "d", Actor: "a", AtUS: 4, Note: "n",
		Batch: "b", Request: "q"}).ProtoReflect())
	full(t, toDiscrepancy(biz.Listed{ID: "d", Discrepancy: biz.Discrepancy{Org: "o", Document: "p", ReservationID: "r", Key: key, Kind: "k", Size: 5}, Open: 4, OpenedUS: 1, ClosedUS: 2}).ProtoReflect())
	moved := toTransfer(biz.TransferRow{ID: "i", Number: "n", From: "f", To: "t", FromOrg: "o", ToOrg: "p", State: biz.TransferSent, Version: 2, Note: "n", CreatedBy: "c", CreatedUS: 1,
		SentUS: 2, ReceivedUS: 3, ExpectedUS: 4, Lines: []biz.TransferLine{{SKU: "s", Owner: "o", Wanted: 9, Sent: 8, Received: 1, Damaged: 2, Missing: 1, Returned: 1,
			Lots: []biz.LotPart{{Code: "b", Quantity: 3}}}},
		History: []biz.TransferStep{{State: biz.TransferDraft, Actor: "a", AtUS: 5}}})
	full(t, moved.ProtoReflect())
	full(t, moved.Lines[0].ProtoReflect())
	full(t, moved.Lines[0].Lots[0].ProtoReflect())
	full(t, toLot(biz.LotRow{Key: key, LotTerms: biz.LotTerms{Code: "c", ProducedDay: 1, ExpiresDay: 2, ExpiresUS: 3}, OnHand: 4, Reserved: 1, Blocked: true}).ProtoReflect())
	full(t, moved.History[0].ProtoReflect())
	full(t, toAssignment(biz.AssignmentRow{Document: "d", Location: "l", Round: 1, State: biz.Declined, AnswerByUS: 2, Reason: "r", Actor: "a", CreatedUS: 3}).ProtoReflect())
	asked := &biz.Asked{Demand: biz.Demand{Channel: "c", Way: biz.Pickup, Location: "l", Lines: []biz.DemandLine{{ID: "1", SKU: "s", Quantity: 2}}}}
	work := toWork(biz.WorkOf(biz.DocumentRow{ID: "d", Seller: "o", State: biz.Waiting, Asked: asked, Round: 1, Priority: 2, ShipByUS: 3, WaitingSinceUS: 4, TriedUS: 5}, nil))
	full(t, work.ProtoReflect())
	full(t, work.Open[0].ProtoReflect())
	declined := &inventoryv1.DeclineAssignmentRequest{}
	populate(declined.ProtoReflect(), &n)
	require.Equal(t, biz.DeclineInput{Request: declined.RequestId, Document: declined.Document, Location: declined.Location, Reason: biz.DeclineReason(declined.Reason), Text: declined.Text,
		Effect: biz.StockEffect(declined.Effect), OutageUntilUS: declined.OutageUntilUs, OthersToo: declined.OthersToo, Reservations: declined.ReservationIds,
		Lines: []biz.ShortLine{{LineID: declined.Lines[0].LineId, SKU: declined.Lines[0].Sku, Quantity: declined.Lines[0].Quantity}}}, fromDecline(declined))
	plan := &inventoryv1.CreateTransferRequest{}
	populate(plan.ProtoReflect(), &n)
	require.Equal(t, biz.TransferInput{Number: plan.Number, From: plan.FromLocation, To: plan.ToLocation, Note: plan.Note, ExpectedUS: plan.ExpectedUs,
		Lines: []biz.TransferLine{{SKU: plan.Lines[0].Sku, Owner: plan.Lines[0].Owner, Wanted: plan.Lines[0].Quantity}}}, fromTransfer(plan))
	counted := int64(8)
	full(t, toStocktake(biz.StocktakeRow{ID: "i", Org: "o", Location: "l", Blind: true, Frozen: true, State: biz.StocktakeSubmitted, Version: 2, Note: "n", CreatedBy: "c", SubmittedBy: "s",
		DecidedBy: "d", CreatedUS: 1, UpdatedUS: 2}, biz.Counted{Lines: 3, Counted: 2}).ProtoReflect())
	full(t, toStocktakeLine(biz.StocktakeLine{SKU: "s", Owner: "o", Batch: "b", Counted: &counted, Book: 9, CountedBy: "c", CountedUS: 3}, false).ProtoReflect())
	damage := &inventoryv1.DamageRequest{}
	populate(damage.ProtoReflect(), &n)
	require.Equal(t, biz.DamageInput{Request: damage.RequestId, Document: damage.Document, Reason: damage.Reason,
		Key: biz.StockKey{SKU: damage.Sku, Location: damage.Location, Owner: damage.Owner}, Quantity: damage.Quantity, Batch: damage.Batch}, fromDamage(damage))
	allocation := toAllocation(biz.Explanation{Document: "d", Strategy: "s", TookUS: 1, DecidedAtUS: 2,
		Candidates: []biz.Explained{{Location: "S-01", Name: "n", DistanceM: 3, Chosen: true, Reason: "r"}}}, "text")
	full(t, allocation.ProtoReflect())
	full(t, allocation.Candidates[0].ProtoReflect())
	available := toAvailability(biz.Availability{SKU: "LJ", Online: 1, Near: []biz.LocationAvailability{{Location: &location, DistanceM: 2, Level: "few", Exact: true, Online: 1, AtTheTill: 2}}})
	full(t, available.ProtoReflect())
	full(t, available.Near[0].ProtoReflect())
	var result batch.Result
	result.Took(batch.Created)
	result.Took(batch.Updated)
	result.Took(batch.Unchanged)
	result.Refused(7, batch.Refuse("X", "f", "m"))
	imported := toImportResult(result)
	full(t, imported.ProtoReflect())
	full(t, imported.Errors[0].ProtoReflect())
	policy := biz.SharingRow{ID: "p", SharingScope: biz.SharingScope{Channel: "c"}, Mode: biz.ShareQuota, Value: 3, FromUS: 4, UntilUS: 5, EndedUS: 6, CreatedBy: "b", CreatedAtUS: 7}
	for place := biz.Everywhere; place <= biz.AtLocation; place++ {
		for product := biz.Everything; product <= biz.OfSKU; product++ {
			policy.PlaceKind, policy.Place, policy.ProductKind, policy.Product = place, "DIRECT_STORE", product, "x"
			if place == biz.Everywhere {
				policy.Place = ""
			}
			if product == biz.Everything {
				policy.Product = ""
			}
			back := fromSharingTerms(toSharingTerms(policy))
			back.ID, back.EndedUS, back.CreatedBy, back.CreatedAtUS = policy.ID, policy.EndedUS, policy.CreatedBy, policy.CreatedAtUS
			require.Equal(t, policy, back)
		}
	}
	full(t, toSharingPolicy(policy).ProtoReflect())
	explainedPolicy, err := biz.RestoreSharingPolicy(policy)
	require.NoError(t, err)
	full(t, toShareExplained(biz.ShareExplained{Policy: explainedPolicy, Location: location, OnHand: 1, Reserved: 2, Online: 3, KeptForOthers: 4, QuotaUsed: 5, Promise: 6, AtTheTill: 7, Text: "t"}).ProtoReflect())
	full(t, toSharingDifference(biz.SharingDifference{Location: "l", SKU: "s", SharingChange: biz.SharingChange{Channel: "c", Before: 1, After: 2}}).ProtoReflect())
	require.Nil(t, fromPoint(nil))
	require.Equal(t, (*commonv1.GeoPoint)(nil), toPoint(nil))
}

func TestEveryFieldOfAReserveRequestIsMapped(t *testing.T) {
	in := &inventoryv1.ReserveRequest{}
	n := int64(0)
	populate(in.ProtoReflect(), &n)
	got := fromReserve(in)
	l := in.Lines[0]
	require.Equal(t, biz.ReserveInput{Document: in.Document, Channel: in.Channel, Seller: in.SellerOrg, Way: biz.LocalDelivery, ExpiresAtUS: in.ExpiresAtUs, Partial: true,
		Lines: []biz.ReserveLine{{ID: l.LineId, SKU: l.Sku, Location: l.Location, Owner: l.Owner, Quantity: l.Quantity, ListPriceMinor: l.ListPriceMinor}}}, got)
	out := toReserved(got, biz.Reserved{Quantities: []int64{5}, Reservations: []*biz.Reservation{{}}})
	full(t, out.ProtoReflect())
	full(t, out.Lines[0].ProtoReflect())
}
