"""The demonstration as a fixture: built once by the real command, served by the real server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
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


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, str]]:
    """Run the whole demonstration for a small city; return its folder, its figures and the environment it ran in."""
    home = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "ZHIDA_HOME": str(home), "ZHIDA_DEMO": "1", "ZHIDA_TODAY": "2025-11-05", "DATABASE_URL": ""}
    done = run_zhida(["demo", "--no-serve", "--json", "--quiet", "--residents", str(DEMO_RESIDENTS)], environment)
    assert done.returncode == 0, done.stderr[-4000:]
    return home, json.loads(done.stdout.splitlines()[-1]), environment


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
