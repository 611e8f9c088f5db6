package biz

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// AdminID is the id of the administrator's key.
const AdminID = "admin"

const keyPrefix = "opk_"

// Device is a till with a key of its own.
type Device struct {
	ID, Org, Store, Name, KeyHash string
	CreatedUS, RevokedUS          int64
}

// ChannelAccount is an organisation's account at an e-commerce platform.
type ChannelAccount struct {
	ID, Org, KeyID, Channel, Name string
	CreatedUS, RevokedUS          int64
}

// Secrets derives what credentials prove themselves with from the platform's secret: the same id always has the same
// secret, so that a repeated request can be answered again although nothing secret is stored.
type Secrets struct{ root []byte }

// NewSecrets takes a key that is used for nothing else.
func NewSecrets(root []byte) Secrets { return Secrets{root: root} }

// Secret is the secret of an id.
func (s Secrets) Secret(id string) string {
	mac := hmac.New(sha256.New, s.root)
	mac.Write([]byte(id))
	return hex.EncodeToString(mac.Sum(nil))
}

// Key is the opaque key of an id: it names the id, so that it can be looked up, and proves it.
func (s Secrets) Key(id string) string { return JoinKey(id, s.Secret(id)) }

// Conceal turns something that must not be stored or hashed as it is into something that compares equal for the same
// input only.
func (s Secrets) Conceal(purpose, value string) string { return s.Secret(purpose + "\x00" + value) }

// LoginVersion is what a token of a person carries, so that it ends with the login as it was: with the password, which has a
// new hash each time it is set, and with as whom the person acts.
func (s Secrets) LoginVersion(l Login, p Staff) string {
	return s.Conceal("login", strings.Join([]string{l.Name, l.PasswordHash, p.Code, p.Org, p.Store, p.Role}, "\x00"))
}

// JoinKey writes a key.
func JoinKey(id, secret string) string { return keyPrefix + id + "_" + secret }

// SplitKey reads whose key it claims to be.
func SplitKey(key string) (id string, ok bool) {
	rest, found := strings.CutPrefix(key, keyPrefix)
	at := strings.LastIndexByte(rest, '_')
	if !found || at <= 0 || at == len(rest)-1 {
		return "", false
	}
	return rest[:at], true
}

// HashKey is what is stored of a key.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// KeyMatches compares in constant time.
func KeyMatches(key, hash string) bool {
	return hash != "" && subtle.ConstantTimeCompare([]byte(HashKey(key)), []byte(hash)) == 1
}
