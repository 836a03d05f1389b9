"""Finding one person under two spellings: two id numbers, nearly one name.

Two clerks wrote one person down twice. The rows share the birth date and the sex; the number differs in its sequence and the
name in a character. Twins look the same in all of that, and must never be merged. What tells them apart is that other
departments list each person once: where one of their registers names both numbers, they are two persons.

The city is not compared with itself. Two groupings in DuckDB pick the rows that share birth date, sex and household, or birth
date, sex, community and surname; only those enter splink (Fellegi and Sunter's model), a few in ten thousand. Its
probabilities are fixed below, so that the same register always gives the same pairs; how they were found: ``training.py``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings
from django.db import transaction

from zhida.blocks.parties.models import ResidentMerge
from zhida.blocks.parties.queries import merged_numbers
from zhida.blocks.parties.register import register_path
from zhida.kernel import clock
from zhida.kernel.warehouse import scratch_folder, sql_text, warehouse

MERGE_ABOVE, PROPOSE_ABOVE = 0.99, 0.80

# Of the pairs that share a block, this share is one person: half in the demonstration city; a real register is cleaner.
PRIOR = 0.10
# Characters, not bytes: DuckDB's levenshtein counts the three bytes of one Chinese character.
_DIFFERING = " + ".join(f"CASE WHEN substr(name_l, {i}, 1) <> substr(name_r, {i}, 1) THEN 1 ELSE 0 END" for i in range(1, 7))
_SAME_BUT_SEQUENCE = "id17_l // 1000 = id17_r // 1000"
_DIGITS = [(f"(id17_l // {10**i} % 10)", f"(id17_r // {10**i} % 10)") for i in range(3)]
_WRONG_DIGITS = " + ".join(f"CASE WHEN {left} <> {right} THEN 1 ELSE 0 END" for left, right in _DIGITS)
_EXCHANGED = " OR ".join(f"({_DIGITS[i][0]} = {_DIGITS[j][1]} AND {_DIGITS[j][0]} = {_DIGITS[i][1]})" for i, j in ((0, 1), (1, 2), (0, 2)))
# comparison -> levels: (what agrees, SQL over a pair, probability if one person, probability if two persons)
COMPARISONS: dict[str, tuple[tuple[str, str, float, float], ...]] = {
    "name": (
        ("same", "name_l = name_r", 0.15, 0.01),
        ("one character differs", f"length(name_l) = length(name_r) AND ({_DIFFERING}) = 1", 0.80, 0.08),
        ("different", "ELSE", 0.05, 0.91),
    ),
    "number": (
        (
            "one digit of the sequence differs, or two are exchanged",
            f"{_SAME_BUT_SEQUENCE} AND (({_WRONG_DIGITS}) <= 1 OR (({_WRONG_DIGITS}) = 2 AND ({_EXCHANGED})))",
            0.90,
            0.06,
        ),
        ("same but for the sequence", _SAME_BUT_SEQUENCE, 0.07, 0.74),
        ("different", "ELSE", 0.03, 0.20),
    ),
    "household": (
        ("same", "household_no_l = household_no_r", 0.70, 0.30),
        ("same community", "community_l = community_r", 0.29, 0.695),
        ("different", "ELSE", 0.01, 0.005),
    ),
    "other registers": (
        ("one register names both", "len(list_intersect(known_l, known_r)) > 0", 0.001, 0.94),
        ("only one is known", "(len(known_l) = 0) <> (len(known_r) = 0)", 0.90, 0.01),
        ("neither is known", "len(known_l) = 0", 0.009, 0.01),
        ("each is known elsewhere", "ELSE", 0.09, 0.04),
    ),
}


@dataclass(frozen=True)
class Linked:
    """What linking found: numbers given, pairs proposed to officers, pairs merged at once."""

    new_numbers: int
    proposed: int
    merged: int


def find_duplicates(residents: Sequence[Path], witnesses: Sequence[Path], known_on: date | None = None) -> Linked:
    """Compare the residents who may be one person, store the likely pairs, merge the certain ones.

    residents: the register's rows in force, newest last. witnesses: registers of other departments that list a person once
    (column id_number). A pair that was decided before, also one that was undone, stays as it is.
    known_on: the day of these registers, by default today: a snapshot of an earlier day does not see the merges.
    Raises: DiskFull.
    """
    with scratch_folder(settings.HOME) as scratch, warehouse(scratch, keep_order=False) as db:
        if not collect_candidates(db, residents, witnesses):
            return Linked(0, 0, 0)
        return _store(scored_pairs(db), known_on or clock.today())


def collect_candidates(db: duckdb.DuckDBPyConnection, residents: Sequence[Path], witnesses: Sequence[Path]) -> int:
    """Make the table ``candidates`` of the residents who share a block with another, and return how many they are."""
    files = "[" + ", ".join(map(sql_text, residents)) + "]"
    db.execute(f"""CREATE VIEW everybody AS
        SELECT id_number AS id17, name, sex, birth_date, household_no, residence_community AS community, name[1] AS surname
        FROM read_parquet({files})""")
    blocks = ("birth_date, sex, household_no", "birth_date, sex, community, surname")
    for i, keys in enumerate(blocks):
        db.execute(f"CREATE TABLE block_{i} AS SELECT {keys} FROM everybody GROUP BY {keys} HAVING count(*) > 1")
    union = " UNION ".join(f"SELECT id17 FROM everybody SEMI JOIN block_{i} USING ({keys})" for i, keys in enumerate(blocks))
    db.execute(f"CREATE TABLE blocked AS {union}")
    known = " UNION ALL ".join(
        f"SELECT id_number AS id17, {i} AS witness FROM read_parquet({sql_text(path)}) WHERE id_number IN (SELECT id17 FROM blocked)"
        for i, path in enumerate(witnesses)
    )
    known = known or "SELECT 0::BIGINT AS id17, 0 AS witness WHERE false"
    # Where a corrected row follows the delivered one, either stands for its owner.
    db.execute(f"""CREATE TABLE candidates AS
        SELECT r.resident_no AS unique_id, max(name) AS name, max(sex) AS sex, max(birth_date) AS birth_date,
            max(household_no) AS household_no, max(community) AS community, max(surname) AS surname, id17,
            coalesce(max(w.known), []) AS known
        FROM everybody e SEMI JOIN blocked USING (id17) JOIN read_parquet({sql_text(register_path())}) r USING (id17)
        LEFT JOIN (SELECT id17, list(DISTINCT witness) AS known FROM ({known}) GROUP BY id17) w USING (id17)
        GROUP BY r.resident_no, id17""")
    return int((db.execute("SELECT count(*) FROM candidates").fetchone() or (0,))[0])


def scored_pairs(db: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return the pairs above the lower threshold: two resident numbers, probability, evidence, community. Most likely first."""
    # Imported here: splink takes a second to load, and only linking needs it.
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=db)
    linker = Linker(api.register("candidates"), splink_settings(), log_level=None)
    pairs = linker.inference.predict(threshold_match_probability=PROPOSE_ABOVE)
    levels = ", ".join(f'"gamma_{_column(name)}" AS "{name}"' for name in COMPARISONS)
    rows = db.execute(f"""SELECT unique_id_l AS one, unique_id_r AS other, match_probability AS probability, {levels},
            a.community, len(a.known) AS known_l, len(b.known) AS known_r
        FROM {pairs.physical_name} p JOIN candidates a ON a.unique_id = p.unique_id_l JOIN candidates b ON b.unique_id = p.unique_id_r
        ORDER BY probability DESC, one, other""").to_arrow_table()
    return [_pair(row) for row in rows.to_pylist()]


