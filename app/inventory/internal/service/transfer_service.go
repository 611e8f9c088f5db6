package service

import (
	"context"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/inventory/internal/biz"
	"github.com/onepool/onepool/app/inventory/internal/data"
)

// Transfers moves goods between locations.
type Transfers struct {
	inventoryv1.UnimplementedTransfersServer
	db    *database.DB
	store *data.Store

	create  biz.CreateTransfer
	send    biz.SendTransfer
	receive biz.ReceiveTransfer
	cancel  biz.CancelTransfer
}

// NewTransfers puts the use cases together.
func NewTransfers(db *database.DB, store *data.Store, catalogue biz.Catalogue) *Transfers {
	moves := biz.Moves{Transfers: store, Writer: store}
	return &Transfers{db: db, store: store,
		create: biz.CreateTransfer{Catalogue: catalogue, Locations: store, Transfers: store, NowUS: db.Now},
		send:   biz.SendTransfer{Moves: moves}, receive: biz.ReceiveTransfer{Moves: moves}, cancel: biz.CancelTransfer{Moves: moves}}
}

// CreateTransfer plans a transfer.
func (s *Transfers) CreateTransfer(ctx context.Context, in *inventoryv1.CreateTransferRequest) (*inventoryv1.Transfer, error) {
	by, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	input := fromTransfer(in)
	return command.Local[biz.SKUs, *inventoryv1.Transfer]{
		Method:  inventoryv1.Transfers_CreateTransfer_FullMethodName,
		Request: in,
		Facts:   func(ctx context.Context) (biz.SKUs, error) { return s.create.Gather(ctx, input) },
		Decide: func(ctx context.Context, known biz.SKUs) (*inventoryv1.Transfer, error) {
			planned := input
			planned.ID = ids.New("trf")
			row, err := s.create.Decide(ctx, by, planned, known)
			return transferOr(row, err)
		},
	}.Run(ctx, s.db)
}

// SendTransfer books goods on their way.
func (s *Transfers) SendTransfer(ctx context.Context, in *inventoryv1.SendTransferRequest) (*inventoryv1.Transfer, error) {
	input := biz.SendTransferInput{Request: in.GetRequestId(), ID: in.GetId(), Version: in.GetVersion(), ExpectedUS: in.GetExpectedUs()}
	for _, l := range in.GetLines() {
		input.Lines = append(input.Lines, biz.Sending{Line: int(l.GetLine()), Quantity: l.GetQuantity(), Batch: l.GetBatch()})
	}
	return s.step(ctx, inventoryv1.Transfers_SendTransfer_FullMethodName, in, func(ctx context.Context, by biz.Caller) (biz.TransferRow, error) {
		return s.send.Decide(ctx, by, input)
	})
}

// ReceiveTransfer books what has arrived.
func (s *Transfers) ReceiveTransfer(ctx context.Context, in *inventoryv1.ReceiveTransferRequest) (*inventoryv1.Transfer, error) {
	input := biz.ReceiveTransferInput{Request: in.GetRequestId(), ID: in.GetId(), Version: in.GetVersion(), Last: in.GetLast()}
	for _, l := range in.GetLines() {
		input.Lines = append(input.Lines, biz.Arrival{Line: int(l.GetLine()), Received: l.GetReceived(), Damaged: l.GetDamaged(), Missing: l.GetMissing()})
	}
	return s.step(ctx, inventoryv1.Transfers_ReceiveTransfer_FullMethodName, in, func(ctx context.Context, by biz.Caller) (biz.TransferRow, error) {
		return s.receive.Decide(ctx, by, input)
	})
}

