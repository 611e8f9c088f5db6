#!/bin/bash
# Runs the benchmarks of the hot paths. Usage: scripts/bench.sh [go test flags]   BENCH=inventory: one center only
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/go-env.sh
packages=(./app/internal/geo ./app/internal/money ./app/inventory/...)
[ -z "${BENCH:-}" ] || packages=("./app/$BENCH/...")
go test -run '^$' -bench . -benchmem -count 5 "$@" "${packages[@]}" | grep -E '^(Benchmark|FAIL|---|pkg:)' || {
	echo "bench: no benchmark in ${packages[*]}" >&2
	exit 1
}
