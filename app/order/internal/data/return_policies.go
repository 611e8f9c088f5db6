package data

import (
	"context"
	"fmt"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/ent/returnpolicy"
)

// ReturnPolicies keeps the rules about returns.
type ReturnPolicies struct {
	db       *database.DB
	ent      *ent.Client
	standard biz.ReturnTerms
}

// NewReturnPolicies opens the client; terms count where there is no rule.
func NewReturnPolicies(db *database.DB, terms biz.Terms) *ReturnPolicies {
	return &ReturnPolicies{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver())),
		standard: biz.ReturnTerms{WindowUS: terms.ReturnWindowUS, AutoReceiveUS: terms.AutoReceiveUS}}
}

// ReturnTerms are those of the rule in force.
func (s *ReturnPolicies) ReturnTerms(ctx context.Context, channel string) (biz.ReturnTerms, error) {
	rule, known, err := s.inForce(ctx, channel)
	if err != nil || !known {
		return s.standard, err
	}
	return rule.Terms(), nil
}

// GoodwillAlone is the limit of the rule in force.
func (s *ReturnPolicies) GoodwillAlone(ctx context.Context, channel string) (int64, error) {
	rule, _, err := s.inForce(ctx, channel)
	return rule.GoodwillAloneMinor, err
}

// inForce finds the rule that counts now: the channel's own before the general one, the latest before older ones.
func (s *ReturnPolicies) inForce(ctx context.Context, channel string) (biz.ReturnPolicy, bool, error) {
	now, err := s.db.Now(ctx)
	if err != nil {
		return biz.ReturnPolicy{}, false, err
	}
	row, err := s.ent.ReturnPolicy.Query().Where(returnpolicy.ChannelIn(channel, ""), returnpolicy.FromUsLTE(now)).
		Order(ent.Desc(returnpolicy.FieldChannel, returnpolicy.FieldFromUs, returnpolicy.FieldChangedUs, returnpolicy.FieldID)).First(AsService(ctx))
	if ent.IsNotFound(err) {
		return biz.ReturnPolicy{}, false, nil
	}
	if err != nil {
		return biz.ReturnPolicy{}, false, fmt.Errorf("rule about returns: %w", err)
	}
	return toReturnPolicy(row), true, nil
}

// Add keeps a new rule.
func (s *ReturnPolicies) Add(ctx context.Context, p biz.ReturnPolicy) error {
	err := s.ent.ReturnPolicy.Create().SetID(p.ID).SetChannel(p.Channel).SetFromUs(p.FromUS).SetWindowDays(p.WindowDays).SetReceiveDays(p.ReceiveDays).
		SetDelayDays(p.DelayDays).SetKeepGoodsMinor(p.KeepGoodsMinor).SetFreight(int64(p.Freight)).SetGoodwillAloneMinor(p.GoodwillAloneMinor).SetAnyStore(p.AnyStore).SetChangedBy(p.ChangedBy).SetChangedUs(p.ChangedAtUS).Exec(AsService(ctx))
	if err != nil {
		return fmt.Errorf("keep a rule about returns: %w", err)
	}
	return nil
}

// List pages through all rules, the latest first.
func (s *ReturnPolicies) List(ctx context.Context, after After, limit int) ([]biz.ReturnPolicy, error) {
	q := s.ent.ReturnPolicy.Query().Order(ent.Desc(returnpolicy.FieldChangedUs, returnpolicy.FieldID)).Limit(limit)
	if after.ID != "" {
		q = q.Where(returnpolicy.Or(returnpolicy.ChangedUsLT(after.US), returnpolicy.And(returnpolicy.ChangedUs(after.US), returnpolicy.IDLT(after.ID))))
	}
	rows, err := q.All(AsService(ctx))
	if err != nil {
		return nil, fmt.Errorf("rules about returns: %w", err)
	}
	list := make([]biz.ReturnPolicy, len(rows))
	for i, row := range rows {
		list[i] = toReturnPolicy(row)
	}
	return list, nil
}

func toReturnPolicy(row *ent.ReturnPolicy) biz.ReturnPolicy {
	return biz.ReturnPolicy{
		ID: row.ID, Channel: row.Channel, FromUS: row.FromUs, WindowDays: row.WindowDays, ReceiveDays: row.ReceiveDays, DelayDays: row.DelayDays,
		KeepGoodsMinor: row.KeepGoodsMinor, Freight: biz.FreightRefund(row.Freight), GoodwillAloneMinor: row.GoodwillAloneMinor, AnyStore: row.AnyStore,
		ChangedBy: row.ChangedBy, ChangedAtUS: row.ChangedUs,
	}
}
