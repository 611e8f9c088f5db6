// Package secret keeps the platform's one secret and derives every key from it.
//
// Always true: the file is readable by its owner only; two purposes never share a key; whoever has the same secret
// derives the same keys, which is how the processes of a split platform trust each other.
package secret

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	length_bytes = 32
	keyMode      = 0o600
)

// Purposes of keys. A purpose, once used, never changes its name: tokens and stored ciphertext depend on it.
const (
	Tokens   = "tokens"    // access tokens of members and staff, internal tokens between centers
	Branches = "branches"  // calls of the transaction coordinator
	Pages    = "pages"     // page tokens
	Devices  = "devices"   // device keys and channel secrets
	Phones   = "phones"    // look-up of phones
	Persons  = "persons"   // encryption of persons' data
	Sandbox  = "sandboxes" // signatures of the sandbox payment provider
	Codes    = "codes"     // one-time codes
	Webhooks = "webhooks"  // secrets of webhooks
	// Receivers is the look-up of the phones of orders' receivers: not that of members, so that the two do not tell of each other.
	Receivers = "receivers"
)

// Keyring derives keys from the platform's secret.
type Keyring struct{ root []byte }

// New makes a keyring of a secret of at least 32 bytes.
func New(root []byte) (*Keyring, error) {
	if len(root) < length_bytes {
		return nil, fmt.Errorf("secret: %d bytes are too few, want %d", len(root), length_bytes)
	}
	return &Keyring{root: root}, nil
}

// Key is the 32-byte key for one purpose.
func (k *Keyring) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.root, nil, "onepool/"+purpose, length_bytes)
	if err != nil { // only lengths above 255 hashes fail
		panic(err)
	}
	return key
}

// Load reads the secret from a file of hexadecimal digits; a file that is not there is made, with a random secret, for
// its owner only. Of several processes that start together one makes it and the others read it.
func Load(path string) (*Keyring, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, err
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	root, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("secret: %s does not hold hexadecimal digits", path)
	}
	return New(root)
}

// create writes beside the target and links it into place, so that nobody ever reads half a secret.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	root := make([]byte, length_bytes)
	if _, err := rand.Read(root); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".secret-*")
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.WriteString(hex.EncodeToString(root) + "\n"); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if err := errors.Join(temporary.Chmod(keyMode), temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("secret: %w", err)
	}
	return nil
}
