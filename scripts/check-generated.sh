#!/bin/bash
# Proves that generated code is fresh: generates again in a copy of the source and compares. The checkout is not touched.
# Usage: scripts/check-generated.sh
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/test-needs.sh --generate

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
files() { git ls-files -z --cached --others --exclude-standard | while IFS= read -rd '' f; do [ -f "$f" ] && printf '%s\0' "$f" || true; done; }
files | tar --null --files-from=- -cf - | tar -xf - -C "$copy"
cp -a "$copy" "$copy.before"
trap 'rm -rf "$copy" "$copy.before"' EXIT

echo "check-generated: make generate in a copy" >&2
(cd "$copy" && make -s generate)
rm -rf "$copy/bin"
if ! diff -rq "$copy.before" "$copy" >&2; then
	{ diff -ru "$copy.before" "$copy" || true; } | head -60 >&2
	echo "check-generated: FAILED: run make generate and commit what it changes" >&2
	exit 1
fi
echo "check-generated: fresh" >&2
