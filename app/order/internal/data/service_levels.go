package data

import (
	"context"
	"fmt"
	"time"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/fulfilment"
	"github.com/onepool/onepool/app/order/internal/data/ent/servicelevel"
)

// allChannels is the key of the level for channels that have none of their own.
const allChannels = "*"

const topicLevels = "order.service_levels"

// Levels keeps service levels.
type Levels struct {
	db     *database.DB
	ent    *ent.Client
	recent *database.Recent[map[string]biz.ServiceLevel]
}

// NewLevels opens the client.
func NewLevels(db *database.DB) *Levels {
	return &Levels{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver())), recent: database.NewRecent[map[string]biz.ServiceLevel](db, topicLevels)}
}

// Current are the levels by channel, at most a second old.
func (s *Levels) Current(ctx context.Context) (map[string]biz.ServiceLevel, error) {
	return s.recent.Get(time.Now().UnixMicro(), func(map[string]biz.ServiceLevel) (map[string]biz.ServiceLevel, error) {
		list, err := s.All(AsService(ctx))
		if err != nil {
			return nil, err
		}
		all := make(map[string]biz.ServiceLevel, len(list))
		for _, l := range list {
			all[l.Channel] = l
		}
		return all, nil
	})
}

// All reads the levels, by channel.
func (s *Levels) All(ctx context.Context) ([]biz.ServiceLevel, error) {
	rows, err := s.ent.ServiceLevel.Query().Order(ent.Asc(servicelevel.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("service levels: %w", err)
	}
	list := make([]biz.ServiceLevel, len(rows))
	for i, row := range rows {
		list[i] = toLevel(row)
	}
	return list, nil
}

func toLevel(row *ent.ServiceLevel) biz.ServiceLevel {
	l := biz.ServiceLevel{Channel: row.ID, AcceptUS: row.AcceptUs, PickUS: row.PickUs, ShipUS: row.ShipUs, CollectUS: row.CollectUs, AnswerUS: row.AnswerUs, Version: row.Version, ChangedBy: row.ChangedBy, ChangedAtUS: row.ChangedUs}
	if l.Channel == allChannels {
		l.Channel = ""
	}
	return l
}

// Put writes the level of a channel over the version that was seen; 0: the channel has none yet. Another is refused with
// STATE_CONFLICT.
func (s *Levels) Put(ctx context.Context, l biz.ServiceLevel, seen int64) (biz.ServiceLevel, error) {
	id := l.Channel
	if id == "" {
		id = allChannels
	}
	l.Version = seen + 1
	if seen == 0 {
		err := s.ent.ServiceLevel.Create().SetID(id).SetAcceptUs(l.AcceptUS).SetPickUs(l.PickUS).SetShipUs(l.ShipUS).SetCollectUs(l.CollectUS).SetAnswerUs(l.AnswerUS).SetVersion(l.Version).
			SetChangedBy(l.ChangedBy).SetChangedUs(l.ChangedAtUS).Exec(ctx)
		if database.IsUniqueViolation(err) {
			return l, biz.Overtaken("the channel has a service level: read it, and change that version")
		}
		if err != nil {
			return l, fmt.Errorf("service level: %w", err)
		}
	} else {
		n, err := s.ent.ServiceLevel.Update().Where(servicelevel.ID(id), servicelevel.Version(seen)).SetAcceptUs(l.AcceptUS).SetPickUs(l.PickUS).SetShipUs(l.ShipUS).SetCollectUs(l.CollectUS).SetAnswerUs(l.AnswerUS).
			SetVersion(l.Version).SetChangedBy(l.ChangedBy).SetChangedUs(l.ChangedAtUS).Save(ctx)
		if err != nil {
			return l, fmt.Errorf("service level: %w", err)
		}
		if n != 1 {
			return l, biz.Overtaken("the service level was changed meanwhile: read it again")
		}
	}
	return l, s.db.AfterCommit(ctx, func() { s.db.Signal(topicLevels) })
}

// OverdueDue are fulfilments that may have become late.
func (s *Orders) OverdueDue(ctx context.Context, nowUS int64, limit int) ([]Due, error) {
	rows, err := s.ent.Fulfilment.Query().Where(fulfilment.DueUsGT(0), fulfilment.DueUsLTE(nowUS)).
		Order(ent.Asc(fulfilment.FieldDueUs, fulfilment.FieldNo)).Limit(limit).All(AsService(ctx))
	return dueFulfilments(rows, err)
}

// OverdueFulfilments reads a page of what is late and the caller may see, the longest first.
func (s *Orders) OverdueFulfilments(ctx context.Context, location, channel string, after After, limit int) ([]Due, []After, error) {
	q := s.ent.Fulfilment.Query().Where(fulfilment.OverdueUsGT(0), after.after(fulfilment.FieldOverdueUs, fulfilment.FieldID))
	if location != "" {
		q = q.Where(fulfilment.Location(location))
	}
	if channel != "" {
		q = q.Where(fulfilment.Channel(channel))
	}
	rows, err := q.Order(ent.Asc(fulfilment.FieldOverdueUs), ent.Asc(fulfilment.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("overdue: %w", err)
	}
	found, keys := make([]Due, len(rows)), make([]After, len(rows))
	for i, row := range rows {
		found[i], keys[i] = Due{row.OrderID, row.ID}, After{row.OverdueUs, row.ID}
	}
	return found, keys, nil
}
