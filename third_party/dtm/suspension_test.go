package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestAMethodThatDoesNotAnswerIsAskedNowAndThen(t *testing.T) {
	s := suspensions{of: map[string]*suspension{}}
	now, late := time.Unix(1_700_000_000, 0), status.Error(codes.DeadlineExceeded, "")
	for n := range suspendAfter {
		require.True(t, s.admit("m", time.Second, now))
		require.Equal(t, n == suspendAfter-1, s.observe("m", late, time.Second, now))
	}
	require.False(t, s.admit("m", time.Second, now))
	require.True(t, s.admit("another", time.Second, now))
	now = now.Add(suspendFor)
	require.True(t, s.admit("m", time.Second, now), "one finds out")
	require.False(t, s.admit("m", time.Second, now), "the others wait for it")
	require.False(t, s.observe("m", late, time.Second, now))
	require.False(t, s.admit("m", time.Second, now.Add(suspendFor-1)))
	now = now.Add(suspendFor)
	require.True(t, s.admit("m", time.Second, now))
	require.False(t, s.observe("m", status.Error(codes.Aborted, ""), time.Second, now), "an answer is an answer")
	require.True(t, s.admit("m", time.Second, now))
	require.True(t, s.admit("m", time.Second, now))
	require.Empty(t, s.of)

	down := status.Error(codes.Unavailable, "")
	for range suspendAfter + 1 {
		require.False(t, s.observe("m", down, time.Millisecond, now), "what fails at once costs nobody time")
	}
	for n := range suspendAfter {
		require.Equal(t, n == suspendAfter-1, s.observe("m", down, time.Second, now))
	}
}
