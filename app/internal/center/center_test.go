package center

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/barrier"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/observe"
	"github.com/onepool/onepool/app/internal/outbox"
	"github.com/onepool/onepool/app/internal/tenancy"
	"github.com/onepool/onepool/app/internal/testkit"
)

// submitter takes every message.
type submitter struct{}

func (submitter) SubmitMessage(context.Context, string, []outbox.Call) error { return nil }

func observer(t *testing.T) (*observe.Observer, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	o, err := observe.New(t.Context(), observe.Config{Service: "test"}, &log)
	require.NoError(t, err)
	return o, &log
}

func TestWhatIsPastItsRetentionIsForgotten(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		f := &Frame{name: "test", db: open(nil)}
		insert := func(query string, args ...any) {
			require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context) error {
				_, err := f.db.Conn(ctx).ExecContext(ctx, query, args...)
				return err
			}))
		}
		now, err := f.db.Now(t.Context())
		require.NoError(t, err)
		minute := time.Minute.Microseconds()
		for id, age := range map[string]int64{"old": minute, "new": -minute} {
			command, barrier, outbox := now-command.Retention.Microseconds()-age, now-barrier.Retention.Microseconds()-age, now-outbox.Retention.Microseconds()-age
			insert("INSERT INTO commands (caller, method, request_id, hash, created_us) VALUES ('c', 'm', ?, 'h', ?)", id, command)
			insert("INSERT INTO intents (caller, method, request_id, hash, gid, business_id, principal, payload, state, created_us, updated_us) VALUES ('c', 'm', ?, 'h', ?, 'b', 'p', 'p', 'done', ?, ?)", id, id, command, command)
			insert("INSERT INTO barriers (gid, branch, op, created_us) VALUES (?, '01', 'action', ?)", id, barrier)
			insert("INSERT INTO outbox (id, kind, msg_key, calls, created_us, done_us) VALUES (?, 'ol', 'k', 'c', ?, ?)", id, outbox, outbox)
		}
		require.NoError(t, f.purge(t.Context()))
		for table, key := range map[string]string{"commands": "request_id", "intents": "request_id", "barriers": "gid", "outbox": "id"} {
			rows, err := f.db.Conn(t.Context()).QueryContext(t.Context(), "SELECT "+key+" FROM "+table)
			require.NoError(t, err)
			var left []string
			for rows.Next() {
				var id string
				require.NoError(t, rows.Scan(&id))
				left = append(left, id)
			}
			require.NoError(t, rows.Err())
			require.NoError(t, rows.Close())
			require.Equal(t, []string{"new"}, left, table)
		}
	})
}

func TestAFrameOpensMigratesWorksAndCloses(t *testing.T) {
	o, _ := observer(t)
	path := filepath.Join(t.TempDir(), "test.db")
	config := Config{Name: "test", DB: database.Config{Engine: database.SQLite, Path: path}, Migrations: fstest.MapFS{
		"sqlite/20260101000000_things.sql": {Data: []byte("CREATE TABLE things (id INTEGER PRIMARY KEY);\n")},
	}, Outbox: submitter{}}
	f, err := Open(t.Context(), config, o)
	require.NoError(t, err)
	require.Equal(t, "test", f.DB().Name())
	require.NoError(t, f.Migrate(t.Context()))
	require.NoError(t, f.Ready(t.Context()))
	_, err = Open(t.Context(), config, o)
	require.ErrorContains(t, err, "metrics of test", "the same center twice in a process")

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	workers := f.Workers()
	require.Len(t, workers, 2, "purge and relay")
	for _, work := range workers {
		go func() { ended <- work(ctx) }()
	}
	stop()
	for range workers {
		require.NoError(t, <-ended)
	}
	require.NoError(t, f.Close())
	require.Error(t, f.Ready(t.Context()))
}

func TestAWorkerGoesOnAfterAnError(t *testing.T) {
	o, log := observer(t)
	f := &Frame{name: "test", observe: o}
	ctx, stop := context.WithCancel(t.Context())
	turns := 0
	require.NoError(t, f.Every(time.Millisecond, "look", func(ctx context.Context) error {
		who, err := tenancy.FromContext(ctx)
		require.NoError(t, err)
		require.Equal(t, "test", who.ID)
		if turns++; turns == 3 {
			stop()
		}
		return errors.New("nothing there")
	})(ctx))
	require.Equal(t, 3, turns)
	require.Equal(t, 2, bytes.Count(log.Bytes(), []byte("nothing there")), "the end is no failure: %s", log)
}

func TestWhatAWorkerCouldNotDoIsLoggedUnderTheTraceOfItsTurn(t *testing.T) {
	o, log := observer(t)
	f := &Frame{name: "test", observe: o}
	ctx, stop := context.WithCancel(t.Context())
	var traces []string
	require.NoError(t, f.Every(time.Millisecond, "sweep", func(ctx context.Context) error {
		if traces = append(traces, observe.TraceID(ctx)); len(traces) == 2 {
			stop()
		}
		return errors.New("broken")
	})(ctx))
	require.Len(t, traces, 2)
	require.NotEqual(t, traces[0], traces[1], "each turn has a trace of its own")
	require.Contains(t, log.String(), `"trace_id":"`+traces[0]+`"`)
}
