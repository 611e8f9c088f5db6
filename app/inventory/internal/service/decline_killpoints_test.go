//go:build failpoint

package service

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

const killDeclineEnv = "INVENTORY_KILL_DECLINE_DATABASE"

// refusal is all that happens to an order whose first store lacks a piece, with the same ids each time it is told.
func (r *rig) refusal(ctx context.Context) error {
	call := func(n string) context.Context {
		return sameCall(ctx, saga.Branch{GID: "xx-1111111111111111111111111-" + n, ID: "01", Op: "action"})
	}
	if _, err := r.branch.PutLocations(call("01"), &inventoryv1.PutLocationsCall{Locations: []*inventoryv1.LocationFacts{
		location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740), location("S-02", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2400, 121.4800)}}); err != nil {
		return err
	}
	if _, err := r.ReceiveStock(hq(ctx, "operator"), &inventoryv1.ReceiveStockRequest{RequestId: "refusal-receive-goods", Document: "note",
		Lines: []*inventoryv1.StockLine{{Location: "S-01", Sku: "LJ", Quantity: 9}, {Location: "S-02", Sku: "LJ", Quantity: 9}}}); err != nil {
		return err
	}
	hold := parcel("ord_1", line("1", "LJ", 3))
	hold.RequestId = "refusal-hold-the-order"
	if _, err := r.Hold(order(ctx), hold); err != nil {
		return err
	}
	if _, err := r.branch.ConfirmHold(call("02"), &inventoryv1.ConfirmHoldCall{Document: "ord_1"}); err != nil {
		return err
	}
	in := declining("ord_1", "S-01", missing("1", 2))
	in.RequestId, in.Effect = "refusal-decline-the-order", inventoryv1.StockEffect_MINUS_QUANTITY
	_, err := r.DeclineAssignment(hq(ctx, "operator"), in)
	return err
}

// TestKillDeclineHelper is the process that is killed at the point that FAILPOINT names.
func TestKillDeclineHelper(t *testing.T) {
	encoded := os.Getenv(killDeclineEnv)
	if encoded == "" {
		t.Skip("runs as a process of TestKilledAtEachPointOfADeclineTheOrderEndsTheSame")
	}
	var config database.Config
	require.NoError(t, json.Unmarshal([]byte(encoded), &config))
	require.NoError(t, newRig(testkit.Open(t, config)).refusal(t.Context()))
}

// Killed before its transaction, or after it and before the reply, and told again: the pieces are lost once, moved once, and
// the order center is told once.
func TestKilledAtEachPointOfADeclineTheOrderEndsTheSame(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		for _, point := range []string{"inventory.decline.before", "inventory.decline.after"} {
			t.Run(engine+"/"+point, func(t *testing.T) {
				config := testkit.Config(t, engine)
				r := newRig(testkit.Migrated(t, config, migrations.Files))
				config.Clock = nil
				encoded, err := json.Marshal(config)
				require.NoError(t, err)
				helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillDeclineHelper$", "-test.count=1")
				helper.Env = append(os.Environ(), killDeclineEnv+"="+string(encoded), "FAILPOINT="+point+"=kill")
				err = helper.Run()
				var exit *exec.ExitError
				require.ErrorAs(t, err, &exit, "the point was not hit")
				require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())
				for range 2 {
					require.NoError(t, r.refusal(t.Context()))
					here, there := r.rows(t, "S-01", "LJ"), r.rows(t, "S-02", "LJ")
					require.Equal(t, []int64{7, 1, 9, 2}, []int64{here.OnHand, here.Reserved, there.OnHand, there.Reserved})
					require.Equal(t, map[string]int{"ord_1": 1}, r.deliver(t))
					r.audit(t)
				}
			})
		}
	}
}
