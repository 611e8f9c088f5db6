package wechatpay

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

// Account is one merchant of WeChat Pay (微信支付商户), as it is configured.
type Account struct {
	// Account is the seller's merchant account, as orders know it.
	Account string
	// MchID is the merchant's number (商户号), AppID the app that its buyers are known in.
	MchID, AppID string
	// CertificateSerial of the merchant's API certificate, PrivateKey its key: PEM, PKCS #8.
	CertificateSerial string
	PrivateKey        []byte
	// APIv3Key is 32 bytes; notifications are encrypted with it.
	APIv3Key []byte
	// What WeChat Pay signs with: its public key (PEM) and the key's id, or its platform certificates (PEM).
	PublicKeyID  string
	PublicKey    []byte
	Certificates [][]byte
}

// minKeyBits is the least that WeChat Pay itself uses.
const minKeyBits = 2048

var (
	digits    = regexp.MustCompile(`^[0-9]{1,32}$`)
	appID     = regexp.MustCompile(`^[0-9A-Za-z_]{1,32}$`)
	serial    = regexp.MustCompile(`^[0-9A-Fa-f]{1,64}$`)
	keyLength = 32
)

// merchant is an account that works.
type merchant struct {
	Account
	client *core.Client
	notify *notify.Handler
	// notifyURL is where WeChat Pay calls for this account.
	notifyURL string
}

// open checks an account; an error names what is wrong, and never shows a key.
func (a Account) open(base string, client *http.Client, now time.Time) (*merchant, error) {
	wrong := func(field, why string) (*merchant, error) {
		return nil, fmt.Errorf("wechat: account %q: %s %s", a.Account, field, why)
	}
	switch {
	case a.Account == "":
		return nil, fmt.Errorf("wechat: an account has no name")
	case !digits.MatchString(a.MchID):
		return wrong("mch_id", "must be digits")
	case !appID.MatchString(a.AppID):
		return wrong("app_id", "must be letters and digits, such as wx8888888888888888")
	case !serial.MatchString(a.CertificateSerial):
		return wrong("certificate_serial", "must be hexadecimal digits")
	}
	key, err := utils.LoadPrivateKey(string(a.PrivateKey))
	if err != nil || key.N.BitLen() < minKeyBits {
		return wrong("private_key", "must be an RSA key of at least 2048 bits in PEM (PKCS #8: BEGIN PRIVATE KEY)")
	}
	a.APIv3Key = bytes.TrimSpace(a.APIv3Key)
	if len(a.APIv3Key) != keyLength {
		return wrong("api_v3_key", fmt.Sprintf("must have 32 bytes, not %d", len(a.APIv3Key)))
	}
	var verifier auth.Verifier
	var cipher core.ClientOption
	switch {
	case (len(a.PublicKey) > 0) == (len(a.Certificates) > 0):
		return wrong("public_key", "or platform_certificates must be there, one of them: answers are verified with it")
	case len(a.PublicKey) > 0:
		public, err := utils.LoadPublicKey(string(a.PublicKey))
		if err != nil || public.N.BitLen() < minKeyBits {
			return wrong("public_key", "must be an RSA key in PEM (BEGIN PUBLIC KEY)")
		}
		if a.PublicKeyID == "" {
			return wrong("public_key_id", "is missing")
		}
		verifier = verifiers.NewSHA256WithRSAPubkeyVerifier(a.PublicKeyID, *public)
		cipher = option.WithWechatPayPublicKeyAuthCipher(a.MchID, a.CertificateSerial, key, a.PublicKeyID, public)
	default:
		certificates := make([]*x509.Certificate, len(a.Certificates))
		for i, raw := range a.Certificates {
			if certificates[i], err = utils.LoadCertificate(string(raw)); err != nil {
				return wrong("platform_certificates", fmt.Sprintf("%d must be a certificate in PEM", i+1))
			}
			if _, is := certificates[i].PublicKey.(*rsa.PublicKey); !is || !utils.IsCertificateValid(*certificates[i], now) {
				return wrong("platform_certificates", fmt.Sprintf("%d is not valid now, or not RSA", i+1))
			}
		}
		verifier = verifiers.NewSHA256WithRSAVerifier(core.NewCertificateMapWithList(certificates))
		cipher = option.WithWechatPayAuthCipher(a.MchID, a.CertificateSerial, key, certificates)
	}
	m := &merchant{Account: a, notifyURL: base + Path + url.PathEscape(a.Account) + "/notify"}
	if m.client, err = core.NewClient(context.Background(), cipher, option.WithHTTPClient(client)); err != nil {
		return wrong("client", err.Error())
	}
	if m.notify, err = notify.NewRSANotifyHandler(string(a.APIv3Key), verifier); err != nil {
		return wrong("api_v3_key", err.Error())
	}
	return m, nil
}
