package process_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/configs"
)

// module is one whose database is gone.
type module struct{ process.Module }

func (module) Ready(context.Context) error { return errors.New("the database is gone") }

func TestAProcessIsReadyWhenAllItsModulesAre(t *testing.T) {
	config, err := conf.Load([][]byte{configs.Default}, "", nil, map[string]string{
		"storage.dir": t.TempDir(), "server.http": "127.0.0.1:0", "server.grpc": "127.0.0.1:0",
	})
	require.NoError(t, err)
	healthy := process.Frontend("healthy", func(process.Deps, *server.Registrar) {})
	broken := process.Door{Name: "broken", Open: func(ctx context.Context, d process.Deps) (process.Module, error) {
		m, err := healthy.Open(ctx, d)
		return module{m}, err
	}}
	for _, c := range []struct {
		name  string
		doors []process.Door
		want  int
	}{
		{"all can serve", []process.Door{healthy}, http.StatusOK},
		{"one cannot", []process.Door{healthy, broken}, http.StatusServiceUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			got := 0
			require.NoError(t, process.Run(ctx, process.Options{Name: "test", Config: config, Doors: c.doors, Resolver: process.KeysOfStore, Log: io.Discard,
				Ready: func(ctx context.Context, p *process.Process) error {
					defer stop()
					req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.HTTPURL()+"/readyz", nil)
					if err != nil {
						return err
					}
					resp, err := http.DefaultClient.Do(req)
					if err != nil {
						return err
					}
					got = resp.StatusCode
					return resp.Body.Close()
				}}))
			require.Equal(t, c.want, got)
		})
	}
}
