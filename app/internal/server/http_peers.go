package server

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// httpPeers finds the HTTP address of a center. Known addresses are answered at once, and asked for again behind the
// caller's back: a registry that does not answer holds nobody up but those who look for a center that was never found.
type httpPeers struct {
	config NetworkConfig
	flight singleflight.Group

	mu    sync.Mutex
	known map[string]knownPeer
}

type knownPeer struct {
	at  []*url.URL
	ask time.Time
	n   int
}

// peerTTL is how long an answer of the registry is used before it is asked again.
const peerTTL = 2 * time.Second

func newHTTPPeers(c NetworkConfig) *httpPeers {
	return &httpPeers{config: c, known: map[string]knownPeer{}}
}

// pick returns one of the center's addresses, in turn.
func (p *httpPeers) pick(ctx context.Context, center string) (*url.URL, error) {
	if base := p.config.Static[center].HTTP; base != "" {
		return url.Parse(base)
	}
	if p.config.Discovery == nil {
		return nil, fmt.Errorf("server: no HTTP address of center %q is known", center)
	}
	at, stale := p.next(center)
	if at != nil && !stale {
		return at, nil
	}
	asked := p.flight.DoChan(center, func() (any, error) { return nil, p.refresh(context.WithoutCancel(ctx), center) })
	if at != nil {
		return at, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-asked:
		if at, _ = p.next(center); at == nil {
			return nil, fmt.Errorf("server: no instance of center %q is registered (%v)", center, r.Err)
		}
		return at, nil
	}
}

// next is the next of the known addresses, nil if there is none; stale says that the registry should be asked.
func (p *httpPeers) next(center string) (at *url.URL, stale bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.known[center]
	if len(k.at) == 0 {
		return nil, true
	}
	k.n++
	p.known[center] = k
	return k.at[k.n%len(k.at)], time.Now().After(k.ask)
}

// refresh asks the registry. The last known addresses go on when it does not answer, or knows none.
func (p *httpPeers) refresh(ctx context.Context, center string) error {
	found, err := p.lookup(ctx, center)
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.known[center]
	if err == nil && len(found) > 0 {
		k.at = found
	}
	k.ask = time.Now().Add(peerTTL)
	p.known[center] = k
	return err
}

func (p *httpPeers) lookup(ctx context.Context, center string) ([]*url.URL, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	instances, err := p.config.Discovery.GetService(ctx, ServiceName(center))
	if err != nil {
		return nil, err
	}
	var found []*url.URL
	for _, in := range instances {
		for _, e := range in.Endpoints {
			if u, err := url.Parse(e); err == nil && strings.HasPrefix(e, "http://") {
				found = append(found, u)
			}
		}
	}
	return found, nil
}
