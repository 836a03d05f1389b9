"""一个都不少: compare what was decided on the delivered facts with what the true facts give, and blame the defect in between."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
from django.db import transaction

from zhida.blocks.indicators.models import DefectCost, QualityFigure

# Every rule leans on who lives where with whom, so a defect there may cost any benefit.
BASE_FEEDS = ("resident", "household", "death")


@dataclass(frozen=True)
class Evidence:
    """Where one side of the comparison lies: its decision files and its snapshot folder."""

    decisions: str
    snapshot: Path


_KEYED = """
CREATE TEMP TABLE {name} AS
SELECT benefit::VARCHAR AS benefit, status, amount, d.household_no, district, unit::VARCHAR = 'fen' AS is_money, r.id_number,
       benefit::VARCHAR || CASE entity_kind WHEN 1 THEN 'P' || coalesce(r.id_number, '?' || entity_no)
                                            WHEN 2 THEN 'H' || entity_no ELSE 'C' || entity_no END || period_key AS key
FROM read_parquet($decisions) d LEFT JOIN read_parquet($residents) r ON d.entity_kind = 1 AND r.resident_no = d.entity_no
"""

_FIGURES = """
SELECT benefit, count(*) FILTER (t), count(*) FILTER (f), count(*) FILTER (t AND f), count(*) FILTER (t AND f AND same),
       coalesce(sum(true_amount) FILTER (t AND NOT f AND is_money), 0)::BIGINT,
       coalesce(sum(found_amount) FILTER (f AND NOT t AND is_money), 0)::BIGINT
FROM compared GROUP BY GROUPING SETS ((benefit), ())
"""

_COMPARED = """
CREATE TEMP TABLE compared AS
SELECT key, coalesce(a.benefit, b.benefit) AS benefit, coalesce(a.household_no, b.household_no) AS household_no,
       coalesce(a.id_number, b.id_number) AS id_number, coalesce(a.district, b.district) AS district,
       coalesce(a.is_money, b.is_money) AS is_money,
       coalesce(a.status = 1, false) AS t, coalesce(b.status = 1, false) AS f, coalesce(b.status = 2, false) AS is_unknown,
       a.amount = b.amount AS same, a.amount AS true_amount, b.amount AS found_amount
FROM truth a FULL JOIN delivered b USING (key) WHERE a.status = 1 OR b.status = 1
"""

_BLAMED = """
CREATE TEMP TABLE blamed AS
WITH members AS (
  SELECT c.key, r.id_number FROM compared c JOIN read_parquet($true_residents) r USING (household_no) WHERE c.t <> c.f
), candidates AS (
  SELECT c.key, d.kind, 1 AS distance FROM compared c JOIN defects d ON d.affected = c.id_number
  JOIN used u ON u.benefit = c.benefit AND u.feed = d.feed
  WHERE c.t <> c.f
  UNION ALL
  SELECT c.key, d.kind, 2 FROM compared c JOIN defects d ON d.affected = c.household_no::VARCHAR
  JOIN used u ON u.benefit = c.benefit AND u.feed = d.feed
  WHERE c.t <> c.f
  UNION ALL
  SELECT c.key, d.kind, 3 FROM compared c JOIN members m USING (key) JOIN defects d ON d.affected = m.id_number
  JOIN used u ON u.benefit = c.benefit AND u.feed = d.feed WHERE c.t <> c.f
  UNION ALL
  SELECT c.key, d.kind, 4 FROM compared c JOIN defects d ON d.kind IN ('empty_file', 'renamed_column')
  AND contains(d.file, '__' || c.district::VARCHAR) JOIN used u ON u.benefit = c.benefit AND u.feed = d.feed WHERE c.t <> c.f
)
SELECT c.*, coalesce(first_kind, 'indirect') AS defect FROM compared c
LEFT JOIN (SELECT key, arg_min(kind, distance * 100 + length(kind)) AS first_kind FROM candidates GROUP BY key) USING (key) WHERE c.t <> c.f
"""

_COSTS = """
SELECT benefit, defect, count(*) FILTER (t), coalesce(sum(true_amount) FILTER (t AND is_money), 0)::BIGINT,
       count(*) FILTER (t AND is_unknown),
       count(*) FILTER (f), coalesce(sum(found_amount) FILTER (f AND is_money), 0)::BIGINT
FROM blamed GROUP BY ALL ORDER BY 1, 2
"""


def compare(
    month: str, delivered: Evidence, truth: Evidence, defects: Path, feeds_of: dict[str, set[str]]
) -> tuple[list[QualityFigure], list[DefectCost]]:
    """Return recall and precision by benefit, and missed and wrong payments by benefit and defect (unsaved rows).

    defects: the city's truth file. feeds_of: the record types each benefit's rule reads.
    A difference is blamed on the nearest defect in a feed that the rule reads: of the person, of the household, of another member,
    of the district's whole file; ``indirect`` where no such defect exists.
    """
    with duckdb.connect() as db:
        db.execute("SET threads=2; SET memory_limit='2GB'")
        for name, side in (("delivered", delivered), ("truth", truth)):
            db.execute(_KEYED.format(name=name), {"decisions": side.decisions, "residents": str(side.snapshot / "residents.parquet")})
        db.execute(_COMPARED)
        db.execute("CREATE TEMP TABLE defects AS SELECT * FROM read_csv(?, all_varchar=true, header=true)", [str(defects)])
        db.execute("CREATE TEMP TABLE used (benefit VARCHAR, feed VARCHAR)")
        pairs = [[benefit, feed] for benefit, feeds in feeds_of.items() for feed in sorted(feeds | set(BASE_FEEDS))]
        db.executemany("INSERT INTO used VALUES (?, ?)", pairs)
        db.execute(_BLAMED, {"true_residents": str(truth.snapshot / "residents.parquet")})
        figures = [
            QualityFigure(
                month=month,
                benefit=r[0] or "",
                true_count=r[1],
                found_count=r[2],
                matched_count=r[3],
                exact_count=r[4],
                missed_fen=r[5],
                wrong_fen=r[6],
            )
            for r in db.execute(_FIGURES).fetchall()
        ]
        costs = [
            DefectCost(
                month=month,
                benefit=r[0],
                defect=r[1],
                missed_count=r[2],
                missed_fen=r[3],
                unknown_count=r[4],
                wrong_count=r[5],
                wrong_fen=r[6],
            )
            for r in db.execute(_COSTS).fetchall()
        ]
    return figures, costs


@transaction.atomic
def replace_quality(month: str, figures: list[QualityFigure], costs: list[DefectCost]) -> None:
    """Write a month's comparison in place of the one it had."""
    QualityFigure.objects.filter(month=month).delete()
    DefectCost.objects.filter(month=month).delete()
    QualityFigure.objects.bulk_create(figures)
    DefectCost.objects.bulk_create(costs)
