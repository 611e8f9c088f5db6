package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/store/internal/biz"
	"github.com/onepool/onepool/app/store/internal/data/ent"
	"github.com/onepool/onepool/app/store/internal/data/ent/adminkey"
	"github.com/onepool/onepool/app/store/internal/data/ent/channelaccount"
	"github.com/onepool/onepool/app/store/internal/data/ent/device"
	"github.com/onepool/onepool/app/store/internal/data/ent/nonce"
)

const (
	adminRow = "admin"
	// platformOrg owns the administrator's key: no organisation has this code in its scope.
	platformOrg = "~platform"
	// purgeBatch bounds one transaction that forgets nonces, purgeBatches one round.
	purgeBatch   = 500
	purgeBatches = 200
)

// Credentials are the devices, channel accounts, the administrator's key and used nonces of one database.
type Credentials struct {
	db  *database.DB
	ent *ent.Client
}

// NewCredentials uses a migrated database.
func NewCredentials(db *database.DB) *Credentials {
	return &Credentials{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver()))}
}

// CreateDevice adds a till.
func (c *Credentials) CreateDevice(ctx context.Context, d biz.Device) error {
	err := c.ent.Device.Create().SetID(d.ID).SetOrg(d.Org).SetStoreCode(d.Store).SetName(d.Name).SetKeyHash(d.KeyHash).
		SetCreatedUs(d.CreatedUS).SetRevokedUs(0).Exec(ctx)
	if err != nil {
		return fmt.Errorf("create device: %w", err)
	}
	return nil
}

// Device reads a till that the caller may see.
func (c *Credentials) Device(ctx context.Context, id string) (biz.Device, bool, error) {
	rows, err := c.ent.Device.Query().Where(device.ID(id)).All(ctx)
	if err != nil || len(rows) == 0 {
		return biz.Device{}, false, err
	}
	r := rows[0]
	return biz.Device{ID: r.ID, Org: r.Org, Store: r.StoreCode, Name: r.Name, KeyHash: r.KeyHash, CreatedUS: r.CreatedUs, RevokedUS: r.RevokedUs}, true, nil
}

// RevokeDevice ends a till's access.
func (c *Credentials) RevokeDevice(ctx context.Context, id string, nowUS int64) error {
	n, err := c.ent.Device.Update().Where(device.ID(id)).SetRevokedUs(nowUS).Save(ctx)
	return changedOne("device", id, n, err)
}

// CreateAccount adds a channel account.
func (c *Credentials) CreateAccount(ctx context.Context, a biz.ChannelAccount) error {
	err := c.ent.ChannelAccount.Create().SetID(a.ID).SetOrg(a.Org).SetKeyID(a.KeyID).SetChannel(a.Channel).SetName(a.Name).
		SetCreatedUs(a.CreatedUS).SetRevokedUs(0).Exec(ctx)
	if err != nil {
		return fmt.Errorf("create channel account: %w", err)
	}
	return nil
}

// Account reads the channel account with a key id, if the caller may see it.
func (c *Credentials) Account(ctx context.Context, keyID string) (biz.ChannelAccount, bool, error) {
	rows, err := c.ent.ChannelAccount.Query().Where(channelaccount.KeyID(keyID)).All(ctx)
	if err != nil || len(rows) == 0 {
		return biz.ChannelAccount{}, false, err
	}
	r := rows[0]
	return biz.ChannelAccount{ID: r.ID, Org: r.Org, KeyID: r.KeyID, Channel: r.Channel, Name: r.Name, CreatedUS: r.CreatedUs, RevokedUS: r.RevokedUs}, true, nil
}

// RevokeAccount ends a channel account's access.
func (c *Credentials) RevokeAccount(ctx context.Context, keyID string, nowUS int64) error {
	n, err := c.ent.ChannelAccount.Update().Where(channelaccount.KeyID(keyID)).SetRevokedUs(nowUS).Save(ctx)
	return changedOne("channel account", keyID, n, err)
}

// UseNonce records a nonce and says whether it was new; in the caller's transaction.
func (c *Credentials) UseNonce(ctx context.Context, org, keyID, value string, expiresUS int64) (fresh bool, err error) {
	err = c.db.Savepoint(ctx, func(ctx context.Context) error {
		return c.ent.Nonce.Create().SetID(keyID + ":" + value).SetOrg(org).SetExpiresUs(expiresUS).Exec(ctx)
	})
	switch {
	case err == nil:
		return true, nil
	case database.IsUniqueViolation(err):
		return false, nil
	}
	return false, fmt.Errorf("use nonce: %w", err)
}

// PurgeNonces forgets those that no request could use any more, in bounded batches.
func (c *Credentials) PurgeNonces(ctx context.Context) (gone int, err error) {
	for range purgeBatches {
		n := 0
		err := c.db.InTx(ctx, func(ctx context.Context) error {
			now, err := c.db.Now(ctx)
			if err != nil {
				return err
			}
			old, err := c.ent.Nonce.Query().Where(nonce.ExpiresUsLT(now)).Limit(purgeBatch).IDs(ctx)
			if err != nil || len(old) == 0 {
				return err
			}
			n, err = c.ent.Nonce.Delete().Where(nonce.IDIn(old...)).Exec(ctx)
			return err
		})
		gone += n
		if err != nil || n < purgeBatch {
			return gone, err
		}
	}
	return gone, nil
}

// AdminKeyHash is the hash of the administrator's key, empty when there is none yet.
func (c *Credentials) AdminKeyHash(ctx context.Context) (string, error) {
	rows, err := c.ent.AdminKey.Query().Where(adminkey.ID(adminRow)).All(ctx)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].KeyHash, nil
}

// SetAdminKeyHash replaces the administrator's key; in the caller's transaction.
func (c *Credentials) SetAdminKeyHash(ctx context.Context, hash string, nowUS int64) error {
	n, err := c.ent.AdminKey.Update().Where(adminkey.ID(adminRow)).SetKeyHash(hash).SetUpdatedUs(nowUS).Save(ctx)
	if err != nil || n == 1 {
		return err
	}
	return c.ent.AdminKey.Create().SetID(adminRow).SetOrg(platformOrg).SetKeyHash(hash).SetUpdatedUs(nowUS).Exec(ctx)
}
