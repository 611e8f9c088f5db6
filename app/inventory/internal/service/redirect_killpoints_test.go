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

const killRedirectEnv = "INVENTORY_KILL_REDIRECT_DATABASE"

// removal is all that happens to an order whose buyer moves far away, with the same ids each time it is told.
func (r *rig) removal(ctx context.Context) error {
	call := func(n string) context.Context {
		return sameCall(ctx, saga.Branch{GID: "xx-1111111111111111111111111-" + n, ID: "01", Op: "action"})
	}
	near, far := location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740), location("W-01", "HQ", inventoryv1.LocationKind_WAREHOUSE, 33.40, 121.50)
	if _, err := r.branch.PutLocations(call("01"), &inventoryv1.PutLocationsCall{Locations: []*inventoryv1.LocationFacts{near, far}}); err != nil {
		return err
	}
	if _, err := r.ReceiveStock(hq(ctx, "operator"), &inventoryv1.ReceiveStockRequest{RequestId: "removal-receive-goods", Document: "note",
		Lines: []*inventoryv1.StockLine{{Location: "S-01", Sku: "LJ", Quantity: 9}, {Location: "W-01", Sku: "LJ", Quantity: 9}}}); err != nil {
		return err
	}
	hold := parcel("ord_1", line("1", "LJ", 3))
	hold.RequestId, hold.Way = "removal-hold-the-order", inventoryv1.DeliveryWay_LOCAL_DELIVERY
	if _, err := r.Hold(order(ctx), hold); err != nil {
		return err
	}
	if _, err := r.branch.ConfirmHold(call("02"), &inventoryv1.ConfirmHoldCall{Document: "ord_1"}); err != nil {
		return err
	}
	in := redirecting("ord_1", far.Point)
	in.RequestId = "removal-redirect-the-order"
	_, err := r.redirects().Redirect(order(ctx), in)
	return err
}

// TestKillRedirectHelper is the process that is killed at the point that FAILPOINT names.
func TestKillRedirectHelper(t *testing.T) {
	encoded := os.Getenv(killRedirectEnv)
	if encoded == "" {
		t.Skip("runs as a process of TestKilledAtEachPointOfARedirectTheOrderEndsTheSame")
	}
	var config database.Config
	require.NoError(t, json.Unmarshal([]byte(encoded), &config))
	require.NoError(t, newRig(testkit.Open(t, config)).removal(t.Context()))
}

// Killed before its transaction, or after it and before the reply, and told again: the pieces move once, and the order center is
// told once.
func TestKilledAtEachPointOfARedirectTheOrderEndsTheSame(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		for _, point := range []string{"inventory.redirect.before", "inventory.redirect.after"} {
			t.Run(engine+"/"+point, func(t *testing.T) {
				config := testkit.Config(t, engine)
				r := newRig(testkit.Migrated(t, config, migrations.Files))
				config.Clock = nil
				encoded, err := json.Marshal(config)
				require.NoError(t, err)
				helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillRedirectHelper$", "-test.count=1")
				helper.Env = append(os.Environ(), killRedirectEnv+"="+string(encoded), "FAILPOINT="+point+"=kill")
				err = helper.Run()
				var exit *exec.ExitError
				require.ErrorAs(t, err, &exit, "the point was not hit")
				require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())
				for range 2 {
					require.NoError(t, r.removal(t.Context()))
					here, there := r.rows(t, "S-01", "LJ"), r.rows(t, "W-01", "LJ")
					require.Equal(t, []int64{9, 0, 9, 3}, []int64{here.OnHand, here.Reserved, there.OnHand, there.Reserved})
					require.Equal(t, map[string]int{"ord_1": 1}, r.deliver(t))
					r.audit(t)
				}
			})
		}
	}
}
