package biz

import "github.com/onepool/onepool/app/internal/batch"

// Known is the part of the catalogue that an import needs: the SKUs that its rows name, by code, and whose barcodes its rows
// bring, by GTIN.
type Known struct {
	ByCode map[string]SKU
	ByGTIN map[string]string // GTIN -> SKU code
}

// Plan is what an import changes: updates in the order of the rows, then creations. A barcode that moves from one SKU to
// another is free by the time it is taken.
type Plan struct {
	Update, Create []SKU
	Result         batch.Result
}

// Import decides about a batch, row by row, in the order of the rows: a row sees what those before it changed.
func Import(known Known, rows []Row, nowUS int64) Plan {
	owner := make(map[string]string, len(known.ByGTIN)+len(rows))
	for g, code := range known.ByGTIN {
		owner[g] = code
	}
	var plan Plan
	first := make(map[string]accepted, len(rows))
	for _, row := range rows {
		sku, refusal := Parse(row)
		if refusal == nil {
			refusal = duplicate(sku, first, owner)
		}
		if refusal != nil {
			plan.Result.Refused(row.Line, refusal)
			continue
		}
		if _, repeated := first[sku.code]; repeated {
			plan.Result.Took(batch.Unchanged)
			continue
		}
		first[sku.code] = accepted{sku, row.Line}
		plan.take(sku, known, owner, nowUS)
	}
	return plan
}

type accepted struct {
	sku  SKU
	line int64
}

// duplicate refuses a second, different row of a SKU, and a barcode that another SKU has.
func duplicate(sku SKU, first map[string]accepted, owner map[string]string) *batch.Refusal {
	if before, ok := first[sku.code]; ok && !before.sku.same(sku) {
		return batch.Refuse(batch.ReasonDuplicate, "sku", "line %d has the same SKU with other content", before.line)
	}
	if other, ok := owner[sku.gtin]; ok && sku.gtin != "" && other != sku.code {
		return batch.Refuse(batch.ReasonDuplicate, "barcode", "SKU %s has this barcode", other)
	}
	return nil
}

func (p *Plan) take(sku SKU, known Known, owner map[string]string, nowUS int64) {
	old, exists := known.ByCode[sku.code]
	if exists && old.same(sku) {
		p.Result.Took(batch.Unchanged)
		return
	}
	if exists && old.gtin != "" {
		delete(owner, old.gtin)
	}
	if sku.gtin != "" {
		owner[sku.gtin] = sku.code
	}
	if !exists {
		sku.updatedUS = nowUS
		p.Create = append(p.Create, sku)
		p.Result.Took(batch.Created)
		return
	}
	sku.updatedUS = max(nowUS, old.updatedUS+1) // readers may follow it: it never stands still
	p.Update = append(p.Update, sku)
	p.Result.Took(batch.Updated)
}
