package order

import (
	"fmt"
	"os"

	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/alipay"
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
	if len(c.GetAlipay()) > 0 {
		accounts := make([]alipay.Account, len(c.GetAlipay()))
		for i, a := range c.GetAlipay() {
			if accounts[i], err = alipayAccount(a); err != nil {
				return nil, fmt.Errorf("payments: alipay: account %q: %w", a.GetAccount(), err)
			}
		}
		p, err := alipay.New(accounts, c.GetNotifyUrl(), nil)
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
	err := read(
		file{"private_key_file", a.GetPrivateKeyFile(), &out.PrivateKey}, file{"api_v3_key_file", a.GetApiV3KeyFile(), &out.APIv3Key},
		file{"public_key_file", a.GetPublicKeyFile(), &out.PublicKey},
	)
	out.Certificates = make([][]byte, len(a.GetPlatformCertificateFiles()))
	for i, path := range a.GetPlatformCertificateFiles() {
		if err == nil {
			err = read(file{"platform_certificate_files", path, &out.Certificates[i]})
		}
	}
	return out, err
}

func alipayAccount(a *conf.AlipayAccount) (alipay.Account, error) {
	out := alipay.Account{Account: a.GetAccount(), AppID: a.GetAppId(), SellerID: a.GetSellerId()}
	return out, read(file{"private_key_file", a.GetPrivateKeyFile(), &out.PrivateKey}, file{"alipay_public_key_file", a.GetAlipayPublicKeyFile(), &out.PublicKey})
}

// file is one that a key of the configuration names; an empty path is none.
type file struct {
	key, path string
	into      *[]byte
}

func read(files ...file) error {
	for _, f := range files {
		if f.path == "" {
			continue
		}
		raw, err := os.ReadFile(f.path)
		if err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
		*f.into = raw
	}
	return nil
}
