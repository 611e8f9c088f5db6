//go:build failpoint

package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/saga"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/inventory/internal/data/migrations"
)

const (
	killEnv   = "INVENTORY_KILL_DATABASE"
	killCrowd = "INVENTORY_KILL_CROWD"
)

// life is all that happens to one order's stock, with the same ids each time it is told.
func (r *rig) life(ctx context.Context) error {
	call := func(n string) context.Context {
		return sameCall(ctx, saga.Branch{GID: "xx-0000000000000000000000000-" + n, ID: "01", Op: "action"})
	}
	if _, err := r.branch.PutLocations(call("01"), &inventoryv1.PutLocationsCall{Locations: []*inventoryv1.LocationFacts{
		location("S-01", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2310, 121.4740), location("S-02", "HQ", inventoryv1.LocationKind_DIRECT_STORE, 31.2400, 121.4800)}}); err != nil {
		return err
	}
	if _, err := r.ReceiveStock(hq(ctx, "operator"), &inventoryv1.ReceiveStockRequest{RequestId: "life-of-an-order-receive", Document: "note",
		Lines: []*inventoryv1.StockLine{{Location: "S-01", Sku: "LJ", Quantity: 9}}}); err != nil {
		return err
	}
	hold := parcel("ord_1", line("1", "LJ", 3))
	hold.RequestId = "life-of-an-order-hold"
	held, err := r.Hold(order(ctx), hold)
	if err != nil {
		return err
	}
	other := parcel("ord_2", line("1", "LJ", 3))
	other.RequestId = "life-of-another-order"
	rest, err := r.Hold(order(ctx), other)
	if err != nil {
		return err
	}
	part := &inventoryv1.ReleasePartsCall{Document: "ord_2", Lines: []*inventoryv1.ShipLine{{ReservationId: rest.Reservations[0].Id, Quantity: 1}}}
	ship := &inventoryv1.ShipCall{Document: "ord_1", Fulfilment: "ful_1", Reason: "SHIP", Lines: []*inventoryv1.ShipLine{{ReservationId: held.Reservations[0].Id, Quantity: 3}}}
	back := &inventoryv1.TakeBackCall{Document: "ret_1", Lines: []*inventoryv1.TakeBackLine{{LineId: "1", Sku: "LJ", Location: "S-01", Owner: "HQ", Quantity: 1}}}
	_, confirmed := r.branch.ConfirmHold(call("02"), &inventoryv1.ConfirmHoldCall{Document: "ord_1"})
	_, less := r.branch.ReleaseParts(call("06"), part)
	_, released := r.branch.Release(call("03"), &inventoryv1.ReleaseCall{Document: "ord_2"})
	_, shipped := r.branch.Ship(call("04"), ship)
	_, returned := r.branch.TakeBack(call("05"), back)
	return errors.Join(confirmed, less, released, shipped, returned, r.move(ctx), r.recount(ctx))
}

// move sends four pieces to the other store, where three arrive and one is broken or missing each.
func (r *rig) move(ctx context.Context) error {
	boss := person(ctx, "boss")
	planned, err := r.CreateTransfer(boss, &inventoryv1.CreateTransferRequest{RequestId: "life-of-a-transfer-plan", FromLocation: "S-01", ToLocation: "S-02", Lines: []*inventoryv1.TransferWish{wish("LJ", 5)}})
	if err != nil {
		return err
	}
	if _, err := r.SendTransfer(boss, &inventoryv1.SendTransferRequest{RequestId: "life-of-a-transfer-send", Id: planned.Id}); err != nil {
		return err
	}
	arrival := arrived(planned.Id, &inventoryv1.TransferArrival{Line: 1, Received: 3, Damaged: 1, Missing: 1})
	arrival.RequestId, arrival.Last = "life-of-a-transfer-arrive", true
	_, err = r.ReceiveTransfer(boss, arrival)
	return err
}

// recount finds one piece more than the books have at the first store.
func (r *rig) recount(ctx context.Context) error {
	opened, err := r.OpenStocktake(person(ctx, "ann"), &inventoryv1.OpenStocktakeRequest{RequestId: "life-of-a-count-open", Location: "S-01", Skus: []string{"LJ"}})
	if err != nil {
		return err
	}
	if _, err := r.CountStocktake(person(ctx, "bob"), &inventoryv1.CountStocktakeRequest{RequestId: "life-of-a-count-count", Id: opened.Id, Counts: []*inventoryv1.StocktakeCount{found("LJ", 3)}}); err != nil {
		return err
	}
	if _, err := r.SubmitStocktake(person(ctx, "bob"), &inventoryv1.SubmitStocktakeRequest{RequestId: "life-of-a-count-submit", Id: opened.Id}); err != nil {
		return err
	}
	_, err = r.ApproveStocktake(person(ctx, "boss"), &inventoryv1.DecideStocktakeRequest{RequestId: "life-of-a-count-approve", Id: opened.Id})
	return err
}

