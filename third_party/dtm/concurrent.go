package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/dtm-labs/dtm/client/dtmcli"
	"github.com/dtm-labs/dtm/dtmsvr/storage"
	"github.com/dtm-labs/logger"
)

// concurrentMark is kept in the message's custom data, where DTM looks for a delay only.
const concurrentMark = `{"concurrent":true}`

func isConcurrent(g *storage.TransGlobalStore) bool { return g.CustomData == concurrentMark }

// deliverConcurrently calls the branches of a message side by side: a center that is down holds up only its own.
//
// DTM's own concurrent mode is not used: gRPC cannot ask for it, and there a store error panics in a goroutine that
// nobody recovers, which ends the process.
func (e *engine) deliverConcurrently(g *storage.TransGlobalStore, branches []storage.TransBranchStore) {
	var options dtmcli.TransOptions
	if err := json.Unmarshal([]byte(g.Options), &options); err != nil {
		logger.Errorf("message %s: options: %v", g.Gid, err)
		return
	}
	done := make([]bool, len(branches))
	var wg sync.WaitGroup
	for i := range branches {
		if branches[i].Status != dtmcli.StatusPrepared {
			done[i] = true
			continue
		}
		wg.Go(func() {
			defer logPanic("branch " + g.Gid + "/" + branches[i].BranchID)
			done[i] = e.deliverBranch(g, options, branches[i], i)
		})
	}
	wg.Wait()
	for _, ok := range done {
		if !ok {
			return
		}
	}
	now := time.Now()
	g.FinishTime, g.UpdateTime = &now, &now
	e.store.ChangeGlobalStatus(g, dtmcli.StatusSucceed, []string{"status", "update_time", "finish_time"}, true)
}

func (e *engine) deliverBranch(g *storage.TransGlobalStore, o dtmcli.TransOptions, b storage.TransBranchStore, position int) bool {
	if err := e.calls.deliver(context.Background(), g.Gid, b, o); err != nil {
		return false // logged by the caller of branches
	}
	now := time.Now()
	b.Status, b.FinishTime, b.UpdateTime = dtmcli.StatusSucceed, &now, &now
	e.store.LockGlobalSaveBranches(g.Gid, g.Status, []storage.TransBranchStore{b}, position)
	return true
}
