package inventory

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/saga"
)

func TestTheDoorNamesWhatIsMissing(t *testing.T) {
	_, err := New(t.Context(), Config{}, Deps{})
	require.ErrorContains(t, err, "page secret")
}

func TestTheCenterOpensMigratesWorksAndCloses(t *testing.T) {
	o, err := observe.New(t.Context(), observe.Config{Service: "test"}, &bytes.Buffer{})
	require.NoError(t, err)
	sagas, err := saga.New(saga.Config{Target: "127.0.0.1:1", Secret: bytes.Repeat([]byte("s"), 32)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = sagas.Close() })
	c, err := New(t.Context(), Config{DB: database.Config{Engine: database.SQLite, Path: filepath.Join(t.TempDir(), "inventory.db")}},
		Deps{Observe: o, Saga: sagas, Dial: func(string) grpc.ClientConnInterface { return nil }, PageSecret: bytes.Repeat([]byte("k"), 32), WebhookKey: bytes.Repeat([]byte("w"), 32)})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, c.Migrate(t.Context()), "migrating again changes nothing")
	}
	require.ErrorContains(t, c.Ready(t.Context()), "being loaded", "the pool of stock is not in memory yet")
	require.NoError(t, c.expire(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	workers := c.Workers()
	for _, work := range workers {
		go func() { ended <- work(ctx) }()
	}
	require.Eventually(t, func() bool { return c.Ready(t.Context()) == nil }, 10*time.Second, time.Millisecond)
	stop()
	for range workers {
		require.NoError(t, <-ended)
	}
	require.NoError(t, c.Close())
	require.Error(t, c.Ready(t.Context()))
}