// crowd is many reservations at once, with the same ids each time. It answers what each was told.
func (r *rig) crowd(ctx context.Context) ([]string, error) {
	said, errs := make([]string, 24), make([]error, 24)
	var all sync.WaitGroup
	for i := range said {
		all.Go(func() {
			in := reserving(fmt.Sprintf("crowd_%02d", i), at("1", "S-01", "LJ", 1))
			in.RequestId = fmt.Sprintf("one-of-a-crowd-%02d", i)
			got, err := r.Reserve(order(ctx), in)
			switch {
			case err == nil:
				said[i] = got.Reservations[0].Id
			case reasonOf(err) == "STOCK_INSUFFICIENT":
				said[i] = "none left"
			default:
				errs[i] = err
			}
		})
	}
	all.Wait()
	return said, errors.Join(errs...)
}

// A crowd's transaction is killed: before it nothing of it is there; after its commit all of it is, and who asks again is
// told the same.
func TestACrowdWhoseTransactionIsKilled(t *testing.T) {
	for _, engine := range testkit.AllEngines {
		for _, point := range []string{"command.group.tx.before", "command.group.reply.before"} {
			t.Run(engine+"/"+point, func(t *testing.T) {
				config := testkit.Config(t, engine)
				r := newRig(testkit.Migrated(t, config, migrations.Files))
				r.city(t)
				r.stock(t, "S-01", "LJ", 20)
				config.Clock = nil
				encoded, err := json.Marshal(config)
				require.NoError(t, err)
				helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillHelper$", "-test.count=1")
				helper.Env = append(os.Environ(), killEnv+"="+string(encoded), killCrowd+"=1", "FAILPOINT="+point+"=kill@2")
				err = helper.Run()
				var exit *exec.ExitError
				require.ErrorAs(t, err, &exit, "the point was not hit")
				require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())

				kept := map[string]string{} // by document, what the killed process has committed
				rows, err := r.db.Conn(t.Context()).QueryContext(t.Context(), "SELECT document, id FROM reservations")
				require.NoError(t, err)
				for rows.Next() {
					var document, id string
					require.NoError(t, rows.Scan(&document, &id))
					kept[document] = id
				}
				require.NoError(t, errors.Join(rows.Err(), rows.Close()))
				require.NotEmpty(t, kept, "the first transaction was committed")
				first, err := r.crowd(t.Context())
				require.NoError(t, err)
				again, err := r.crowd(t.Context())
				require.NoError(t, err)
				require.Equal(t, first, again)
				sold := 0
				for i, id := range first {
					if was := kept[fmt.Sprintf("crowd_%02d", i)]; was != "" {
						require.Equal(t, was, id)
					}
					if id != "none left" {
						sold++
					}
				}
				require.Equal(t, 20, sold)
				require.Equal(t, int64(20), r.rows(t, "S-01", "LJ").Reserved)
				r.audit(t)
			})
		}
	}
}

// TestKillHelper is the process that is killed at the point that FAILPOINT names.
func TestKillHelper(t *testing.T) {
	encoded := os.Getenv(killEnv)
	if encoded == "" {
		t.Skip("runs as a process of TestKilledAtEachPointTheOrderEndsTheSame")
	}
	var config database.Config
	require.NoError(t, json.Unmarshal([]byte(encoded), &config))
	r := newRig(testkit.Open(t, config))
	if os.Getenv(killCrowd) != "" {
		_, err := r.crowd(t.Context())
		require.NoError(t, err)
		return
	}
	require.NoError(t, r.life(t.Context()))
}

// The commits of life, by how they are made.
const (
	localCommits = 8
	groupCommits = 6
)

// Killed before or after any commit, and told again, the order's stock ends the same: nothing lost, nothing twice.
func TestKilledAtEachPointTheOrderEndsTheSame(t *testing.T) {
	var points []string
	// Each commit of these is a point of its own; the last is the approval of the count.
	for point, commits := range map[string]int{"command.local.tx.before": localCommits, "command.local.reply.before": localCommits, "command.group.tx.before": groupCommits, "command.group.reply.before": groupCommits} {
		for n := range commits {
			points = append(points, fmt.Sprintf("%s=kill@%d", point, n+1))
		}
	}
	for _, step := range []string{"locations", "confirm", "release_parts", "release", "ship", "takeback"} {
		points = append(points, "inventory."+step+".before=kill", "inventory."+step+".after=kill")
	}
	for _, engine := range testkit.AllEngines {
		for _, point := range points {
			t.Run(engine+"/"+point, func(t *testing.T) {
				config := testkit.Config(t, engine)
				r := newRig(testkit.Migrated(t, config, migrations.Files))
				config.Clock = nil
				encoded, err := json.Marshal(config)
				require.NoError(t, err)
				helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillHelper$", "-test.count=1")
				helper.Env = append(os.Environ(), killEnv+"="+string(encoded), "FAILPOINT="+point)
				err = helper.Run()
				var exit *exec.ExitError
				require.ErrorAs(t, err, &exit, "the point was not hit")
				require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())

				for range 2 {
					require.NoError(t, r.life(t.Context()))
					row := r.rows(t, "S-01", "LJ")
					require.Equal(t, []int64{3, 0}, []int64{row.OnHand, row.Reserved}, "9 received, 3 shipped, 1 back, 5 sent on, 1 found")
					row = r.rows(t, "S-02", "LJ")
					require.Equal(t, []int64{3, 1, 0}, []int64{row.OnHand, row.Damaged, row.InTransit})
					r.audit(t)
				}
			})
		}
	}
}
