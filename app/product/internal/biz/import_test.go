package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onepool/onepool/app/internal/batch"
)

const now = int64(1_700_000_000_000_000)

func row(line int64, code, barcode string, change ...func(*Row)) Row {
	r := Row{Line: line, SKU: code, Barcode: barcode, TitleZH: "明前龙井 " + code, TitleEN: "Longjing " + code, Category: "green",
		ListPriceMinor: 12800, Currency: "CNY", WeightG: 250, TaxClass: "food", Returnable: true}
	for _, c := range change {
		c(&r)
	}
	return r
}

func apply(known Known, plan Plan) Known {
	next := Known{ByCode: map[string]SKU{}, ByGTIN: map[string]string{}}
	for code, s := range known.ByCode {
		next.ByCode[code] = s
	}
	for _, s := range append(append([]SKU{}, plan.Update...), plan.Create...) {
		next.ByCode[s.Code()] = s
	}
	for code, s := range next.ByCode {
		if s.GTIN() != "" {
			next.ByGTIN[s.GTIN()] = code
		}
	}
	return next
}

func TestImportingTheSameRowsTwiceChangesNothing(t *testing.T) {
	rows := []Row{row(2, "LJ", "6901234567892"), row(3, "TG", "")}
	plan := Import(Known{}, rows, now)
	require.Equal(t, batch.Result{Created: 2}, plan.Result)
	again := Import(apply(Known{}, plan), rows, now+5)
	require.Equal(t, batch.Result{Unchanged: 2}, again.Result)
	require.Empty(t, again.Update)
	require.Empty(t, again.Create)
}

func TestAChangedRowUpdatesAndTimeMovesOnEvenWhenTheClockDoesNot(t *testing.T) {
	known := apply(Known{}, Import(Known{}, []Row{row(2, "LJ", "6901234567892")}, now))
	plan := Import(known, []Row{row(2, "LJ", "6901234567892", func(r *Row) { r.ListPriceMinor++ })}, now)
	require.Equal(t, batch.Result{Updated: 1}, plan.Result)
	require.Equal(t, now+1, plan.Update[0].State().UpdatedUS)
}

func TestBadRowsAreRefusedWithTheirReasonAndGoodOnesKept(t *testing.T) {
	known := apply(Known{}, Import(Known{}, []Row{row(1, "OLD", "012345678905")}, now))
	for name, c := range map[string]struct {
		row           Row
		reason, field string
	}{
		"no code":                    {row(2, "", ""), "VALIDATOR", "sku"},
		"blank in code":              {row(2, "A B", ""), "VALIDATOR", "sku"},
		"check digit":                {row(2, "A", "6901234567893"), "BARCODE_INVALID", "barcode"},
		"letters in barcode":         {row(2, "A", "69012345678X2"), "BARCODE_INVALID", "barcode"},
		"barcode of another, EAN-13": {row(2, "A", "0012345678905"), "DUPLICATE", "barcode"},
		"negative price":             {row(2, "A", "", func(r *Row) { r.ListPriceMinor = -1 }), "AMOUNT_INVALID", "list_price_minor"},
		"price beyond reason":        {row(2, "A", "", func(r *Row) { r.ListPriceMinor = 1 << 60 }), "AMOUNT_INVALID", "list_price_minor"},
		"unknown currency":           {row(2, "A", "", func(r *Row) { r.Currency = "XXQ" }), "AMOUNT_INVALID", "currency"},
		"no title":                   {row(2, "A", "", func(r *Row) { r.TitleZH, r.TitleEN = "", " " }), "VALIDATOR", "title_zh"},
		"bidi in title":              {row(2, "A", "", func(r *Row) { r.TitleEN = "a\u202e" }), "VALIDATOR", "title_en"},
		"negative weight":            {row(2, "A", "", func(r *Row) { r.WeightG = -1 }), "VALIDATOR", "weight_g"},
	} {
		plan := Import(known, []Row{c.row, row(3, "GOOD", "6901234567892")}, now)
		require.Len(t, plan.Result.Errors, 1, name)
		require.Equal(t, int64(2), plan.Result.Errors[0].Line, name)
		require.Equal(t, []string{c.reason, c.field}, []string{plan.Result.Errors[0].Reason, plan.Result.Errors[0].Field}, name)
		require.Equal(t, int64(1), plan.Result.Created, name)
	}
}

func TestASecondRowOfASKUIsADuplicateOnlyWhenItDiffers(t *testing.T) {
	plan := Import(Known{}, []Row{row(2, "A", ""), row(3, "A", ""), row(4, "A", "", func(r *Row) { r.WeightG = 1 })}, now)
	require.Equal(t, int64(1), plan.Result.Created)
	require.Equal(t, int64(1), plan.Result.Unchanged)
	require.Len(t, plan.Result.Errors, 1)
	require.Equal(t, int64(4), plan.Result.Errors[0].Line)
	require.Equal(t, "DUPLICATE", plan.Result.Errors[0].Reason)
}

func TestABarcodeMayMoveOnceItsSKUGaveItUp(t *testing.T) {
	const moving, fresh = "6901234567892", "4006381333931"
	known := apply(Known{}, Import(Known{}, []Row{row(1, "A", moving)}, now))
	early := Import(known, []Row{row(2, "B", moving), row(3, "A", fresh)}, now)
	require.Len(t, early.Result.Errors, 1, "line 2 comes before A has given it up")
	late := Import(known, []Row{row(2, "A", fresh), row(3, "B", moving)}, now)
	require.Empty(t, late.Result.Errors)
	require.Equal(t, "A", late.Update[0].Code())
	require.Equal(t, "B", late.Create[0].Code())
}

// Whatever is imported in whatever order, no two SKUs share a barcode and every row is accounted for.
func TestNoTwoSKUsEverShareABarcode(t *testing.T) {
	barcodes := []string{"", "012345678905", "0012345678905", "6901234567892", "4006381333931", "96385074", "1"}
	rapid.Check(t, func(t *rapid.T) {
		known := Known{}
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			var rows []Row
			for i := range rapid.IntRange(1, 8).Draw(t, "rows") {
				rows = append(rows, row(int64(i), rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "sku"),
					rapid.SampledFrom(barcodes).Draw(t, "barcode")))
			}
			plan := Import(known, rows, now)
			r := plan.Result
			require.Equal(t, int64(len(rows)), r.Created+r.Updated+r.Unchanged+int64(len(r.Errors)))
			// As the database would: updates in order, then creations, the barcode unique after each.
			owner := map[string]string{}
			for g, c := range known.ByGTIN {
				owner[g] = c
			}
			for _, s := range append(append([]SKU{}, plan.Update...), plan.Create...) {
				if old, ok := known.ByCode[s.Code()]; ok && owner[old.GTIN()] == s.Code() {
					delete(owner, old.GTIN())
				}
				if s.GTIN() != "" {
					holder, taken := owner[s.GTIN()]
					require.False(t, taken && holder != s.Code(), "%s is %s's", s.GTIN(), holder)
					owner[s.GTIN()] = s.Code()
				}
			}
			known = apply(known, plan)
		}
	})
}

func TestStoredFormIsComplete(t *testing.T) {
	plan := Import(Known{}, []Row{row(2, "LJ", "6901234567892")}, now)
	require.Equal(t, plan.Create[0], Restore(plan.Create[0].State()))
}
