#!/bin/bash
# Runs all tests: the module's, those that need the build tag failpoint, and the transaction coordinator's own module.
# Usage: scripts/test.sh [-short] [go test flags]
#   -short          without a database server, coordinator or fail points
#   ONEPOOL_DATA    a folder of real-world data: tests on it run too
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/go-env.sh "$@"

short=
for flag in "$@"; do
	[ "$flag" = -short ] && short=1
done
step() { echo "test: $*" >&2; }

if [ -n "$short" ]; then
	step "go test -short ./..."
	exec go test "$@" ./...
fi

scripts/test-needs.sh
# A test binary is a database server's, a coordinator's and a center's parent: one package a core is enough.
parallel=$(nproc)
[ "$parallel" -le 4 ] || parallel=4

step "build the transaction coordinator"
mkdir -p bin
(cd third_party/dtm && go build -o ../../bin/dtm .)
export ONEPOOL_DTM="$PWD/bin/dtm"

step "go test ./... ($parallel packages at a time)"
go test -p "$parallel" -timeout 15m "$@" ./...

# Fail points: packages that have some, and tests that need the tag. Every point must be reached by the run.
sources() { git ls-files --cached --others --exclude-standard '*.go' ':!*/testdata/*'; }
mapfile -t tagged < <({
	sources | grep '_test\.go$' | xargs grep -l '^//go:build .*failpoint' || true
	sources | xargs grep -l 'failpoint\.Hit("' || true
} | xargs -n1 dirname | sort -u | sed 's,^,./,')
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT
step "go test -tags failpoint ${tagged[*]}"
FAILPOINT_TRACE="$trace" go test -p "$parallel" -timeout 15m -count=1 -tags failpoint "$@" "${tagged[@]}"
points=$(sources | grep -v '_test\.go$' | { xargs grep -hoE 'failpoint\.Hit\("[^"]+"\)' || true; } | cut -d'"' -f2 | sort)
twice=$(uniq -d <<<"$points")
never=$(comm -23 <(sort -u <<<"$points") <(sort -u "$trace"))
if [ -n "$twice$never" ]; then
	echo "test: FAILED: fail points that no test reached: ${never:-none}; names used twice: ${twice:-none}" >&2
	exit 1
fi

step "go test in third_party/dtm"
(cd third_party/dtm && go test -timeout 10m "$@" ./...)
step "all passed"
# What was left out is said last, where it is seen.
command -v consul >/dev/null || [ -x bin/consul ] || step "NOT RUN: the platform through Consul (make tools-consul builds one); it ran with fixed endpoints"
[ -n "${ONEPOOL_DATA:-}" ] || step "NOT RUN: tests on real-world data (ONEPOOL_DATA names no folder)"
[ -n "${ONEPOOL_BROWSER:-}" ] || step "NOT RUN: the reference page in a browser (ONEPOOL_BROWSER names none)"
