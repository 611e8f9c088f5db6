package order

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/order/internal/data/alipay/alipaytest"
	"github.com/onepool/onepool/app/order/internal/data/wechatpay/wechattest"
	"github.com/onepool/onepool/configs"
)

// configured writes a configuration with the accounts of a provider's test server, keys in files beside it.
func configured(t *testing.T, s *wechattest.Server) (file string) {
	t.Helper()
	dir := t.TempDir()
	secretFile := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	text := "payments:\n  notify_url: https://shop.example\n  wechat:\n"
	for _, a := range s.Accounts() {
		text += "  - account: " + a.Account + "\n    mch_id: \"" + a.MchID + "\"\n    app_id: " + a.AppID + "\n    certificate_serial: " + a.CertificateSerial +
			"\n    private_key_file: " + secretFile(a.Account+".key", a.PrivateKey) + "\n    api_v3_key_file: " + secretFile(a.Account+".v3", a.APIv3Key) +
			"\n    public_key_id: " + a.PublicKeyID + "\n    public_key_file: " + secretFile(a.Account+".pub", a.PublicKey) + "\n"
	}
	text += "  alipay:\n"
	for _, a := range alipaytest.New(t).Accounts() {
		text += "  - account: " + a.Account + "\n    app_id: \"" + a.AppID + "\"\n    seller_id: \"" + a.SellerID + "\"\n    private_key_file: " +
			secretFile(a.Account+".ali.key", a.PrivateKey) + "\n    alipay_public_key_file: " + secretFile(a.Account+".ali.pub", a.PublicKey) + "\n"
	}
	return secretFile("config.yaml", []byte(text))
}

func TestConfiguredAccountsAreNotified(t *testing.T) {
	s := wechattest.New(t)
	base, _ := start(t, configured(t, s))
	header, raw := s.Notice("pay_of_nobody", time.Now())
	form, posted := alipaytest.New(t).Notice("pay_of_nobody", time.Now())
	reply, err := http.Post(base+"/v1/order/payments/alipay/acct-hq/notify", form.Get("Content-Type"), bytes.NewReader(posted))
	require.NoError(t, err)
	require.NoError(t, reply.Body.Close())
	require.Equal(t, 404, reply.StatusCode, "a form is read, too")
	send := func(account string, header http.Header) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/v1/order/payments/wechat/"+account+"/notify", bytes.NewReader(raw))
		require.NoError(t, err)
		req.Header = header.Clone()
		req.Header.Set("Content-Type", "application/json")
		reply, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer reply.Body.Close()
		body, err := io.ReadAll(reply.Body)
		require.NoError(t, err)
		return reply.StatusCode, string(body)
	}
	for _, c := range []struct {
		account string
		header  http.Header
		code    int
		reason  string
	}{
		{"acct-hq", header, 404, "PAYMENT_UNKNOWN"}, {"acct-hq", http.Header{}, 401, "SIGNATURE_INVALID"},
		{"acct-fra", header, 400, "VALIDATOR"}, {"acct-none", header, 404, "NOT_FOUND"},
	} {
		code, body := send(c.account, c.header)
		require.Equal(t, c.code, code, "%s: %s", c.account, body)
		require.Contains(t, body, c.reason)
	}
}

func TestAWrongAccountStopsTheStart(t *testing.T) {
	s := wechattest.New(t)
	file := configured(t, s)
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	for want, spoil := range map[string][2]string{
		`account "acct-fra": mch_id`:          {`"1900000002"`, "19x"},
		`"acct-fra": private_key_file`:        {"acct-fra.key", "none.key"},
		`"acct-fra": api_v3_key must have 32`: {"acct-fra.v3", "acct-fra.pub"},
		`alipay: account "acct-hq": app_id`:   {`"2021000000000001"`, "x1"},
		`"acct-fra": alipay_public_key_file`:  {"acct-fra.ali.pub", "none.pub"},
		"notify_url":                          {"https://shop.example", "http://shop.example"},
		"payments.wechat[0].account":          {"account: acct-hq", `account: ""`},
	} {
		require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(good), spoil[0], spoil[1], 1)), 0o600))
		config, err := conf.Load([][]byte{configs.Default}, file, nil, nil)
		if err == nil {
			_, err = paymentProviders(config.Payments)
		}
		require.ErrorContains(t, err, want)
	}
	none, err := paymentProviders(nil)
	require.NoError(t, err)
	require.Empty(t, none)
}
