package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/dtm-labs/dtm/client/dtmcli"
	"github.com/dtm-labs/dtm/client/dtmgrpc/dtmgpb"
	"github.com/dtm-labs/dtm/dtmsvr"
	"github.com/dtm-labs/dtm/dtmsvr/storage"
	"github.com/dtm-labs/dtm/dtmsvr/storage/registry"
	"github.com/dtm-labs/logger"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	maxImmediate   = 256 // deliveries started by Submit at a time; what is above waits for a retry loop
	watchEvery     = time.Second
	resetEvery     = 5 // watches
	resetBatch     = 1000
	maxResets      = 100
	idlePoll       = time.Second
	storeErrorWait = time.Second
)

// engine stores transactions in DTM's store and has DTM process them.
//
// A transaction is stored with the time of its next try, 10 s ahead, and is then delivered at once. Whatever
// happens to that delivery, a retry loop takes the transaction when its time has come and moves the time on first,
// so that a crash costs one interval.
type engine struct {
	store     storage.Store
	calls     *caller
	immediate chan struct{}
}

func newEngine(calls *caller) *engine {
	return &engine{store: registry.GetStore(), calls: calls, immediate: make(chan struct{}, maxImmediate)}
}

// start makes everything that waits due now (whoever worked on it before us is dead, or will see duplicates dropped),
// then runs the loops until ctx ends.
func (e *engine) start(ctx context.Context, loops int) {
	seen := e.calls.directory.version()
	e.resetAll()
	for range loops {
		go e.retryLoop(ctx)
	}
	go e.watch(ctx, seen)
}

// watch makes due what need not wait any longer.
func (e *engine) watch(ctx context.Context, seen uint64) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if v := e.calls.directory.version(); v != seen { // a center came, or came back elsewhere
			seen = v
			e.resetAll()
		}
		if n%resetEvery == 0 {
			// Nothing of ours waits longer than the interval; this brings in what another version backed off.
			e.resetWaiting((retryInterval_s + 1) * time.Second)
		}
	}
}

func (e *engine) resetAll() {
	for i := 0; i < maxResets && e.resetWaiting(time.Second); i++ {
	}
}

// resetWaiting makes transactions due whose next try is further off than that; it tells whether there are more.
func (e *engine) resetWaiting(after time.Duration) (more bool) {
	defer logPanic("reset waiting transactions")
	_, more, err := e.store.ResetCronTime(after, resetBatch)
	if err != nil {
		logger.Errorf("reset waiting transactions: %v", err)
		return false
	}
	return more
}