// CancelTransfer ends a transfer, or takes back what has not arrived.
func (s *Transfers) CancelTransfer(ctx context.Context, in *inventoryv1.CancelTransferRequest) (*inventoryv1.Transfer, error) {
	input := biz.CancelTransferInput{Request: in.GetRequestId(), ID: in.GetId(), Version: in.GetVersion()}
	return s.step(ctx, inventoryv1.Transfers_CancelTransfer_FullMethodName, in, func(ctx context.Context, by biz.Caller) (biz.TransferRow, error) {
		return s.cancel.Decide(ctx, by, input)
	})
}

func (s *Transfers) step(ctx context.Context, method string, in command.Request, decide func(context.Context, biz.Caller) (biz.TransferRow, error)) (*inventoryv1.Transfer, error) {
	by, err := staffOf(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[nothing, *inventoryv1.Transfer]{
		Method:  method,
		Request: in,
		Decide: func(ctx context.Context, _ nothing) (*inventoryv1.Transfer, error) {
			row, err := decide(ctx, by)
			return transferOr(row, err)
		},
	}.Run(ctx, s.db)
}

// GetTransfer returns one within the caller's organisations.
func (s *Transfers) GetTransfer(ctx context.Context, in *inventoryv1.GetTransferRequest) (*inventoryv1.Transfer, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	row, err := s.store.Transfer(ctx, in.GetId())
	return transferOr(row, err)
}

// ListTransfers lists those that the caller's organisations send or receive.
func (s *Transfers) ListTransfers(ctx context.Context, in *inventoryv1.ListTransfersRequest) (*inventoryv1.ListTransfersResponse, error) {
	if err := scoped(ctx); err != nil {
		return nil, err
	}
	f := data.TransferFilter{Location: in.GetLocation(), State: biz.TransferState(in.GetState())}
	rows, next, err := s.store.ListTransfers(ctx, f, data.Page{Size: in.GetPageSize(), Token: in.GetPageToken()})
	if err != nil {
		return nil, err
	}
	return &inventoryv1.ListTransfersResponse{Transfers: all(rows, toTransfer), NextPageToken: next}, nil
}

func fromTransfer(in *inventoryv1.CreateTransferRequest) biz.TransferInput {
	input := biz.TransferInput{Number: in.GetNumber(), From: in.GetFromLocation(), To: in.GetToLocation(), Note: in.GetNote(), ExpectedUS: in.GetExpectedUs()}
	for _, l := range in.GetLines() {
		input.Lines = append(input.Lines, biz.TransferLine{SKU: l.GetSku(), Owner: l.GetOwner(), Wanted: l.GetQuantity()})
	}
	return input
}

func transferOr(r biz.TransferRow, err error) (*inventoryv1.Transfer, error) {
	if err != nil {
		return nil, err
	}
	return toTransfer(r), nil
}

func toTransfer(r biz.TransferRow) *inventoryv1.Transfer {
	out := &inventoryv1.Transfer{Id: r.ID, Number: r.Number, FromLocation: r.From, ToLocation: r.To, FromOrg: r.FromOrg, ToOrg: r.ToOrg,
		State: inventoryv1.TransferState(r.State), Version: r.Version, Note: r.Note, CreatedBy: r.CreatedBy, CreatedUs: r.CreatedUS, SentUs: r.SentUS,
		ReceivedUs: r.ReceivedUS, ExpectedUs: r.ExpectedUS}
	for i, l := range r.Lines {
		line := &inventoryv1.TransferLine{Line: int32(i + 1), Sku: l.SKU, Owner: l.Owner, Wanted: l.Wanted, Sent: l.Sent, Received: l.Received,
			Damaged: l.Damaged, Missing: l.Missing, Returned: l.Returned}
		for _, p := range l.Lots {
			line.Lots = append(line.Lots, &inventoryv1.TransferLot{Batch: p.Code, Quantity: p.Quantity})
		}
		out.Lines = append(out.Lines, line)
	}
	for _, h := range r.History {
		out.History = append(out.History, &inventoryv1.TransferStep{State: inventoryv1.TransferState(h.State), Actor: h.Actor, AtUs: h.AtUS})
	}
	return out
}
