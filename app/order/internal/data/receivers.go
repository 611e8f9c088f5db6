package data

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/onepool/onepool/app/internal/persons"
	"github.com/onepool/onepool/app/internal/phone"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilmentline"
	"github.com/onepool/onepool/app/order/internal/data/ent/order"
	"github.com/onepool/onepool/app/order/internal/data/ent/orderline"
)

// noPhone is the phone key of an order whose receiver has no phone that can be looked for: none, or another platform's
// ciphertext, which is not to be matched. An order without any key was kept before receivers were hidden.
const noPhone = "-"

// Receivers hides the receivers of orders: encrypted, for one order each, and found by a keyed hash of their phone.
type Receivers struct {
	safe        *persons.Safe
	homeCountry string
}

// NewReceivers takes the key of the look-up and the key of the encryption, 32 bytes each, and the calling code that phones
// are written without.
func NewReceivers(lookup, encryption []byte, homeCountry string) (*Receivers, error) {
	safe, err := persons.New(lookup, encryption)
	if err != nil {
		return nil, fmt.Errorf("receivers of orders: %w", err)
	}
	return &Receivers{safe, homeCountry}, nil
}

// Seal encrypts a receiver for one order; nothing for none.
func (s *Receivers) Seal(r biz.Receiver, orderID string) ([]byte, error) {
	if r == (biz.Receiver{}) {
		return nil, nil
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, errReceiver
	}
	return append([]byte(s.safe.KeyName()), s.safe.Seal(raw, orderID)...), nil
}

// ErrKey is a receiver that was encrypted under another key than this process has, or is found by another one.
var ErrKey = errors.New("the secret that protects receivers has been changed")

// Open decrypts what was sealed for the order; none of nothing.
func (s *Receivers) Open(sealed []byte, orderID string) (r biz.Receiver, err error) {
	if len(sealed) == 0 {
		return r, nil
	}
	if len(sealed) < persons.NameLen {
		return r, fmt.Errorf("receiver: %w", persons.ErrCipher)
	}
	if name := string(sealed[:persons.NameLen]); name != s.safe.KeyName() {
		return r, fmt.Errorf("receiver: %w: encrypted under key %q, the key here is %q", ErrKey, name, s.safe.KeyName())
	}
	raw, err := s.safe.Open(sealed[persons.NameLen:], orderID)
	if err != nil {
		return r, fmt.Errorf("receiver: %w", err)
	}
	return toReceiver(raw)
}

// PhoneKey is by what orders with this phone are found; a phone that is none is refused.
func (s *Receivers) PhoneKey(raw string) (string, error) {
	normal, err := phone.Normalize(raw, s.homeCountry)
	if err != nil {
		return "", biz.Invalid("phone", err.Error())
	}
	return s.safe.Hash(normal), nil
}

// keyOf is by what the order of a receiver is found.
func (s *Receivers) keyOf(r biz.Receiver) string {
	if r.Ciphertext || r.Phone == "" {
		return noPhone
	}
	key, err := s.PhoneKey(r.Phone)
	if err != nil { // what the buyer wrote is no phone: kept, and not to be found
		return noPhone
	}
	return key
}

// errReceiver says no more: a decoder's error quotes what it read.
var errReceiver = errors.New("receiver cannot be read")

func toReceiver(raw []byte) (r biz.Receiver, err error) {
	if len(raw) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return biz.Receiver{}, errReceiver
	}
	return r, nil
}

// receiverOf reads the receiver of a row: encrypted, or as it was kept before.
func (s *Receivers) receiverOf(row *ent.Order) (biz.Receiver, error) {
	if row.PhoneKey == "" {
		return toReceiver(row.Receiver)
	}
	return s.Open(row.ReceiverCipher, row.ID)
}

// HideOld brings at most limit orders of an older version up to date, and returns how many there were: their receivers, kept
// in clear, are encrypted, and they get what lists look for. A process of an older version may go on to make such orders.
func (s *Orders) HideOld(ctx context.Context, limit int) (n int, err error) {
	ctx = AsService(ctx)
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		rows, err := s.ent.Order.Query().Where(order.PhoneKey("")).Order(ent.Asc(order.FieldPlacedUs, order.FieldID)).Limit(limit).All(ctx)
		if err != nil {
			return err
		}
		n = len(rows)
		for _, row := range rows {
			if err := s.hide(ctx, row); err != nil {
				return fmt.Errorf("order %s: %w", row.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("hide receivers: %w", err)
	}
	return n, nil
}

func (s *Orders) hide(ctx context.Context, row *ent.Order) error {
	r, err := toReceiver(row.Receiver)
	if err != nil {
		return err
	}
	sealed, err := s.Receivers.Seal(r, row.ID)
	if err != nil {
		return err
	}
	h := biz.Header{Kind: biz.Kind(row.Kind), ShopStore: row.ShopStore, SourceNo: row.SourceNo}
	if err := s.ent.Order.Update().Where(order.ID(row.ID), order.PhoneKey("")).ClearReceiver().SetReceiverCipher(sealed).SetPhoneKey(s.keyOf(r)).
		SetExternalNo(h.ExternalNo()).Exec(ctx); err != nil {
		return err
	}
	if err := s.ent.OrderLine.Update().Where(orderline.OrderID(row.ID)).SetPlacedUs(row.PlacedUs).Exec(ctx); err != nil {
		return err
	}
	parts, err := s.ent.Fulfilment.Query().Where(fulfilment.OrderID(row.ID)).All(ctx)
	if err != nil {
		return err
	}
	for _, f := range parts {
		if err := s.ent.Fulfilment.UpdateOneID(f.ID).SetPlacedUs(row.PlacedUs).Exec(ctx); err != nil {
			return err
		}
		if err := s.ent.FulfilmentLine.Update().Where(fulfilmentline.FulfilmentID(f.ID)).SetCreatedUs(f.CreatedUs).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Receiver reads an order's receiver.
func (s *Orders) Receiver(ctx context.Context, orderID string) (biz.Receiver, error) {
	row, err := s.ent.Order.Query().Where(order.ID(orderID)).Only(AsService(ctx))
	if ent.IsNotFound(err) {
		return biz.Receiver{}, biz.OrderUnknown()
	}
	if err != nil {
		return biz.Receiver{}, fmt.Errorf("receiver of %s: %w", orderID, err)
	}
	return s.receiverOf(row)
}

// CheckKeys refuses to begin with other keys than those of the receivers that are kept: nothing kept could be read or found,
// and what came new would be kept under a second key.
func (s *Orders) CheckKeys(ctx context.Context) error {
	rows, err := s.ent.Order.Query().Where(order.PhoneKeyGT(noPhone)).Order(ent.Asc(order.FieldPhoneKey)).Limit(1).All(AsService(ctx))
	if err != nil {
		return fmt.Errorf("check the keys of receivers: %w", err)
	}
	for _, row := range rows {
		r, err := s.receiverOf(row)
		if err != nil {
			return fmt.Errorf("order %s: %w", row.ID, err)
		}
		if s.keyOf(r) != row.PhoneKey {
			return fmt.Errorf("order %s: %w: its phone is found by another look-up key or another home country than %q", row.ID, ErrKey, s.homeCountry)
		}
	}
	return nil
}
