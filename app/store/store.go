// Package store is the door of the store center (店铺中心): organisations, stores, staff, devices, channel accounts, and who
// may sign in.
//
// Always true: a franchisee sees its own data only; the inventory center hears of each change of a store or a contract;
// no secret is stored in clear.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/bcrypt"

	storev1 "github.com/onepool/onepool/api/store/v1"
	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/center"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/store/internal/biz"
	"github.com/onepool/onepool/app/store/internal/data/migrations"
	"github.com/onepool/onepool/app/store/internal/service"
)

const (
	name = "store"
	// purgeEvery is how often nonces that cannot be used again are forgotten.
	purgeEvery      = time.Minute
	defaultTokenTTL = 8 * time.Hour
	defaultTimezone = "Asia/Shanghai"
	minSecretBytes  = 32
)

// Config is what can be chosen. Zeros become the defaults.
type Config struct {
	DB database.Config
	// StaffTokenTTL is how long a staff token is good for; default 8 h.
	StaffTokenTTL time.Duration
	// PasswordCost is bcrypt's; default 10.
	PasswordCost int
	// Timezone of the brand, for sales without a store; default Asia/Shanghai.
	Timezone string
	// AdminKeyFile is where the first start writes the administrator's key; empty: no such key is made.
	AdminKeyFile string
}

// Deps are what the process provides.
type Deps struct {
	Observe *observe.Observer
	Tokens  *authn.Tokens
	// PageSecret is the key of page tokens, CredentialSecret that of device keys and channel secrets.
	PageSecret, CredentialSecret []byte
	// Outbox hands messages to the transaction coordinator.
	Outbox outbox.Submitter
}

func (c Config) complete() (Config, error) {
	if c.StaffTokenTTL == 0 {
		c.StaffTokenTTL = defaultTokenTTL
	}
	if c.PasswordCost == 0 {
		c.PasswordCost = bcrypt.DefaultCost
	}
	if c.Timezone == "" {
		c.Timezone = defaultTimezone
	}
	if c.StaffTokenTTL < time.Second {
		return c, fmt.Errorf("store: staff_token_ttl %v is too short", c.StaffTokenTTL)
	}
	if c.PasswordCost < bcrypt.MinCost || c.PasswordCost > bcrypt.MaxCost {
		return c, fmt.Errorf("store: password_cost %d is not %d to %d", c.PasswordCost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	if _, refusal := biz.NewZones().Normalize("timezone", c.Timezone); refusal != nil {
		return c, fmt.Errorf("store: %w", refusal)
	}
	return c, nil
}

// Center is the store center of one process.
type Center struct {
	*center.Frame
	adminKeyFile string
	service      *service.Store
}

// New opens the database. It does not migrate.
func New(ctx context.Context, c Config, d Deps) (*Center, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	if d.Observe == nil || d.Tokens == nil || d.Outbox == nil || len(d.PageSecret) == 0 || len(d.CredentialSecret) < minSecretBytes {
		return nil, errors.New("store: observer, tokens, outbox and secrets are required")
	}
	frame, err := center.Open(ctx, center.Config{Name: name, DB: c.DB, Migrations: migrations.Files, Outbox: d.Outbox}, d.Observe)
	if err != nil {
		return nil, err
	}
	return &Center{Frame: frame, adminKeyFile: c.AdminKeyFile, service: service.New(frame.DB(), service.Options{
		Tokens: d.Tokens, Secrets: biz.NewSecrets(d.CredentialSecret), Pages: d.PageSecret,
		TokenTTLS: int64(c.StaffTokenTTL / time.Second), PasswordCost: c.PasswordCost, Timezone: c.Timezone,
	})}, nil
}

// Migrate brings the tables up to date, and makes the administrator's key at the first start.
func (c *Center) Migrate(ctx context.Context) error {
	if err := c.Frame.Migrate(ctx); err != nil {
		return err
	}
	if c.adminKeyFile == "" {
		return nil
	}
	return c.EnsureAdminKey(ctx, c.adminKeyFile)
}

// EnsureAdminKey makes the administrator's key and writes it to a file of mode 0600, unless the file is there; then its
// key is the administrator's.
func (c *Center) EnsureAdminKey(ctx context.Context, path string) error {
	return c.service.EnsureAdminKey(ctx, path)
}

// Register puts the services on the process's servers.
func (c *Center) Register(r *server.Registrar) {
	storev1.RegisterStoreServer(r.GRPC, c.service)
	if r.HTTP != nil {
		storev1.RegisterStoreHTTPServer(r.HTTP, c.service)
	}
	r.Open(storev1.Store_SignInStaff_FullMethodName)
}

// Workers run until their context ends.
func (c *Center) Workers() []func(context.Context) error {
	return append(c.Frame.Workers(), c.Every(purgeEvery, "purge nonces", func(ctx context.Context) error {
		_, err := c.service.PurgeNonces(ctx)
		return err
	}))
}
