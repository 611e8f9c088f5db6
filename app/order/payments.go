package order

import (
	"fmt"
	"os"

	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/wechatpay"
)

// paymentProviders opens the accounts that are configured. An error names the account and what is wrong with it.
func paymentProviders(c *conf.Payments) (providers []biz.PaymentProvider, err error) {
	if len(c.GetWechat()) > 0 {
		accounts := make([]wechatpay.Account, len(c.GetWechat()))
		for i, a := range c.GetWechat() {
			if accounts[i], err = wechatAccount(a); err != nil {
				return nil, fmt.Errorf("payments: wechat: account %q: %w", a.GetAccount(), err)
			}
		}
		p, err := wechatpay.New(accounts, c.GetNotifyUrl(), nil)
		if err != nil {
			return nil, fmt.Errorf("payments: %w", err)
		}
		providers = append(providers, p)
	}
	return providers, nil
}

func wechatAccount(a *conf.WechatAccount) (wechatpay.Account, error) {
	out := wechatpay.Account{
		Account: a.GetAccount(), MchID: a.GetMchId(), AppID: a.GetAppId(), CertificateSerial: a.GetCertificateSerial(), PublicKeyID: a.GetPublicKeyId(),
	}
	for _, f := range []struct {
		key, path string
		into      *[]byte
	}{
		{"private_key_file", a.GetPrivateKeyFile(), &out.PrivateKey}, {"api_v3_key_file", a.GetApiV3KeyFile(), &out.APIv3Key},
		{"public_key_file", a.GetPublicKeyFile(), &out.PublicKey},
	} {
		if f.path == "" {
			continue
		}
		raw, err := os.ReadFile(f.path)
		if err != nil {
			return out, fmt.Errorf("%s: %w", f.key, err)
		}
		*f.into = raw
	}
	for _, path := range a.GetPlatformCertificateFiles() {
		raw, err := os.ReadFile(path)
		if err != nil {
			return out, fmt.Errorf("platform_certificate_files: %w", err)
		}
		out.Certificates = append(out.Certificates, raw)
	}
	return out, nil
}
