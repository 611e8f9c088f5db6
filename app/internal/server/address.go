package server

import (
	"context"
	"net"
	"net/netip"
	"strings"

	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/grpc/peer"
)

// headerForwarded is how a proxy says for whom it asks.
const headerForwarded = "X-Forwarded-For"

// ClientAddress is the network address that a call came from, for limits; never for rights. Of a proxy in the own network it is
// what that proxy has seen: the last entry of its header, since callers write the others. IPv6 addresses are told by their /64,
// which is what one subscriber has. Empty: not known.
func ClientAddress(ctx context.Context) string {
	remote, forwarded := "", ""
	if r, ok := khttp.RequestFromServerContext(ctx); ok {
		remote, forwarded = r.RemoteAddr, strings.Join(r.Header.Values(headerForwarded), ",")
	} else if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		remote = p.Addr.String()
	}
	return clientAddress(remote, forwarded)
}

func clientAddress(remote, forwarded string) string {
	addr, ok := parseAddress(remote)
	if !ok {
		return ""
	}
	if addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() {
		entries := strings.Split(forwarded, ",")
		if seen, ok := parseAddress(strings.TrimSpace(entries[len(entries)-1])); ok {
			addr = seen
		}
	}
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// parseAddress reads an address with or without a port.
func parseAddress(s string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr.Unmap(), err == nil
}
