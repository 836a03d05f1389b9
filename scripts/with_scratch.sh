#!/usr/bin/env bash
# Run a command of the build: its temporary files lie in memory where the machine has room for them, and are gone afterwards.
# Its stages share one demonstration, which the first that needs it builds there (tests/conftest.py).
set -euo pipefail
ROOM_KB=$((4 * 1024 * 1024))
parent=${TMPDIR:-/tmp}
free_kb=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1 || echo 0)
if [ -w /dev/shm ] && [ "$free_kb" -ge "$ROOM_KB" ]; then parent=/dev/shm; fi
TMPDIR=$(mktemp -d "$parent/zhida-XXXXXX")
trap 'rm -rf "$TMPDIR"' EXIT
# PostgreSQL's own user works in it too.
chmod 755 "$TMPDIR"
export TMPDIR ZHIDA_TEST_DEMO="$TMPDIR/demo"
"$@"
