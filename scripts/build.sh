#!/bin/bash
# Builds static programs into bin/: onepool (all in one), dtm (the transaction coordinator), each center, and frontend
# (the edge of a split platform). Usage: scripts/build.sh [NAME...]     default: all
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/go-env.sh
mkdir -p bin
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
flags=(-ldflags "-s -w -X github.com/onepool/onepool/app/internal/version.commit=$commit")
names=("$@")
[ ${#names[@]} -gt 0 ] || names=(onepool dtm product store inventory order member rebate frontend)
for name in "${names[@]}"; do
	if [ "$name" = dtm ]; then
		(cd third_party/dtm && go build "${flags[@]}" -o ../../bin/dtm .)
	else
		go build "${flags[@]}" -o "bin/$name" "./app/$name/cmd/$name"
	fi
done
