package authn_test

import (
	"testing"

	"github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

func TestOnlyHeadquartersPeopleWithTheRolePass(t *testing.T) {
	for name, c := range map[string]struct {
		caller tenancy.Principal
		passes bool
	}{
		"headquarters with the role":           {tenancy.Principal{Kind: tenancy.HQ, ID: "one", Org: "org", Roles: []string{"operator"}}, true},
		"headquarters with another":            {tenancy.Principal{Kind: tenancy.HQ, ID: "one", Org: "org", Roles: []string{"guide"}}, false},
		"a franchisee with a role of the name": {tenancy.Principal{Kind: tenancy.Franchisee, ID: "one", Org: "org", Roles: []string{"admin"}}, false},
		"a service":                            {tenancy.Principal{Kind: tenancy.Service, ID: "one", Org: "org"}, false},
	} {
		err := authn.RequireHQ(tenancy.NewContext(t.Context(), c.caller.WithScope()), "admin", "operator")
		if c.passes {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, fault.ReasonForbidden, errors.Reason(err), name)
	}
	require.ErrorIs(t, authn.RequireHQ(t.Context(), "admin"), tenancy.ErrNoPrincipal)
}
