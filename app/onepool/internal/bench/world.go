package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/onepool/onepool/app/onepool/internal/client"
	"github.com/onepool/onepool/app/onepool/internal/importer"
)

// size is how large the brand is.
type size struct {
	stores, skus, members int
	units                 int // of the one SKU that there is, spread over the stores; 0: plenty of all
}

// plenty is on every shelf that has a SKU: nobody is refused.
const plenty = 900_000

// The stores lie in a box as large as the Yangtze delta, the buyers too.
const (
	south, north = 29.0, 33.0
	west, east   = 118.0, 122.0
)

func skuOf(n int) string   { return fmt.Sprintf("SKU-%04d", n) }
func storeOf(n int) string { return fmt.Sprintf("S-%05d", n) }
func phoneOf(n int) string { return fmt.Sprintf("199%08d", n) }

// scatter gives place n of a kind, the same at each run.
func scatter(n int) (lat, lng float64) {
	chance := rand.New(rand.NewPCG(uint64(n), 7))
	return south + (north-south)*chance.Float64(), west + (east-west)*chance.Float64()
}

// table writes rows as a CSV file.
func table(columns string, rows int, row func(n int) string) []byte {
	var b bytes.Buffer
	b.WriteString(columns + "\n")
	for n := range rows {
		b.WriteString(row(n) + "\n")
	}
	return b.Bytes()
}

// brand is a brand's tables: direct stores that all share their stock. Each store has a fifth of the SKUs, and the first
// three of them always, or its part of the few units.
func brand(of size) map[string][]byte {
	stock := bytes.NewBufferString("location_code,sku,on_hand,safety_stock\n")
	for s := range of.stores {
		if of.units > 0 {
			fmt.Fprintf(stock, "%s,%s,%d,0\n", storeOf(s), skuOf(0), of.units/of.stores)
			continue
		}
		for n := range of.skus {
			if n < 3 || (s+n)%5 == 0 {
				fmt.Fprintf(stock, "%s,%s,%d,0\n", storeOf(s), skuOf(n), plenty)
			}
		}
	}
	return map[string][]byte{
		"organisations": []byte("code,name,kind,parent_code,settlement_rate_bp,fulfilment_fee_minor,share_stock\nHQ,Headquarters,headquarters,,6000,0,true\n"),
		"stores": table("code,name,ownership,org_code,address,city,province,country,postcode,timezone,lat,lng,opens,closes,capabilities", of.stores, func(n int) string {
			lat, lng := scatter(n)
			return fmt.Sprintf("%s,Store %d,direct,HQ,1 Road,City,Province,CN,310000,Asia/Shanghai,%.4f,%.4f,08:00,22:00,parcel", storeOf(n), n, lat, lng)
		}),
		"products": table("sku,spu,barcode,title_zh,title_en,category,list_price_minor,currency,weight_g,tax_class,returnable", of.skus, func(n int) string {
			return fmt.Sprintf("%s,SPU-%04d,,Tea %d,Tea %d,green,%d,CNY,100,agricultural,true", skuOf(n), n, n, n, 1000+10*n)
		}),
		"stock":   stock.Bytes(),
		"members": table("phone,name,home_store_code,guide_code,points", of.members, func(n int) string { return fmt.Sprintf("%s,Buyer %d,,,0", phoneOf(n), n) }),
	}
}

// buyer is a member with the mini-program in hand.
type buyer struct {
	http     *http.Client
	url      string
	token    string
	phone    string
	lat, lng float64
}

// fill imports a brand and signs its members in.
func (p *platform) fill(ctx context.Context, of size) ([]*buyer, error) {
	operator, err := client.New(ctx, p.url, p.key)
	if err != nil {
		return nil, err
	}
	files := brand(of)
	for _, kind := range importer.Kinds() {
		raw, has := files[kind]
		if !has {
			continue
		}
		sum, err := importer.Run(ctx, operator, importer.Source{Kind: kind, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }}, nil)
		if err != nil {
			return nil, err
		}
		if len(sum.Errors) > 0 {
			return nil, fmt.Errorf("%s: line %d: %s", kind, sum.Errors[0].Line, sum.Errors[0].Message)
		}
	}
	return p.signIn(ctx, of.members)
}

// signIn signs members in, some at a time.
func (p *platform) signIn(ctx context.Context, members int) ([]*buyer, error) {
	const hands = 16
	connections := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096}}
	buyers, errs := make([]*buyer, members), make([]error, hands)
	var all sync.WaitGroup
	for hand := range hands {
		all.Go(func() {
			for n := hand; n < members && errs[hand] == nil; n += hands {
				b := &buyer{http: connections, url: p.url, phone: phoneOf(n)}
				b.lat, b.lng = scatter(1_000_000 + n)
				buyers[n], errs[hand] = b, b.signIn(ctx)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return buyers, nil
}

func (b *buyer) signIn(ctx context.Context) error {
	var sent struct {
		SandboxCode string `json:"sandbox_code"`
	}
	if err := b.call(ctx, "/m/v1/sign-in/code", map[string]any{"phone": b.phone}, &sent); err != nil {
		return err
	}
	var in struct {
		AccessToken string `json:"access_token"`
	}
	err := b.call(ctx, "/m/v1/sign-in", map[string]any{"phone": b.phone, "code": sent.SandboxCode}, &in)
	b.token = in.AccessToken
	return err
}

// refused is an answer that says no, and why.
type refused struct {
	status int
	Reason string `json:"reason"`
	text   string
}

// Error tells all of it.
func (r refused) Error() string { return fmt.Sprintf("%d %s", r.status, r.text) }

// call posts a request as the mini-program does.
func (b *buyer) call(ctx context.Context, path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(b.url, "/")+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		r := refused{status: resp.StatusCode, text: string(answer)}
		if err := json.Unmarshal(answer, &r); err != nil {
			return fmt.Errorf("%s: %w: %w", path, r, err)
		}
		return r
	}
	return json.Unmarshal(answer, out)
}

// line is a SKU and how many of it.
type line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}

// place buys lines at once, by parcel.
func (b *buyer) place(ctx context.Context, lines ...line) (orderID string, err error) {
	var order struct {
		ID    string `json:"id"`
		State string `json:"state"`
	}
	err = b.call(ctx, "/m/v1/checkout", map[string]any{
		"request_id": client.RequestID(), "way": "PARCEL", "lines": lines,
		"receiver": map[string]any{"name": "Lin", "phone": b.phone, "address": "1 Road", "point": map[string]any{"lat": b.lat, "lng": b.lng}},
	}, &order)
	if err == nil && order.State != "UNPAID" {
		err = fmt.Errorf("order %s is %s", order.ID, order.State)
	}
	return order.ID, err
}

// pay pays an order through the sandbox, which calls the platform back as a provider does.
func (b *buyer) pay(ctx context.Context, orderID string) error {
	var payment struct {
		ID string `json:"id"`
	}
	if err := b.call(ctx, "/m/v1/orders/"+orderID+"/pay", map[string]any{"request_id": client.RequestID(), "provider": "sandbox"}, &payment); err != nil {
		return err
	}
	var paid struct {
		NotificationStatus int `json:"notification_status"`
	}
	if err := b.call(ctx, "/v1/order/sandbox/payments/"+payment.ID+"/pay", map[string]any{}, &paid); err != nil {
		return err
	}
	if paid.NotificationStatus != http.StatusOK {
		return fmt.Errorf("the notification of order %s was answered %d", orderID, paid.NotificationStatus)
	}
	return nil
}
