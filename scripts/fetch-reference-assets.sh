#!/bin/sh
# Fetches the viewer of the API reference page from npm, at one version; the result is committed. Needed only to change it.
set -eu
cd "$(dirname "$0")/.."
version=9.3.8
out="$PWD/app/frontend/reference/assets"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
npm pack --silent "rapidoc@$version" >/dev/null
tar -xzf "rapidoc-$version.tgz"
mkdir -p "$out"
cp package/dist/rapidoc-min.js package/dist/rapidoc-min.js.LICENSE.txt package/LICENSE.txt "$out/"
