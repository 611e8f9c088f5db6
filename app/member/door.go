package member

import (
	"context"
	"time"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/secret"
)

// Door opens the center as its process configures it.
func Door() process.Door {
	return process.Door{Name: name, Center: true, Open: func(ctx context.Context, d process.Deps) (process.Module, error) {
		return New(ctx, Config{
			DB: process.Database(d.Config, name), Currency: d.Config.Trade.Currency,
			PointsPerUnit: d.Config.Points.EarnPerUnit, PointValueMinor: d.Config.Points.ValueMinor,
			ExpiryMonths: int(d.Config.Points.ExpireMonths), TokenTTL: time.Duration(d.Config.Security.MemberTokenS) * time.Second,
			SandboxSMS: d.Config.Sandbox.Sms,
		}, Deps{
			Observe: d.Observe, Tokens: d.Tokens, Dial: d.Dial, PageSecret: d.Keys.Key(secret.Pages), PhoneKey: d.Keys.Key(secret.Phones),
			PersonKey: d.Keys.Key(secret.Persons), CodeKey: d.Keys.Key(secret.Codes),
		})
	}}
}
