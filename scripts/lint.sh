#!/bin/bash
# Checks style and common mistakes, in a few strict steps; generated code is left out where it is not ours to format.
# All steps run, so one run shows everything. Usage: scripts/lint.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/go-env.sh
failed=0

step() { echo "lint: $*" >&2; }
fail() {
	echo "lint: FAILED: $*" >&2
	failed=1
}

# Files that git knows or would add, so a build folder never disturbs.
files() { git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r f; do [ -f "$f" ] && echo "$f" || true; done; }
ours() { files '*.go' | while read -r f; do grep -qE '^// Code generated .* DO NOT EDIT\.$' "$f" || echo "$f"; done; }
mapfile -t go_files < <(ours)

step "gofmt"
unformatted=$(gofmt -l "${go_files[@]}")
[ -z "$unformatted" ] || fail "run gofmt -w on:"$'\n'"$unformatted"

step "file length"
for f in "${go_files[@]}"; do
	lines=$(wc -l <"$f")
	[ "$lines" -le 600 ] || fail "$f has $lines lines: a file has at most 600"
done

step "names that say nothing"
for f in "${go_files[@]}"; do
	case "$(basename "$(dirname "$f")")" in
	util | utils | common | base | helper | helpers | misc) fail "$f: name the package after what it does" ;;
	esac
done

step "no loose ends"
if grep -nE '(TODO|FIXME|XXX|HACK)\b' "${go_files[@]}"; then
	fail "finish it or say in docs/ what is left"
fi

step "go vet"
go vet ./... || fail "go vet"
go vet -tags failpoint ./... || fail "go vet -tags failpoint"
(cd third_party/dtm && go vet ./...) || fail "go vet in third_party/dtm"

step "staticcheck"
mkdir -p bin/tools
(cd tools/lint && GOFLAGS=-mod=readonly go build -o ../../bin/tools/staticcheck honnef.co/go/tools/cmd/staticcheck)
# Only packages with code of ours, in the main module: generated ones are type-checked as what these import.
mapfile -t packages < <(printf '%s\n' "${go_files[@]}" | grep -vE '^(tools|third_party)/|/testdata/' | xargs -n1 dirname | sort -u | sed 's,^,./,')
bin/tools/staticcheck "${packages[@]}" || fail "staticcheck"
bin/tools/staticcheck -tags failpoint ./app/internal/failpoint || fail "staticcheck -tags failpoint"

step "shell scripts"
files '*.sh' .ci/run | while read -r f; do bash -n "$f" || exit 1; done || fail "a script does not parse"

[ "$failed" -eq 0 ] || exit 1
step "clean"
