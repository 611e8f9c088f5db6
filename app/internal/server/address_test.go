package server

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever calls directly is who it is, whatever it writes; a proxy of our own network says whom it has seen.
func TestTheAddressOfACallIsNotTheCallersToSay(t *testing.T) {
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.7:4711", "", "203.0.113.7"},
		{"203.0.113.7:4711", "198.51.100.1", "203.0.113.7"},
		{"10.0.0.2:80", "198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:80", "1.2.3.4, 198.51.100.1", "198.51.100.1"},
		{"127.0.0.1:80", "", "127.0.0.1"},
		{"192.168.1.4:80", "nonsense", "192.168.1.4"},
		{"[2001:db8:1:2:3::4]:80", "", "2001:db8:1:2::/64"},
		{"[::1]:80", "2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"},
		{"[::ffff:203.0.113.7]:80", "", "203.0.113.7"},
		{"bufconn", "203.0.113.7", ""},
	} {
		require.Equal(t, c.want, clientAddress(c.remote, c.forwarded), "%+v", c)
	}
}
