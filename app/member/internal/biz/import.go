package biz

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/onepool/onepool/app/internal/batch"
)

// ImportRow is a row as it was sent.
type ImportRow struct {
	Line                                  int64
	Phone, Name, HomeStoreCode, GuideCode string
	Points                                int64
	Tier, Segments                        string // empty: as they are; "-": none; segments are joined by "|"
}

// MemberBook keeps members. All its methods run in the context's transaction.
type MemberBook interface {
	// Hash is how a phone is found.
	Hash(phone string) string
	// ByHash returns the members with these phones, locked, by hash.
	ByHash(ctx context.Context, hashes []string) (map[string]*Member, error)
	// Add makes a member with an empty account.
	Add(ctx context.Context, phone string, m *Member) error
	Save(ctx context.Context, m *Member) error
	// Imported says whether the member has the opening points of a document.
	Imported(ctx context.Context, member, document string) (bool, error)
}

const (
	reasonPhone = "PHONE_INVALID"
	reasonGuide = "GUIDE_UNKNOWN"
	maxName     = 128
	maxCode     = 64
	maxSegments = 30
	maxOpening  = 1_000_000_000
)

// Import takes members over by phone.
type Import struct {
	members      MemberBook
	points       *Points
	clock        Clock
	newID        func() string
	homeCountry  string
	protectionUS int64
}

// NewImport returns the use case; newID makes the ids of new members.
func NewImport(members MemberBook, points *Points, clock Clock, newID func() string, homeCountry string, protectionUS int64) *Import {
	return &Import{members, points, clock, newID, homeCountry, protectionUS}
}

type parsed struct {
	row         ImportRow
	phone, hash string
	segments    []string
}

// none takes a tier or all segments away.
const none = "-"

// Rows creates or updates members; good rows are kept, bad ones reported. known is what the directory says of
// the guides and stores that the rows name. A home store that a member has stays; a guide takes over only from one who is not protected any more.
func (uc *Import) Rows(ctx context.Context, document string, rows []ImportRow, known Known) (batch.Result, error) {
	var result batch.Result
	now, err := uc.clock.Now(ctx)
	if err != nil {
		return result, err
	}
	var good []parsed
	var hashes []string
	lines := map[string]int64{}
	for _, row := range rows {
		p, refusal := uc.parse(row, known)
		if refusal == nil {
			if first, twice := lines[p.hash]; twice {
				refusal = batch.Refuse(batch.ReasonDuplicate, "phone", "is the phone of line %d too", first)
			}
		}
		if refusal != nil {
			result.Refused(row.Line, refusal)
			continue
		}
		lines[p.hash] = row.Line
		good = append(good, p)
		hashes = append(hashes, p.hash)
	}
	members, err := uc.members.ByHash(ctx, hashes)
	if err != nil {
		return result, err
	}
	for _, p := range good {
		outcome, err := uc.take(ctx, document, p, members[p.hash], known.Guides, now)
		if err != nil {
			return result, fmt.Errorf("line %d: %w", p.row.Line, err)
		}
		result.Took(outcome)
	}
	return result, nil
}

func (uc *Import) parse(row ImportRow, known Known) (p parsed, refusal *batch.Refusal) {
	phone, err := NormalizePhone(row.Phone, uc.homeCountry)
	if err != nil {
		return p, batch.Refuse(reasonPhone, "phone", "must have 6 to 15 digits")
	}
	if row.Name, refusal = batch.Text("name", row.Name, 0, maxName); refusal != nil {
		return p, refusal
	}
	if row.HomeStoreCode != "" {
		if row.HomeStoreCode, refusal = batch.Code("home_store_code", row.HomeStoreCode, maxCode); refusal != nil {
			return p, refusal
		}
		if !known.Stores[row.HomeStoreCode] {
			return p, batch.Refuse(batch.ReasonStoreUnknown, "home_store_code", "no store %q: import stores first", row.HomeStoreCode)
		}
	}
	if row.GuideCode != "" {
		if row.GuideCode, refusal = batch.Code("guide_code", row.GuideCode, maxCode); refusal != nil {
			return p, refusal
		}
		if !known.Guides[row.GuideCode].Active {
			return p, batch.Refuse(reasonGuide, "guide_code", "no guide %q is at work: import staff first", row.GuideCode)
		}
	}
	if row.Points < 0 || row.Points > maxOpening {
		return p, batch.Refuse(batch.ReasonValidator, "points", "must be between 0 and %d", int64(maxOpening))
	}
	p = parsed{row: row, phone: phone, hash: uc.members.Hash(phone)}
	if row.Tier != "" && row.Tier != none {
		if p.row.Tier, refusal = batch.Code("tier", row.Tier, maxCode); refusal != nil {
			return p, refusal
		}
	}
	if row.Segments == "" || row.Segments == none {
		return p, nil
	}
	for _, code := range strings.Split(row.Segments, "|") {
		if code, refusal = batch.Code("segments", code, maxCode); refusal != nil {
			return p, refusal
		}
		p.segments = append(p.segments, code)
	}
	slices.Sort(p.segments)
	if p.segments = slices.Compact(p.segments); len(p.segments) > maxSegments {
		return p, batch.Refuse(batch.ReasonValidator, "segments", "must be at most %d", maxSegments)
	}
	return p, nil
}

// group puts a member into its tier and segments, where the row says something about them.
func (p parsed) group(m *Member) (changed bool) {
	if p.row.Tier != "" {
		tier := strings.TrimPrefix(p.row.Tier, none)
		m.Tier, changed = tier, tier != m.Tier
	}
	if p.row.Segments != "" && !slices.Equal(p.segments, m.Segments) {
		m.Segments, changed = p.segments, true
	}
	return changed
}

func (uc *Import) take(ctx context.Context, document string, p parsed, m *Member, guides map[string]Guide, now int64) (batch.Outcome, error) {
	outcome := batch.Unchanged
	if m == nil {
		m = &Member{ID: uc.newID(), PhoneHash: p.hash, Name: p.row.Name, HomeStoreCode: p.row.HomeStoreCode, CreatedUS: now, UpdatedUS: now}
		p.group(m)
		m.Binding, _ = Binding{}.Rebind(uc.binding(p.row, guides, now), uc.protectionUS)
		if err := uc.members.Add(ctx, p.phone, m); err != nil {
			return 0, err
		}
		outcome = batch.Created
	} else {
		changed := m.Acquaint("", p.row.HomeStoreCode)
		changed = p.group(m) || changed
		if p.row.Name != "" && p.row.Name != m.Name {
			m.Name, changed = p.row.Name, true
		}
		if next, rebound := m.Binding.Rebind(uc.binding(p.row, guides, now), uc.protectionUS); rebound {
			m.Binding, changed = next, true
		}
		if changed {
			m.UpdatedUS = now
			if err := uc.members.Save(ctx, m); err != nil {
				return 0, err
			}
			outcome = batch.Updated
		}
	}
	if p.row.Points == 0 {
		return outcome, nil
	}
	done, err := uc.members.Imported(ctx, m.ID, document)
	if err != nil || done {
		return outcome, err
	}
	if err := uc.points.ImportOpening(ctx, m.ID, document, p.row.Points); err != nil {
		return 0, err
	}
	if outcome == batch.Unchanged {
		outcome = batch.Updated
	}
	return outcome, nil
}

func (uc *Import) binding(row ImportRow, guides map[string]Guide, now int64) Binding {
	if row.GuideCode == "" {
		return Binding{}
	}
	return Binding{GuideCode: row.GuideCode, StoreCode: guides[row.GuideCode].StoreCode, Reason: "import", BoundUS: now}
}
