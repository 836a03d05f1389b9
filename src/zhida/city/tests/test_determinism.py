"""Same seed, same bytes: whatever the chunks and processes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from zhida.city.api import build_city
from zhida.city.tests.conftest import OCTOBER, QUIET
from zhida.kernel.period import Month


def _digests(out: Path) -> dict[str, str]:
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.rglob("*")) if path.is_file()}


def test_chunks_and_processes_change_no_byte(tmp_path: Path):
    build_city(tmp_path / "a", 5_000, 3, OCTOBER, progress=QUIET)
    build_city(tmp_path / "b", 5_000, 3, OCTOBER, progress=QUIET, chunk_persons=700, processes=2)
    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")


def test_the_bytes_are_those_of_every_machine_and_another_seed_makes_another_city(tmp_path: Path):
    build_city(tmp_path / "a", 2_000, 3, OCTOBER, truth="defects", progress=QUIET)
    build_city(tmp_path / "b", 2_000, 4, OCTOBER, truth="defects", progress=QUIET)
    one, other = _digests(tmp_path / "a"), _digests(tmp_path / "b")
    assert one["feeds/2025-10/resident.csv"] != other["feeds/2025-10/resident.csv"]
    # The first draws of a stream, written down once: a machine that differs here would build another city.
    from zhida.city.draws import Draws

    assert [int(word) for word in Draws(7).words("family-0", 5, 2)] == KNOWN_WORDS


KNOWN_WORDS = [10705376624759710926, 5735374944878267953]


def test_the_month_before_has_the_same_people_a_month_younger(tmp_path: Path):
    build_city(tmp_path, 3_000, 3, Month(2025, 9), truth="defects", progress=QUIET)
    build_city(tmp_path, 3_000, 3, OCTOBER, truth="defects", progress=QUIET)
    files = [tmp_path / "feeds" / month / "resident.csv" for month in ("2025-09", "2025-10")]
    september, october = (path.read_text(encoding="utf-8").splitlines() for path in files)
    ids = {line.split(",")[0] for line in september}
    assert len(ids - {line.split(",")[0] for line in october}) < 20
    assert "2025-10" not in {line.split(",")[3][:7] for line in september}
