// Package data keeps members and their points.
//
// Always true:
//   - A phone is stored twice: as a keyed hash, to be found, and encrypted, to be read by who may. Neither leaves this
//     package in clear; nothing here logs one.
//   - Whatever changes a member's points locks the row of the account first.
//   - points_entries is append-only; a member's sequence numbers have no gap.
package data

import (
	"fmt"

	"github.com/onepool/onepool/app/internal/mask"
	"github.com/onepool/onepool/app/internal/persons"
)

// Phones hides phones: what is sealed for one member does not open in the row of another.
type Phones struct{ *persons.Safe }

// NewPhones takes the key of the hash and the key of the encryption, 32 bytes each.
func NewPhones(lookup, encryption []byte) (*Phones, error) {
	safe, err := persons.New(lookup, encryption)
	if err != nil {
		return nil, fmt.Errorf("phones: %w", err)
	}
	return &Phones{safe}, nil
}

// masked opens a phone and shows what may be shown.
func (p *Phones) masked(sealed []byte, member string) (string, error) {
	phone, err := p.Open(sealed, member)
	if err != nil {
		return "", fmt.Errorf("phone: %w", err)
	}
	return mask.Phone(string(phone)), nil
}
