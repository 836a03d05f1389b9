"""`make bench`: build the city, do a month, serve lists under load. Every figure is measured in this run and printed as one JSON object."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from zhida.project.cli import DEMO_TODAY
from zhida.project.measure import PeakMemory

BENCH_MONTH = "2025-10"
LIST_CLIENTS = 4
LIST_SECONDS = 30
LIST_RESIDENTS = 400
START_SECONDS_MAX = 120


def measure(residents: int, seed: int, keep: bool) -> dict[str, Any]:
    """Run the three measurements one after the other in a folder of their own; return the figures."""
    home = Path(os.environ.get("ZHIDA_BENCH_HOME") or tempfile.mkdtemp(prefix="zhida-bench-", dir=_roomy()))
    environment = {**os.environ, "ZHIDA_HOME": str(home), "ZHIDA_DEMO": "1", "ZHIDA_TODAY": DEMO_TODAY, "PYTHONUNBUFFERED": "1"}
    try:
        build_s, build_mb, _ = timed(
            ["city", "build", "--residents", str(residents), "--seed", str(seed), "--month", BENCH_MONTH, "--truth", "defects"], environment
        )
        month_s, month_mb, told = timed(["month", "--month", BENCH_MONTH, "--json"], environment)
        lists = lists_under_load(environment)
    finally:
        if not keep:
            shutil.rmtree(home, ignore_errors=True)
    month = json.loads(told.splitlines()[-1])
    return {
        "residents": residents,
        "build_s": build_s,
        "build_peak_mb": build_mb,
        "month_s": month_s,
        "month_peak_mb": month_mb,
        **lists,
        "month_stages_s": month["seconds"],
        **{key: month[key] for key in ("rows_received", "rows_quarantined", "entitled", "unknown", "instructed", "instructed_fen")},
        "cores": os.cpu_count(),
    }


def _roomy() -> str:
    """Benchmarks write gigabytes: beside the installation's data, not in a small /tmp."""
    home = Path(os.environ.get("ZHIDA_HOME", "var")).resolve()
    home.mkdir(parents=True, exist_ok=True)
    return str(home)


def timed(arguments: list[str], environment: dict[str, str]) -> tuple[float, int, str]:
    """Run one zhida command; return wall seconds, peak MiB of its process tree, and what it printed."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "zhida", *arguments], env=environment, stdout=subprocess.PIPE, text=True)
    with PeakMemory(process.pid) as peak:
        output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"zhida {' '.join(arguments)} failed; its message stands above.")
    return round(time.monotonic() - started, 1), round(peak.mib), output


def lists_under_load(environment: dict[str, str]) -> dict[str, Any]:
    """Serve the faces and let a second process read residents' lists; return its percentiles in milliseconds."""
    program = [sys.executable, "-c"]
    port = 8000 + random.Random().randrange(1000, 2000)
    sampled = subprocess.run(
        [*program, f"from zhida.project.bench import make_readers; make_readers({LIST_RESIDENTS})"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    sessions = sampled.stdout.splitlines()[-1]
    server = subprocess.Popen([sys.executable, "-m", "zhida", "serve", "--port", str(port)], env=environment)
    try:
        wait_until_up(port)
        loaded = subprocess.run(
            [*program, f"from zhida.project.bench import read_lists; read_lists({port})"],
            env=environment,
            input=sessions,
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        server.terminate()
        server.wait()
    return json.loads(loaded.stdout.splitlines()[-1])


def wait_until_up(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def make_readers(count: int) -> None:
    """Make accounts for residents spread over the city and sign them in; print their session keys as JSON."""
    from zhida.project.cli import start_django

    start_django()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from zhida.blocks.access import api as access
    from zhida.blocks.records import api as records
    from zhida.kernel.period import Month

    sessions = []
    for number in records.sample_residents(records.snapshot_for(Month.parse(BENCH_MONTH)).hash, count, seed=1):
        account = access.create_account(f"reader_{number}", f"reader {number}", "resident", resident_no=number)
        session = SessionStore()
        session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(account.pk), "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = account.get_session_auth_hash()
        session.create()
        sessions.append(session.session_key)
    print(json.dumps(sessions))


def read_lists(port: int) -> None:
    """Read lists for a while with several clients at once, each a resident at random; print percentiles as JSON."""
    import http.client
    import threading

    sessions = json.loads(sys.stdin.read())
    taken: list[float] = []
    failures: list[int] = []
    until = time.monotonic() + LIST_SECONDS

    def client(number: int) -> None:
        chooser = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < until:
            started = time.perf_counter()
            connection.request("GET", "/my/", headers={"Cookie": f"sessionid={chooser.choice(sessions)}"})
            answer = connection.getresponse()
            answer.read()
            taken.append((time.perf_counter() - started) * 1000)
            if answer.status != 200:
                failures.append(answer.status)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(LIST_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(taken)
    print(
        json.dumps(
            {
                "list_p50_ms": round(ordered[len(ordered) // 2], 1),
                "list_p95_ms": round(ordered[int(len(ordered) * 0.95)], 1),
                "lists_per_s": round(len(ordered) / LIST_SECONDS, 1),
                "list_failures": len(failures),
                "list_clients": LIST_CLIENTS,
            }
        )
    )
