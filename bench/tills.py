"""Benefits by event under load: a real PostgreSQL, gunicorn with two workers, and a second process that plays the tills.

python bench/tills.py [--seconds 120] [--rate 2600]     prints one JSON object

Paced load (open loop): requests are due at fixed moments, whether earlier ones were answered or not, and a request's time counts from
the moment it was due. Then, for a few seconds, as fast as it goes (closed loop). At the end what the tills heard, the events on file,
the counters and the settlement are held against each other: one fen or one event apart fails the run.
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TILLS = 400
RESIDENTS = 300_000
EVENTS_PER_REQUEST = 25
CONNECTIONS = 12
CLOSED_LOOP_SECONDS = 15
# Of a hundred requests, so many are sent a second time later, as a till does that heard no answer.
REPEATED_PERCENT = 2
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "zhida.project.settings",
    "ZHIDA_TODAY": "",
    "ZHIDA_TILL_REQUESTS_PER_MINUTE": "1000000",
    "PYTHONUNBUFFERED": "1",
}


# ---- the tills: a process of its own ----------------------------------------------------------------------------------------------------


class Tills:
    """Many tills on few connections. ``plan`` is what the server's side prepared: port, tokens, residents."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.latencies: list[float] = []
        self.counts = {"accepted": 0, "refused": 0, "doubled": 0, "failed": 0, "repeated": 0}
        self.city_fen = 0
        self.lock = threading.Lock()
        self.number = 0

    def run(self, seconds: float, requests_per_second: float | None) -> dict[str, Any]:
        """Send requests at a pace, or as fast as they are answered; return what was heard."""
        begin = time.perf_counter() + 0.5
        self.due, self.end, self.pace = 0, begin + seconds, requests_per_second
        self.begin = begin
        threads = [threading.Thread(target=self._work, args=(seed,)) for seed in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - begin
        answered = self.counts["accepted"] + self.counts["refused"]
        self.latencies.sort()
        return {
            "seconds": round(took, 2),
            "event_per_s": round(answered / took, 1),
            "event_p50_ms": self._percentile(0.50),
            "event_p99_ms": self._percentile(0.99),
            "event_max_ms": self._percentile(1.0),
            "requests": len(self.latencies),
            "city_fen": self.city_fen,
            **self.counts,
        }

    def _percentile(self, share: float) -> float:
        place = min(len(self.latencies) - 1, int(len(self.latencies) * share))
        return round(self.latencies[place] * 1000, 1) if self.latencies else 0.0

    def _next_due(self) -> float | None:
        with self.lock:
            at = self.begin + self.due / self.pace if self.pace else max(self.begin, time.perf_counter())
            self.due += 1
        return at if at < self.end else None

    def _work(self, seed: int) -> None:
        dice = random.Random(f"{seed} {self.pace}")
        connection = http.client.HTTPConnection("127.0.0.1", self.plan["port"], timeout=60)
        # Without this the kernel waits for more of a small request.
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        heard: list[tuple[str, bytes, bytes]] = []
        while (due := self._next_due()) is not None:
            time.sleep(max(0.0, due - time.perf_counter()))
            again = heard.pop(0) if len(heard) > 10 and dice.randrange(100) < REPEATED_PERCENT else None
            token, body = again[:2] if again else self._request(dice)
            status, answer = self._send(connection, token, body)
            took = time.perf_counter() - due
            if status == 200 and not again and dice.randrange(4) == 0:
                heard.append((token, body, answer))
            self._note(took, status, answer, again[2] if again else None)
        connection.close()

    def _request(self, dice: random.Random) -> tuple[str, bytes]:
        token = self.plan["tokens"][dice.randrange(len(self.plan["tokens"]))]
        with self.lock:
            self.number += EVENTS_PER_REQUEST
            first = self.number
        happened_at = datetime.now(UTC).isoformat(timespec="seconds")
        # One in twenty is not on the list.
        events = [
            {
                "key": f"{self.plan['run']}-{first + place}",
                "programme": "canteen_meal",
                "resident_no": dice.randrange(1, RESIDENTS * 20 // 19),
                "happened_at": happened_at,
                "price_fen": dice.choice((12_00, 15_00, 18_00)),
            }
            for place in range(EVENTS_PER_REQUEST)
        ]
        return token, json.dumps({"events": events}).encode()

    def _send(self, connection: http.client.HTTPConnection, token: str, body: bytes) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for attempt in (1, 2):
            try:
                connection.request("POST", "/api/till/events", body, headers)
                response = connection.getresponse()
                return response.status, response.read()
            except (http.client.HTTPException, OSError):
                # The server closes a connection now and then; the same keys again are safe.
                connection.close()
                if attempt == 2:
                    return 0, b""
        return 0, b""

    def _note(self, took: float, status: int, answer: bytes, expected: bytes | None) -> None:
        answers = json.loads(answer)["answers"] if status == 200 else []
        accepted = [each for each in answers if each["state"] == "accepted"]
        with self.lock:
            self.latencies.append(took)
            if status != 200:
                self.counts["failed"] += 1
            elif expected is not None:
                self.counts["repeated"] += len(answers)
                self.counts["doubled"] += answer != expected
            else:
                self.counts["accepted"] += len(accepted)
                self.counts["refused"] += len(answers) - len(accepted)
                self.city_fen += sum(each["city_fen"] for each in accepted)


def play(plan_path: str, seconds: float, rate: float) -> None:
    """The client's process: the paced load, then the closed loop; prints what it heard."""
    plan = json.loads(Path(plan_path).read_text())
    paced = Tills(plan | {"run": "paced"}).run(seconds, rate / EVENTS_PER_REQUEST)
    free = Tills(plan | {"run": "free"}).run(CLOSED_LOOP_SECONDS, None)
    print(json.dumps({"paced": paced, "free": free}))


# ---- the city: database, server, and the check at the end -------------------------------------------------------------------------------


def measure(seconds: float = 120, rate: float = 2_600) -> dict[str, Any]:
    """Run the whole benchmark in a home and a database of its own; return its figures.

    Raises: AssertionError where events, counters and settlement disagree or a till heard two answers.
    """
    home = Path(tempfile.mkdtemp(prefix="zhida-tills-", dir=_roomy()))
    try:
        with postgres(home) as url:
            environment = {**os.environ, **SETTINGS, "DATABASE_URL": url, "ZHIDA_HOME": str(home)}
            prepared = _child(["--prepare"], environment)
            plan = home / "plan.json"
            with server(environment) as port:
                plan.write_text(json.dumps(prepared | {"port": port}))
                heard = _child(["--play", str(plan), "--seconds", str(seconds), "--rate", str(rate)], environment)
            checked = _child(["--check"], environment)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return _figures(heard, checked, rate)


def _figures(heard: dict[str, Any], checked: dict[str, Any], rate: float) -> dict[str, Any]:
    paced, free = heard["paced"], heard["free"]
    accepted, city_fen = paced["accepted"] + free["accepted"], paced["city_fen"] + free["city_fen"]
    on_file = (checked["accepted"], checked["city_fen"])
    failed = paced["failed"] + free["failed"]
    assert paced["doubled"] + free["doubled"] == 0, "a till heard two answers to one key"
    assert failed or on_file == (accepted, city_fen), f"the tills heard {(accepted, city_fen)}, on file are {on_file}"
    assert on_file == (checked["counted"], checked["counted_fen"]), f"events {on_file}, counters {checked}"
    assert on_file == (checked["settled"], checked["settled_fen"]), f"events {on_file}, settlement {checked}"
    return {
        "event_per_s": paced["event_per_s"],
        "event_p50_ms": paced["event_p50_ms"],
        "event_p99_ms": paced["event_p99_ms"],
        "event_max_ms": paced["event_max_ms"],
        "event_seconds": paced["seconds"],
        "event_paced_at": rate,
        "event_max_per_s": free["event_per_s"],
        "events_per_request": EVENTS_PER_REQUEST,
        "accepted": accepted,
        "refused": paced["refused"] + free["refused"],
        "repeated": paced["repeated"] + free["repeated"],
        "doubled": 0,
        "failed_requests": failed,
        "settled_fen": checked["settled_fen"],
        "settle_s": checked["settle_s"],
    }


def _child(arguments: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def prepare() -> None:
    """Make the tables, one programme with a list of residents, and tills; print their tokens."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api as tills
    from zhida.kernel import clock
    from zhida.kernel.identifiers import uscc_check_character
    from zhida.kernel.text import Text

    call_command("migrate", verbosity=0)
    path = next(path for path in tills.programme_files() if path.stem == "canteen_meal")
    tills.install_programme(SYSTEM, path)
    month = clock.today().isoformat()[:7]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tills_eligibleresident (programme, month, resident_no, person_no, is_known)"
            " SELECT 'canteen_meal', %s, n, n, TRUE FROM generate_series(1, %s) n",
            [month, RESIDENTS],
        )
        cursor.execute("UPDATE tills_eventprogramme SET listed_months = %s", [json.dumps([month])])
        cursor.execute("ANALYZE")
    tokens = []
    for number in range(TILLS):
        first17 = f"91330106{number:09d}"
        code = first17 + uscc_check_character(first17)
        made = tills.register_provider(SYSTEM, code, "canteen", Text("食堂", "Canteen"), 330106002051)
        tokens.append(tills.make_till(SYSTEM, made.pk, "1", clock.today().replace(year=2099))[1])
    print(json.dumps({"tokens": tokens}))


def check() -> None:
    """Settle what was booked, and add everything up."""
    import django

    django.setup()
    from django.db.models import Count, Sum

    from zhida.blocks.access.api import SYSTEM
    from zhida.blocks.tills import api as tills
    from zhida.blocks.tills.models import BenefitEvent, ProviderSettlement, UsageCounter
    from zhida.kernel import clock

    begin = time.perf_counter()
    tills.close_days(SYSTEM, clock.today())
    settle_s = time.perf_counter() - begin
    months = UsageCounter.objects.filter(period=clock.today().isoformat()[:7])
    events = BenefitEvent.objects.filter(state="accepted").aggregate(count=Count("pk"), fen=Sum("city_fen"))
    counted = months.aggregate(count=Sum("times"), fen=Sum("fen"))
    settled = ProviderSettlement.objects.aggregate(count=Sum("accepted_count"), fen=Sum("payable_fen"))
    told = {"accepted": events["count"], "city_fen": events["fen"], "counted": counted["count"], "counted_fen": counted["fen"]}
    print(json.dumps(told | {"settled": settled["count"], "settled_fen": settled["fen"], "settle_s": round(settle_s, 2)}))


@contextmanager
def server(environment: dict[str, str]) -> Iterator[int]:
    """Serve as ``zhida serve`` does, two workers; yield the port."""
    port = _postgres_script().free_port()
    options = [
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--threads",
        "4",
        "--log-level",
        "warning",
        "--preload",
        "--keep-alive",
        "75",
    ]
    process = subprocess.Popen([sys.executable, "-m", "gunicorn", *options, "zhida.project.wsgi:application"], env=environment)
    try:
        _wait(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/openapi.json")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


@contextmanager
def postgres(home: Path) -> Iterator[str]:
    """A PostgreSQL that keeps what it said it kept (fsync on), on loopback, gone afterwards; yield its address."""
    tool = _postgres_script()
    binaries, port, data = tool.newest_binaries(), tool.free_port(), home / "postgres"
    home.chmod(0o755)
    data.mkdir()
    if os.getuid() == 0:
        shutil.chown(data, "postgres")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data} -c shared_buffers=512MB -c max_wal_size=4GB"
    control = [str(binaries / "pg_ctl"), "-D", str(data / "db"), "-w"]
    try:
        init = [str(binaries / "initdb"), "-D", str(data / "db"), "-U", "zhida", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(tool.as_postgres(init), check=True, stdout=subprocess.DEVNULL, cwd=data)
        start = [*control, "-l", str(data / "log"), "-o", options, "start"]
        subprocess.run(tool.as_postgres(start), check=True, stdout=subprocess.DEVNULL, cwd=data)
        create = [str(binaries / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "zhida", "zhida"]
        subprocess.run(tool.as_postgres(create), check=True, cwd=data)
        yield f"postgres://zhida@127.0.0.1:{port}/zhida"
    finally:
        subprocess.run(tool.as_postgres([*control, "-m", "immediate", "stop"]), stdout=subprocess.DEVNULL, check=False, cwd=data)


def _postgres_script() -> Any:
    spec = importlib.util.spec_from_file_location("with_postgres", ROOT / "scripts" / "with_postgres.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _roomy() -> str:
    home = Path(os.environ.get("ZHIDA_HOME", ROOT / "var")).resolve()
    home.mkdir(parents=True, exist_ok=True)
    return str(home)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rate", type=float, default=2_600, help="events a second")
    for inner in ("--prepare", "--check"):
        parser.add_argument(inner, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--play", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.prepare:
        prepare()
    elif chosen.check:
        check()
    elif chosen.play:
        play(chosen.play, chosen.seconds, chosen.rate)
    else:
        print(json.dumps(measure(chosen.seconds, chosen.rate)))


if __name__ == "__main__":
    main()
