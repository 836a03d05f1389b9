"""Keeps what OpenFisca says of 2,000 persons, with their facts, so that a test can hold our mix to it without OpenFisca.

python expected.py OPENFISCA_PYTHON      writes expected/ anew; needed only when data.py or the rules of the mix change
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import data
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected"
PERSONS = 2_000


def write(openfisca: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        facts, out = data.data_folder(Path(scratch), PERSONS), Path(scratch) / "out"
        words = json.dumps({"data": str(facts), "out": str(out), "months": [data.MONTH]})
        subprocess.run([openfisca, str(HERE / "theirs.py"), "whole", words], check=True)
        for kind, folder in (("facts", facts), ("openfisca", out)):
            (EXPECTED / kind).mkdir(parents=True, exist_ok=True)
            for name in ("person", "household"):
                pq.write_table(pq.read_table(folder / f"{name}.parquet"), EXPECTED / kind / f"{name}.parquet", compression="zstd")


if __name__ == "__main__":
    write(sys.argv[1])
