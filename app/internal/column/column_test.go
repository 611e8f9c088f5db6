package column_test

import (
	"context"
	"testing"

	"entgo.io/ent"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/column"
)

// mutation is of one operation; the hook asks for nothing else.
type mutation struct {
	ent.Mutation
	op ent.Op
}

func (m mutation) Op() ent.Op { return m.op }

func TestALedgerTakesNewRowsOnly(t *testing.T) {
	written := 0
	hooked := column.AppendOnly(ent.MutateFunc(func(context.Context, ent.Mutation) (ent.Value, error) {
		written++
		return nil, nil
	}))
	for _, op := range []ent.Op{ent.OpUpdate, ent.OpUpdateOne, ent.OpDelete, ent.OpDeleteOne} {
		_, err := hooked.Mutate(t.Context(), mutation{op: op})
		require.ErrorIs(t, err, column.ErrAppendOnly, "%v", op)
	}
	require.Zero(t, written)
	_, err := hooked.Mutate(t.Context(), mutation{op: ent.OpCreate})
	require.NoError(t, err)
	require.Equal(t, 1, written)
}

func TestTheDatabaseTakesWhatTheValidatorTakes(t *testing.T) {
	for _, c := range []struct {
		field     ent.Field
		immutable bool
	}{
		{column.Key("a", 7), true}, {column.Text("b", 7), false}, {column.Fixed("c", 7), true},
	} {
		d := c.field.Descriptor()
		require.Equal(t, 7, d.Size, d.Name)
		require.Len(t, d.Annotations, 1, d.Name)
		require.Equal(t, column.Key("x", 7).Descriptor().Annotations[0], d.Annotations[0], d.Name)
		require.Equal(t, c.immutable, d.Immutable, d.Name)
		validate := d.Validators[0].(func(string) error)
		require.NoError(t, validate("明前龙井新茶叶"), "characters count, not bytes")
		require.Error(t, validate("tea tree"))
	}
}
