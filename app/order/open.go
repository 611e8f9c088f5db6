package order

import (
	"context"
	"time"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/secret"
)

// Door opens the center in a process, by its configuration.
func Door() process.Door {
	return process.Door{Name: name, Center: true, Open: func(ctx context.Context, d process.Deps) (process.Module, error) {
		trade, limits := d.Config.Trade, d.Config.Limits
		providers, err := paymentProviders(d.Config.Payments)
		if err != nil {
			return nil, err
		}
		issuer, err := invoiceIssuer(d.Config.Invoices)
		if err != nil {
			return nil, err
		}
		return New(ctx, Config{
			DB:        process.Database(d.Config, name),
			PayWindow: time.Duration(trade.PayWindowS) * time.Second, ReturnWindow: time.Duration(trade.ReturnWindowS) * time.Second,
			AutoReceive: time.Duration(trade.AutoReceiveS) * time.Second, FreightMinor: trade.FreightMinor,
			MaxLines: int(limits.OrderLines), MaxQuantity: limits.Quantity, Sandbox: d.Config.Sandbox.Payments, LoopbackWebhooks: d.Config.Sandbox.Webhooks,
			SandboxInvoices: d.Config.Sandbox.Invoices,
		}, Deps{
			Observe: d.Observe, Saga: d.Saga, Dial: d.Dial, PageSecret: d.Keys.Key(secret.Pages), SandboxSecret: d.Keys.Key(secret.Sandbox),
			ReceiverKey: d.Keys.Key(secret.Receivers), PersonKey: d.Keys.Key(secret.Persons),
			PublicURL: d.PublicURL, Providers: providers, Invoices: issuer, WebhookKey: d.Keys.Key(secret.Webhooks),
		})
	}}
}
