package biz

import (
	"context"
	"reflect"
	"strconv"
)

// ProfileBook keeps how locations work, in the context's transaction.
type ProfileBook interface {
	// Fresh reads the rows of these locations.
	Fresh(ctx context.Context, codes []string) ([]Location, error)
	// PutProfile answers the new version, or 0 when the expected one is not there any more.
	PutProfile(ctx context.Context, code string, expected int64, p *Profile) (int64, error)
}

// PutProfile says how a location works.
type PutProfile struct{ Book ProfileBook }

// MayProfile says whether the caller may say how a location works: its own managers, and headquarters' operators. To all
// others the location is not there.
func (c Caller) MayProfile(l Location) error { return c.mayAt(l, "manager") }

// MayReadProfile says whether the caller may read it.
func (c Caller) MayReadProfile(l Location) error {
	if !c.SeesExactly(l) {
		return UnknownLocation{l.Code}
	}
	return nil
}

// Decide stores the profile, in place of the version that the caller has seen. What concerns others than the location itself
// (its groups, region, freight zone and territory) only headquarters changes.
func (uc PutProfile) Decide(ctx context.Context, by Caller, code string, body ProfileBody, expected int64) (Location, error) {
	found, err := uc.Book.Fresh(ctx, []string{code})
	if err != nil {
		return Location{}, err
	}
	if len(found) == 0 {
		return Location{}, UnknownLocation{code}
	}
	l := found[0]
	if err := by.MayProfile(l); err != nil {
		return Location{}, err
	}
	profile, err := NewProfile(body)
	if err != nil {
		return Location{}, err
	}
	if was := l.Profile.Body(); !by.Headquarters && !reflect.DeepEqual(was.placing(), body.placing()) {
		return Location{}, Forbidden{"headquarters, to change groups, region, freight zone or territory"}
	}
	version, err := uc.Book.PutProfile(ctx, code, expected, profile)
	if err != nil {
		return Location{}, err
	}
	if version == 0 {
		return Location{}, ProfileIs{l.ProfileVersion}
	}
	l.Profile, l.ProfileVersion = profile, version
	return l, nil
}

// placing is what concerns others than the location.
func (b ProfileBody) placing() ProfileBody {
	p := ProfileBody{Region: b.Region, FreightZone: b.FreightZone, Territory: b.Territory}
	if len(b.Groups) > 0 {
		p.Groups = b.Groups
	}
	return p
}

// ProfileIs refuses a change of a profile that was changed meanwhile.
type ProfileIs struct{ Version int64 }

// Error says how it is.
func (p ProfileIs) Error() string {
	return "the profile is at version " + strconv.FormatInt(p.Version, 10)
}

// Fault is the public face.
func (p ProfileIs) Fault() (int, string, string, map[string]string) {
	return 409, reasonState, p.Error() + ": read it again", map[string]string{"state": "CHANGED", "version": strconv.FormatInt(p.Version, 10)}
}
