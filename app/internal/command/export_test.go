package command

import "github.com/prometheus/client_golang/prometheus"

// The bounds of a group, and what tests see of its queue.
const (
	MaxMembers = maxMembers
	MaxWaiting = maxWaiting
)

// Waiting is how many are in the queue.
func (g *Group[W, N]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue)
}

// Busy says whether a writer is at work.
func (g *Group[W, N]) Busy() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.writers > 0
}

// Refused is what the metric of refusals of a full queue says.
func (g *Group[W, N]) Refused() int {
	registry := prometheus.NewRegistry()
	registry.MustRegister(g.metrics.full)
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		return -1
	}
	return int(families[0].GetMetric()[0].GetCounter().GetValue())
}
