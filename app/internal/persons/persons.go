// Package persons hides what says who somebody is: phones, names, addresses.
//
// Always true:
//   - A text is kept in two ways: as a keyed hash, to be found, and encrypted, to be read by who may. Neither of them says
//     anything without its key.
//   - What was encrypted for one row does not open for another, nor when a bit of it was changed.
//   - The errors of this package hold nothing of what was hidden.
package persons

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

const keyBytes = 32

// ErrCipher is a text that was not encrypted here, or not for this row.
var ErrCipher = errors.New("persons: cannot be decrypted")

// Safe hashes and encrypts.
type Safe struct {
	lookup []byte
	aead   cipher.AEAD
	name   string
}

// New takes the key of the hash and the key of the encryption, 32 bytes each.
func New(lookup, encryption []byte) (*Safe, error) {
	switch {
	case len(lookup) != keyBytes:
		return nil, fmt.Errorf("persons: the look-up key has %d bytes, want %d", len(lookup), keyBytes)
	case len(encryption) != keyBytes:
		return nil, fmt.Errorf("persons: the encryption key has %d bytes, want %d", len(encryption), keyBytes)
	}
	block, err := aes.NewCipher(encryption)
	if err != nil {
		return nil, fmt.Errorf("persons: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("persons: %w", err)
	}
	mac := hmac.New(sha256.New, encryption)
	mac.Write([]byte("name of the key"))
	return &Safe{lookup, aead, hex.EncodeToString(mac.Sum(nil)[:NameLen/2])}, nil
}

// NameLen is the length of a key's name.
const NameLen = 8

// KeyName names the key of the encryption and says nothing about it: to be kept beside what is encrypted, so that another
// key is known as such.
func (s *Safe) KeyName() string { return s.name }

// Hash is how a text is found, 64 characters: keyed, because phones can be counted through.
func (s *Safe) Hash(text string) string {
	mac := hmac.New(sha256.New, s.lookup)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// Seal encrypts for one row.
func (s *Safe) Seal(text []byte, row string) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, text, []byte(row))
}

// Open decrypts what was sealed for the row, or answers ErrCipher.
func (s *Safe) Open(sealed []byte, row string) ([]byte, error) {
	size := s.aead.NonceSize()
	if len(sealed) < size {
		return nil, ErrCipher
	}
	text, err := s.aead.Open(nil, sealed[:size], sealed[size:], []byte(row))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCipher, err)
	}
	return text, nil
}
