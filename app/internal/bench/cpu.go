package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Meter reads the CPU time of this process and of others, for example the database server's.
type Meter struct{ Others []int }

// clockTick of /proc, which is 100 on every Linux that Go runs on.
const clockTick = time.Second / 100

func (m Meter) read() (time.Duration, error) {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return 0, fmt.Errorf("bench: own CPU time: %w", err)
	}
	others, err := CPUOf(m.Others...)
	return time.Duration(own.Utime.Nano()+own.Stime.Nano()) + others, err
}

// CPUOf is the CPU time that processes have used, all together.
func CPUOf(pids ...int) (total time.Duration, err error) {
	for _, pid := range pids {
		used, err := cpuOf(pid)
		if err != nil {
			return 0, fmt.Errorf("bench: CPU time of %d: %w", pid, err)
		}
		total += used
	}
	return total, nil
}

// cpuOf reads user and system time, fields 14 and 15 of the process's stat; the name before them may hold blanks.
func cpuOf(pid int) (time.Duration, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 13 {
		return 0, fmt.Errorf("unknown form of stat: %.80q", raw)
	}
	var total time.Duration
	for _, f := range fields[11:13] {
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ticks) * clockTick
	}
	return total, nil
}
