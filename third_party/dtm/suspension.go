package main

import (
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	suspendAfter   = 3 // time-outs in a row
	suspendFor     = 5 * time.Second
	slowFailure    = 500 * time.Millisecond
	maxSuspensions = 4096
)

// suspensions keep a method that takes calls and never answers from occupying all retry loops: after some time-outs in
// a row its calls fail at once, except one now and then that finds out whether it is back. (A center that is down needs
// no such thing: it fails fast.)
type suspensions struct {
	mu sync.Mutex
	of map[string]*suspension
}

type suspension struct {
	timeouts int
	until    time.Time
}

// admit tells whether a call may be made now.
func (s *suspensions) admit(key string, timeout time.Duration, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.of[key]
	if x == nil || x.timeouts < suspendAfter {
		return true
	}
	if now.Before(x.until) {
		return false
	}
	x.until = now.Add(timeout + time.Second) // this call finds out; the others wait for it
	return true
}

// observe records how a call ended after that time; true when it was the one that suspended the method. A connection
// that took its time to fail counts as a time-out.
func (s *suspensions) observe(key string, err error, took time.Duration, now time.Time) (suspended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := status.Code(err); code != codes.DeadlineExceeded && (code != codes.Unavailable || took < slowFailure) {
		delete(s.of, key)
		return false
	}
	x := s.of[key]
	if x == nil {
		if len(s.of) >= maxSuspensions {
			clear(s.of)
		}
		x = &suspension{}
		s.of[key] = x
	}
	x.timeouts++
	if x.timeouts < suspendAfter {
		return false
	}
	x.until = now.Add(suspendFor)
	return x.timeouts == suspendAfter
}
