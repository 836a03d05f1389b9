"""A small life event for tests, the people at its desks, and a department's system: a real HTTP server that can be told to misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.declarations import installed
from zhida.blocks.cases.models import CaseEffect, CaseItem, CasePayable
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel import clock

EVENTS = str(Path(__file__).parent / "life_events")
SYSTEMS = ("police_desk", "insurer", "cards")
ENTERED = {"register": {"register_no": "A1"}, "insure": {"premium": "120.00"}, "inspect": {}, "give": {}}
DESK_OF = {"register": "police", "insure": "medical_insurance", "inspect": "health", "card": "health", "give": "police"}
DESKS = tuple(dict.fromkeys(DESK_OF.values()))
# How a system answers: takes it in and says so; takes it in and is cut off; the others do nothing.
GOOD, CUT, HANG, ERROR, BUSY, REFUSED, GARBAGE, MOVED, DRIBBLE = "good", "cut", "hang", "500", "429", "422", "garbage", "302", "dribble"
HANG_S = 0.6


class DepartmentSystem:
    """A server on loopback that takes each key in once and counts what it did; ``answers`` are how it behaves next."""

    def __init__(self) -> None:
        self.answers: deque[str] = deque()
        self.requests: list[tuple[str, str, dict[str, Any], dict[str, str]]] = []
        self.alive: dict[str, str] = {}
        self.done: Counter[str] = Counter()
        self.undone: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/items"

    def reset(self) -> None:
        for kept in (self.answers, self.requests, self.alive, self.done, self.undone):
            kept.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, method: str, key: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[str, str]:
        """Do or undo what a key stands for, once; return how to answer, and the reference."""
        with self._lock:
            how = self.answers.popleft() if self.answers else GOOD
            self.requests.append((method, key, body, headers))
            if how in (GOOD, CUT, GARBAGE, DRIBBLE) and method == "POST" and key not in self.alive:
                self.alive[key] = f"R-{key}"
                self.done[key] += 1
            if how in (GOOD, CUT, GARBAGE, DRIBBLE) and method == "DELETE" and self.alive.pop(key, None):
                self.undone[key] += 1
            return how, self.alive.get(key, "")


def _handler_of(system: DepartmentSystem) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            how, reference = system.take(self.command, self.headers["Idempotency-Key"], body, dict(self.headers))
            if how == CUT:
                self.connection.close()
                return
            if how == HANG:
                time.sleep(HANG_S)
            text = b"<html>not what was promised" if how == GARBAGE else json.dumps({"reference": reference}).encode()
            status = int(how) if how.isdigit() else 503 if how == HANG else 200
            try:
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                for byte in text if how == DRIBBLE else ():
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(HANG_S / 10)
                self.wfile.write(b"" if how == DRIBBLE else text)
            except OSError:
                self.close_connection = True

        do_DELETE = do_POST

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    return Handler


def install(settings: Any, system: DepartmentSystem | None = None) -> None:
    """Install the event; with a system, all its departments are asked over HTTP."""
    settings.LIFE_EVENT_FOLDERS, settings.INSTALLED_PACKS = [EVENTS], ["childcare"]
    settings.CASE_SYSTEMS = dict.fromkeys(SYSTEMS, system.address) if system else {}
    installed.life_events.cache_clear()


def people(folder: Path) -> Viewer:
    """Make the tiny city and its desks; return 林小满, a resident."""
    mother = testing.id_number("1990-05-12", 22)
    born = {"id_number": testing.id_number("2025-08-18", 51), "mother_id_number": mother, "born_on": "2025-08-18", "birth_order": 2}
    cards = [
        {"id_number": row["id_number"], "account_no": testing.account_number(number), "bank_code": "102"}
        for number, row in enumerate(testing.tiny_residents(), 1)
    ]
    testing.tiny_city(folder, birth=[{**born, "plurality": 1, "hukou_first_local": True}], card_account=cards)
    for department in DESKS:
        access.create_account(department, department, "department_officer", area_code="330106", is_demo=True, department=department)
    number = records.find_residents(SYSTEM, access.Purpose.OPERATION, "林小满")[0].resident_no
    return access.viewer_of(access.create_account("lin", "林小满", "resident", resident_no=number, is_demo=True))


def desk(item: str) -> Viewer:
    return access.viewer_of(access.account_named(DESK_OF[item]))


def item_of(case: cases.Case, name: str) -> CaseItem:
    return CaseItem.objects.get(case=case, item=name)


def finish(case: cases.Case, name: str) -> CaseItem:
    return cases.finish_item(desk(name), item_of(case, name).pk, ENTERED[name])


def effect_of(case: cases.Case, name: str) -> CaseEffect:
    """Return the message of an item to its department's system."""
    return CaseEffect.objects.get(item__case=case, item__item=name, kind="system")


def payables(case: cases.Case) -> list[str]:
    return list(CasePayable.objects.filter(effect__item__case=case).values_list("state", flat=True))


def time_passes() -> None:
    """Let whatever waits for a later moment be due."""
    CaseEffect.objects.filter(next_attempt_at__gt=clock.now()).update(next_attempt_at=clock.now())
