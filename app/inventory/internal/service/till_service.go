package service

import (
	"cmp"
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// TillSales books what tills have sold offline. Like Hold it runs in the name of the center that calls.
type TillSales struct {
	inventoryv1.UnimplementedTillSalesServer
	group *data.Group
	sale  biz.TillSale
}

// NewTillSales puts the use case together.
func NewTillSales(db *database.DB, store *data.Store, prices biz.ListPrices, categories biz.CategoryFinder, strategy biz.Strategy) *TillSales {
	return &TillSales{group: store.Group(), sale: biz.TillSale{Locations: store, Stock: store, Reserved: store, Documents: store, Pool: store, Prices: prices, Sharing: store, Categories: categories,
		NowUS: db.Now, Strategy: strategy}}
}

// BookTillSale books the sale and moves what it has eaten into.
func (s *TillSales) BookTillSale(ctx context.Context, in *inventoryv1.BookTillSaleRequest) (*inventoryv1.BookTillSaleResponse, error) {
	ctx, by, err := serviceCaller(ctx)
	if err != nil {
		return nil, err
	}
	input := fromTillSale(in)
	return command.Grouped[*biz.Book, biz.Need, biz.TillFacts, *inventoryv1.BookTillSaleResponse]{
		Method:  inventoryv1.TillSales_BookTillSale_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context, round int) (biz.TillFacts, error) { return s.sale.Look(ctx, input, round) },
		Need:    func(facts biz.TillFacts) biz.Need { return s.sale.Need(input, facts) },
		Decide: func(book *biz.Book, facts biz.TillFacts) (*inventoryv1.BookTillSaleResponse, error) {
			sold, err := s.sale.Decide(book, cmp.Or(in.GetActor(), by.Name), input, facts)
			if err != nil {
				return nil, err
			}
			return toTillSold(sold), nil
		},
	}.Run(ctx, s.group)
}

func fromTillSale(in *inventoryv1.BookTillSaleRequest) biz.TillSaleInput {
	out := biz.TillSaleInput{Document: in.GetDocument(), Location: in.GetLocation()}
	for _, l := range in.GetLines() {
		out.Lines = append(out.Lines, biz.TillSaleLine{ID: l.GetLineId(), SKU: l.GetSku(), Quantity: l.GetQuantity(), SoldUS: l.GetSoldAtUs()})
	}
	return out
}

func toTillSold(sold []biz.TillSold) *inventoryv1.BookTillSaleResponse {
	out := &inventoryv1.BookTillSaleResponse{}
	for _, l := range sold {
		booked := &inventoryv1.TillSaleBooked{LineId: l.ID, Before: l.Before, OnHand: l.OnHand, Shortfall: l.Shortfall, Left: l.Left}
		for _, m := range l.Moved {
			booked.Moved = append(booked.Moved, &inventoryv1.MovedReservation{Document: m.From.Document, LineId: m.From.LineID, Reservation: m.From.ID,
				ReplacedBy: m.To.ID, Location: m.To.Key.Location, Quantity: m.To.Quantity})
		}
		out.Lines = append(out.Lines, booked)
	}
	return out
}
