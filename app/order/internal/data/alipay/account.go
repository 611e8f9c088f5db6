package alipay

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	sdk "github.com/smartwalle/alipay/v3"
)

// Account is one app of Alipay (支付宝) whose merchant takes money, as it is configured.
type Account struct {
	// Account is the seller's merchant account, as orders know it.
	Account string
	// AppID of the app that asks, SellerID the merchant's number (PID, 2088...), which the money goes to.
	AppID, SellerID string
	// PrivateKey is the app's key, PublicKey Alipay's for this app: PEM, or base64 as Alipay's tools write them.
	PrivateKey, PublicKey []byte
}

// gateway is where Alipay is asked.
const gateway = "https://openapi.alipay.com/gateway.do"

// minKeyBits is the least of RSA2.
const minKeyBits = 2048

var (
	digits = regexp.MustCompile(`^[0-9]{1,32}$`)
	seller = regexp.MustCompile(`^2088[0-9]{12}$`)
	// beijing is the time that Alipay's interface speaks.
	beijing = time.FixedZone("CST", 8*3600)
)

// merchant is an account that works.
type merchant struct {
	Account
	client *sdk.Client
	// notifyURL is where Alipay calls for this account.
	notifyURL string
}

// open checks an account; an error names what is wrong, and never shows a key.
func (a Account) open(base string, client *http.Client) (*merchant, error) {
	wrong := func(field, why string) (*merchant, error) {
		return nil, fmt.Errorf("alipay: account %q: %s %s", a.Account, field, why)
	}
	switch {
	case a.Account == "":
		return nil, errors.New("alipay: an account has no name")
	case !digits.MatchString(a.AppID):
		return wrong("app_id", "must be digits")
	case !seller.MatchString(a.SellerID):
		return wrong("seller_id", "must be the 16 digits of the merchant's PID, 2088...")
	}
	private, err := privateKey(a.PrivateKey)
	if err != nil || private.N.BitLen() < minKeyBits {
		return wrong("private_key", "must be an RSA key of at least 2048 bits")
	}
	public, err := publicKey(a.PublicKey)
	if err != nil || public.N.BitLen() < minKeyBits {
		return wrong("alipay_public_key", "must be Alipay's RSA key of at least 2048 bits")
	}
	if public.Equal(&private.PublicKey) {
		return wrong("alipay_public_key", "is the app's own: Alipay's is shown beside it")
	}
	m := &merchant{Account: a, notifyURL: base + Path + url.PathEscape(a.Account) + "/notify"}
	// Not as "production": there the library fetches, and then trusts, whatever certificate an answer names.
	m.client, err = sdk.New(a.AppID, encode("PRIVATE KEY", private), false, sdk.WithSandboxGateway(gateway), sdk.WithHTTPClient(client), sdk.WithTimeLocation(beijing))
	if err != nil {
		return wrong("private_key", err.Error())
	}
	if err := m.client.LoadAliPayPublicKey(encode("PUBLIC KEY", public)); err != nil {
		return wrong("alipay_public_key", err.Error())
	}
	return m, nil
}

// der takes a key out of PEM or base64.
func der(text []byte) ([]byte, error) {
	text = bytes.TrimSpace(text)
	if block, _ := pem.Decode(text); block != nil {
		return block.Bytes, nil
	}
	return base64.StdEncoding.DecodeString(string(text))
}

var errNoRSA = errors.New("no RSA key")

func privateKey(text []byte) (*rsa.PrivateKey, error) {
	raw, err := der(text)
	if err != nil {
		return nil, err
	}
	if key, err := x509.ParsePKCS1PrivateKey(raw); err == nil {
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(raw)
	if err != nil {
		return nil, err
	}
	if key, is := any.(*rsa.PrivateKey); is {
		return key, nil
	}
	return nil, errNoRSA
}

func publicKey(text []byte) (*rsa.PublicKey, error) {
	raw, err := der(text)
	if err != nil {
		return nil, err
	}
	any, err := x509.ParsePKIXPublicKey(raw)
	if err != nil {
		return nil, err
	}
	if key, is := any.(*rsa.PublicKey); is {
		return key, nil
	}
	return nil, errNoRSA
}

// encode writes a key as the library reads it.
func encode(kind string, key any) string {
	var raw []byte
	var err error
	if private, is := key.(*rsa.PrivateKey); is {
		raw, err = x509.MarshalPKCS8PrivateKey(private)
	} else {
		raw, err = x509.MarshalPKIXPublicKey(key)
	}
	if err != nil { // an RSA key that was just read
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}))
}
