package hooks

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/internal/webhook"
)

// names is a name server that says where every name leads at this moment, as an attacker's would.
func names(t *testing.T, leads func() netip.Addr) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			head := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET}
			to := leads()
			switch {
			case m.Questions[0].Type == dnsmessage.TypeA && to.Is4():
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: to.As4()}}}
			case m.Questions[0].Type == dnsmessage.TypeAAAA && to.Is6():
				m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: to.As16()}}}
			}
			if packed, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestANameThatLeadsInsideIsNotCalled(t *testing.T) {
	var called, connected atomic.Int64
	inside := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) }))
	inside.Config.ConnState = func(net.Conn, http.ConnState) { connected.Add(1) }
	inside.StartTLS()
	t.Cleanup(inside.Close)
	at, err := url.Parse(inside.URL)
	require.NoError(t, err)
	var leads atomic.Pointer[netip.Addr]
	r := newSender([]byte("key"), false, names(t, func() netip.Addr { return *leads.Load() }))
	for _, ip := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "169.254.169.254", "fd00::1", "0.0.0.0"} {
		to := netip.MustParseAddr(ip)
		leads.Store(&to)
		hook := webhook.Row{ID: "whk_1", URL: "https://shop.example:" + at.Port() + "/"}
		require.NoError(t, webhook.CheckURL(hook.URL, false), "the name alone tells nothing")
		require.EqualError(t, r.Tell(t.Context(), hook, struct{}{}, 0), "its address is not public", ip)
	}
	require.Zero(t, called.Load())
	require.Zero(t, connected.Load(), "not even a connection")

	// The proof that the instrument works: where this machine is allowed, the same name is called.
	local := netip.MustParseAddr("127.0.0.1")
	leads.Store(&local)
	open := newSender([]byte("key"), true, names(t, func() netip.Addr { return local }))
	open.http.Transport.(*http.Transport).TLSClientConfig = inside.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	open.http.Transport.(*http.Transport).TLSClientConfig.ServerName = "example.com" // what the test server's certificate is for
	require.NoError(t, open.Tell(t.Context(), webhook.Row{ID: "whk_1", URL: "https://shop.example:" + at.Port() + "/"}, struct{}{}, 0))
	require.EqualValues(t, 1, called.Load())
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var called atomic.Int64
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) }))
	t.Cleanup(target.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		first := httptest.NewServer(http.RedirectHandler(target.URL, status))
		t.Cleanup(first.Close)
		err := NewSender([]byte("key"), true).Tell(t.Context(), webhook.Row{ID: "whk_1", URL: first.URL}, struct{}{}, 0)
		require.ErrorContains(t, err, "answered 3")
	}
	require.Zero(t, called.Load())
}

func TestWhatAReceiverDidWrongIsSaidWithoutOurSide(t *testing.T) {
	tell := func(url string) string {
		r := NewSender([]byte("key"), true) // without the connections of the call before
		r.http.Timeout /= 8
		return r.Tell(t.Context(), webhook.Row{ID: "whk_1", URL: url}, struct{}{}, 0).Error()
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	require.Equal(t, "answered 404", tell(gone.URL))
	gone.Close()
	require.Equal(t, "connection refused", tell(gone.URL))
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(cut.Close)
	require.Equal(t, "the connection failed", tell(cut.URL))
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(func() { close(release); slow.Close() })
	require.Equal(t, "no answer in time", tell(slow.URL))
	require.Contains(t, NewSender([]byte("key"), false).Tell(t.Context(), webhook.Row{URL: slow.URL}, struct{}{}, 0).Error(), "https")
}

func TestNoReceiverIsCalledInsideATransaction(t *testing.T) {
	db := testkit.SQLite(t, nil)
	err := db.InTx(t.Context(), func(ctx context.Context) error {
		return NewSender([]byte("key"), true).Tell(ctx, webhook.Row{URL: "http://127.0.0.1:1"}, struct{}{}, 0)
	})
	require.ErrorIs(t, err, database.ErrNested)
}
