package service

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

const (
	crashEnv     = "INVENTORY_CRASH_DATABASE"
	crashRound   = "INVENTORY_CRASH_ROUND"
	crashClients = 16
	crashAcks    = 60 // acknowledgements after which the process is killed, in the middle of others
	crashRounds  = 3
)

// crashHold is what client number client asks as its n-th: a function of the numbers, so that it can be asked again.
func crashHold(round string, client, n int) *inventoryv1.HoldRequest {
	id := fmt.Sprintf("crash-%s-%04d-%04d", round, client, n)
	in := parcel("ord-"+id, line("1", "LJ", 1), line("2", "TG", 1))
	in.RequestId = id
	return in
}

// answer is an outcome in one line.
func answer(got *inventoryv1.HoldResponse, err error) string {
	if err != nil {
		return "refused " + reasonOf(err)
	}
	ids := make([]string, len(got.Reservations))
	for i, res := range got.Reservations {
		ids[i] = res.Id
	}
	return strings.Join(ids, ",")
}

// TestCrashHelper is the process that is killed: it holds under load and says what was acknowledged.
func TestCrashHelper(t *testing.T) {
	encoded := os.Getenv(crashEnv)
	if encoded == "" {
		t.Skip("runs as a process of TestKilledUnderLoadNothingAcknowledgedIsLost")
	}
	var config database.Config
	require.NoError(t, json.Unmarshal([]byte(encoded), &config))
	r := newRig(testkit.Open(t, config))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for client := range crashClients {
		wg.Go(func() {
			for n := range 10_000 {
				in := crashHold(os.Getenv(crashRound), client, n)
				got, err := r.Hold(order(context.Background()), in)
				if err != nil && reasonOf(err) != "STOCK_INSUFFICIENT" {
					continue // not decided: the client would ask again
				}
				mu.Lock()
				fmt.Printf("ack %d %d %s\n", client, n, answer(got, err))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// A process is killed with SIGKILL in the middle of holds. What it acknowledged is there: asked again with the same request
// ids, each hold gets the same reservations or the same refusal; what was in flight is held once or not at all.
func TestKilledUnderLoadNothingAcknowledgedIsLost(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		t.Run(engine, func(t *testing.T) {
			config := testkit.Config(t, engine)
			r := newRig(testkit.Migrated(t, config, migrations.Files))
			r.city(t)
			r.stock(t, "S-01", "LJ", 100)
			r.stock(t, "S-02", "LJ", 1000)
			r.stock(t, "S-02", "TG", 150) // runs out in the last round: refusals are acknowledged too
			config.Clock = nil
			encoded, err := json.Marshal(config)
			require.NoError(t, err)
			for n := range crashRounds {
				round := fmt.Sprint(n)
				acked := killInTheMiddle(t, string(encoded), round)
				last := make([]int, crashClients)
				for key, said := range acked {
					var client, at int
					_, err := fmt.Sscanf(key, "%d %d", &client, &at)
					require.NoError(t, err)
					last[client] = max(last[client], at)
					got, err := r.Hold(order(t.Context()), crashHold(round, client, at))
					require.Equal(t, said, answer(got, err), "round %s, client %d, hold %d", round, client, at)
				}
				for client, at := range last { // what was in flight: asked twice, held once
					in := crashHold(round, client, at+1)
					first, err := r.Hold(order(t.Context()), in)
					second, err2 := r.Hold(order(t.Context()), in)
					require.Equal(t, answer(first, err), answer(second, err2))
				}
				r.audit(t)
			}
			held := r.rows(t, "S-02", "TG")
			var reserved int64
			require.NoError(t, r.db.Conn(t.Context()).QueryRowContext(t.Context(), "SELECT COALESCE(SUM(open), 0) FROM reservations WHERE sku = 'TG'").Scan(&reserved))
			require.Equal(t, reserved, held.Reserved)
			require.LessOrEqual(t, reserved, int64(150))
		})
	}
}

// killInTheMiddle starts the helper, kills it after some acknowledgements, and returns these.
func killInTheMiddle(t *testing.T, config, round string) map[string]string {
	t.Helper()
	helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashHelper$", "-test.count=1")
	helper.Env = append(os.Environ(), crashEnv+"="+config, crashRound+"="+round)
	helper.Stderr = os.Stderr
	out, err := helper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, helper.Start())
	acked := map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		rest, isAck := strings.CutPrefix(lines.Text(), "ack ")
		if parts := strings.SplitN(rest, " ", 3); isAck && len(parts) == 3 {
			acked[parts[0]+" "+parts[1]] = parts[2]
		}
		if len(acked) == crashAcks {
			require.NoError(t, helper.Process.Kill())
		}
	}
	require.Error(t, helper.Wait(), "it was killed")
	require.GreaterOrEqual(t, len(acked), crashAcks)
	return acked
}
