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
	now := func() *time.Time { t := time.Now(); return &t }
	delivered := make([]bool, len(branches)) // now
	var wg sync.WaitGroup
	open := 0
	for i := range branches {
		if branches[i].Status != dtmcli.StatusPrepared {
			continue
		}
		open++
		wg.Go(func() {
			defer logPanic("branch " + g.Gid + "/" + branches[i].BranchID)
			delivered[i] = e.calls.deliver(context.Background(), g.Gid, branches[i], options) == nil // the caller of branches logs why not
		})
	}
	wg.Wait()
	for _, ok := range delivered {
		if ok {
			open--
		}
	}
	if open == 0 {
		// Which branch was delivered when needs no record of its own: who is called again after a crash drops it.
		g.FinishTime, g.UpdateTime = now(), now()
		e.store.ChangeGlobalStatus(g, dtmcli.StatusSucceed, []string{"status", "update_time", "finish_time"}, true)
		return
	}
	for i, ok := range delivered {
		if ok {
			b := branches[i]
			b.Status, b.FinishTime, b.UpdateTime = dtmcli.StatusSucceed, now(), now()
			e.store.LockGlobalSaveBranches(g.Gid, g.Status, []storage.TransBranchStore{b}, i)
		}
	}
}
