// Package heap keeps the garbage collector from running too often.
package heap

import (
	"os"
	"runtime"
	"sync"
)

// floor is what the collector counts as live besides what is. The collector runs when as much has been allocated again as is
// live: a process whose live memory is a few megabytes, and which makes hundreds of megabytes of messages a second, spends a
// third of its time on looking through the same few megabytes. With the floor it runs when twice the floor is in use.
const floor = 128 << 20

var (
	once    sync.Once
	reserve []byte
)

// Floor has the collector count 128 MiB as live that are never touched: they take addresses, no memory. The heap's size in
// metrics has them too. An operator who sets GOGC or GOMEMLIMIT decides alone: then it does nothing.
func Floor() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	once.Do(func() { reserve = make([]byte, floor) })
	runtime.KeepAlive(reserve)
}
