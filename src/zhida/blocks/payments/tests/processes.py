"""A worker process for a test, and databases for what it does: copies of the test's own, PostgreSQL's or SQLite files."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection


@dataclass
class Place:
    """A database and the folder that belongs to it."""

    database: str
    home: Path


class Processes:
    """Commands in processes of their own. Give the places back with ``remove``."""

    def __init__(self, folder: Path, **more: str) -> None:
        """more: what the environment of the processes says beside this one's."""
        self._folder = folder
        self._is_postgresql = connection.vendor == "postgresql"
        of = connection.settings_dict
        self._server = (
            f"{of['USER']}:{of['PASSWORD'] or ''}@{of['HOST'] or '127.0.0.1'}:{of['PORT'] or 5432}" if self._is_postgresql else ""
        )
        url = f"postgres://{self._server}/{of['NAME']}" if self._is_postgresql else ""
        environment = {**os.environ, "ZHIDA_HOME": str(folder), "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "zhida.project.settings"}
        environment |= {"ZHIDA_TODAY": "2025-11-05", **more}
        command = [sys.executable, "-m", "zhida.blocks.payments.tests.worker"]
        self._worker = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._worker.stdout is not None
        assert self._worker.stdout.readline() == "ready\n"

    def close(self) -> None:
        self._worker.communicate(timeout=60)

    def together(self, place: Place, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        """Do jobs at the same moment, each in a process of its own; return what came of them in their order."""
        order = {"database": place.database, "home": str(place.home), "jobs": jobs}
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write(json.dumps(order) + "\n")
        self._worker.stdin.flush()
        return json.loads(self._worker.stdout.readline())

    def one(self, place: Place, command: str, **job: Any) -> dict[str, Any]:
        return self.together(place, {"command": command, **job})[0]

    def empty_place(self, name: str) -> Place:
        """Return a place with the tables of the test's database, which must have nothing in them."""
        if self._is_postgresql:
            connection.close()
            return self.copy(Place(str(connection.settings_dict["NAME"]), self._folder / "nothing"), name)
        place = Place(str(self._folder / f"{name}.sqlite3"), self._folder / name)
        place.home.mkdir()
        connection.ensure_connection()
        target = sqlite3.connect(place.database)
        connection.connection.backup(target)
        target.execute("PRAGMA journal_mode=WAL")
        target.close()
        return place

    def copy(self, place: Place, name: str) -> Place:
        """Return a place that is the same as another, under a name of its own."""
        home = self._folder / name
        shutil.copytree(place.home, home) if place.home.exists() else home.mkdir()
        if not self._is_postgresql:
            copied = self._folder / f"{name}.sqlite3"
            with sqlite3.connect(place.database) as source:
                # What a process left in the write-ahead log belongs to the file that is copied.
                source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy(place.database, copied)
            return Place(str(copied), home)
        database = f"{connection.settings_dict['NAME']}_{name}"
        with self._maintenance() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            for _ in range(100):
                try:
                    cursor.execute(f"CREATE DATABASE {database} TEMPLATE {place.database} STRATEGY file_copy")
                    return Place(database, home)
                except psycopg.errors.ObjectInUse:
                    # The server takes a moment to see that a process has ended.
                    time.sleep(0.05)
        raise AssertionError(f"{place.database} is in use")

    def remove(self, place: Place) -> None:
        shutil.rmtree(place.home, ignore_errors=True)
        if self._is_postgresql:
            with self._maintenance() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {place.database} WITH (FORCE)")
        else:
            for path in self._folder.glob(f"{Path(place.database).name}*"):
                path.unlink()

    @contextmanager
    def _maintenance(self) -> Iterator[psycopg.Cursor]:
        with psycopg.connect(f"postgres://{self._server}/postgres", autocommit=True) as server, server.cursor() as cursor:
            yield cursor
