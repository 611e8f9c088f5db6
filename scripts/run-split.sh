#!/bin/bash
# Starts each center as a process of its own, each with its own database on a private MariaDB, found through Consul if
# `consul` is on the PATH or in bin/, else at fixed endpoints. Ctrl-C stops all of it; data stays in data-split/.
# Arguments go to `onepool split`.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/test-needs.sh
scripts/build.sh

data="$PWD/data-split"
mkdir -p "$data"
chmod 700 "$data"
pids=()
stop() {
	# The platform ends with Ctrl-C; what it stood on ends after it.
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done || true
}
trap stop EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo $((20000 + RANDOM % 20000)); }
PATH="$PWD/bin:$PATH:/usr/sbin"
user=()
[ "$(id -u)" != 0 ] || user=(--user=root)
if [ ! -d "$data/mysql/mysql" ]; then
	mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db --force --datadir="$data/mysql" "${user[@]}" >"$data/mysql-install.log"
fi
mysql_port=$(free_port)
# Another process group: Ctrl-C must reach the platform first.
setsid mariadbd --no-defaults "${user[@]}" --datadir="$data/mysql" --bind-address=127.0.0.1 --port="$mysql_port" --socket="$data/mysql.sock" --pid-file="$data/mysql.pid" >"$data/mysql.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
	(exec 3<>"/dev/tcp/127.0.0.1/$mysql_port") 2>/dev/null && break
	sleep 0.1
done

consul=()
if command -v consul >/dev/null; then
	consul_port=$(free_port)
	setsid consul agent -dev -client 127.0.0.1 -bind 127.0.0.1 -http-port "$consul_port" -grpc-port -1 -grpc-tls-port -1 -dns-port -1 \
		-server-port "$(free_port)" -serf-lan-port "$(free_port)" -serf-wan-port "$(free_port)" >"$data/consul.log" 2>&1 &
	pids=($! "${pids[@]}")
	for _ in $(seq 100); do
		(exec 3<>"/dev/tcp/127.0.0.1/$consul_port") 2>/dev/null && break
		sleep 0.1
	done
	consul=(--consul "127.0.0.1:$consul_port")
else
	echo "run-split: no consul on the PATH (make tools-consul builds one): fixed endpoints" >&2
fi
bin/onepool split --demo --data "$data" --mysql "root@127.0.0.1:$mysql_port" "${consul[@]}" "$@"
