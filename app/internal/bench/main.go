package bench

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/onepool/onepool/app/internal/heap"
)

// Main runs the cases that the command line asks for, and returns the exit status. A target that is not met is shown, and
// is no failure: what a machine can do is not for a program to judge.
func Main(lists ...[]Case) int {
	run := flag.String("run", "", "only cases whose name this pattern matches")
	slow := flag.Bool("slow", false, "also cases that need minutes, or much memory")
	out := flag.String("out", "", "file of results, a list in JSON, to put these into")
	pairs := flag.Int("pairs", 5, "how many times each side of a ratio is measured")
	span := flag.Duration("span", 3*time.Second, "how long one measurement of a rate takes")
	profile := flag.String("cpuprofile", "", "file to write a CPU profile of this process to")
	list := flag.Bool("list", false, "name the cases and end")
	flag.Parse()
	heap.Floor() // as a process of the platform does
	pattern, err := regexp.Compile(*run)
	if err != nil {
		return failed(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return failed(err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return failed(err)
		}
		defer pprof.StopCPUProfile()
	}
	e := &Env{Pairs: *pairs, Span: *span, Log: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	var results []Result
	for _, c := range slices.Concat(lists...) {
		if !pattern.MatchString(c.Name) || c.Slow && !*slow {
			continue
		}
		if *list {
			fmt.Println(c.Name)
			continue
		}
		e.Log("%s", c.Name)
		got, err := c.Run(ctx, e)
		if err != nil {
			return failed(fmt.Errorf("%s: %w", c.Name, err))
		}
		results = append(results, got...)
	}
	if *list {
		return 0
	}
	if err := Table(os.Stdout, results); err != nil {
		return failed(err)
	}
	if *out != "" {
		if err := Save(*out, results); err != nil {
			return failed(err)
		}
	}
	return 0
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, "bench:", err)
	return 1
}
