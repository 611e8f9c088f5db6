#!/bin/bash
# Runs all tests: the module's, those that need the build tag failpoint, and the transaction coordinator's own module.
# Usage: scripts/test.sh [-short] [go test flags]
#   -short          without a database server, coordinator or fail points
#   ONEPOOL_DATA    a folder of real-world data: tests on it run too
set -euo pipefail
cd "$(dirname "$0")/.."

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

mapfile -t tagged < <(git ls-files --cached --others --exclude-standard '*_test.go' | xargs grep -l '^//go:build .*failpoint' | xargs -r -n1 dirname | sort -u | sed 's,^,./,')
step "go test -tags failpoint ${tagged[*]}"
go test -p "$parallel" -timeout 15m -tags failpoint "$@" "${tagged[@]}"

step "go test in third_party/dtm"
(cd third_party/dtm && go test -timeout 10m "$@" ./...)
step "all passed"