func (e *engine) retryLoop(ctx context.Context) {
	for ctx.Err() == nil {
		wait := idlePoll
		if e.retryOne() {
			wait = 0
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// retryOne takes one due transaction and tries it; false when none is due (or the store failed).
func (e *engine) retryOne() (found bool) {
	defer logPanic("retry")
	g := e.store.LockOneGlobalTrans(0)
	if g == nil || g.IsFinished() {
		return g != nil // the store's index may still name a finished one
	}
	e.process(g, e.store.FindBranches(g.Gid))
	return true
}

// process runs one try to its end. Refusals and failures are not errors here: the next try is already scheduled.
func (e *engine) process(g *storage.TransGlobalStore, branches []storage.TransBranchStore) {
	defer logPanic("process " + g.Gid)
	if g.TransType == typeMessage && isConcurrent(g) {
		e.deliverConcurrently(g, branches)
		return
	}
	t := &dtmsvr.TransGlobal{TransGlobalStore: *g}
	t.WaitResult = true
	if err := t.Process(branches); err != nil && !errors.Is(err, dtmcli.ErrOngoing) && !errors.Is(err, dtmcli.ErrFailure) {
		logger.Warnf("process %s: %v", g.Gid, err)
	}
}

// submitMessage stores the message, then delivers it in the background. A known gid is left alone: it has been
// stored and is being delivered, or was.
func (e *engine) submitMessage(in *dtmgpb.DtmRequest) error {
	t := dtmsvr.TransFromDtmRequest(context.Background(), in)
	g := &t.TransGlobalStore
	g.Status, g.WaitResult, g.QueryPrepared = dtmcli.StatusSubmitted, false, ""
	g.CustomData = ""
	if concurrent, _ := strconv.ParseBool(in.ReqExtra["concurrent"]); concurrent {
		g.CustomData = concurrentMark
	}
	now := time.Now()
	branches := messageBranches(g, now)
	slot := false
	select {
	case e.immediate <- struct{}{}:
		slot = true
	default:
	}
	release := func() {
		if slot {
			<-e.immediate
		}
	}
	err := e.save(g, branches, now, slot)
	if errors.Is(err, storage.ErrUniqueConflict) {
		release()
		return e.knownMessage(g.Gid)
	}
	if err != nil {
		release()
		return status.Errorf(codes.Unavailable, "store %s: %v", g.Gid, err)
	}
	if slot {
		go func() {
			defer release()
			// As stored, not as sent: MySQL gave the branches ids.
			e.process(g, e.store.FindBranches(g.Gid))
		}()
	}
	return nil
}

func (e *engine) knownMessage(gid string) error {
	g := e.store.FindTransGlobalStore(gid)
	switch {
	case g == nil:
		return status.Errorf(codes.Unavailable, "%s was there and is gone", gid)
	case g.TransType != typeMessage:
		return status.Errorf(codes.AlreadyExists, "%s is a %s", gid, g.TransType)
	case g.Status == dtmcli.StatusSubmitted || g.Status == dtmcli.StatusSucceed:
		return nil
	}
	return status.Errorf(codes.Aborted, "%s is %s", gid, g.Status)
}

// save stores a new transaction as DTM does. What nobody works on yet is due at once.
func (e *engine) save(g *storage.TransGlobalStore, branches []storage.TransBranchStore, now time.Time, working bool) error {
	g.NextCronInterval = retryInterval_s
	next := now
	if working {
		next = now.Add(retryInterval_s * time.Second)
	}
	g.NextCronTime, g.CreateTime, g.UpdateTime = &next, &now, &now
	options, err := json.Marshal(g.TransOptions)
	if err != nil {
		return fmt.Errorf("encode options: %w", err)
	}
	g.Options = string(options)
	return e.store.MaySaveNewTrans(g, branches)
}

func messageBranches(g *storage.TransGlobalStore, now time.Time) []storage.TransBranchStore {
	branches := make([]storage.TransBranchStore, len(g.Steps))
	for i, s := range g.Steps {
		b := &branches[i]
		b.Gid, b.BranchID, b.Op, b.Status = g.Gid, fmt.Sprintf("%02d", i+1), "action", dtmcli.StatusPrepared
		b.URL, b.BinData = s["action"], g.BinPayloads[i]
		b.CreateTime, b.UpdateTime = &now, &now
	}
	return branches
}

// prepareWorkflow stores the workflow; the first call back comes after one interval, unless it is finished before.
func (e *engine) prepareWorkflow(in *dtmgpb.DtmRequest) (*storage.TransGlobalStore, error) {
	t := dtmsvr.TransFromDtmRequest(context.Background(), in)
	g := &t.TransGlobalStore
	g.Status, g.WaitResult = dtmcli.StatusPrepared, false
	var custom struct {
		Name string `json:"name"`
		Data []byte `json:"data"`
	}
	if err := json.Unmarshal([]byte(g.CustomData), &custom); err != nil || custom.Name == "" {
		return nil, status.Error(codes.InvalidArgument, "a workflow needs its name and data")
	}
	err := e.save(g, nil, time.Now(), true)
	if errors.Is(err, storage.ErrUniqueConflict) {
		known := e.store.FindTransGlobalStore(g.Gid)
		if known == nil {
			return nil, status.Errorf(codes.Unavailable, "%s was there and is gone", g.Gid)
		}
		if known.TransType != typeWorkflow {
			return nil, status.Errorf(codes.AlreadyExists, "%s is a %s", g.Gid, known.TransType)
		}
		return known, nil
	}
	if err != nil {
		return nil, status.Errorf(codes.Unavailable, "store %s: %v", g.Gid, err)
	}
	return g, nil
}

// finishWorkflow records the end. The first end stays: another one is Aborted, the same one again is fine.
func (e *engine) finishWorkflow(gid, end, reason string) error {
	if end != dtmcli.StatusSucceed && end != dtmcli.StatusFailed {
		return status.Errorf(codes.InvalidArgument, "a workflow ends as succeed or failed, not %q", end)
	}
	g := e.store.FindTransGlobalStore(gid)
	switch {
	case g == nil:
		return status.Errorf(codes.NotFound, "no transaction %s", gid)
	case g.TransType != typeWorkflow:
		return status.Errorf(codes.AlreadyExists, "%s is a %s", gid, g.TransType)
	case g.Status == end:
		return nil
	case g.IsFinished():
		return status.Errorf(codes.Aborted, "%s has ended as %s", gid, g.Status)
	}
	now := time.Now()
	g.UpdateTime = &now
	updates := []string{"status", "update_time"}
	if end == dtmcli.StatusSucceed {
		g.FinishTime = &now
		updates = append(updates, "finish_time")
	} else {
		g.RollbackTime, g.RollbackReason = &now, clip(reason, maxReason_bytes)
		updates = append(updates, "rollback_time", "rollback_reason")
	}
	// Guarded by the status just read; when another call was faster the store panics and the caller repeats.
	e.store.ChangeGlobalStatus(g, end, updates, true)
	return nil
}

func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && s[limit]&0xC0 == 0x80 { // not inside a character
		limit--
	}
	return s[:limit]
}

func parseSteps(s string) (steps []map[string]string, err error) {
	if s == "" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(s), &steps)
	return steps, err
}

func logPanic(what string) {
	if p := recover(); p != nil {
		logger.Errorf("%s: %v", what, p)
		time.Sleep(storeErrorWait) // the store is away: do not spin
	}
}
