package demo

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	ecommercev1 "github.com/onepool/onepool/api/frontend/ecommerce/v1"
	orderv1 "github.com/onepool/onepool/api/order/v1"
	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

// postChannelOrder posts one paid order twice, with two signatures, as a marketplace's connector does after a timeout.
func (r *run) postChannelOrder(ctx context.Context) error {
	orgs, err := r.admin.Store().ListOrganisations(ctx, &storev1.ListOrganisationsRequest{PageSize: 200})
	if err != nil {
		return fmt.Errorf("organisations: %w", err)
	}
	headquarters := ""
	for _, o := range orgs.Organisations {
		if o.Kind == storev1.OrganisationKind_HEADQUARTERS {
			headquarters = o.Code
		}
	}
	account, err := r.admin.Store().RegisterChannelAccount(ctx, &storev1.RegisterChannelAccountRequest{RequestId: client.RequestID(), Channel: "tmall", Name: "flagship", OrgCode: headquarters})
	if err != nil {
		return fmt.Errorf("channel account: %w", err)
	}
	sku := r.shopper.skus[2]
	order := &ecommercev1.PostOrderRequest{
		ExternalNo: "TM" + client.RequestID()[:16], Currency: "CNY", PaidAtUs: time.Now().UnixMicro(), PaidMinor: r.shopper.prices[sku],
		Receiver: &orderv1.Receiver{Name: "kq2…", Phone: "x9f…", Address: "7dd…", Ciphertext: true, Point: r.shopper.place},
		Lines:    []*orderv1.ChannelLine{{Sku: sku, Quantity: 1, PaidMinor: r.shopper.prices[sku]}},
	}
	body, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(order)
	if err != nil {
		return err
	}
	var ids []string
	for range 2 {
		status, raw, err := r.post(ctx, account, "/channel/v1/orders", body)
		if err != nil {
			return err
		}
		answer := &orderv1.OrderInfo{}
		if status != http.StatusOK {
			return fmt.Errorf("channel order: %d %s", status, raw)
		}
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, answer); err != nil {
			return fmt.Errorf("channel order: %w", err)
		}
		ids = append(ids, answer.Id)
	}
	if ids[0] != ids[1] {
		return fmt.Errorf("external order %s became %s and %s", order.ExternalNo, ids[0], ids[1])
	}
	r.tell("%s posted twice, signed by %s: one order, %s", order.ExternalNo, account.KeyId, ids[0])
	return until(ctx, messageLimit, "the channel order is allocated", func(ctx context.Context) (bool, error) {
		now, err := r.admin.Order().GetOrder(ctx, &orderv1.GetOrderRequest{OrderId: ids[0]})
		return err == nil && !now.Unallocated && len(now.Fulfilments) > 0, err
	})
}

// post signs a request as the channel account: HMAC-SHA256 over method, path, time, nonce and body hash.
func (r *run) post(ctx context.Context, account *storev1.RegisterChannelAccountResponse, path string, body []byte) (int, []byte, error) {
	guest, err := r.admin.As(ctx, "")
	if err != nil {
		return 0, nil, err
	}
	at, nonce, hash := strconv.FormatInt(time.Now().Unix(), 10), client.RequestID(), sha256.Sum256(body)
	mac := hmac.New(sha256.New, []byte(account.Secret))
	fmt.Fprintf(mac, "%s\n%s\n%s\n%s\n%s", http.MethodPost, path, at, nonce, hex.EncodeToString(hash[:]))
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("X-Onepool-Key-Id", account.KeyId)
	header.Set("X-Onepool-Timestamp", at)
	header.Set("X-Onepool-Nonce", nonce)
	header.Set("X-Onepool-Signature", hex.EncodeToString(mac.Sum(nil)))
	return guest.Send(ctx, http.MethodPost, path, header, bytes.NewReader(body))
}
