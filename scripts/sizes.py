"""Print the ten longest files and functions of the package, for conversation; nothing is enforced."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "zhida"


def functions(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text())
    return [
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]


def main() -> None:
    files = [path for path in SOURCE.rglob("*.py") if "tests" not in path.parts and "migrations" not in path.parts]
    sized = [(len(path.read_text().splitlines()), str(path.relative_to(SOURCE))) for path in files]
    for title, rows in (("files", sized), ("functions", [row for path in files for row in functions(path)])):
        print(f"longest {title}:")
        for lines, name in sorted(rows, reverse=True)[:10]:
            print(f"  {lines:5d}  {name}")


if __name__ == "__main__":
    main()
