"""Checks the probabilities in ``linkage.py`` against a city's data. Not part of a run: what is used are the constants there.

    python -m zhida.blocks.parties.training records/resident/*/accepted.parquet -- records/*/*/accepted.parquet

The pairs that share a block are a mixture of pairs of one person and pairs of two. Expectation maximisation (splink, over all of these
pairs, no sampling, so no seed) tells the two apart and prints for each level how often either shows it. The constants are set by hand
and carry over its main finding: whether other registers know both numbers separates twins from one person entered twice.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import django


def train(residents: list[Path], witnesses: list[Path]) -> dict[str, Any]:
    """Return the share of pairs that are one person, and for each level its probability among those and among the others."""
    from django.conf import settings
    from splink import DuckDBAPI, Linker

    from zhida.blocks.parties.linkage import collect_candidates, splink_settings
    from zhida.kernel.warehouse import scratch_folder, warehouse

    with scratch_folder(settings.HOME) as scratch, warehouse(scratch) as db:
        collect_candidates(db, residents, witnesses)
        api = DuckDBAPI(connection=db)
        linker = Linker(api.register("candidates"), splink_settings(), log_level=None)
        block = "l.birth_date = r.birth_date AND l.sex = r.sex AND l.community = r.community AND l.surname = r.surname"
        session = linker.training.estimate_parameters_using_expectation_maximisation(block, fix_u_probabilities=False)
        model = linker.misc.save_model_to_json(out_path=None)
        share = session.core_model_settings.probability_two_random_records_match
    levels = {
        comparison["output_column_name"]: [
            (each["label_for_charts"], each.get("m_probability"), each.get("u_probability")) for each in comparison["comparison_levels"]
        ]
        for comparison in model["comparisons"]
    }
    return {"share": share, "levels": levels}


if __name__ == "__main__":
    django.setup()
    arguments = sys.argv[1:]
    cut = arguments.index("--")
    print(json.dumps(train([Path(p) for p in arguments[:cut]], [Path(p) for p in arguments[cut + 1 :]]), indent=1, ensure_ascii=False))
