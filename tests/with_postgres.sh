#!/usr/bin/env bash
# Runs a command with a real PostgreSQL: one that runs, else one that is installed, else one installed now.
# The command finds it in EVENSTOCK_TEST_POSTGRES. A server started here is stopped here.
set -u

reachable() { # may databases be made there?
    .venv/bin/python - "$1" <<'PY' 2>/dev/null
import sys
import psycopg
with psycopg.connect(sys.argv[1], connect_timeout=3, autocommit=True) as c:
    sys.exit(0 if c.execute("select rolcreatedb or rolsuper from pg_roles where rolname = current_user").fetchone()[0] else 1)
PY
}

if [ -n "${EVENSTOCK_TEST_POSTGRES:-}" ]; then
    reachable "$EVENSTOCK_TEST_POSTGRES" || { echo "EVENSTOCK_TEST_POSTGRES does not answer, or its user may not create databases; correct it or unset it" >&2; exit 1; }
    exec "$@"
fi

for url in "postgresql://postgres@127.0.0.1:5432/postgres" "postgresql:///postgres"; do
    if reachable "$url"; then
        EVENSTOCK_TEST_POSTGRES="$url" exec "$@"
    fi
done

binaries() { dirname "$(ls -1 /usr/lib/postgresql/*/bin/initdb /usr/local/pgsql/bin/initdb "$(command -v initdb)" 2>/dev/null | sort -V | tail -n 1)" 2>/dev/null; }

bin=$(binaries)
if [ -z "$bin" ] || [ "$bin" = "." ]; then
    as_root=""
    [ "$(id -u)" -eq 0 ] || { sudo -n true 2>/dev/null && as_root="sudo -n"; }
    if command -v apt-get >/dev/null && { [ "$(id -u)" -eq 0 ] || [ -n "$as_root" ]; }; then
        echo "installing PostgreSQL with apt-get for the tests" >&2
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y postgresql >/dev/null 2>&1
        bin=$(binaries)
    fi
fi
if [ -z "$bin" ] || [ "$bin" = "." ]; then
    echo "the tests need a PostgreSQL: install one (Debian and Ubuntu: sudo apt-get install postgresql) or set EVENSTOCK_TEST_POSTGRES to a server where databases may be created" >&2
    exit 1
fi

folder=$(mktemp -d)
runner=()
if [ "$(id -u)" -eq 0 ]; then # PostgreSQL refuses to run as root
    id postgres >/dev/null 2>&1 || useradd --system --shell /bin/bash postgres
    chown postgres "$folder"
    runner=(setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups)
fi
port=$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(cd / && "${runner[@]}" "$bin/initdb" -D "$folder/data" -U postgres -A trust --no-instructions >"$folder.log" 2>&1 &&
    "${runner[@]}" "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/server.log" \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder" start >>"$folder.log" 2>&1) ||
    { echo "PostgreSQL would not start; see $folder.log and $folder/server.log" >&2; exit 1; }
stop() { (cd / && "${runner[@]}" "$bin/pg_ctl" -D "$folder/data" -m fast stop >/dev/null 2>&1); rm -rf "$folder" "$folder.log"; }
trap stop EXIT
EVENSTOCK_TEST_POSTGRES="postgresql://postgres@127.0.0.1:$port/postgres" "$@"
