"""The register of residents: which number a person has here, for good.

register/residents.parquet holds (id17, resident_no), sorted by id17: the first 17 digits of the id number and a number that
says nothing about its owner. A number once given stays, also when the person moves away; a new id number gets the next one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq
from django.conf import settings

from zhida.kernel.files import atomic_path
from zhida.kernel.warehouse import remove_leftovers, scratch_folder, sql_text, warehouse

_ROW_GROUP = 16_384


def register_path() -> Path:
    return Path(settings.HOME) / "register" / "residents.parquet"


def update_register(residents: Sequence[Path]) -> int:
    """Give a number to every id number of these files that has none yet; return how many were new.

    residents: Parquet files with a column id_number (BIGINT, 17 digits). New numbers follow the order of the id numbers, so
    that the same files give the same numbers.
    Raises: DiskFull.
    """
    path = register_path()
    remove_leftovers(path.parent)
    files = "[" + ", ".join(sql_text(each) for each in residents) + "]"
    with scratch_folder(settings.HOME) as scratch, warehouse(scratch) as db:
        known = sql_text(path) if path.exists() else ""
        old = (
            f"SELECT id17, resident_no FROM read_parquet({known})"
            if known
            else "SELECT 0::BIGINT AS id17, 0::BIGINT AS resident_no WHERE false"
        )
        fresh = scratch / "new.parquet"
        db.execute(f"""COPY (
            SELECT id17 FROM (SELECT DISTINCT id_number AS id17 FROM read_parquet({files})) ANTI JOIN ({old}) USING (id17)
        ) TO {sql_text(fresh)} (FORMAT parquet)""")
        count, start = db.execute(
            f"SELECT (SELECT count(*) FROM read_parquet({sql_text(fresh)})), (SELECT coalesce(max(resident_no), 0) FROM ({old}))"
        ).fetchone() or (0, 0)
        if not count and path.exists():
            return 0
        numbered = scratch / "numbered.parquet"
        db.execute(f"""COPY (SELECT id17, {start} + row_number() OVER (ORDER BY id17) AS resident_no FROM read_parquet({sql_text(fresh)}))
            TO {sql_text(numbered)} (FORMAT parquet)""")
        with atomic_path(path) as target:
            reader = db.execute(
                f"SELECT * FROM ({old} UNION ALL SELECT * FROM read_parquet({sql_text(numbered)})) ORDER BY id17"
            ).to_arrow_reader(1_000_000)
            with pq.ParquetWriter(target, reader.schema, compression="zstd") as writer:
                for batch in reader:
                    writer.write_batch(batch, row_group_size=_ROW_GROUP)
    return int(count)


def resident_no_of(id_number: str) -> int | None:
    """Return the resident number behind an id number, or None. Reads one row group."""
    path = register_path()
    if not path.exists() or not id_number[:17].isdigit():
        return None
    stamp = path.stat()
    file, firsts = _opened(path, stamp.st_mtime_ns, stamp.st_size)
    group = bisect_right(firsts, int(id_number[:17])) - 1
    if group < 0:
        return None
    table = file.read_row_group(group, use_threads=False)
    found = table["id17"].combine_chunks().to_numpy().searchsorted(int(id_number[:17]))
    if found == table.num_rows or table["id17"][int(found)].as_py() != int(id_number[:17]):
        return None
    return int(table["resident_no"][int(found)].as_py())


@lru_cache(2)
def _opened(path: Path, changed: int, size: int) -> tuple[pq.ParquetFile, list[int]]:
    file = pq.ParquetFile(path)
    firsts = [file.metadata.row_group(i).column(0).statistics.min for i in range(file.metadata.num_row_groups)]
    return file, firsts
