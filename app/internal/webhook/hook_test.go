package webhook

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAWebhookMayGoToPublicAddressesOnly(t *testing.T) {
	for _, ip := range []string{
		"127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.169.254", "fe80::1",
		"fc00::1", "fd12::1", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.9", "198.51.100.7", "192.0.0.8",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "64:ff9b::a00:1", "64:ff9b::7f00:1", "2002:a00:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "fec0::1", "fe80::1%eth0",
	} {
		require.False(t, Address(netip.MustParseAddr(ip), false), ip)
	}
	for _, ip := range []string{"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "240e::1"} {
		require.True(t, Address(netip.MustParseAddr(ip), false), ip)
	}
	// The sandbox opens this machine, and nothing else.
	for ip, may := range map[string]bool{"127.0.0.1": true, "::1": true, "::ffff:127.0.0.1": true, "10.0.0.1": false, "169.254.169.254": false, "0.0.0.0": false, "8.8.8.8": true} {
		require.Equal(t, may, Address(netip.MustParseAddr(ip), true), ip)
	}
}

func TestAWebhooksURLIsCheckedByName(t *testing.T) {
	for _, raw := range []string{
		"", "shop.example", "/stock", "//shop.example/stock", "http://shop.example/", "HTTP://shop.example/", "ftp://shop.example/", "file:///etc/passwd", "gopher://shop.example/", "https://", "https:///x",
		"https:shop.example", "https://me:secret@shop.example/", "https://me@shop.example/", "https://shop.example/#x", "https://shop.example:0/", "https://shop.example:99999/", "https://shop.example:x/",
		"https://localhost/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://[::ffff:10.0.0.1]:8443/", "https://169.254.169.254/latest/meta-data", "https://[fe80::1%25eth0]/", "http://127.0.0.1/", "https://a b/",
	} {
		var refused URLRefused
		require.ErrorAs(t, CheckURL(raw, false), &refused, raw)
	}
	for _, raw := range []string{"https://shop.example/stock?x=1", "https://shop.example:8443/", "https://8.8.8.8/", "HTTPS://shop.example/"} {
		require.NoError(t, CheckURL(raw, false), raw)
	}
	for _, raw := range []string{"http://127.0.0.1:8000/", "http://localhost:8000/", "http://[::1]:1/", "https://localhost/"} {
		require.NoError(t, CheckURL(raw, true), raw)
	}
	for _, raw := range []string{"http://shop.example/", "http://10.0.0.1/", "http://8.8.8.8/", "https://192.168.0.1/"} {
		require.Error(t, CheckURL(raw, true), raw)
	}
}

func TestAFailureIsKeptShortAndASlowReceiverRests(t *testing.T) {
	w := Restore(Row{Position: 5, CoalesceMS: 1000, Active: true})
	w.Failed(strings.Repeat("界", 300), 0, func(n int64) int64 { return n - 1 })
	require.Equal(t, 200, len([]rune(w.Row().LastError)))
	require.LessOrEqual(t, w.Row().NextUS, time.Second.Microseconds())
	w.Delivered(7, 1_000_000, 10, false)
	require.Equal(t, []int64{7, 0, 2_000_000}, []int64{w.Row().Position, w.Row().Failures, w.Row().NextUS})
	w.Delivered(8, 1_000_000, 4_000_000, true)
	require.EqualValues(t, 9_000_000, w.Row().NextUS)
	w.Delivered(6, 1_000_000, 0, true)
	require.Equal(t, []int64{8, 1_000_000}, []int64{w.Row().Position, w.Row().NextUS}, "never back; with more to tell the window is not waited for")
}
