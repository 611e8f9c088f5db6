#!/bin/bash
# Builds the Consul server into bin/consul: about ten minutes of CPU, once.
set -euo pipefail
cd "$(dirname "$0")/.."
[ ! -x bin/consul ] || exit 0
mkdir -p bin
cd tools/consul
CGO_ENABLED=0 go build -mod=mod -o ../../bin/consul github.com/hashicorp/consul
