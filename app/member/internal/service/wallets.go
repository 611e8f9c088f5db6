package service

import (
	"context"
	"maps"
	"slices"
	"strconv"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data"
)

// Wallets serves stored value.
type Wallets struct {
	memberv1.UnimplementedWalletsServer
	db     *database.DB
	rules  *biz.Wallets
	ledger *data.Wallets
	pages  []byte
}

// NewWallets makes the service; pages is the key of page tokens.
func NewWallets(db *database.DB, rules *biz.Wallets, ledger *data.Wallets, pages []byte) *Wallets {
	return &Wallets{db: db, rules: rules, ledger: ledger, pages: pages}
}

func (s *Wallets) money(minor int64) *commonv1.Money {
	return &commonv1.Money{AmountMinor: minor, Currency: s.rules.Currency()}
}

// TopUpWallet books value in.
func (s *Wallets) TopUpWallet(ctx context.Context, req *memberv1.TopUpWalletRequest) (*memberv1.Wallet, error) {
	if err := authn.RequireHQ(ctx, "admin", "finance"); err != nil {
		return nil, err
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return command.Local[struct{}, *memberv1.Wallet]{
		Method: memberv1.Wallets_TopUpWallet_FullMethodName, Request: req,
		Decide: func(ctx context.Context, _ struct{}) (*memberv1.Wallet, error) {
			w, err := s.rules.TopUp(asCenter(ctx), ids.New("wtu"), req.GetMemberId(), req.GetAmountMinor(), req.GetCurrency(), req.GetNote(), p.Actor())
			if err != nil {
				return nil, err
			}
			return &memberv1.Wallet{MemberId: w.Member, Balance: s.money(w.BalanceMinor)}, nil
		},
	}.Run(ctx, s.db)
}

// GetWallet answers what a member has.
func (s *Wallets) GetWallet(ctx context.Context, req *memberv1.GetWalletRequest) (*memberv1.Wallet, error) {
	balance, err := s.ledger.Balance(ctx, req.GetMemberId())
	if err != nil {
		return nil, err
	}
	return &memberv1.Wallet{MemberId: req.GetMemberId(), Balance: s.money(balance)}, nil
}

// ListWalletEntries pages through a member's ledger, the latest entry first.
func (s *Wallets) ListWalletEntries(ctx context.Context, req *memberv1.ListWalletEntriesRequest) (*memberv1.ListWalletEntriesResponse, error) {
	// Someone else's member has no entries; say that it is not there.
	if _, err := s.ledger.Balance(ctx, req.GetMemberId()); err != nil {
		return nil, err
	}
	query := page.Query(memberv1.Wallets_ListWalletEntries_FullMethodName, req.GetMemberId())
	after, err := page.Decode(s.pages, req.GetPageToken(), query)
	if err != nil {
		return nil, fault.PageTokenInvalid().WithCause(err)
	}
	var before int64
	if len(after) == 1 {
		if before, err = strconv.ParseInt(after[0], 10, 64); err != nil {
			return nil, fault.PageTokenInvalid().WithCause(err)
		}
	}
	size := page.Size(req.GetPageSize())
	entries, err := s.ledger.Entries(ctx, req.GetMemberId(), before, size+1)
	if err != nil {
		return nil, err
	}
	out := &memberv1.ListWalletEntriesResponse{}
	if len(entries) > size {
		entries = entries[:size]
		out.NextPageToken = page.Encode(s.pages, query, strconv.FormatInt(entries[size-1].Seq, 10))
	}
	for _, e := range entries {
		out.Entries = append(out.Entries, &memberv1.WalletEntry{
			Id: e.ID, Kind: walletKind(e.Kind), Amount: s.money(e.AmountMinor), BalanceAfter: s.money(e.BalanceAfter), PaymentId: e.Payment, Note: e.Note,
			Actor: e.Actor, AtUs: e.AtUS,
		})
	}
	return out, nil
}

func walletKind(k biz.WalletKind) memberv1.WalletEntryKind {
	return memberv1.WalletEntryKind(memberv1.WalletEntryKind_value[string(k)])
}

// asked runs a question of the order center in a transaction of its own. Payments and refunds have ids that make a repeat the
// same one, also after a refusal: so they are no commands, whose refusal would stay.
func (s *Wallets) asked(ctx context.Context, do func(ctx context.Context, actor string) (biz.WalletEntry, error)) (e biz.WalletEntry, err error) {
	if err := authn.RequireService(ctx); err != nil {
		return e, err
	}
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return e, err
	}
	err = s.db.InTx(asCenter(ctx), func(ctx context.Context) (err error) {
		e, err = do(ctx, p.Actor())
		return err
	})
	return e, err
}

