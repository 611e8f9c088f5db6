#!/bin/sh
# Builds the code generators of tools/go.mod, at exactly the versions written there, into bin/tools.
set -eu
cd "$(dirname "$0")/.."
mkdir -p bin/tools
out="$PWD/bin/tools"
cd tools
GOFLAGS=-mod=readonly GOBIN="$out" go install tool
