"""What would run here: ``python -m zhida.blocks.cases.process FILE.bpmn ...`` prints a line for each file and exits 1 if one is refused."""

import sys
from pathlib import Path

from zhida.blocks.cases.process.errors import ProcessRefused
from zhida.blocks.cases.process.read import read_process


def verdict(path: Path) -> tuple[bool, str]:
    """Return whether a file runs here and the line that says so."""
    try:
        process = read_process(path.read_bytes(), path.name)
    except ProcessRefused as refusal:
        return False, f"refused  {refusal.text.en}"
    people, automatic, tables = len(process.people), len(process.automatic), len(process.tables)
    return True, f"runs     {path.name}: {len(process.elements)} elements, {people} for people, {automatic} automatic, {tables} tables"


if __name__ == "__main__":
    answers = [verdict(Path(name)) for name in sys.argv[1:]]
    for _, line in answers:
        print(line)
    sys.exit(not all(runs for runs, _ in answers))
