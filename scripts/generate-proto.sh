#!/bin/sh
# Generates Go, gRPC, HTTP and error code beside every api/**/*.proto. Same protos, same bytes: CI generates
# again and compares. Usage: scripts/generate-proto.sh
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."

command -v protoc >/dev/null || {
	echo "generate-proto: protoc is missing: apt-get install protobuf-compiler" >&2
	exit 1
}
scripts/build-tools.sh

# Paths are relative to api/, as the imports are: import "common/v1/common.proto".
protos=$(cd api && find . -name '*.proto' | sed 's,^\./,,' | sort)
[ -n "$protos" ] || {
	echo "generate-proto: no .proto below api/" >&2
	exit 1
}

# What a removed or renamed proto left behind must not survive.
find api -name '*.pb.go' -delete

PATH="$PWD/bin/tools:$PATH"
# shellcheck disable=SC2086 # a list of paths without spaces
protoc -I api -I third_party \
	--go_out=paths=source_relative:api \
	--go-grpc_out=paths=source_relative:api \
	--go-http_out=paths=source_relative,omitempty=true:api \
	--go-errors_out=paths=source_relative:api \
	$protos
# The configuration is a proto too, but nobody's API.
protoc -I . -I third_party --go_out=paths=source_relative:. app/internal/conf/conf.proto
# The plugins write imports and spacing of their own.
gofmt -w $(find api app/internal/conf -name '*.pb.go' | sort)