// PayFromWallet takes a payment's amount.
func (s *Wallets) PayFromWallet(ctx context.Context, req *memberv1.PayFromWalletRequest) (*memberv1.WalletPayment, error) {
	e, err := s.asked(ctx, func(ctx context.Context, actor string) (biz.WalletEntry, error) {
		return s.rules.Pay(ctx, req.GetPaymentId(), req.GetMemberId(), req.GetAmountMinor(), req.GetCurrency(), req.GetPayee(), actor)
	})
	if err != nil {
		return nil, err
	}
	return s.payment(e), nil
}

// CloseWalletPayment gives a payment up that has taken nothing.
func (s *Wallets) CloseWalletPayment(ctx context.Context, req *memberv1.CloseWalletPaymentRequest) (*memberv1.WalletPayment, error) {
	e, err := s.asked(ctx, func(ctx context.Context, actor string) (biz.WalletEntry, error) {
		return s.rules.Close(ctx, req.GetPaymentId(), req.GetMemberId(), actor)
	})
	if err != nil {
		return nil, err
	}
	return s.payment(e), nil
}

// GetWalletPayment answers how a payment stands.
func (s *Wallets) GetWalletPayment(ctx context.Context, req *memberv1.GetWalletPaymentRequest) (*memberv1.WalletPayment, error) {
	e, err := s.entry(ctx, req.GetPaymentId())
	if err != nil || e.Kind != biz.WalletPay && e.Kind != biz.WalletClosed {
		return &memberv1.WalletPayment{PaymentId: req.GetPaymentId()}, err
	}
	return s.payment(e), nil
}

func (s *Wallets) entry(ctx context.Context, id string) (biz.WalletEntry, error) {
	if err := authn.RequireService(ctx); err != nil {
		return biz.WalletEntry{}, err
	}
	e, _, err := s.ledger.Entry(asCenter(ctx), id)
	return e, err
}

func (s *Wallets) payment(e biz.WalletEntry) *memberv1.WalletPayment {
	return &memberv1.WalletPayment{
		PaymentId: e.ID, Kind: walletKind(e.Kind), Amount: s.money(-e.AmountMinor), Payee: e.Payee, TransactionNo: ids.Derived("wlt", e.ID),
	}
}

// RefundToWallet gives a part of a payment back.
func (s *Wallets) RefundToWallet(ctx context.Context, req *memberv1.RefundToWalletRequest) (*memberv1.WalletRefund, error) {
	e, err := s.asked(ctx, func(ctx context.Context, actor string) (biz.WalletEntry, error) {
		return s.rules.Refund(ctx, req.GetNumber(), req.GetPaymentId(), req.GetAmountMinor(), actor)
	})
	if err != nil {
		return nil, err
	}
	return &memberv1.WalletRefund{Number: e.ID, Done: true, Amount: s.money(e.AmountMinor), PaymentId: e.Payment}, nil
}

// GetWalletRefund answers whether a part was given back.
func (s *Wallets) GetWalletRefund(ctx context.Context, req *memberv1.GetWalletRefundRequest) (*memberv1.WalletRefund, error) {
	e, err := s.entry(ctx, req.GetNumber())
	if err != nil || e.Kind != biz.WalletRefund {
		return &memberv1.WalletRefund{Number: req.GetNumber()}, err
	}
	return &memberv1.WalletRefund{Number: e.ID, Done: true, Amount: s.money(e.AmountMinor), PaymentId: e.Payment}, nil
}

// GetWalletSums answers for checks over centers.
func (s *Wallets) GetWalletSums(ctx context.Context, req *memberv1.GetWalletSumsRequest) (*memberv1.GetWalletSumsResponse, error) {
	if err := authn.RequireService(ctx); err != nil {
		return nil, err
	}
	paid, refunded, err := s.ledger.Sums(asCenter(ctx), req.GetPaymentIds())
	if err != nil {
		return nil, err
	}
	out := &memberv1.GetWalletSumsResponse{}
	for _, id := range slices.Sorted(maps.Keys(paid)) {
		out.Sums = append(out.Sums, &memberv1.WalletSum{PaymentId: id, PaidMinor: paid[id], RefundedMinor: refunded[id]})
	}
	return out, nil
}
