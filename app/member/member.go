// Package member is the door of the member center (会员中心): who the customer is, whose customer, and the customer's points
// in all channels.
package member

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/center"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data"
	"github.com/onepool/onepool/app/member/internal/data/migrations"
	"github.com/onepool/onepool/app/member/internal/service"
)

const (
	name = "member"
	// purgeEvery is how often codes that nobody counts any more are removed.
	purgeEvery = time.Hour
	// expireEvery is how often points past their time are booked out; a freeze does it for its member at once.
	expireEvery = 10 * time.Minute
	expireBatch = 200
	day         = 24 * time.Hour
)

// Config is what can be chosen.
type Config struct {
	DB database.Config
	// Currency of the brand; points are earned for whole units of it.
	Currency string
	// PointsPerUnit is earned for 1.00, PointValueMinor is what a point pays when it is spent.
	PointsPerUnit, PointValueMinor int64
	// ExpiryMonths is how long points live, Grace how long those that are given back after that.
	ExpiryMonths int
	Grace        time.Duration
	// Protection is how long a guide's binding is protected from others.
	Protection time.Duration
	// HomeCountry is the calling code that phones are written without.
	HomeCountry string
	TokenTTL    time.Duration
	// SandboxSMS shows one-time codes instead of sending them.
	SandboxSMS bool
}

// Complete fills in what was not chosen and names the key that is wrong.
func (c Config) Complete() (Config, error) {
	setDefault(&c.Currency, "CNY")
	setDefault(&c.PointValueMinor, 1)
	setDefault(&c.ExpiryMonths, 24)
	setDefault(&c.Grace, 30*day)
	setDefault(&c.Protection, 365*day)
	setDefault(&c.HomeCountry, "86")
	setDefault(&c.TokenTTL, 30*day)
	if _, known := money.Exponent(c.Currency); !known {
		return c, fmt.Errorf("member: currency %q is unknown", c.Currency)
	}
	for key, wrong := range map[string]bool{
		"points_per_unit": c.PointsPerUnit < 0, "point_value_minor": c.PointValueMinor < 0, "expiry_months": c.ExpiryMonths < 0,
		"grace": c.Grace < 0, "protection": c.Protection < 0, "token_ttl": c.TokenTTL < 0,
	} {
		if wrong {
			return c, fmt.Errorf("member: %s is negative", key)
		}
	}
	return c, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Deps are what the process provides.
type Deps struct {
	Observe *observe.Observer
	Tokens  *authn.Tokens
	// Dial is the way to the store center.
	Dial func(center string) grpc.ClientConnInterface
	// PageSecret is the key of page tokens; PhoneKey finds phones, PersonKey encrypts them, CodeKey hides one-time codes.
	PageSecret, PhoneKey, PersonKey, CodeKey []byte
}

// Center is the member center of one process.
type Center struct {
	*center.Frame
	ledger  *data.Points
	points  *biz.Points
	codes   *data.Codes
	service *service.Member
	wallets *service.Wallets
}

// New opens the database. It does not migrate.
func New(ctx context.Context, c Config, d Deps) (*Center, error) {
	c, err := c.Complete()
	if err != nil {
		return nil, err
	}
	if d.Observe == nil || d.Tokens == nil || d.Dial == nil || len(d.PageSecret) == 0 || len(d.CodeKey) == 0 {
		return nil, errors.New("member: observer, tokens, dialer and keys are required")
	}
	phones, err := data.NewPhones(d.PhoneKey, d.PersonKey)
	if err != nil {
		return nil, fmt.Errorf("member: %w", err)
	}
	frame, err := center.Open(ctx, center.Config{Name: name, DB: c.DB, Migrations: migrations.Files}, d.Observe)
	if err != nil {
		return nil, err
	}
	return assemble(c, d, frame, phones), nil
}

func assemble(c Config, d Deps, frame *center.Frame, phones *data.Phones) *Center {
	db := frame.DB()
	scheme := biz.Scheme{PointsPerUnit: c.PointsPerUnit, UnitMinor: unit(c.Currency), PointValueMinor: c.PointValueMinor,
		ExpiryMonths: c.ExpiryMonths, GraceUS: c.Grace.Microseconds()}
	rules := service.Rules{Scheme: scheme, HomeCountry: c.HomeCountry, ProtectionUS: c.Protection.Microseconds(), TokenTTL: c.TokenTTL}
	members := data.NewMembers(db, phones)
	ledger := data.NewPoints(db, members)
	points := biz.NewPoints(ledger, db, scheme)
	codes := data.NewCodes(db, members, d.CodeKey)
	newID := func() string { return ids.New("mbr") }
	parts := service.Parts{DB: db, Members: members, Ledger: ledger, Codes: codes, Points: points,
		Import:    biz.NewImport(members, points, db, newID, c.HomeCountry, rules.ProtectionUS),
		Directory: data.NewDirectory(d.Dial), Tokens: d.Tokens, Pages: d.PageSecret, NewID: newID}
	if c.SandboxSMS {
		parts.SMS = data.SandboxSMS{}
	}
	value := data.NewWallets(members, c.Currency)
	wallets := service.NewWallets(db, biz.NewWallets(value, db, c.Currency), value, d.PageSecret)
	return &Center{Frame: frame, ledger: ledger, points: points, codes: codes, service: service.New(parts, rules), wallets: wallets}
}

// unit is 1.00 of a currency in minor units.
func unit(currency string) int64 {
	exponent, _ := money.Exponent(currency)
	n := int64(1)
	for range exponent {
		n *= 10
	}
	return n
}

// Register puts the services on the process's servers.
func (c *Center) Register(r *server.Registrar) {
	memberv1.RegisterMemberServer(r.GRPC, c.service)
	memberv1.RegisterWalletsServer(r.GRPC, c.wallets)
	if r.HTTP != nil {
		memberv1.RegisterMemberHTTPServer(r.HTTP, c.service)
		memberv1.RegisterWalletsHTTPServer(r.HTTP, c.wallets)
	}
	memberv1.RegisterMemberBranchServer(r.Branch, service.NewBranch(c.service))
}

// Workers run until their context ends.
func (c *Center) Workers() []func(context.Context) error {
	return append(c.Frame.Workers(),
		c.Every(purgeEvery, "purge codes", func(ctx context.Context) error { _, err := c.codes.Purge(ctx); return err }),
		c.Every(expireEvery, "expire points", c.expire),
	)
}

// expire books out points past their time, one member a transaction.
func (c *Center) expire(ctx context.Context) error {
	now, err := c.DB().Now(ctx)
	if err != nil {
		return err
	}
	after := ""
	for {
		members, err := c.ledger.Overdue(ctx, now, after, expireBatch)
		if err != nil || len(members) == 0 {
			return err
		}
		for _, member := range members {
			err := c.DB().InTx(ctx, func(ctx context.Context) error {
				_, err := c.points.Expire(ctx, member)
				return err
			})
			if err != nil {
				return fmt.Errorf("of %s: %w", member, err)
			}
			after = member
		}
	}
}
