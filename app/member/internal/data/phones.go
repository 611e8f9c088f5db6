// Package data keeps members and their points.
//
// Always true:
//   - A phone is stored twice: as a keyed hash, to be found, and encrypted, to be read by who may. Neither leaves this
//     package in clear; nothing here logs one.
//   - Whatever changes a member's points locks the row of the account first.
//   - points_entries is append-only; a member's sequence numbers have no gap.
package data

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/onepool/onepool/app/internal/mask"
)

const keyBytes = 32

// Phones hides phones.
type Phones struct {
	lookup []byte
	aead   cipher.AEAD
}

// NewPhones takes the key of the hash and the key of the encryption, 32 bytes each.
func NewPhones(lookup, encryption []byte) (*Phones, error) {
	if len(lookup) != keyBytes || len(encryption) != keyBytes {
		return nil, fmt.Errorf("phones: keys of %d and %d bytes, want %d", len(lookup), len(encryption), keyBytes)
	}
	block, err := aes.NewCipher(encryption)
	if err != nil {
		return nil, fmt.Errorf("phones: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("phones: %w", err)
	}
	return &Phones{lookup, aead}, nil
}

// Hash is how a phone is found: keyed, because the numbers in use can be counted through.
func (p *Phones) Hash(phone string) string {
	mac := hmac.New(sha256.New, p.lookup)
	mac.Write([]byte(phone))
	return hex.EncodeToString(mac.Sum(nil))
}

// seal encrypts a phone for one member: the ciphertext of another row does not open here.
func (p *Phones) seal(phone, member string) []byte {
	nonce := make([]byte, p.aead.NonceSize())
	rand.Read(nonce)
	return p.aead.Seal(nonce, nonce, []byte(phone), []byte(member))
}

var errCipher = errors.New("phone cannot be decrypted")

// masked opens a phone and shows what may be shown.
func (p *Phones) masked(sealed []byte, member string) (string, error) {
	size := p.aead.NonceSize()
	if len(sealed) < size {
		return "", errCipher
	}
	phone, err := p.aead.Open(nil, sealed[:size], sealed[size:], []byte(member))
	if err != nil {
		return "", fmt.Errorf("%w: %w", errCipher, err)
	}
	return mask.Phone(string(phone)), nil
}
