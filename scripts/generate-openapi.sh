#!/bin/sh
# Generates the OpenAPI document of all services with HTTP, then completes it from the descriptors. Same protos, same bytes.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."
[ -x bin/tools/protoc-gen-openapi ] || scripts/build-tools.sh

out=app/frontend/reference/openapi.yaml
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
protos=$(cd api && find . -name '*.proto' ! -name branch.proto | sed 's,^\./,,' | sort)
# shellcheck disable=SC2086 # a list of paths without spaces
PATH="$PWD/bin/tools:$PATH" protoc -I api -I third_party \
	--openapi_out="$tmp" --openapi_opt=naming=proto,fq_schema_naming=true,enum_type=string,title=onepool,version=v1 $protos

go run ./app/frontend/reference/internal/gen "$tmp/openapi.yaml" "$tmp/completed.yaml"
mv "$tmp/completed.yaml" "$out"
