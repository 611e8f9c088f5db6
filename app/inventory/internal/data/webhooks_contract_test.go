package data

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/webhook"
	"github.com/onepool/onepool/app/internal/webhook/hooks"
)

func TestAWebhookComesBackWhole(t *testing.T) {
	contract(t, func(ctx context.Context, t *testing.T, db *database.DB, _ *Store) {
		s := hooks.Store{DB: db, Log: "stock_changes"}
		row := filled[webhook.Row](t)
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error { return s.Add(ctx, row) }))
		got, known, err := s.Find(ctx, row.ID)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, row, got)
		changed := filled[webhook.Row](t)
		changed.URL, changed.Salt, changed.CoalesceMS, changed.Active, changed.Position, changed.Failures, changed.NextUS, changed.LastError, changed.UpdatedUS = "u", []byte("s"), 1, false, 2, 3, 4, "e", 5
		require.NoError(t, db.InTx(ctx, func(ctx context.Context) error { return s.Save(ctx, changed) }))
		got, _, err = s.Find(ctx, row.ID)
		require.NoError(t, err)
		require.Equal(t, changed, got)
	})
}
