#!/bin/bash
# Installs what the tests need from Debian's packages, where that is possible and something is missing. Without a MariaDB
# server it says so loudly; where it is promised (CI=true or ONEPOOL_REQUIRE_MARIADB=1) it fails.
# Usage: scripts/test-needs.sh [--generate]     --generate: also the protobuf compiler
set -euo pipefail

missing=()
need() { # PROGRAM PACKAGE...
	local program=$1
	shift
	PATH="$PATH:/usr/sbin:/usr/libexec" command -v "$program" >/dev/null || missing+=("$@")
}
need git git
need make make
need mariadbd mariadb-server-core mariadb-client-core
need mariadb-install-db mariadb-server-core
if [ "${1:-}" = --generate ]; then
	need protoc protobuf-compiler
	[ -e /usr/include/google/protobuf/any.proto ] || missing+=(libprotobuf-dev)
fi
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "test-needs: installing ${missing[*]}" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update >/dev/null || echo "test-needs: apt-get update failed; trying with the lists at hand" >&2
	if apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null; then
		exit 0
	fi
fi

{
	echo "############################################################"
	echo "# MISSING: ${missing[*]}"
	echo "# Tests on MariaDB will NOT run. As root: apt-get install ${missing[*]}"
	echo "############################################################"
} >&2
[ "${CI:-}" != true ] && [ "${ONEPOOL_REQUIRE_MARIADB:-}" != 1 ]
