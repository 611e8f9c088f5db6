#!/bin/bash
# Measures what the platform promises about speed: prints a table and writes bench/results.json, in which results of the
# same names are replaced. A center has cases when it has a program app/<center>/cmd/<center>-bench.
# Usage: scripts/bench.sh [-run PATTERN] [-slow] [-pairs N] [-span 3s] [-cpuprofile FILE] [-list]
#   BENCH=inventory     one center only
#   ONEPOOL_BENCH_DIR   where databases go; a disk, not memory, when durability is to cost what it costs
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/go-env.sh
found=
for dir in app/*/cmd/*-bench; do
	center=$(basename "$dir" -bench)
	[ -d "$dir" ] && [ "${BENCH:-$center}" = "$center" ] || continue
	found=1
	[ "$center" != order ] || scripts/build.sh # its cases run the whole platform
	go build -o "bin/$center-bench" "./$dir"
	"bin/$center-bench" -out bench/results.json "$@"
done
[ -n "$found" ] || {
	echo "bench: no cases of ${BENCH:-any center}" >&2
	exit 1
}
