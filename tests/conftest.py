"""The demonstration as a fixture: built once by the real command, copied for who looks at it, served by the real server."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DEMO_RESIDENTS = 3_000
UP_SECONDS_MAX = 60


@dataclass(frozen=True)
class DemoCity:
    """A demonstration that is decided, paid and served."""

    home: Path
    base_url: str
    figures: dict[str, Any]
    environment: dict[str, str]


def run_zhida(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "zhida", *arguments], env=environment, capture_output=True, text=True, check=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(url: str) -> None:
    deadline = time.monotonic() + UP_SECONDS_MAX
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def demo_environment(home: Path) -> dict[str, str]:
    return {**os.environ, "ZHIDA_HOME": str(home), "ZHIDA_DEMO": "1", "ZHIDA_TODAY": "2025-11-05", "DATABASE_URL": ""}


def build_demo(home: Path, told: Path) -> None:
    """Run the whole demonstration for a small city, and write its figures to ``told`` when it is there."""
    arguments = ["demo", "--no-serve", "--json", "--quiet", "--residents", str(DEMO_RESIDENTS)]
    done = run_zhida(arguments, demo_environment(home))
    assert done.returncode == 0, done.stderr[-4000:]
    told.write_text(done.stdout.splitlines()[-1])


def moved(built: Path, home: Path) -> Path:
    """Copy a home. The two columns that name files by their whole path follow it."""
    shutil.copytree(built, home)
    with closing(sqlite3.connect(home / "zhida.sqlite3")) as db, db:
        for table, column in (("records_snapshot", "path"), ("records_delivery", "source_path")):
            db.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (f"{built}/", f"{home}/"))
    return home


@pytest.fixture(scope="session")
def demo_built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The demonstration's folder, which nobody may change, and its figures. Who comes first builds it, the other workers wait.

    ``make test`` names a folder (ZHIDA_TEST_DEMO), so that one is enough for all its stages.
    """
    own = tmp_path_factory.getbasetemp()
    shared = Path(os.environ.get("ZHIDA_TEST_DEMO") or (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)).resolve()
    shared.mkdir(parents=True, exist_ok=True)
    built, told = shared / "demo-built", shared / "demo-built.json"
    with (shared / "demo-built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            build_demo(built, told)
    return built, json.loads(told.read_text())


@pytest.fixture(scope="session")
def demo_home(
    demo_built: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any], dict[str, str]]:
    """A worker's own copy of the demonstration; return its folder, its figures and the environment it runs in."""
    built, figures = demo_built
    home = moved(built, tmp_path_factory.mktemp("demo") / "home")
    return home, figures, demo_environment(home)


@pytest.fixture(scope="session")
def demo_city(demo_home: tuple[Path, dict[str, Any], dict[str, str]]) -> Iterator[DemoCity]:
    """The small demonstration, served on loopback."""
    home, figures, environment = demo_home
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "zhida", "serve", "--port", str(port)], env=environment)
    try:
        wait_until_up(f"http://127.0.0.1:{port}/")
        yield DemoCity(home, f"http://127.0.0.1:{port}", figures, environment)
    finally:
        server.terminate()
        server.wait()
