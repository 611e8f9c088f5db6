package service

import (
	"context"
	"testing"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	commonv1 "github.com/onepool/onepool/api/common/v1"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

type center struct {
	name string
	ids  []string
	err  error
}

func (c center) CheckInvariants(_ context.Context, in *commonv1.CheckInvariantsRequest, _ ...grpc.CallOption) (*commonv1.CheckInvariantsResponse, error) {
	out := &commonv1.CheckInvariantsResponse{}
	for _, id := range c.ids {
		out.Results = append(out.Results, &commonv1.InvariantResult{Id: id, Center: c.name, Checked: int64(in.Limit)})
	}
	return out, c.err
}

func as(t *testing.T, kind tenancy.Kind, roles ...string) context.Context {
	return tenancy.NewContext(t.Context(), tenancy.Principal{Kind: kind, ID: "x", Org: "HQ", Roles: roles}.WithScope())
}

func TestAllCentersAnswerInOneOrder(t *testing.T) {
	s := &Console{Centers: map[string]Auditor{
		"a": center{"a", []string{"I17", "I2", "S1"}, nil}, "b": center{"b", []string{"I17", "I10", "I18a", "I18"}, nil},
	}}
	got, err := s.CheckInvariants(as(t, tenancy.HQ, "admin"), &commonv1.CheckInvariantsRequest{Limit: 7})
	require.NoError(t, err)
	var order []string
	for _, r := range got.Results {
		order = append(order, r.Id+r.Center)
		require.Equal(t, int64(7), r.Checked, "the limit is passed on")
	}
	require.Equal(t, []string{"I2a", "I10b", "I17a", "I17b", "I18b", "I18ab", "S1a"}, order)
}

func TestACenterThatCannotBeAskedIsAnErrorNotAMissingRow(t *testing.T) {
	s := &Console{Centers: map[string]Auditor{"a": center{"a", []string{"I1"}, nil}, "b": center{"b", nil, fault.Unavailable()}}}
	_, err := s.CheckInvariants(as(t, tenancy.HQ, "admin"), &commonv1.CheckInvariantsRequest{})
	require.Equal(t, fault.ReasonUnavailable, kratos.Reason(fault.Public(err)))
}

func TestOnlyHeadquartersAudits(t *testing.T) {
	s := &Console{Centers: map[string]Auditor{"a": center{"a", []string{"I1"}, nil}}}
	for name, ctx := range map[string]context.Context{
		"finance": as(t, tenancy.HQ, "finance"), "franchisee": as(t, tenancy.Franchisee, "admin"), "member": as(t, tenancy.Member),
		"channel": as(t, tenancy.Channel), "device": as(t, tenancy.Device),
	} {
		_, err := s.CheckInvariants(ctx, &commonv1.CheckInvariantsRequest{})
		require.Equal(t, fault.ReasonForbidden, kratos.Reason(err), name)
	}
	_, err := s.CheckInvariants(t.Context(), &commonv1.CheckInvariantsRequest{})
	require.Equal(t, fault.ReasonUnauthenticated, kratos.Reason(err))
}

func TestAllSixCentersAreAsked(t *testing.T) {
	var dialled []string
	New(func(center string) grpc.ClientConnInterface {
		dialled = append(dialled, center)
		return nil
	})
	require.ElementsMatch(t, []string{"product", "store", "inventory", "order", "member", "rebate"}, dialled)
}