def splink_settings() -> dict[str, Any]:
    """Return the model: blocks, comparisons and their fixed probabilities."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": PRIOR,
        "blocking_rules_to_generate_predictions": [
            "l.birth_date = r.birth_date AND l.sex = r.sex AND l.household_no = r.household_no",
            "l.birth_date = r.birth_date AND l.sex = r.sex AND l.community = r.community AND l.surname = r.surname",
        ],
        "comparisons": [_comparison(name, levels) for name, levels in COMPARISONS.items()],
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": True,
    }


def _comparison(name: str, levels: tuple[tuple[str, str, float, float], ...]) -> dict[str, Any]:
    return {
        "output_column_name": _column(name),
        "comparison_levels": [
            {"sql_condition": condition, "label_for_charts": label, "m_probability": one, "u_probability": two}
            for label, condition, one, two in levels
        ],
    }


def _column(name: str) -> str:
    return name.replace(" ", "_")


def _pair(row: dict[str, Any]) -> dict[str, Any]:
    # splink numbers levels from the last (0) to the first.
    evidence = {name: levels[len(levels) - 1 - row[name]][0] for name, levels in COMPARISONS.items()}
    # The number that more departments know is kept; of equals the older one.
    kept, merged = sorted([(-row["known_l"], row["one"]), (-row["known_r"], row["other"])])
    return {
        "kept": kept[1],
        "merged": merged[1],
        "probability": round(row["probability"], 6),
        "evidence": evidence,
        "community": row["community"],
    }


@transaction.atomic
def _store(pairs: list[dict[str, Any]], known_on: date) -> Linked:
    decided = {frozenset(pair) for pair in ResidentMerge.objects.values_list("kept_resident_no", "merged_resident_no")}
    merged = merged_numbers()
    proposed = merges = 0
    for pair in pairs:
        if frozenset((pair["kept"], pair["merged"])) in decided:
            continue
        # A number leads to one person only: of several likely pairs the first is merged, the others are for an officer.
        sure = pair["probability"] >= MERGE_ABOVE and not {pair["kept"], pair["merged"]} & (set(merged) | set(merged.values()))
        ResidentMerge.objects.create(
            kept_resident_no=pair["kept"],
            merged_resident_no=pair["merged"],
            match_probability=pair["probability"],
            evidence=pair["evidence"],
            community=pair["community"],
            state=ResidentMerge.MERGED if sure else ResidentMerge.PROPOSED,
            decided_by="system" if sure else "",
            decided_at=clock.now() if sure else None,
            decisions=[[ResidentMerge.MERGED, str(known_on)]] if sure else [],
        )
        if sure:
            merged[pair["merged"]] = pair["kept"]
        merges, proposed = merges + sure, proposed + (not sure)
    return Linked(0, proposed, merges)
