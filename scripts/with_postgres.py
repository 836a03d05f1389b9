"""Run a command against PostgreSQL: the one DATABASE_URL names, else a temporary one on loopback that is gone afterwards.

python scripts/with_postgres.py COMMAND [ARG ...]
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


def newest_binaries() -> Path:
    """Return the folder of Debian's newest PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        sys.exit("PostgreSQL is not installed: install Debian's package postgresql (15 or newer), or set DATABASE_URL.")
    return found[-1].parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root; Debian's package brings the user it runs as."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else command


def main() -> int:
    command = sys.argv[1:]
    if os.environ.get("DATABASE_URL"):
        return subprocess.call(command)
    binaries, port = newest_binaries(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="zhida-postgres-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    control = [str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    # A cluster of one run is never recovered after a loss of power: nothing needs to be on the disk.
    careless = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} {careless} -c shared_buffers=256MB"
    try:
        subprocess.run(
            as_postgres([str(binaries / "initdb"), "-D", str(data), "-U", "zhida", "-A", "trust", "-E", "UTF8", "--no-sync"]),
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        subprocess.run(
            as_postgres([*control, "-l", str(folder / "log"), "-o", options, "start"]), check=True, stdout=subprocess.DEVNULL, cwd=folder
        )
        subprocess.run(
            as_postgres([str(binaries / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "zhida", "zhida"]), check=True, cwd=folder
        )
        environment = {**os.environ, "DATABASE_URL": f"postgres://zhida@127.0.0.1:{port}/zhida"}
        return subprocess.call(command, env=environment)
    finally:
        if (data / "postmaster.pid").exists():
            subprocess.run(as_postgres([*control, "-m", "immediate", "stop"]), stdout=subprocess.DEVNULL, check=False, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
