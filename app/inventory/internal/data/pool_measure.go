package data

import (
	"context"
	"runtime"
	"time"

	"github.com/onepool/onepool/app/internal/database"
)

// PoolMeasure is what it takes to have the pool of a database in memory.
type PoolMeasure struct {
	Places    int
	HeapBytes int64
	Took      time.Duration
}

// MeasurePool loads the pool of a database into a new store and says what that takes: the heap in use is compared before
// and after, each time when the garbage is collected.
func MeasurePool(ctx context.Context, db *database.DB) (PoolMeasure, error) {
	before := heapInUse()
	s := New(db, nil)
	began := time.Now()
	if _, err := s.Pool(ctx); err != nil {
		return PoolMeasure{}, err
	}
	m := PoolMeasure{Took: time.Since(began), Places: s.PoolPlaces()}
	m.HeapBytes = heapInUse() - before
	runtime.KeepAlive(s)
	return m, nil
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}
