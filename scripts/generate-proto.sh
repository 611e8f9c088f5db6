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

# One run per package: what a plugin numbers depends on what it sees. Into a folder beside, so that the checkout compiles
# all the while.
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
PATH="$PWD/bin/tools:$PATH"
for package in $(dirname $protos | sort -u); do
	protoc -I api -I third_party \
		--go_out=paths=source_relative:"$out" \
		--go-grpc_out=paths=source_relative:"$out" \
		--go-http_out=paths=source_relative,omitempty=true:"$out" \
		--go-errors_out=paths=source_relative:"$out" \
		$(cd api && ls "$package"/*.proto | sort)
done
# The plugins write imports and spacing of their own.
gofmt -w $(find "$out" -name '*.pb.go' | sort)
# What a removed or renamed proto left behind must not survive.
find api -name '*.pb.go' | while read -r old; do [ -e "$out/${old#api/}" ] || rm "$old"; done
(cd "$out" && find . -name '*.pb.go') | while read -r new; do cmp -s "$out/$new" "api/$new" || cp "$out/$new" "api/$new"; done

# The configuration is a proto too, but nobody's API.
protoc -I . -I third_party --go_out=paths=source_relative:. app/internal/conf/conf.proto
gofmt -w app/internal/conf/conf.pb.go
