package database_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
)

func TestARecentValueIsReadAgainWhenItIsOldOrWritten(t *testing.T) {
	db := shared(t)
	r := database.NewRecent[int](db, "topic")
	loads := 0
	load := func(before int) (int, error) { loads++; return before + 1, nil }
	get := func(atUS int64) int {
		v, err := r.Get(atUS, load)
		require.NoError(t, err)
		return v
	}
	require.Zero(t, r.Last())
	require.Equal(t, []int{1, 1, 1, 2}, []int{get(5), get(5), get(1_000_004), get(1_000_005)}, "a second old")
	require.Equal(t, 3, get(1_000_004), "the clock went back")
	db.Signal("other")
	require.Equal(t, 3, get(1_000_004))
	db.Signal("topic")
	require.Equal(t, []int{4, 4}, []int{get(1_000_004), get(1_000_004)})
	_, err := r.Get(9_000_000, func(int) (int, error) { return 0, errors.New("no") })
	require.Error(t, err)
	require.Equal(t, 4, r.Last(), "a value that cannot be read changes nothing")
	require.Equal(t, 4, loads)
}

// Who reads keeps nobody waiting, and what it has read from before a write is not taken for what was written.
func TestAReaderOfARecentValueKeepsNobodyWaiting(t *testing.T) {
	db := shared(t)
	r := database.NewRecent[string](db, "topic")
	reads, free, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		_, err := r.Get(1, func(string) (string, error) { close(reads); <-free; return "old", nil })
		done <- err
	}()
	<-reads
	got := make(chan string, 1)
	go func() {
		v, _ := r.Get(1, func(string) (string, error) { return "another", nil })
		got <- v + r.Last()
	}()
	select {
	case v := <-got:
		require.Equal(t, "anotheranother", v)
	case <-time.After(10 * time.Second):
		t.Error("it waits for whoever reads")
	}
	db.Signal("topic")
	close(free)
	require.NoError(t, <-done)
	v, err := r.Get(1, func(string) (string, error) { return "new", nil })
	require.NoError(t, err)
	require.Equal(t, "new", v)
}
