package data

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data/ent"
	"github.com/onepool/onepool/app/member/internal/data/ent/member"
	"github.com/onepool/onepool/app/member/internal/data/ent/pointsentry"
	_ "github.com/onepool/onepool/app/member/internal/data/ent/runtime" // binds the tenancy rules
)

// BrandOrg is the organisation of members' rows: they are the brand's, no store's.
const BrandOrg = "brand"

const channelSeparator = ","

// Members are the members of one database.
type Members struct {
	db  *database.DB
	ent *ent.Client
	*Phones
}

// NewMembers uses a migrated database.
func NewMembers(db *database.DB, phones *Phones) *Members {
	return &Members{db: db, ent: ent.NewClient(ent.Driver(db.EntDriver())), Phones: phones}
}

// Get returns a member that the caller may see; biz.Unknown if there is none.
func (s *Members) Get(ctx context.Context, id string) (*biz.Member, error) {
	return s.one(ctx, s.ent.Member.Query().Where(member.ID(id)))
}

// Lock is Get, with the row locked until the transaction ends.
func (s *Members) Lock(ctx context.Context, id string) (*biz.Member, error) {
	return s.one(ctx, s.ent.Member.Query().Where(member.ID(id)).ForUpdate())
}

// ByPhone finds a member by its normalized phone.
func (s *Members) ByPhone(ctx context.Context, phone string) (*biz.Member, error) {
	return s.one(ctx, s.ent.Member.Query().Where(member.PhoneHash(s.Hash(phone))))
}

func (s *Members) one(ctx context.Context, q *ent.MemberQuery) (*biz.Member, error) {
	row, err := q.Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, biz.Unknown{Kind: "member"}
	case err != nil:
		return nil, fmt.Errorf("read member: %w", err)
	}
	return s.fromRow(row)
}

// ByHash returns the members with these phones, locked, by hash.
func (s *Members) ByHash(ctx context.Context, hashes []string) (map[string]*biz.Member, error) {
	rows, err := s.ent.Member.Query().Where(member.PhoneHashIn(hashes...)).Order(ent.Asc(member.FieldID)).ForUpdate().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read members by phone: %w", err)
	}
	out := make(map[string]*biz.Member, len(rows))
	for _, row := range rows {
		if out[row.PhoneHash], err = s.fromRow(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// List returns at most n members after the id after.
func (s *Members) List(ctx context.Context, homeStore, after string, n int) ([]*biz.Member, error) {
	q := s.ent.Member.Query().Where(member.IDGT(after))
	if homeStore != "" {
		q.Where(member.HomeStoreCode(homeStore))
	}
	rows, err := q.Order(ent.Asc(member.FieldID)).Limit(n).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	out := make([]*biz.Member, len(rows))
	for i, row := range rows {
		if out[i], err = s.fromRow(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Add makes a member with an empty account.
func (s *Members) Add(ctx context.Context, phone string, m *biz.Member) error {
	sealed := s.Seal([]byte(phone), m.ID)
	masked, err := s.masked(sealed, m.ID)
	if err != nil {
		return err
	}
	m.PhoneHash, m.PhoneMasked = s.Hash(phone), masked
	err = s.ent.Member.Create().SetID(m.ID).SetOrg(BrandOrg).SetPhoneHash(m.PhoneHash).SetPhoneCipher(sealed).
		SetName(m.Name).SetHomeStoreCode(m.HomeStoreCode).SetGuideCode(m.Binding.GuideCode).SetGuideStoreCode(m.Binding.StoreCode).
		SetGuideReason(m.Binding.Reason).SetGuideBoundAtUs(m.Binding.BoundUS).SetChannels(strings.Join(m.Channels, channelSeparator)).
		SetTier(m.Tier).SetSegments(strings.Join(m.Segments, channelSeparator)).SetCreatedAtUs(m.CreatedUS).SetUpdatedAtUs(m.UpdatedUS).Exec(ctx)
	if err != nil {
		return fmt.Errorf("create member: %w", err)
	}
	if err := s.ent.PointsAccount.Create().SetID(m.ID).SetOrg(BrandOrg).Exec(ctx); err != nil {
		return fmt.Errorf("create account: %w", err)
	}
	return nil
}

// Save writes what of a member can change; its row is locked.
func (s *Members) Save(ctx context.Context, m *biz.Member) error {
	n, err := s.ent.Member.Update().Where(member.ID(m.ID)).
		SetName(m.Name).SetHomeStoreCode(m.HomeStoreCode).SetGuideCode(m.Binding.GuideCode).SetGuideStoreCode(m.Binding.StoreCode).
		SetGuideReason(m.Binding.Reason).SetGuideBoundAtUs(m.Binding.BoundUS).SetChannels(strings.Join(m.Channels, channelSeparator)).
		SetTier(m.Tier).SetSegments(strings.Join(m.Segments, channelSeparator)).SetUpdatedAtUs(m.UpdatedUS).Save(ctx)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows changed", n)
	}
	if err != nil {
		return fmt.Errorf("update member %s: %w", m.ID, err)
	}
	return nil
}

// Imported says whether the member has the opening points of a document.
func (s *Members) Imported(ctx context.Context, id, document string) (bool, error) {
	found, err := s.ent.PointsEntry.Query().Where(pointsentry.MemberID(id), pointsentry.Effect("import:"+document)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("read opening points: %w", err)
	}
	return found, nil
}

func (s *Members) fromRow(row *ent.Member) (*biz.Member, error) {
	masked, err := s.masked(row.PhoneCipher, row.ID)
	if err != nil {
		return nil, fmt.Errorf("member %s: %w", row.ID, err)
	}
	m := &biz.Member{ID: row.ID, PhoneHash: row.PhoneHash, PhoneMasked: masked, Name: row.Name, HomeStoreCode: row.HomeStoreCode,
		Binding: biz.Binding{GuideCode: row.GuideCode, StoreCode: row.GuideStoreCode, Reason: row.GuideReason, BoundUS: row.GuideBoundAtUs},
		Tier:    row.Tier, CreatedUS: row.CreatedAtUs, UpdatedUS: row.UpdatedAtUs}
	if row.Segments != "" {
		m.Segments = slices.Collect(strings.SplitSeq(row.Segments, channelSeparator))
	}
	if row.Channels != "" {
		m.Channels = slices.Collect(strings.SplitSeq(row.Channels, channelSeparator))
	}
	return m, nil
}
